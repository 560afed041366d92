import { Worker } from 'node:worker_threads';
import { describe, expect, it, test } from 'vitest';
import { Breakers } from './breakers.ts';
import type { Host } from './host.ts';
import { type ArenaLayout, hostKey, layoutFor, StateArena, stateKeys } from './shared-state.ts';
import { clusterCell, hostCell } from './slot.ts';
import { clusterOf, counts, endpoints, VirtualClock, type World, world } from './testing.ts';

/** As if posted to another thread. */
const posted = (layout: ArenaLayout): ArenaLayout => structuredClone({ ...layout });

describe('layout', () => {
  test('has a slot for each cluster and endpoint', () => {
    const keys = stateKeys([clusterOf(endpoints(2), { name: 'c' })]);
    expect(keys).toEqual(['c', 'c|10.0.0.1:8080', 'c|10.0.0.2:8080']);
    const layout = layoutFor([...keys, ...keys]);
    expect(new Set(layout.slots.values()).size).toBe(3);
    expect(layout.segments.every((segment) => segment instanceof SharedArrayBuffer)).toBe(true);
  });

  test('keys that stay keep their slots and what is counted there', () => {
    const first = layoutFor(['a', 'b']);
    new StateArena(first).slot('b').add(hostCell.requests, 5);
    const second = layoutFor(['c', 'b'], first);
    expect(second.slots.get('b')).toBe(first.slots.get('b'));
    expect(new StateArena(posted(second)).slot('b').get(hostCell.requests)).toBe(5);
    expect(first.slots.has('a')).toBe(true);
  });

  test('the slot of a key that is gone is used again, emptied, when nothing is active there any more', () => {
    const first = layoutFor(['a', 'b']);
    const arena = new StateArena(first);
    arena.slot('a').add(hostCell.activeRequests, 1);
    arena.slot('a').add(hostCell.requests, 9);
    const gone = first.slots.get('a');
    const second = layoutFor(['b'], first);
    expect(second.retired).toEqual([gone]);
    const third = layoutFor(['b'], second);
    expect(third.retired).toEqual([gone]);
    arena.slot('a').add(hostCell.activeRequests, -1);
    const fourth = layoutFor(['b', 'new'], third);
    expect(fourth.slots.get('new')).toBe(gone);
    expect(new StateArena(fourth).slot('new').get(hostCell.requests)).toBe(0);
  });

  test('holds any number of keys, and years of endpoints that come and go', () => {
    let layout = layoutFor(Array.from({ length: 5000 }, (_, i) => `k${i}`));
    expect(new Set(layout.slots.values()).size).toBe(5000);
    // One table's keys, and those of the table before that may still count.
    const length = Math.ceil(7000 / 512);
    for (let n = 0; n < 50; n++)
      layout = layoutFor(
        Array.from({ length: 2000 }, (_, i) => `n${n}-${i}`),
        layout,
      );
    expect(layout.segments).toHaveLength(length);
  });

  test.each([
    ['10.0.0.1', 80, '10.0.0.1:80'],
    ['fd00::1', 80, '[fd00::1]:80'],
    ['/run/app.sock', 0, '/run/app.sock'],
  ])('key of %s', (address, port, expected) => {
    expect(hostKey(address, port)).toBe(expected);
  });
});

describe('arena of one thread', () => {
  test('makes slots as they are asked for, and uses them again', () => {
    const arena = new StateArena();
    for (let i = 0; i < 10_000; i++) {
      arena.slot(`k${i}`).add(hostCell.requests, 1);
      arena.release(`k${i}`);
    }
    expect(arena.slot('k9999').get(hostCell.requests)).toBe(0);
    expect(arena.slot('same').cells.byteOffset).toBe(arena.slot('same').cells.byteOffset);
  });

  test('totals go beyond 32 bits', () => {
    const slot = new StateArena().slot('a');
    slot.set(hostCell.requests, -1);
    slot.count(hostCell.requests);
    slot.count(hostCell.requests);
    expect(slot.total(hostCell.requests)).toBe(2 ** 32 + 1);
  });

  test('a key that the layout does not have is there all the same', () => {
    const arena = new StateArena(layoutFor(['a']));
    arena.slot('dns').add(hostCell.requests, 1);
    expect(arena.slot('dns').get(hostCell.requests)).toBe(1);
    arena.adopt(layoutFor(['b']));
    expect(arena.slot('dns').get(hostCell.requests)).toBe(1);
  });
});

