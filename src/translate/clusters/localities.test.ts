import { describe, expect, it } from 'vitest';
import type { LocalityLoadBalancerSetting, LocalityLoadBalancerSetting_Distribute } from '../../manifest/istio/networking.gen.ts';
import { withPlace } from '../../model/workload-endpoints.ts';
import { applyLocalities, byLocality, isLocalityWeighted, localitySettings } from './localities.ts';

interface Host {
  weight: number;
  name: string;
  workload: { locality: string; labels: Record<string, string> };
}
/** `a r1/z1 weight k=v` */
const host = (text: string): Host => {
  const [name = '', locality = '', weight = '1', ...labels] = text.split(' ');
  const own = Object.fromEntries(labels.map((label) => label.split('=') as [string, string]));
  return { name, weight: Number(weight), workload: { locality, labels: withPlace(own, locality, '') } };
};

/** `locality weight priority: names` */
function applied(
  hosts: string[],
  setting: LocalityLoadBalancerSetting | undefined,
  from = 'r1/z1/s1',
  failover = true,
  labels: Record<string, string> = {},
): string[] {
  const [region = '', zone = '', subzone = ''] = from.split('/');
  const groups = applyLocalities(byLocality(hosts.map(host)), { locality: { region, zone, subzone }, labels }, setting, failover);
  return groups.map(({ locality, weight, priority, endpoints }) =>
    `${Object.values(locality).filter(Boolean).join('/')} ${weight} ${priority}: ${endpoints.map(({ name }) => name).join(' ')}`.trim(),
  );
}
const five = ['a r1/z1/s1 2', 'b r1/z1/s2', 'c r1/z2', 'd r2/z1', 'e r3/z1'];

it('MAP-R60: one group a locality, by name, with the sum of the weights', () => {
  expect(applied(['b r2 3', 'a r1 1', 'c r2 4', 'd  1'], undefined)).toEqual(['1 0: d', 'r1 1 0: a', 'r2 7 0: b c']);
});

it('DR-R23: without settings, and without failures that are noticed, localities do not count', () => {
  expect(applied(five, undefined).every((group) => group.includes(' 0: '))).toBe(true);
  expect(applied(five, {}, 'r1/z1/s1', false).every((group) => group.includes(' 0: '))).toBe(true);
  expect([isLocalityWeighted(undefined, true), isLocalityWeighted({}, true)]).toEqual([false, false]);
});

describe('DR-R46: distribute', () => {
  const to = { 'r1/z1/*': 70, 'r2/*': 30 };
  it.each<[string, LocalityLoadBalancerSetting_Distribute[], string[]]>([
    [
      'shares by the weights of the groups, rounded up; the others keep an entry without endpoints',
      [{ from: 'r1/*', to }],
      ['r1/z1/s1 47 0: a', 'r1/z1/s2 24 0: b', 'r1/z2 1 0:', 'r2/z1 30 0: d', 'r3/z1 1 0:'],
    ],
    [
      'the first entry for the place of the client',
      [
        { from: 'r2', to: { r3: 100 } },
        { from: '*', to: { r2: 100 } },
        { from: 'r1', to },
      ],
      ['r1/z1/s1 2 0:', 'r1/z1/s2 1 0:', 'r1/z2 1 0:', 'r2/z1 100 0: d', 'r3/z1 1 0:'],
    ],
    ['no entry for it', [{ from: 'r2', to }], ['r1/z1/s1 2 0: a', 'r1/z1/s2 1 0: b', 'r1/z2 1 0: c', 'r2/z1 1 0: d', 'r3/z1 1 0: e']],
  ])('%s', (_, distribute, expected) => expect(applied(five, { distribute })).toEqual(expected));

  it('each group is for one pattern, and priorities do not count then', () => {
    expect(applied(five, { distribute: [{ from: 'r1/z1/s1', to: { 'r1/z1/s1': 10, r1: 90 } }], failover: [{ from: 'r1', to: 'r3' }] })).toEqual([
      'r1/z1/s1 10 0: a',
      'r1/z1/s2 45 0: b',
      'r1/z2 45 0: c',
      'r2/z1 1 0:',
      'r3/z1 1 0:',
    ]);
    expect(isLocalityWeighted({ distribute: [{}] }, false)).toBe(true);
  });
});

