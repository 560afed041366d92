import { describe, expect, it } from 'vitest';
import { policyFor } from './cluster-policy.ts';
import { effectiveRule } from './effective-rule.ts';
import { cartHost, meshWith, proxyIn, rule } from './testing.ts';

function policy(spec: string, port: number, subset?: string) {
  const merged = effectiveRule(meshWith([rule(`host: cart, ${spec}`)]), proxyIn('shop'), { host: cartHost, namespace: 'shop' });
  const { origins, ...blocks } = policyFor(
    merged,
    port,
    merged?.subsets.find((placed) => placed.subset.name === subset),
  );
  return { blocks: Object.fromEntries(Object.entries(blocks).filter(([, value]) => value !== undefined)), origins };
}

const pool = (connections: number): string => `connectionPool: {tcp: {maxConnections: ${connections}}}`;
const poolOf = (connections: number) => ({ connectionPool: { tcp: { maxConnections: connections } } });
const own = 'tunnel: {targetHost: a, targetPort: 1}, proxyProtocol: {version: V2}, retryBudget: {percent: 5}';
const ownOf = { tunnel: { targetHost: 'a', targetPort: 1 }, proxyProtocol: { version: 'V2' }, retryBudget: { percent: 5 } };
const top = `${pool(1)}, tls: {mode: DISABLE}, ${own}`;
const topOf = { ...poolOf(1), tls: { mode: 'DISABLE' }, ...ownOf };

describe('the cluster of a service', () => {
  it.each([
    ['the policy of the host', `trafficPolicy: {${top}}`, 80, topOf],
    [
      'DR-R10: only that of the port, and everything else is lost',
      `trafficPolicy: {${top}, portLevelSettings: [null, {port: {number: 80}, ${pool(2)}}]}`,
      80,
      poolOf(2),
    ],
    ['DR-R10: an empty policy of the port takes all away', `trafficPolicy: {${top}, portLevelSettings: [{port: {number: 80}}]}`, 80, {}],
    ['that of another port does not count', `trafficPolicy: {${top}, portLevelSettings: [{port: {number: 90}, ${pool(2)}}]}`, 80, topOf],
    ['no policy', 'subsets: []', 80, {}],
  ])('%s', (_, spec, port, expected) => expect(policy(spec, port).blocks).toEqual(expected));
});

describe('the cluster of a subset', () => {
  const subset = (more: string, host = top): string => `trafficPolicy: {${host}}, subsets: [{name: v1${more === '' ? '' : `, trafficPolicy: {${more}}`}}]`;
  it.each([
    ['has what the host has', subset(''), topOf],
    ['DR-R11: what it says replaces this block', subset(pool(3)), { ...topOf, ...poolOf(3) }],
    [
      'DR-R12: as a whole, not field by field',
      subset('connectionPool: {http: {h2UpgradePolicy: UPGRADE}}'),
      { ...topOf, connectionPool: { http: { h2UpgradePolicy: 'UPGRADE' } } },
    ],
    ['DR-R12: an empty block is one', subset('outlierDetection: {}'), { ...topOf, outlierDetection: {} }],
    [
      'DR-R11: its policy of the port clears what that does not say',
      subset('portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: RANDOM}}]'),
      { loadBalancer: { simple: 'RANDOM' }, ...ownOf },
    ],
    [
      'DR-R11: a port of the host, then a port of the subset: TLS is automatic again',
      subset('portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: RANDOM}}]', 'portLevelSettings: [{port: {number: 80}, tls: {mode: DISABLE}}]'),
      { loadBalancer: { simple: 'RANDOM' } },
    ],
    [
      'a port of the host, then the subset',
      subset(pool(3), `${own}, portLevelSettings: [{port: {number: 80}, tls: {mode: DISABLE}}]`),
      { ...poolOf(3), tls: { mode: 'DISABLE' } },
    ],
    ['DR-R11: a tunnel of its own', subset('tunnel: {targetHost: b, targetPort: 2}'), { ...topOf, tunnel: { targetHost: 'b', targetPort: 2 } }],
  ])('%s', (_, spec, expected) => expect(policy(spec, 80, 'v1').blocks).toEqual(expected));
});

it('says where it is written', () => {
  const spec = `trafficPolicy: {${pool(1)}}, subsets: [{name: v0}, {name: v1}]`;
  expect(policy(spec, 80, 'v1').origins.map(({ name, path }) => [name, path.join('.')])).toEqual([
    ['cart', 'spec.trafficPolicy'],
    ['cart', 'spec.subsets.1'],
  ]);
  expect(policyFor(undefined, 80, undefined)).toEqual({ origins: [] });
});
