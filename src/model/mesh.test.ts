import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RawObject, Resource } from '../manifest/resource.ts';
import { byCreation } from './creation.ts';
import { type Change, KindTable } from './kind-table.ts';
import { Mesh, type MeshOptions } from './mesh.ts';
import { defaultMeshConfig } from './mesh-config.ts';

const options: MeshOptions = {
  assume: 'complete',
  istioNamespace: 'istio-system',
  templates: false,
  knownHosts: [],
  now: new Date(0),
  meshConfig: defaultMeshConfig('istio-system'),
};

function resource(kind: string, name: string, namespace = 'shop', day = 0): Resource {
  const raw: RawObject = { apiVersion: 'v1', kind, metadata: { name, namespace, ...(day === 0 ? {} : { creationTimestamp: `2024-01-0${day}T00:00:00Z` }) } };
  return new Resource(raw, kind, namespace, undefined);
}

const [a, b, c] = [resource('Pod', 'a'), resource('Pod', 'b', 'pay'), resource('Pod', 'c')] as const;
const service = resource('Service', 'a');
const mesh = (): Mesh => new Mesh([a, b, c, service], options);

describe('a mesh after changes', () => {
  const other = resource('Pod', 'b', 'pay');
  it.each<[string, Change[], Resource[]]>([
    ['what changes keeps its place', [{ before: b, after: other }], [a, other, c]],
    ['what is new comes last', [{ after: other }], [a, b, c, other]],
    ['what goes is gone', [{ before: a }, { before: c }], [b]],
    ['changes follow each other', [{ before: b, after: other }, { before: other }, { after: b }], [a, c, b]],
    ['nothing', [{}], [a, b, c]],
  ])('%s', (_, changes, expected) => {
    const before = mesh();
    expect(before.listIn('Pod', 'pay')).toEqual([b]);
    const after = before.with(changes);
    expect(after.list('Pod').map((one) => [a, b, c, other].indexOf(one as Resource))).toEqual(expected.map((one) => [a, b, c, other].indexOf(one)));
    expect(after.listIn('Pod', 'pay')).toEqual(expected.filter(({ namespace }) => namespace === 'pay'));
    expect(after.find('Pod', 'pay', 'b')).toBe(expected.findLast(({ name, namespace }) => name === 'b' && namespace === 'pay'));
    expect(before.list('Pod')).toEqual([a, b, c]);
    expect(before.find('Pod', 'pay', 'b')).toBe(b);
  });

  it('has a resource of another kind at the end of that kind', () => {
    const after = mesh().with([{ before: a, after: resource('Service', 'b') }]);
    expect([after.list('Pod').length, after.list('Service').map(({ name }) => name)]).toEqual([2, ['a', 'b']]);
  });

  it('does not know a kind that it has nothing of', () => {
    const auto = new Mesh([service], { ...options, assume: 'auto' });
    const without = auto.with([{ before: service }]);
    expect([auto.knows('Service'), without.knows('Service'), without.with([{ after: service }]).knows('Service')]).toEqual([true, false, true]);
  });

  it('knows of a cluster the kinds that were read entirely', () => {
    const read = new Mesh([a, service], { ...options, templates: true, known: new Set(['Service', 'Deployment']) });
    expect(['Service', 'Pod', 'Gateway', 'Deployment', 'MeshConfig'].map((kind) => read.knows(kind))).toEqual([true, false, false, true, true]);
    // Pods that nothing in the cluster makes may run there.
    expect(read.knowsWorkloads()).toBe(false);
    expect(new Mesh([], { ...options, known: new Set(['Pod']) }).knowsWorkloads()).toBe(true);
  });

  it('has nothing of a cluster where only the mesh is looked at', () => {
    const only = new Mesh([service], { ...options, assume: 'mesh-only' });
    expect(only.with([{ after: a }, { before: service }]).list('Pod')).toEqual([]);
  });

  it('cannot be where a resource that changes is not there', () => {
    expect(() => mesh().with([{ before: other }])).toThrow('Pod pay/b is not in the mesh');
  });

  it('keeps lists of namespaces and workloads that are as they were', () => {
    const before = mesh();
    const [list, workloads] = [before.listIn('Pod', 'shop'), before.workloads('shop')];
    const after = before.with([{ before: b, after: other }]);
    expect(after.listIn('Pod', 'shop')).toBe(list);
    expect(after.workloads('shop')).toBe(workloads);
    expect(after.workloads('pay')).not.toBe(before.workloads('pay'));
  });
});

