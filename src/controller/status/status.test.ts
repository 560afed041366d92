import { expect, it } from 'vitest';
import { FakeClock } from '../../envoy/xds/fake-clock.ts';
import type { Status } from '../../ir/table.ts';
import { KubeError } from '../../kube/error.ts';
import type { KubeObject } from '../../kube/object.ts';
import { loadSource } from '../../manifest/load.ts';
import { Mesh } from '../../model/mesh.ts';
import { defaultMeshConfig } from '../../model/mesh-config.ts';
import type { Verdict } from '../../pipeline/check-resource.ts';
import { mergedConditions, wantedConditions } from './conditions.ts';
import { StatusWriter } from './status-writer.ts';
import { TableStatuses } from './table-statuses.ts';

const verdict = (some: Partial<Verdict>): Verdict => ({ undecodable: [], unknown: [], errors: [], warnings: [], ...some });
const status = (reason: string, message: string): Status => ({
  origin: { kind: 'VirtualService', namespace: 'shop', name: 'cart', path: ['spec'] },
  reason,
  message,
});

it.each<[string, Verdict | undefined, readonly Status[] | undefined, string[]]>([
  ['all is well', undefined, [], ['Accepted True Accepted ', 'Reconciled True Reconciled ']],
  ['a kind that is in no table', undefined, undefined, ['Accepted True Accepted ']],
  [
    'a rule is broken',
    verdict({ errors: [{ path: ['spec', 'a'], text: 'is wrong' }] }),
    [],
    ['Accepted False Invalid spec.a: is wrong', 'Reconciled False NotAccepted it is left out, because it breaks the rules of its kind'],
  ],
  [
    'a rule of a policy is broken',
    verdict({ errors: [{ path: ['spec', 'a'], text: 'is wrong' }] }),
    [],
    ['Accepted False Invalid spec.a: is wrong', 'Reconciled False NotAccepted in doubt it denies, because it breaks the rules of its kind'],
  ],
  [
    'types are wrong',
    verdict({ undecodable: [{ path: ['spec', 'a'], text: 'spec.a has to be text' }] }),
    undefined,
    ['Accepted False Invalid spec.a has to be text'],
  ],
  ['warnings', verdict({ warnings: [{ text: 'one' }], unknown: [{ text: 'two' }] }), undefined, ['Accepted True AcceptedWithWarnings two; one']],
  [
    'a host that is not there',
    undefined,
    [status('unknown-host', 'no x'), status('unknown-port', 'no y')],
    ['Accepted True Accepted ', 'Reconciled False UnknownHost spec: no x; spec: no y'],
  ],
  [
    'many',
    undefined,
    Array.from({ length: 8 }, (_, i) => status('unknown-host', `no ${i}`)),
    ['Accepted True Accepted ', 'Reconciled False UnknownHost spec: no 0; spec: no 1; spec: no 2; spec: no 3; spec: no 4; and 3 more'],
  ],
])('%s', (name, said, statuses, expected) => {
  const wanted = wantedConditions({ revision: 'default', generation: 3, verdict: said, isLeftOut: !name.includes('policy'), statuses });
  expect(wanted.map(({ type, status: value, reason, message }) => `${type.replace('weft.mesh/', '')} ${value} ${reason} ${message}`)).toEqual(expected);
  expect(wanted.every(({ observedGeneration }) => observedGeneration === 3)).toBe(true);
});

it('other revisions have conditions of their own', () => {
  const types = wantedConditions({ revision: 'canary', generation: 1, verdict: undefined, statuses: [] }).map(({ type }) => type);
  expect(types).toEqual(['weft.mesh/Accepted-canary', 'weft.mesh/Reconciled-canary']);
});

it('conditions are written where they say something new, and others stay', () => {
  const [first, second] = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'];
  const other = { type: 'Healthy', status: 'True', reason: 'x' };
  const wanted = wantedConditions({ revision: 'default', generation: 1, verdict: undefined, statuses: undefined });
  const written = mergedConditions({ conditions: [other] }, wanted, first);
  expect(written).toEqual([other, { ...wanted[0], lastTransitionTime: first }]);
  expect(mergedConditions({ conditions: written }, wanted, second)).toBeUndefined();
  // The API server may give the number as text.
  expect(mergedConditions({ conditions: [{ ...(written?.[1] as object), observedGeneration: '1' }] }, wanted, second)).toBeUndefined();
  const again = wantedConditions({ revision: 'default', generation: 2, verdict: undefined, statuses: undefined });
  expect(mergedConditions({ conditions: written }, again, second)).toEqual([other, { ...again[0], lastTransitionTime: first }]);
  const wrong = wantedConditions({ revision: 'default', generation: 2, verdict: verdict({ errors: [{ text: 'no' }] }), statuses: undefined });
  expect(mergedConditions({ conditions: written }, wrong, second)).toEqual([other, { ...wrong[0], lastTransitionTime: second }]);
  for (const strange of [undefined, null, 'x', { conditions: 'x' }, { conditions: [null, 1] }])
    expect(mergedConditions(strange, wanted, first)).toContainEqual({ ...wanted[0], lastTransitionTime: first });
});

