import { describe, expect, it } from 'vitest';
import { meshOf } from '../analysis/testing.ts';
import { proxyIn } from '../translate/clusters/testing.ts';
import { routingTable } from '../translate/table.ts';
import { doc, svc, to, vs } from '../translate/testing.ts';
import type { Security } from './table.ts';
import { partsOf, TableAssembly, type TablePart } from './table-part.ts';

const proxy = proxyIn('shop');

function tableWith(rule: string) {
  const documents = [svc('shop/cart http:80 10.0.0.1'), svc('shop/pay http:80 tcp:90 10.0.0.2'), vs('shop/cart', 'cart', `http: [{${rule}}]`)];
  return routingTable(meshOf(documents.join('---\n')), proxy);
}

/** As over a wire. */
const copied = <Part extends TablePart>(part: Part): Part => JSON.parse(JSON.stringify(part)) as Part;

describe('parts of a routing table', () => {
  it('make the same table again, whatever their order', () => {
    const table = tableWith(to('pay'));
    const parts = [...partsOf(table)].map(({ name, part }) => [name, copied(part())] as const);
    const assembly = new TableAssembly();
    assembly.update(parts.toReversed(), []);
    expect(assembly.table(proxy)).toEqual(JSON.parse(JSON.stringify(table)));
  });

  it('make no table while one of them is missing', () => {
    const all = [...partsOf(tableWith(to('pay')))].map(({ name, part }) => [name, part()] as const);
    const missing = all.filter(([name]) => !name.startsWith('listener/')).map(([name]) => name);
    for (const name of missing) {
      const assembly = new TableAssembly();
      assembly.update(all, [name]);
      const rest = all.filter(([other]) => other !== name);
      expect(assembly.size).toBe(rest.length);
      if (name.startsWith('cluster/') || name.startsWith('routes/')) continue;
      expect(assembly.table(proxy), name).toBeUndefined();
    }
  });

  it('let nobody in while what is asked of those who come in is missing', () => {
    const [cart, policy] = [svc('shop/cart http:80 10.0.0.1'), doc('AuthorizationPolicy', 'shop/nobody', 'rules: []')];
    const table = routingTable(meshOf([cart, policy].join('---\n')), proxy);
    expect(table.security).toBeDefined();
    const assembly = new TableAssembly();
    const parts = [...partsOf(table)].map(({ name, part }) => [name, copied(part())] as const);
    assembly.update(parts, ['security']);
    expect(assembly.table(proxy)).toBeUndefined();
    assembly.update(
      parts.filter(([name]) => name === 'security'),
      [],
    );
    expect(assembly.table(proxy)?.security).toEqual(copied({ kind: 'security', security: table.security as Security }).security);
  });

  it('leave what did not change the same object', () => {
    const assembly = new TableAssembly();
    const before = [...partsOf(tableWith(to('pay')))].map(({ name, part }) => [name, part()] as const);
    assembly.update(before, []);
    const first = assembly.table(proxy);
    const changed = [...partsOf(tableWith(to('cart', 'timeout: 3s')))]
      .map(({ name, part }) => [name, part()] as const)
      .filter(([name]) => name === 'host/80/cart.shop.svc.cluster.local:80');
    expect(changed).toHaveLength(1);
    assembly.update(changed, []);
    const second = assembly.table(proxy);
    expect(second?.clusters.every((cluster, i) => cluster === first?.clusters[i])).toBe(true);
    const hosts = (table: typeof first) => table?.routes.find(({ name }) => name === '80')?.virtualHosts ?? [];
    expect(hosts(second).map((host, i) => host === hosts(first)[i])).toEqual([false, true, true]);
  });

  it('of the mesh is another one when its settings are others', () => {
    const table = tableWith(to('pay'));
    const [same, again] = [table, { ...table }].map((one) => [...partsOf(one)][0]?.of);
    const other = [...partsOf({ ...table, mesh: { ...table.mesh, meshId: 'other' } })][0]?.of;
    expect(again).toBe(same);
    expect(other).not.toBe(same);
  });
});
