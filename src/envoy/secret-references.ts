// The Secrets that a table names, as proxies ask the control plane for them.
import type { UpstreamTls } from '../ir/cluster.ts';
import { chainsOf, type DownstreamTls } from '../ir/listener.ts';
import type { RoutingTable } from '../ir/table.ts';
import { asksForCertificate } from './listeners/tls.ts';
import { controlPlaneName, rootsCredential } from './secrets.ts';

export interface SecretReference {
  /** Name of the resource: `kubernetes://web`. */
  resource: string;
  /** `NAMESPACE/NAME`. That of roots may end in `-cacert`, and then stand for the Secret without that, too. */
  secret: string;
  /** A certificate with its key, or what certificates of others are judged by. */
  what: 'pair' | 'roots';
}

type Table = Pick<RoutingTable, 'listeners' | 'clusters' | 'proxy'>;

/** By the lists of a table, which stay the same objects where nothing has changed. */
const known = new WeakMap<Table['clusters'], { listeners: Table['listeners']; namespace: string; references: readonly SecretReference[] }>();

/** Each resource once; the same list for the same table. */
export function secretReferences({ listeners, clusters, proxy: { namespace } }: Table): readonly SecretReference[] {
  const before = known.get(clusters);
  if (before?.listeners === listeners && before.namespace === namespace) return before.references;
  const found = new Map<string, SecretReference>();
  const add = (credential: string, what: SecretReference['what']): void => {
    const resource = controlPlaneName(credential);
    // A resource is one of both: whoever shows a certificate cannot go without.
    if (what === 'pair' || !found.has(resource)) found.set(resource, { resource, secret: secretOf(credential, namespace), what });
  };
  for (const listener of listeners) for (const { tls } of chainsOf(listener)) if (tls) addDownstream(tls, add);
  for (const { tls } of clusters) addUpstream(tls, add);
  const references = [...found.values()];
  known.set(clusters, { listeners, namespace, references });
  return references;
}

type Add = (credential: string, what: SecretReference['what']) => void;

function addDownstream({ mode, credentialName, moreCredentialNames = [], caCredentialName }: DownstreamTls, add: Add): void {
  if (mode === 'ISTIO_MUTUAL' || mode === 'PERMISSIVE') return;
  if (credentialName) for (const name of [credentialName, ...moreCredentialNames]) add(name, 'pair');
  if (!asksForCertificate.has(mode)) return;
  if (caCredentialName) add(caCredentialName, 'roots');
  else if (credentialName) add(rootsCredential(credentialName), 'roots');
}

function addUpstream({ mode, credentialName, insecureSkipVerify }: UpstreamTls, add: Add): void {
  if (!credentialName || (mode !== 'simple' && mode !== 'mutual')) return;
  if (mode === 'mutual') add(credentialName, 'pair');
  if (!insecureSkipVerify) add(rootsCredential(credentialName), 'roots');
}

/** `kubernetes-gateway://NAMESPACE/NAME` says its namespace; others are of the namespace of the proxy. */
function secretOf(credential: string, namespace: string): string {
  const name = credential.replace(/^[a-z-]+:\/\//, '');
  return name.includes('/') ? name : `${namespace}/${name}`;
}
