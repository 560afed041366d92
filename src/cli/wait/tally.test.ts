import { describe, expect, it } from 'vitest';
import type { DistributionAnswer, ProxyProgress, ProxyState, ResourceState } from '../../envoy/xds/control-plane-api.ts';
import { isCalled } from '../../envoy/xds/proxy-statuses.ts';
import { hopeless, isReached, neededOf, type ReplicaAnswer, tally } from './tally.ts';
import { behindLines, missedText, progressText, reachedText } from './text.ts';

const proxy = (name: string, state: ProxyState, more: Partial<ProxyProgress> = {}): ProxyProgress => ({
  key: `shop/${name}`,
  name,
  namespace: 'shop',
  id: `sidecar~10.0.0.1~${name}.shop~shop.svc.cluster.local`,
  program: 'weft/1.2.3',
  state,
  ...more,
});

function replica(name: string, state: ResourceState, proxies: ProxyProgress[] = [], more: Partial<DistributionAnswer['resource']> = {}): ReplicaAnswer {
  const about = { program: 'weft controller', version: '1', revision: 'default', identity: name, startedAt: '' };
  return { name, answer: { about, resource: { state, ...more }, proxies } };
}

const all = { for: 'distribution', only: [] } as const;
const states = (...answers: ReplicaAnswer[]): string[] => tally(answers, [], all).proxies.map(({ name, state }) => `${name} ${state}`);

describe('the answers of all replicas', () => {
  it('are of all their proxies', () => {
    const sum = tally([replica('b', 'served', [proxy('web', 'unanswered')]), replica('a', 'served', [proxy('cart', 'acknowledged')])], [], all);
    expect(sum).toMatchObject({ isServed: true, why: '', acknowledged: 1 });
    expect(sum.proxies.map(({ name }) => name)).toEqual(['cart', 'web']);
  });

  it('a proxy that one misses may be with another', () => {
    expect(states(replica('a', 'served', [proxy('cart', 'unconnected')]), replica('b', 'served', [proxy('cart', 'acknowledged')]))).toEqual([
      'cart acknowledged',
    ]);
    expect(states(replica('a', 'served', [proxy('cart', 'unconnected')]), replica('b', 'served'))).toEqual(['cart unconnected']);
    expect(states(replica('a', 'served', [proxy('cart', 'unconnected')]), replica('b', 'served', [proxy('cart', 'unconnected')]))).toEqual([
      'cart unconnected',
    ]);
  });

  it.each<[ProxyState, ProxyState]>([
    ['acknowledged', 'unanswered'],
    ['unanswered', 'acknowledged'],
  ])('a proxy with two connections, %s and %s, is as far as the one that is behind', (one, other) => {
    expect(states(replica('a', 'served', [proxy('cart', one)]), replica('b', 'served', [proxy('cart', other)]))).toEqual(['cart unanswered']);
  });

  it('a proxy that was behind and is in no answer is still behind', () => {
    const sum = tally([replica('a', 'served', [proxy('cart', 'acknowledged')])], [proxy('web', 'unanswered'), proxy('cart', 'unsent')], all);
    expect(sum.proxies.map(({ name, state }) => `${name} ${state}`)).toEqual(['cart acknowledged', 'web unconnected']);
  });

  it.each<[ResourceState, 'distribution' | 'delete', string]>([
    ['pending', 'distribution', 'b is about to send it'],
    ['unseen', 'distribution', 'b has not heard of this version yet'],
    ['absent', 'distribution', 'b has not heard of this version yet'],
    ['unseen', 'delete', 'b has not heard of its removal yet'],
    ['present', 'delete', 'it is still there for b'],
  ])('one for which it is %s holds up all (%s)', (state, what, why) => {
    const sum = tally([replica('a', 'served', [proxy('cart', 'acknowledged')]), replica('b', state)], [], { for: what, only: [] });
    expect([sum.isServed, sum.why, isReached(sum, 0)]).toEqual([false, why, false]);
  });

  it('one of another revision counts for nothing', () => {
    expect(tally([replica('a', 'served', [proxy('cart', 'acknowledged')]), replica('b', 'ignored')], [], all)).toMatchObject({
      isServed: true,
      acknowledged: 1,
    });
    expect(tally([], [], all)).toMatchObject({ isServed: false, why: 'no replica answers' });
  });

  it('are those of the proxies that are asked for', () => {
    const answers = [replica('a', 'served', [proxy('cart', 'acknowledged'), proxy('web', 'unanswered')])];
    expect(tally(answers, [], { for: 'distribution', only: ['cart.shop'] }).proxies.map(({ name }) => name)).toEqual(['cart']);
    expect(tally(answers, [], { for: 'distribution', only: ['other'] }).proxies).toEqual([]);
  });
});

it.each([
  ['cart', true],
  ['cart.shop', true],
  ['shop/cart', true],
  ['sidecar~10.0.0.1~cart.shop~shop.svc.cluster.local', true],
  ['car', false],
  ['', false],
])('the proxy is called %s: %s', (name, expected) => {
  expect(isCalled(proxy('cart', 'unsent'), name)).toBe(expected);
  expect(isCalled({ ...proxy('cart', 'unsent'), id: '' }, '')).toBe(false);
});