describe('threads', () => {
  const outlier = { consecutive5xx: 2, splitLocalOrigin: false, intervalMs: 1000, baseEjectionTimeMs: 2000, maxEjectionTimeMs: 9000, maxEjectionPercent: 50 };
  const cluster = clusterOf(endpoints(2), { breakers: { maxRequests: 3 }, outlier });

  function threads(count: number): World[] {
    const layout = layoutFor(stateKeys([cluster]));
    const clock = new VirtualClock();
    return Array.from({ length: count }, () => world(cluster, { arena: new StateArena(posted(layout)), clock }));
  }

  test('DR-R55: count the same requests', () => {
    const [one, two] = threads(2) as [World, World];
    const taken = [one, two, one, two, one].map(({ state }) => state.breakers.requests.tryAcquire());
    expect(taken).toEqual([true, true, true, false, false]);
    one.state.breakers.requests.release();
    expect(two.state.breakers.requests.tryAcquire()).toBe(true);
    expect(two.state.breakers.requests.overflowTotal).toBe(2);
  });

  test('DR-R67: agree on who is ejected, and bring it back once', () => {
    const all = threads(3);
    const [one, two, three] = all as [World, World, World];
    const { clock } = one;
    expect(Object.keys(counts(4, () => three.state.choose()))).toHaveLength(2);
    // The second error in a row, of whichever thread.
    one.state.recordResponse(one.state.hosts[0] as Host, 500);
    two.state.recordResponse(two.state.hosts[0] as Host, 500);
    expect(counts(4, () => three.state.choose())).toEqual({ '10.0.0.2': 4 });
    expect(three.state.outlier?.describe()).toHaveLength(1);
    // Half of two: no other.
    for (let i = 0; i < 2; i++) three.state.recordResponse(three.state.hosts[1] as Host, 500);
    expect(all.map(({ state }) => state.hosts.map(({ ejected }) => ejected))).toEqual(all.map(() => [true, false]));
    for (let i = 0; i < 2; i++) {
      clock.advance(1000);
      for (const { state } of all) state.tick(clock.now());
    }
    expect(Object.keys(counts(4, () => two.state.choose()))).toHaveLength(2);
    expect(all.flatMap(({ state }) => state.outlier?.events.map(({ action }) => action) ?? []).sort()).toEqual(['ejected', 'overflow', 'unejected']);
    expect(one.state.outlier?.stats().ejections_active).toBe(0);
  });

  test('DR-R66: one interval is one interval for all', () => {
    const all = threads(4);
    const [{ clock, state }] = all as [World];
    const [host] = state.hosts as [Host];
    const ejections = (): number => host.slot.get(hostCell.ejection) >> 1;
    const wait = (ms: number): void => {
      for (let gone = 0; gone < ms; gone += 100) {
        clock.advance(100);
        for (const thread of all) thread.state.tick(clock.now());
      }
    };
    for (let round = 0; round < 3; round++) {
      state.recordResponse(host, 500);
      state.recordResponse(host, 500);
      while (host.ejected) wait(100);
    }
    expect(ejections()).toBe(3);
    wait(1000);
    expect(ejections()).toBe(2);
    wait(1000);
    expect(ejections()).toBe(1);
  });

  it('really run at the same time', { timeout: 30_000 }, async () => {
    const layout = layoutFor(['c']);
    const rounds = 50_000;
    const max = 2;
    const code = `
      import { workerData } from 'node:worker_threads';
      const { StateArena } = await import(workerData.arena);
      const { Breakers } = await import(workerData.breakers);
      const { requests } = new Breakers(new StateArena(workerData.layout).slot('c'), { maxRequests: workerData.max });
      for (let i = 0; i < workerData.rounds; i++) if (requests.tryAcquire()) requests.release();
    `;
    const workerData = {
      layout: { ...layout },
      rounds,
      max,
      arena: new URL('./shared-state.ts', import.meta.url).href,
      breakers: new URL('./breakers.ts', import.meta.url).href,
    };
    const run = (): Promise<void> =>
      new Promise((resolve, reject) => {
        const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), { workerData });
        worker.on('error', reject);
        worker.on('exit', () => resolve());
      });
    await Promise.all([run(), run(), run()]);
    const slot = new StateArena(layout).slot('c');
    const { requests } = new Breakers(slot, { maxRequests: max });
    expect(requests.count).toBe(0);
    expect(slot.get(clusterCell.activeRequests)).toBe(0);
    expect(requests.tryAcquire() && requests.tryAcquire() && !requests.tryAcquire()).toBe(true);
  });
});
