import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Cluster } from '../ir/cluster.ts';
import { clientNames } from '../ir/outbound-listener.ts';
import type { RoutingTable } from '../ir/table.ts';
import { DomainIndex } from '../proxy/core/router.ts';
import { TableHosts } from './hosts.ts';

const label = fc.constantFrom('a', 'b', 'svc', 'cluster', 'local');
const inMesh = fc.tuple(fc.constantFrom('a', 'b', 'svc', 'A'), label).map(([name, namespace]) => `${name}.${namespace}.svc.cluster.local`);
const host = fc.oneof(
  inMesh,
  fc.array(label, { minLength: 1, maxLength: 6 }).map((labels) => labels.join('.')),
  inMesh.map((name) => `*.${name}`),
  fc.constantFrom('*.a', '*.local', 'a.*'),
);
const asked = fc.tuple(host, fc.constantFrom('', '.', ':80')).map(([name, end]) => `${name.replace('*', 'b')}${end}`);
const forms = fc.tuple(inMesh, fc.constantFrom('a', 'b'), fc.nat(4)).map(([name, namespace, which]) => clientNames(name, namespace)[which] ?? name);

it('knows services by the names that clients have for them', () => {
  fc.assert(
    fc.property(fc.uniqueArray(host, { maxLength: 8 }), fc.constantFrom('a', 'b', 'svc'), fc.oneof(asked, forms), (hosts, namespace, name) => {
      const clusters = hosts.map((own) => ({ host: own, port: 80, direction: 'outbound' }) as Cluster);
      const table = { clusters, routes: [], proxy: { namespace } } as unknown as RoutingTable;
      const all = new DomainIndex(
        true,
        hosts.flatMap((own) => clientNames(own, namespace).map((known) => [known, own] as const)),
      );
      expect(new TableHosts(table).serviceOf(name)).toBe(all.find(name));
    }),
    { numRuns: 3_000 },
  );
});
