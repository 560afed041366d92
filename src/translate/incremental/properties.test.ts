import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProxyIdentity, RoutingTable } from '../../ir/table.ts';
import type { Mesh } from '../../model/mesh.ts';
import { isEqual } from '../keep-equal.ts';
import { viewOf, wholeView } from '../proxy-view.ts';
import { SharedParts, type TablePart } from '../shared-part.ts';
import { routingTable, tableReads, viewKey } from '../table.ts';
import { randomObjects, type TestObject } from './random/testing.ts';
import { ChangingMesh, randomSteps, testProxies } from './testing.ts';

const numRuns = Number(process.env.FUZZ_RUNS ?? 150);

/** Every object that has a name of its own, by that name. */
function named(table: RoutingTable): Map<string, object> {
  const all: [string, object][] = [];
  for (const one of table.listeners) all.push([`listener ${one.name}`, one]);
  for (const one of table.clusters)
    all.push(
      [`cluster ${one.name}`, one],
      ...Object.entries(one).flatMap(([field, value]): [string, object][] => (typeof value === 'object' ? [[`cluster ${one.name} ${field}`, value]] : [])),
    );
  for (const one of table.routes) {
    all.push([`routes ${one.name}`, one], [`hosts ${one.name}`, one.virtualHosts]);
    for (const host of one.virtualHosts) all.push([`host ${one.name} ${host.name}`, host]);
  }
  for (const list of ['listeners', 'routes', 'clusters', 'statuses'] as const) all.push([list, table[list]]);
  all.push(['mesh', table.mesh]);
  if (table.security) all.push(['security', table.security], ...Object.entries(table.security));
  return new Map(all);
}

/** What is equal to what it was before, and another object all the same. */
function madeAgain(before: RoutingTable, now: RoutingTable): string[] {
  const was = named(before);
  return [...named(now)].flatMap(([name, value]) => (was.has(name) && was.get(name) !== value && isEqual(was.get(name), value) ? [name] : []));
}

const tablesOf = (mesh: Mesh): RoutingTable[] => testProxies.map((proxy) => routingTable(mesh, proxy));
const textOf = (tables: readonly RoutingTable[]): string => JSON.stringify(tables, undefined, 1);

describe('the tables of a mesh that changes', () => {
  it('are those of the same mesh made anew, to the byte', () => {
    fc.assert(
      fc.property(randomObjects, randomSteps, (objects, steps) => {
        const changing = new ChangingMesh(objects);
        tablesOf(changing.mesh);
        for (const step of steps) {
          changing.change(step);
          expect(textOf(tablesOf(changing.mesh))).toBe(textOf(tablesOf(changing.fromScratch())));
        }
      }),
      { numRuns },
    );
  }, 600_000);

  it.each(testProxies.map((proxy) => [`${proxy.role} ${proxy.namespace}/${proxy.name}`, proxy] as const))(
    'hold the same objects for what is equal: %s',
    (_, proxy) => {
      fc.assert(
        fc.property(randomObjects, randomSteps, (objects, steps) => {
          const changing = new ChangingMesh(objects);
          let before = routingTable(changing.mesh, proxy);
          for (const step of steps) {
            changing.change(step);
            const now = routingTable(changing.mesh, proxy);
            expect(madeAgain(before, now)).toEqual([]);
            before = now;
          }
        }),
        { numRuns },
      );
    },
    600_000,
  );

  it('are the same for proxies with the same key, but for the proxy', () => {
    fc.assert(
      fc.property(randomObjects, (objects) => {
        const { mesh } = new ChangingMesh(objects);
        const others = testProxies.flatMap((proxy) => [
          { ...proxy, name: 'other' },
          { ...proxy, labels: { ...proxy.labels, version: 'v2', more: 'x' } },
          { ...proxy, addresses: ['10.1.0.3'] },
          { ...proxy, addresses: ['fd00::1'] },
          { ...proxy, locality: { region: 'r2', zone: 'z1', subzone: '' } },
          { ...proxy, serviceAccount: 'two' },
        ]);
        const byKey = Map.groupBy([...testProxies, ...others], (proxy) => viewKey(mesh, proxy));
        for (const proxies of byKey.values()) {
          // Each in a mesh of its own, where nothing is shared.
          const texts = proxies.map((proxy) => JSON.stringify({ ...routingTable(new ChangingMesh(objects).mesh, proxy), proxy: undefined }));
          expect(new Set(texts).size).toBe(1);
        }
      }),
      { numRuns },
    );
  }, 600_000);

  it('do not depend on what a view leaves out', () => {
    const partOf = (objects: readonly TestObject[], proxy: ProxyIdentity, view: typeof viewOf): TablePart => {
      const { mesh } = new ChangingMesh(objects);
      return new SharedParts(undefined).of(mesh, '', view(mesh, proxy), []);
    };
    fc.assert(
      fc.property(randomObjects, (objects) => {
        for (const proxy of testProxies) expect(JSON.stringify(partOf(objects, proxy, viewOf))).toBe(JSON.stringify(partOf(objects, proxy, wholeView)));
      }),
      { numRuns },
    );
  }, 600_000);

  it('read the kinds that they are said to', () => {
    const reads = new Set<string>([...tableReads, 'EnvoyFilter']);
    fc.assert(
      fc.property(randomObjects, (objects) => {
        const { mesh } = new ChangingMesh(objects);
        const read = new Set<string>();
        mesh.observer = (kind) => read.add(kind);
        tablesOf(mesh);
        expect([...read].filter((kind) => !reads.has(kind))).toEqual([]);
      }),
      { numRuns: Math.min(numRuns, 50) },
    );
  });
});
