import { type Context, defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0161 } from '../src/analysis/catalogue/gateways.ts';
import { IST0101 } from '../src/analysis/catalogue/references.ts';
import { type CertificateReader, whyUnusable } from '../src/analysis/certificate.ts';
import type { Related } from '../src/analysis/finding.ts';
import { NearestIndex } from '../src/analysis/nearest.ts';
import type { Gateway, ServerTLSSettings } from '../src/manifest/istio/networking.gen.ts';
import type { Path } from '../src/manifest/problem.ts';
import type { Resource } from '../src/manifest/resource.ts';
import { selectsInstalledGateway } from '../src/model/default-ingress.ts';
import { gatewayWorkloads } from '../src/model/gateway-workloads.ts';
import type { Secret } from '../src/model/kubernetes.ts';
import type { Mesh } from '../src/model/mesh.ts';
import { firstLabel } from '../src/model/selection.ts';
import { formatSelector } from '../src/model/selectors.ts';
import { isMap } from '../src/model/untyped.ts';

const messages = { IST0101, IST0161 };
type Own = Context<typeof messages>;

/** spec/analyze/messages.md, gateway.Secret */
export default defineAnalyzer({
  name: 'gateway.SecretAnalyzer',
  summary: 'Secrets of gateway servers exist and hold a valid certificate',
  reads: ['Gateway', 'Pod', 'Secret'],
  preset: 'reference',
  messages,
  check(context) {
    if (context.mesh.list('Gateway').length === 0) return undefined;
    if (context.mesh.list('Secret').length === 0) return checkGateways(context, undefined);
    return import('node:crypto').then(({ X509Certificate }) => checkGateways(context, X509Certificate));
  },
});

/** @param reader absent when there are no Secrets */
function checkGateways(context: Own, reader: CertificateReader | undefined): void {
  for (const gateway of context.mesh.list('Gateway')) {
    const namespaces = namespacesOf(context, gateway);
    if (namespaces.length === 0) continue;
    for (const [i, server] of (gateway.spec.servers ?? []).entries()) {
      for (const credential of credentialsOf(server?.tls, context.preset === 'reference')) {
        const path = ['spec', 'servers', i, 'tls', ...credential.path];
        const secret = findSecret(context, gateway, namespaces, { ...credential, path });
        if (secret && reader) checkSecret(context, gateway, secret, path, reader);
      }
    }
  }
}

/**
 * The namespaces that a gateway reads its Secrets from: those of its workloads, by name. The reference looks at one of them, and
 * takes an empty one for none.
 */
function namespacesOf(context: Own, gateway: Resource<Gateway>): string[] {
  const { mesh, preset, report, knowsWorkloads } = context;
  const { selector = {} } = gateway.spec;
  const workloads = gatewayWorkloads(mesh, selector);
  // What the user has written is better known than what stands for an installation.
  const written = preset === 'reference' ? workloads.filter((w) => w.resource.document) : workloads;
  const namespaces = [...new Set((written.length > 0 ? written : workloads).map((w) => w.namespace))].sort();
  if (preset !== 'reference' && namespaces.length > 0) return namespaces;
  if (namespaces[0]) return namespaces.slice(0, 1);
  if (mesh.options.assume === 'auto' && selectsInstalledGateway(selector)) return [];
  const label = formatSelector(selector);
  const path = ['spec', 'selector', ...(label === '' ? [] : [firstLabel(selector)])];
  if (knowsWorkloads()) report('IST0101', gateway, path, { what: 'selector', name: label }, { effect: 'no proxy opens the ports of this gateway' });
  return [];
}

interface Credential {
  name: string;
  /** From the document's root, or from `tls` while it is collected. */
  path: Path;
}

/** The Secrets that a server needs. The reference looks at `credentialName` only, whatever the mode. */
function credentialsOf(tls: ServerTLSSettings | undefined, asReference: boolean): Credential[] {
  const single = tls?.credentialName ? [{ name: tls.credentialName, path: ['credentialName'] }] : [];
  if (!tls || asReference) return single;
  if (tls.mode !== 'SIMPLE' && tls.mode !== 'MUTUAL' && tls.mode !== 'OPTIONAL_MUTUAL' && tls.mode !== undefined) return [];
  const several = (tls.credentialNames ?? []).map((name, i) => ({ name, path: ['credentialNames', i] }));
  return [...single, ...several].filter(({ name }) => !name.includes('://'));
}

