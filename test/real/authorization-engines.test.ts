// AuthorizationPolicies: the embedded engine and the real Envoy, with the same configuration, decide alike by the same rule.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { envoyProgram } from './envoy.ts';
import { type Place, type Sent, startGateway } from './external-authorization/place.ts';

const envoy = envoyProgram();
/** Sets of policies; each is served by both engines. */
const rounds = 3;
const policiesOfEach = { deny: 24, allow: 10 };
const requestsOfEach = 100;

const segment = fc.constantFrom('a', 'ab', 'b', 'A', 'x=1', 'a.b', 'a+b', '%2F', 'c*', "(1)!$&',;:@~", 'a b'.replace(' ', '%20'), '|', '');
const oddPath = fc.array(segment, { minLength: 1, maxLength: 3 }).map((all) => `/${all.join('/')}`);
const plainPath = fc.array(fc.constantFrom('a', 'ab', 'b', 'a.b', 'x=1'), { minLength: 1, maxLength: 3 }).map((all) => `/${all.join('/')}`);
const requestPath = fc.oneof(oddPath, plainPath);
const template = fc
  .array(fc.constantFrom('a', 'ab', '{*}', 'x=1', 'a.b'), { minLength: 1, maxLength: 3 })
  .chain((all) => fc.constantFrom(`/${all.join('/')}`, `/${all.join('/')}/{**}`, `/${all.join('/')}/{*}`));
const wildcard = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(text, fc.constantFrom('', '', 'begin', 'end', 'any'), fc.nat({ max: 3 })).map(([whole, form, cut]) => {
    if (form === 'begin') return `${whole.slice(0, Math.max(1, whole.length - cut))}*`;
    if (form === 'end') return `*${whole.slice(-Math.max(1, whole.length - cut))}`;
    return form === 'any' ? '*' : whole;
  });
const hosts = ['shop.example', 'SHOP.example', 'a.shop.example', 'shop.example:80'];
const methods = ['GET', 'POST', 'PUT', 'OPTIONS'];
const values = ['1', '12', 'a', 'A', 'ab', '1,2'];
const addresses = ['10.0.0.1', '10.1.2.3', '192.0.2.7', '2001:db8::1'];
const few = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(one, { minLength: 1, maxLength: 2 });

const field: fc.Arbitrary<Record<string, string[]>> = fc.oneof(
  { weight: 4, arbitrary: few(fc.oneof(wildcard(plainPath), template)).map((paths) => ({ paths })) },
  { weight: 2, arbitrary: few(fc.oneof(wildcard(plainPath), template)).map((notPaths) => ({ notPaths })) },
  { weight: 2, arbitrary: few(wildcard(fc.constantFrom(...methods))).map((all) => ({ methods: all })) },
  { weight: 1, arbitrary: few(wildcard(fc.constantFrom(...methods))).map((notMethods) => ({ notMethods })) },
  { weight: 1, arbitrary: few(wildcard(fc.constantFrom(...hosts))).map((all) => ({ hosts: all })) },
);
const condition = fc.oneof(
  fc.record({
    key: fc.constantFrom('request.headers[x-a]', 'request.headers[X-B]', 'request.headers[:method]'),
    values: few(wildcard(fc.constantFrom(...values))),
  }),
  fc.record({ key: fc.constantFrom('request.headers[x-a]', 'request.headers[X-B]'), notValues: few(wildcard(fc.constantFrom(...values))) }),
  fc.record({ key: fc.constant('remote.ip'), values: few(fc.constantFrom('10.0.0.0/8', '10.0.0.1', '192.0.2.0/29', '2001:db8::/32')) }),
  fc.record({ key: fc.constant('source.ip'), notValues: few(fc.constantFrom('10.0.0.0/8', '127.0.0.0/30')) }),
  fc.record({ key: fc.constant('source.principal'), notValues: fc.constant(['*']) }),
);
const allowRule = fc.record(
  { to: few(fc.tuple(field, field).map(([a, b]) => ({ operation: { ...a, ...b } }))), when: few(condition) },
  { requiredKeys: ['to'] },
);
/** Each for little, so that something is left for the others. */
const denyRule = fc
  .tuple(fc.oneof(plainPath, template), field, few(condition))
  .map(([path, { paths: _, ...more }, when]) => ({ to: [{ operation: { ...more, paths: [path] } }], when })) as fc.Arbitrary<unknown>;
const request: fc.Arbitrary<Sent> = fc.record({
  path: fc.tuple(requestPath, fc.constantFrom('', '?q=/a', '?')).map((parts) => parts.join('')),
  method: fc.constantFrom(...methods),
  headers: fc
    .tuple(
      fc.constantFrom(...hosts),
      fc.array(fc.constantFrom(...values), { maxLength: 2 }),
      fc.option(fc.constantFrom(...values)),
      fc.constantFrom(...addresses),
    )
    .map(([host, a, b, from]) => ({ host, 'x-forwarded-for': from, ...(a.length > 0 ? { 'x-a': a } : {}), ...(b === null ? {} : { 'x-b': b }) })),
});

const policy = (index: number, action: string, spec: unknown): string => `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: p${index}, namespace: shop }
spec: ${JSON.stringify({ selector: { matchLabels: { app: 'edge' } }, action, rules: [spec] })}
---
`;

/** How often each line was in the logs of all rounds. */
const counts = new Map<string, number>();

describe.runIf(envoy !== undefined).each(Array.from({ length: rounds }, (_, round) => round))('random policies %i', (round) => {
  const seed = 7000 + round;
  const denied = fc.sample(denyRule, { numRuns: policiesOfEach.deny, seed });
  const allowed = fc.sample(allowRule, { numRuns: policiesOfEach.allow, seed });
  const text = [...denied.map((spec, i) => policy(i, 'DENY', spec)), ...allowed.map((spec, i) => policy(policiesOfEach.deny + i, 'ALLOW', spec))].join('');
  let places: Place[] = [];
  beforeAll(async () => {
    const engines = [[], ['--engine', 'envoy', '--envoy-path', String(envoy)]];
    places = await Promise.all(engines.map((engine) => startGateway(engine, { manifests: () => text, trustedProxies: 2 })));
  }, 240_000);
  afterAll(() => Promise.all(places.map((place) => place.close())));

  it('SEC-R21, SEC-R23, SEC-R27, SEC-R28: both engines decide alike, and by the same rule', async () => {
    for (const sent of fc.sample(request, { numRuns: requestsOfEach, seed })) {
      const [embedded, real] = await Promise.all(places.map((place) => place.send(sent)));
      expect({ sent, log: embedded?.log, status: embedded?.status }).toEqual({ sent, log: real?.log, status: real?.status });
      counts.set(String(embedded?.log), (counts.get(String(embedded?.log)) ?? 0) + 1);
    }
  }, 300_000);
});

it.runIf(envoy !== undefined)('rules of both actions have had their say', () => {
  expect([...counts.keys()].filter((log) => log.includes('policy[p')).length).toBeGreaterThan(8);
  for (const often of ['via_upstream', 'rbac_access_denied_matched_policy[none]']) expect(counts.get(`LOG - ${often} -`) ?? 0).toBeGreaterThan(8);
});
