import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0138 } from '../src/analysis/catalogue/gateways.ts';
import type { Related } from '../src/analysis/finding.ts';
import { mostNames } from '../src/analysis/wording.ts';
import type { Gateway, ServerTLSSettings } from '../src/manifest/istio/networking.gen.ts';
import type { Path } from '../src/manifest/problem.ts';
import type { Resource } from '../src/manifest/resource.ts';
import { formatSelector, matchesLabels } from '../src/model/selectors.ts';

/** A certificate that more gateways share is reported once a gateway, with all others, and not once a pair. */
const mostPairs = 50;

interface Use {
  gateway: Resource<Gateway>;
  path: Path;
}

/** Where a certificate is served, once a gateway, by the text of the gateway's selector. */
type Uses = Map<string, Use[]>;

/** spec/analyze/messages.md, gateway.Certificate */
export default defineAnalyzer({
  name: 'gateway.CertificateAnalyzer',
  summary: 'no two gateways of one workload serve the same certificate',
  reads: ['Gateway'],
  preset: 'reference',
  messages: { IST0138 },
  check({ mesh, report }) {
    const gateways = mesh.list('Gateway');
    const byCertificate = indexCertificates(gateways);
    for (const gateway of gateways) {
      const said = new Set<Resource>([gateway]);
      for (const [i, server] of (gateway.spec.servers ?? []).entries()) {
        const uses = byCertificate.get(certificateOf(server?.tls) ?? '');
        if (!uses) continue;
        const others = othersOf(gateway, uses).filter((use) => !said.has(use.gateway));
        for (const other of others) said.add(other.gateway);
        const own: Related = { resource: gateway, path: ['spec', 'servers', i, 'tls'], text: 'this server serves the certificate' };
        for (const group of others.length > mostPairs ? [others] : others.map((use) => [use])) {
          report(
            'IST0138',
            gateway,
            ['metadata', 'name'],
            { gateways: [gateway.fullName, ...group.map((use) => use.gateway.fullName)] },
            { related: [own, ...group.slice(0, 10).map((use) => ({ resource: use.gateway, path: use.path, text: 'so does this server' }))] },
          );
        }
      }
    }
  },
});

function indexCertificates(gateways: readonly Resource<Gateway>[]): Map<string, Uses> {
  const index = new Map<string, Uses>();
  for (const gateway of gateways) {
    const selector = formatSelector(gateway.spec.selector);
    for (const [i, server] of (gateway.spec.servers ?? []).entries()) {
      const certificate = certificateOf(server?.tls);
      if (certificate === undefined) continue;
      const uses: Uses = index.get(certificate) ?? new Map();
      index.set(certificate, uses);
      const use = { gateway, path: ['spec', 'servers', i, 'tls'] };
      const list = uses.get(selector);
      if (!list) uses.set(selector, [use]);
      else if (list.at(-1)?.gateway !== gateway) list.push(use);
    }
  }
  return index;
}

/** Gateways whose selectors have all labels of this one's; of very many only as many as a message can name. */
function othersOf(gateway: Resource<Gateway>, uses: Uses): Use[] {
  const others: Use[] = [];
  for (const list of uses.values()) {
    if (!matchesLabels(gateway.spec.selector, list[0]?.gateway.spec.selector ?? {})) continue;
    for (const use of list) {
      if (use.gateway !== gateway) others.push(use);
      if (others.length > mostNames) return others;
    }
  }
  return others;
}

/** Equal for two servers that serve the same certificate. */
function certificateOf(tls: ServerTLSSettings | undefined): string | undefined {
  if (tls?.credentialName) return `Secret ${tls.credentialName}`;
  if (!tls?.serverCertificate || !tls.privateKey) return undefined;
  return JSON.stringify([tls.serverCertificate, tls.privateKey]);
}
