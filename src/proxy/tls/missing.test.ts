import { expect, it } from 'vitest';
import type { Cluster, UpstreamTls } from '../../ir/cluster.ts';
import type { DownstreamTls, FilterChain, Listener } from '../../ir/listener.ts';
import type { Origin, RoutingTable } from '../../ir/table.ts';
import type { Credentials, NamedCredentials } from './credentials.ts';
import { missingCertificates } from './missing.ts';

const gateway: Origin = { kind: 'Gateway', namespace: 'edge', name: 'g', path: [] };
const pair = { certificateChain: 'C', privateKey: 'K' };

/** Lines for a gateway of namespace `edge` with these servers on port 443, and these clusters. */
function lines(servers: readonly Partial<DownstreamTls>[], clusters: readonly UpstreamTls[], named: Record<string, NamedCredentials> = {}): string[] {
  const chains = servers.map((tls) => ({ tls: { mode: 'SIMPLE', alpn: [], ...tls } }) as unknown as FilterChain);
  const table = {
    listeners: [{ port: 443, direction: 'outbound', chains, origin: gateway } as unknown as Listener],
    clusters: clusters.map((tls, i) => ({ tls, host: `s${i}`, origins: [{ ...gateway, kind: 'ServiceEntry', name: `s${i}` }] }) as unknown as Cluster),
    proxy: { namespace: 'edge' },
    mesh: { trustDomain: 'cluster.local' },
  } as unknown as RoutingTable;
  const credentials: Credentials = { workload: () => undefined, named: (name) => named[name], onChange: () => () => {} };
  return missingCertificates(table, credentials, ({ kind, name }) => `${kind} ${name}`);
}

it('names what is missing, and what does not work without it', () => {
  expect(lines([{ credentialName: 'web' }], [])).toEqual(['Gateway g: port 443: the Secret web is missing or incomplete, and connections that need it fail']);
  expect(lines([{ certificateFile: '/a.pem', keyFile: '/a.key' }], [])).toEqual([
    'Gateway g: port 443: /a.pem is missing or incomplete, and connections that need it fail',
  ]);
  expect(lines([], [{ mode: 'simple', credentialName: 'roots' }])).toEqual([
    'ServiceEntry s0: TLS to s0: the Secret roots is missing or incomplete, and connections fail',
  ]);
  expect(lines([], [{ mode: 'mutual', certificateFile: '/c', keyFile: '/k', caFile: '/r' }])).toEqual([
    'ServiceEntry s0: TLS to s0: a certificate is missing or incomplete, and connections fail',
  ]);
});

it('a Secret that several need is told once', () => expect(lines([{ credentialName: 'web' }, { credentialName: 'web' }], [])).toHaveLength(1));

it('says nothing of what is there', () =>
  expect(lines([{ credentialName: 'web' }], [{ mode: 'simple', credentialName: 'roots' }], { 'edge/web': { pair }, 'edge/roots': { roots: 'R' } })).toEqual(
    [],
  ));

it('says nothing of the mesh, whose certificates come in their own time', () =>
  expect(lines([{ mode: 'ISTIO_MUTUAL' }, { mode: 'PERMISSIVE' }], [{ mode: 'auto' }, { mode: 'istio-mutual' }])).toEqual([]));