describe('values of memo() after changes', () => {
  const podsOf = (of: Mesh): { former: unknown } => of.memo<{ former: unknown }>('pods', ['Pod'], (former) => ({ former }));

  it('are the same where they read nothing that changed', () => {
    const before = mesh();
    const value = podsOf(before);
    expect(podsOf(before.with([{ before: service }]))).toBe(value);
    expect(podsOf(before.with([{ before: a }]))).not.toBe(value);
  });

  it('are made anew with the one before, over several meshes', () => {
    const before = mesh();
    const value = podsOf(before);
    expect(podsOf(before.with([{ before: a }]).with([{ before: service }])).former).toBe(value);
  });

  it('count what was read to compute them', () => {
    const before = mesh();
    const count = (of: Mesh): object => of.memo('count', [], () => ({ count: of.list('Service').length }));
    expect(count(before.with([{ before: service }]))).not.toBe(count(before));
  });

  it.each<[string, Partial<MeshOptions>, boolean]>([
    ['another mesh configuration, for what does not read it', { meshConfig: {} }, true],
    ['another time', { now: new Date(1) }, false],
    ['another namespace of the control plane', { istioNamespace: 'other' }, false],
  ])('%s', (_, changed, same) => {
    const before = mesh();
    const value = podsOf(before);
    const after = podsOf(before.with([], changed));
    expect([after === value, after.former]).toEqual([same, undefined]);
  });

  it('are made anew where the mesh configuration is another one that they read', () => {
    const before = mesh();
    const read = (of: Mesh): object => of.memo('configuration', [], () => ({ root: of.rootNamespace }));
    const value = read(before);
    expect(read(before.with([], { meshConfig: { rootNamespace: 'other' } }))).toEqual({ root: 'other' });
    expect(read(before.with([], { meshConfig: options.meshConfig }))).toBe(value);
  });
});

it('the order of creation after changes is that of a sorted list', () => {
  const one = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('shop', 'pay'), fc.nat(2)).map(([name, ns, day]) => resource('Pod', name, ns, day));
  const step = fc.record({ at: fc.nat(), after: fc.option(one, { nil: undefined }) });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 8 }), fc.array(step, { maxLength: 10 }), (given, steps) => {
      let table = KindTable.of(given);
      table.byCreation();
      for (const { at, after } of steps) {
        const before = at % 3 === 0 ? undefined : table.list[at % Math.max(table.list.length, 1)];
        if (!before && !after) continue;
        table = table.with([{ before, after }]);
        expect(table.byCreation()).toEqual(table.list.toSorted(byCreation));
        expect(table.byCreation().every((resource, i) => resource === table.list.toSorted(byCreation)[i])).toBe(true);
        table.in('shop');
      }
    }),
  );
});

it('in the order of names a table is the same, however it came about', () => {
  const name = fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), ns: fc.constantFrom('shop', 'pay') });
  const step = fc.record({ at: fc.nat(), after: fc.option(name, { nil: undefined }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      let table = KindTable.emptyIn('name');
      for (const { at, after: named } of steps) {
        const before = at % 2 === 0 ? undefined : table.list[at % Math.max(table.list.length, 1)];
        // One of each name.
        const isTaken = named && table.find(named.ns, named.name) && !(before?.name === named.name && before.namespace === named.ns);
        const after = named && !isTaken ? resource('Pod', named.name, named.ns, at) : undefined;
        if (!before && !after) continue;
        table = table.with([{ before, after }]);
        expect(table.list).toEqual(KindTable.of(table.list.toReversed(), 'name').list);
        for (const namespace of ['shop', 'pay']) expect(table.in(namespace)).toEqual(table.list.filter((one) => one.namespace === namespace));
      }
      const gone = resource('Pod', 'none', 'shop', 0);
      expect(() => table.with([{ before: gone }])).toThrow('Pod shop/none is not in the mesh');
    }),
  );
});