/** The Secret, in the first namespace that has it; reports when none has. */
function findSecret({ mesh, knows, report }: Own, gateway: Resource<Gateway>, namespaces: readonly string[], { name, path }: Credential): Secret | undefined {
  const slash = name.indexOf('/');
  const [places, short] = slash < 0 ? [namespaces, name] : [[name.slice(0, slash)], name.slice(slash + 1)];
  for (const place of places) {
    const secret = mesh.find('Secret', place, short);
    if (secret) return secret;
  }
  if (!knows('Secret')) return undefined;
  const from = places[0] as string;
  const elsewhere = (secretNames(mesh).byName.get(short) ?? []).slice(0, 3);
  const near = secretNames(mesh).near(from, short);
  let help = `add the Secret to namespace ${from}; if cert-manager makes it, make the Certificate there`;
  if (elsewhere.length > 0) help = `the gateway reads Secrets of the namespace of its pods: put it into ${from}`;
  else if (near !== undefined) help = `did you mean "${near}"?`;
  const related: Related[] = elsewhere.map((s) => ({ resource: s, text: `a Secret of this name is in namespace ${s.namespace}` }));
  report('IST0101', gateway, path, { what: 'credentialName', name }, { help, related, effect: 'TLS connections to the hosts of this server fail' });
  return undefined;
}

function checkSecret({ mesh, preset, report }: Own, gateway: Resource<Gateway>, secret: Secret, path: Path, reader: CertificateReader): void {
  const reason = problemOf(secret, mesh.options.now, reader, preset === 'reference');
  if (reason === undefined) return;
  const data = { gateway: gateway.name, namespace: secret.namespace, secret: secret.name, reason, words: 'credential' };
  report('IST0161', gateway, path, data, { related: [{ resource: secret, text: 'the Secret' }] });
}

function secretNames(mesh: Mesh): { byName: Map<string, Secret[]>; near: (namespace: string, name: string) => string | undefined } {
  return mesh.memo('Secrets by name', ['Secret'], () => {
    const indexes = new Map<string, NearestIndex>();
    const near = (namespace: string, name: string): string | undefined => {
      const index = indexes.get(namespace) ?? new NearestIndex(mesh.listIn('Secret', namespace).map((s) => s.name));
      indexes.set(namespace, index);
      return index.find(name);
    };
    return { byName: Map.groupBy(mesh.list('Secret'), (s) => s.name), near };
  });
}

/** What is wrong with the certificate of a Secret, in words that follow its name. */
function problemOf(secret: Secret, now: Date, reader: CertificateReader, asReference: boolean): string | undefined {
  const values = valuesOf(secret, asReference);
  const pair = [
    ['cert', 'key'],
    ['tls.crt', 'tls.key'],
  ].find((keys) => keys.every((key) => values.get(key)));
  if (!pair) return `needs tls.crt and tls.key (or cert and key), and has: ${[...values.keys()].join(', ') || 'nothing'}`;
  const why = whyUnusable(values.get(pair[0] as string) as string, now, reader);
  return why === undefined ? undefined : `holds in ${pair[0]} a certificate that ${why}`;
}

/** The reference reads `data` only; an API server would move `stringData` there. */
function valuesOf({ raw }: Secret, asReference: boolean): Map<string, string> {
  const values = new Map<string, string>();
  const data = isMap(raw.data) ? raw.data : {};
  for (const [key, value] of Object.entries(data)) if (typeof value === 'string') values.set(key, Buffer.from(value, 'base64').toString('latin1'));
  const plain = !asReference && isMap(raw.stringData) ? raw.stringData : {};
  for (const [key, value] of Object.entries(plain)) if (typeof value === 'string') values.set(key, value);
  return values;
}