describe('DR-R47: failover', () => {
  const priorities = (setting: LocalityLoadBalancerSetting, from?: string, hosts = five): string =>
    applied(hosts, setting, from)
      .map((group) => /(\d): /.exec(group)?.[1])
      .join('');

  it.each([
    ['the nearer the earlier', {}, 'r1/z1/s1', '01233'],
    ['another region of the choice comes before the rest', { failover: [{ from: 'r1', to: 'r3' }] }, 'r1/z1/s1', '01243'],
    ['the choice for another region does not count', { failover: [{ from: 'r2', to: 'r3' }] }, 'r1/z1/s1', '01233'],
    ['without gaps', {}, 'r2/z1', '11101'],
    ['a client without a place compares nothing with nothing', {}, '', '00000'],
  ])('%s', (_, setting, from, expected) => expect(priorities(setting, from)).toBe(expected));

  it('a client without a place prefers endpoints without one', () => {
    expect(priorities({}, '', ['a r1/z1', 'b'])).toBe('01');
  });

  it('localities are weighted only where failover is written', () => {
    expect(isLocalityWeighted({ failover: [{ from: 'r1', to: 'r2' }] }, true)).toBe(true);
    expect(isLocalityWeighted({ failover: [{ from: 'r1', to: 'r2' }] }, false)).toBe(false);
    expect(isLocalityWeighted({ failover: [], failoverPriority: [] }, true)).toBe(false);
  });
});

describe('DR-R48: failoverPriority', () => {
  const hosts = ['a r1/z1 1 rack=1 pool=x', 'b r1/z1 2 rack=2 pool=x', 'c r2 1 rack=2 pool=y', 'd r2 1 pool=z'];
  const labels = { rack: '1', pool: 'x' };
  it.each([
    ['the more labels the earlier, whatever the place', { failoverPriority: ['pool', 'rack'] }, ['r1/z1 1 0: a', 'r1/z1 2 1: b', 'r2 2 2: c d']],
    ['a label with a value', { failoverPriority: ['rack=2'] }, ['r1/z1 2 0: b', 'r1/z1 1 1: a', 'r2 1 0: c', 'r2 1 1: d']],
    ['with failover by place inside', { failoverPriority: ['pool'], failover: [{ from: 'r1', to: 'r3' }] }, ['r1/z1 3 0: a b', 'r2 2 1: c d']],
  ])('%s', (_, setting, expected) => expect(applied(hosts, setting, 'r1/z1', true, labels)).toEqual(expected));

  it('is nothing for a client without labels', () => {
    expect(applied(hosts, { failoverPriority: ['pool'] }, 'r1/z1', true, {})).toEqual(['r1/z1 3 0: a b', 'r2 2 0: c d']);
    expect(isLocalityWeighted({ failoverPriority: ['pool'] }, true)).toBe(true);
  });
});

describe('DR-R45: which setting', () => {
  const of = (
    ofRule: LocalityLoadBalancerSetting | undefined,
    trafficDistribution: 'any' | 'prefer-same-zone',
    mesh: LocalityLoadBalancerSetting | undefined,
  ) => localitySettings(ofRule, { trafficDistribution }, { localityLbSetting: mesh });
  const mesh = { failover: [{ from: 'a', to: 'b' }] };
  const zone = { failoverPriority: ['topology.istio.io/network', 'topology.kubernetes.io/region', 'topology.kubernetes.io/zone'] };
  it.each([
    ['that of the rule', { failoverPriority: ['x'] }, 'prefer-same-zone', mesh, { setting: { failoverPriority: ['x'] }, forceFailover: false }],
    ['the rule turns all off', { enabled: false }, 'prefer-same-zone', mesh, { setting: undefined, forceFailover: false }],
    ['that of the service, also without outlier detection', undefined, 'prefer-same-zone', mesh, { setting: zone, forceFailover: true }],
    ['that of the mesh', undefined, 'any', mesh, { setting: mesh, forceFailover: false }],
    ['the mesh turns it off', undefined, 'any', { ...mesh, enabled: false }, { setting: undefined, forceFailover: false }],
    ['the default', undefined, 'any', undefined, { setting: {}, forceFailover: false }],
  ] as const)('%s', (_, ofRule, distribution, ofMesh, expected) => {
    expect(of(ofRule as LocalityLoadBalancerSetting | undefined, distribution, ofMesh as LocalityLoadBalancerSetting | undefined)).toEqual(expected);
  });
});