it.each<[count: number, acknowledged: number, threshold: number, expected: boolean]>([
  [5, 5, 1, true],
  [5, 4, 1, false],
  [5, 4, 0.8, true],
  [5, 4, 0.81, false],
  [10, 7, 0.7, true],
  [10, 6, 0.7, false],
  [3, 1, 1 / 3, true],
  [5, 0, 0, true],
  [0, 0, 1, false],
  [0, 0, 0, true],
])('of %i proxies %i are enough for %f: %s', (count, acknowledged, threshold, expected) => {
  const proxies = Array.from({ length: count }, (_, i) => proxy(`p${i}`, i < acknowledged ? 'acknowledged' : 'unsent'));
  expect(isReached(tally([replica('a', 'served', proxies)], [], all), threshold)).toBe(expected);
});

it('how many are needed', () => {
  expect([neededOf(10, 0.7), neededOf(3, 0.5), neededOf(7, 1), neededOf(7, 0), neededOf(100, 0.29)]).toEqual([7, 2, 7, 0, 29]);
});

describe('what will not come', () => {
  it.each<[string, ReplicaAnswer[], string | undefined]>([
    ['nothing', [replica('a', 'served'), replica('b', 'unseen')], undefined],
    [
      'what is invalid',
      [replica('a', 'served'), replica('b', 'invalid', [], { reasons: ['hosts: is empty'] })],
      'it is invalid, and no proxy gets it: hosts: is empty',
    ],
    ['what has several mistakes', [replica('a', 'invalid', [], { reasons: ['x', 'y'] })], 'it is invalid, and no proxy gets it:\n  x\n  y'],
    ['what nobody reads', [replica('a', 'unwatched')], 'a knows nothing of its kind'],
    [
      'what is for others',
      [replica('a', 'ignored', [], { reasons: ['it is for revision canary'] })],
      'no control plane that was asked takes it: it is for revision canary',
    ],
    ['nothing, where one of them takes it', [replica('a', 'ignored'), replica('b', 'served')], undefined],
  ])('is %s', (_, answers, problem) => {
    expect(hopeless(answers)?.problem).toBe(problem);
  });

  it('is what is in broken files', () => {
    const broken = replica('a', 'invalid', [], { reasons: ['mesh.yaml:3: no'] });
    delete broken.answer.about.revision;
    expect(hopeless([broken])?.problem).toBe('the manifests are refused, and those before go on:\n  mesh.yaml:3: no');
  });
});

describe('in words', () => {
  const behind = tally(
    [
      replica('a', 'served', [
        proxy('cart', 'acknowledged'),
        proxy('edge', 'refused', { program: 'envoy/1.40.0', forMs: 65_000, types: ['LDS', 'RDS'], text: 'no\n  \u001b[31maddress' }),
        proxy('gone', 'unconnected', { program: '', forMs: 3_000 }),
        proxy('new', 'starting', { forMs: 400 }),
        proxy('next', 'unsent'),
        proxy('web', 'unanswered', { forMs: 12_300, types: ['TABLE'] }),
      ]),
    ],
    [],
    all,
  );

  it('each proxy that is behind', () => {
    expect(behindLines(behind.proxies)).toEqual([
      'edge.shop (envoy 1.40.0) refuses LDS, RDS, since 1m 5s: no \u241b[31maddress',
      'gone.shop is not connected, since 3s: it goes on with what it had',
      'new.shop (weft 1.2.3) has connected 0s ago, and has not asked for everything yet',
      'next.shop (weft 1.2.3) was not sent it yet',
      'web.shop (weft 1.2.3) was sent TABLE 12s ago, and does not answer',
    ]);
  });

  it('no more than twenty', () => {
    const many = Array.from({ length: 25 }, (_, i) => proxy(`p${i}`, 'unsent'));
    expect(behindLines(many)).toHaveLength(21);
    expect(behindLines(many).at(-1)).toBe('and 5 more');
  });

  it('while it is waited, at the end, and when the time is over', () => {
    const none = tally([replica('a', 'served')], [], all);
    const some = tally([replica('a', 'served', [proxy('cart', 'acknowledged'), proxy('web', 'unsent')])], [], all);
    const unseen = tally([replica('a', 'unseen')], [], all);
    expect(progressText(some)).toBe('1 of 2 proxies: web.shop (weft 1.2.3) was not sent it yet');
    expect(progressText(none)).toBe('proxies: none is connected');
    expect(progressText(unseen)).toBe('the control plane: a has not heard of this version yet');
    expect(reachedText('VS a', 'distribution', some, 0.5)).toBe('VS a: 1 of 2 proxies have it (1 is enough)');
    expect(reachedText('VS a', 'delete', tally([replica('a', 'served', [proxy('cart', 'acknowledged')])], [], all), 1)).toBe(
      'VS a: 1 of 1 proxy goes on without it',
    );
    expect(reachedText('VS a', 'distribution', none, 0)).toBe('VS a: no proxy is connected, and --threshold 0 asks for none');
    expect(missedText('VS a', 'distribution', some, [])).toBe('1 of 2 proxies does not have VS a yet');
    expect(missedText('VS a', 'delete', behind, [])).toBe('5 of 6 proxies still have VS a');
    expect(missedText('VS a', 'distribution', unseen, [])).toBe('VS a: a has not heard of this version yet');
    expect(missedText('VS a', 'distribution', none, [])).toBe('no proxy is connected to the control plane');
    expect(missedText('VS a', 'distribution', none, ['cart', 'web'])).toBe('no proxy cart or web is connected');
  });
});