const routes = (host: string): string => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: cart, namespace: shop }
spec: { hosts: [cart], http: [{ route: [{ destination: { host: ${host} } }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: cart, namespace: shop }
spec: { ports: [{ name: http, port: 80 }] }
`;

it('tells what goes wrong in tables, and about what something else is said', () => {
  const { resources } = loadSource({ name: 'a', text: routes('cartt'), json: false }, { defaultNamespace: 'shop' });
  const mesh = new Mesh(resources, {
    assume: 'complete',
    istioNamespace: 'istio-system',
    templates: false,
    knownHosts: [],
    now: new Date(0),
    meshConfig: defaultMeshConfig('x'),
  });
  const statuses = new TableStatuses();
  expect([...statuses.update(mesh)]).toEqual(['VirtualService shop/cart']);
  expect(statuses.of('VirtualService shop/cart')).toMatchObject([{ reason: 'unknown-host' }]);
  expect(statuses.update(mesh).size).toBe(0);
  const [repaired] = loadSource({ name: 'a', text: routes('cart'), json: false }, { defaultNamespace: 'shop' }).resources;
  const next = mesh.with([{ before: mesh.find('VirtualService', 'shop', 'cart'), after: repaired }]);
  expect([...statuses.update(next)]).toEqual(['VirtualService shop/cart']);
  expect(statuses.of('VirtualService shop/cart')).toEqual([]);
});

it('tells what is wrong with policies, whomever they are for', () => {
  const text = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: a, namespace: shop }
spec: { selector: { matchLabels: { app: cart } }, action: CUSTOM, provider: { name: nothere }, rules: [{}] }
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: t, namespace: shop }
spec: { selector: { matchLabels: { app: cart } }, jwtRules: [{ audiences: [a] }] }
`;
  const { resources } = loadSource({ name: 'a', text, json: false }, { defaultNamespace: 'shop' });
  const options = { assume: 'complete', istioNamespace: 'istio-system', templates: false, knownHosts: [], now: new Date(0) } as const;
  const statuses = new TableStatuses();
  statuses.update(new Mesh(resources, { ...options, meshConfig: defaultMeshConfig('x') }));
  expect(statuses.of('AuthorizationPolicy shop/a')).toMatchObject([{ reason: 'unknown-provider' }]);
  expect(statuses.of('RequestAuthentication shop/t')).toMatchObject([{ reason: 'invalid-policy' }]);
});

const object = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'X', metadata: { name } });

function writerOf(clock: FakeClock, write: (name: string) => boolean | KubeError, leads = (): boolean => true) {
  const times: [string, number][] = [];
  const results: string[] = [];
  const problems: string[] = [];
  const writer = new StatusWriter({
    clock,
    mayWrite: leads,
    wanted: (identity) => (identity === 'nothing' ? undefined : { object: object(identity), conditions: [] }),
    async write({ metadata: { name = '' } }) {
      times.push([name, clock.now()]);
      const outcome = write(name);
      if (outcome instanceof KubeError) throw outcome;
      return outcome;
    },
    written: (result) => results.push(result),
    problem: ({ message }) => problems.push(message),
  });
  return { writer, times, results, problems };
}

it('writes one after the other, ten a second at most, each once', async () => {
  const clock = new FakeClock();
  const { writer, times, results } = writerOf(clock, (name) => name !== 'c');
  writer.add(['a', 'b', 'nothing', 'c']);
  writer.add(['a', 'd']);
  await clock.pass(1_000);
  expect(times).toEqual([
    ['a', 0],
    ['b', 100],
    ['c', 200],
    ['d', 300],
  ]);
  expect(results).toEqual(['written', 'written', 'outdated', 'written']);
});

it('tries again what failed, later and later, and says so once; what is refused for good is left', async () => {
  const clock = new FakeClock();
  let isDown = true;
  const { writer, times, results, problems } = writerOf(clock, (name) =>
    name === 'bad' ? new KubeError('no', { reason: 'Invalid', status: 422 }) : isDown ? new KubeError('down', { reason: 'Unreachable' }) : true,
  );
  writer.add(['a']);
  await clock.pass(20_000);
  expect(results.every((result) => result === 'failed')).toBe(true);
  expect(times.length).toBeLessThan(8);
  expect(problems).toEqual(['down']);
  isDown = false;
  await clock.pass(60_000);
  expect(results.at(-1)).toBe('written');
  writer.add(['bad']);
  await clock.pass(600_000);
  expect(times.filter(([name]) => name === 'bad')).toHaveLength(1);
});

it('who does not lead writes nothing', async () => {
  const clock = new FakeClock();
  let leads = false;
  const { writer, times } = writerOf(
    clock,
    () => true,
    () => leads,
  );
  writer.add(['a']);
  await clock.pass(1_000);
  leads = true;
  writer.add(['b', 'c']);
  await clock.pass(50);
  leads = false;
  await clock.pass(10_000);
  expect(times.map(([name]) => name)).toEqual(['b']);
});
