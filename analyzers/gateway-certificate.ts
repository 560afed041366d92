import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0138 } from '../src/analysis/catalogue/gateways.ts';
import type { Related } from '../src/analysis/finding.ts';
import type { Gateway, ServerTLSSettings } from '../src/manifest/istio/networking.gen.ts';
import type { Path } from '../src/manifest/problem.ts';
import type { Resource } from '../src/manifest/resource.ts';
import { matchesLabels } from '../src/model/selectors.ts';

/** A certificate that more gateways share is reported once a gateway, with all others, and not once a pair. */
const mostPairs = 50;

interface Use {
  gateway: Resource<Gateway>;
  path: Path;
}

/** spec/analyze/messages.md, gateway.Certificate */
export default defineAnalyzer({
  name: 'gateway.CertificateAnalyzer',
  summary: 'no two gateways of one workload serve the same certificate',
  reads: ['Gateway'],
  preset: 'reference',
  messages: { IST0138 },
  check({ mesh, report }) {
    const gateways = mesh.list('Gateway');
    const uses = usesByCertificate(gateways);
    for (const gateway of gateways) {
      const { selector, servers = [] } = gateway.spec;
      const said = new Set<Resource>([gateway]);
      for (const [i, server] of servers.entries()) {
        const certificate = certificateOf(server?.tls);
        if (certificate === undefined) continue;
        const others = (uses.get(certificate) ?? []).filter((use) => !said.has(use.gateway) && matchesLabels(selector, use.gateway.spec.selector ?? {}));
        for (const { gateway: other } of others) said.add(other);
        const own: Related = { resource: gateway, path: ['spec', 'servers', i, 'tls'], text: 'this server serves the certificate' };
        const groups = others.length > mostPairs ? [others] : others.map((use) => [use]);
        for (const group of groups) {
          report(
            'IST0138',
            gateway,
            ['metadata', 'name'],
            { gateways: [gateway, ...group.map((use) => use.gateway)].map((g) => g.fullName) },
            { related: [own, ...group.slice(0, 10).map((use) => ({ resource: use.gateway, path: use.path, text: 'so does this server' }))] },
          );
        }
      }
    }
  },
});

/** Where each certificate is served, once a gateway. */
function usesByCertificate(gateways: readonly Resource<Gateway>[]): Map<string, Use[]> {
  const uses = new Map<string, Use[]>();
  for (const gateway of gateways) {
    for (const [i, server] of (gateway.spec.servers ?? []).entries()) {
      const certificate = certificateOf(server?.tls);
      if (certificate === undefined) continue;
      const use = { gateway, path: ['spec', 'servers', i, 'tls'] };
      const list = uses.get(certificate);
      if (!list) uses.set(certificate, [use]);
      else if (list.at(-1)?.gateway !== gateway) list.push(use);
    }
  }
  return uses;
}

/** Equal for two servers that serve the same certificate. */
function certificateOf(tls: ServerTLSSettings | undefined): string | undefined {
  if (tls?.credentialName) return `Secret ${tls.credentialName}`;
  if (!tls?.serverCertificate || !tls.privateKey) return undefined;
  return JSON.stringify([tls.serverCertificate, tls.privateKey]);
}
