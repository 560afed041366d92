import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { until } from '../../test/until.ts';
import type { KubeResource, WatchEvent, WatchOptions } from './client.ts';
import { KubeError } from './error.ts';
import { Informer, type InformerEvents, type InformerOptions } from './informer.ts';
import { type KubeObject, withoutManagedFields } from './object.ts';

const things: KubeResource = { group: 'x.test', version: 'v1', apiVersion: 'x.test/v1', kind: 'Thing', plural: 'things', namespaced: true, verbs: [] };

const unreachable = (): KubeError => new KubeError('no connection', { reason: 'Unreachable' });
const expired = (): KubeError => new KubeError('too old', { reason: 'Expired', status: 410 });
const busy = (retryAfterMs?: number): KubeError => new KubeError('busy', { reason: 'TooManyRequests', status: 429, retryAfterMs });
const missing = (): KubeError => new KubeError('no such kind', { reason: 'NotFound', status: 404 });

/** An API server with one kind, as far as informers need it. */
class FakeServer {
  readonly objects = new Map<string, KubeObject>();
  readonly log: { version: number; event: WatchEvent }[] = [];
  version = 100;
  /** Versions up to this one are forgotten. */
  compacted = 0;
  lists = 0;
  /** Versions that were watched from. */
  readonly watches: string[] = [];
  open = 0;
  /** What the next requests fail with, in order. */
  readonly failures: { list: KubeError[]; watch: KubeError[] } = { list: [], watch: [] };
  down = false;
  private readonly ends = new Set<(error: KubeError | undefined) => void>();
  private readonly wakes = new Set<() => void>();

  put(name: string, spec: unknown, uid = `uid-${name}`): void {
    const before = this.objects.get(name);
    const metadata = { namespace: 'shop', name, uid, resourceVersion: String(++this.version), managedFields: [] };
    const object: KubeObject = { apiVersion: 'x.test/v1', kind: 'Thing', metadata, spec };
    this.objects.set(name, object);
    this.tell(before ? 'MODIFIED' : 'ADDED', object);
  }

  remove(name: string): void {
    const object = this.objects.get(name) as KubeObject;
    this.objects.delete(name);
    this.tell('DELETED', { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.version) } });
  }

  bookmark(): void {
    this.tell('BOOKMARK', { apiVersion: 'x.test/v1', kind: 'Thing', metadata: { resourceVersion: String(++this.version) } });
  }

  compact(): void {
    this.compacted = this.version;
    this.log.length = 0;
  }

  /** Ends all watches: as a server does after some minutes, or with an error. */
  cut(error?: KubeError): void {
    for (const end of [...this.ends]) end(error);
  }

  private tell(type: WatchEvent['type'], object: KubeObject): void {
    this.log.push({ version: this.version, event: { type, object } });
    for (const wake of [...this.wakes]) wake();
  }

  async list(): Promise<{ items: KubeObject[]; resourceVersion: string }> {
    this.lists++;
    await sleep(0);
    const error = this.down ? unreachable() : this.failures.list.shift();
    if (error) throw error;
    return { items: [...this.objects.values()], resourceVersion: String(this.version) };
  }

  async *watch(_: KubeResource, { resourceVersion, signal }: WatchOptions): AsyncGenerator<WatchEvent, void, undefined> {
    this.watches.push(resourceVersion);
    await sleep(0);
    const error = this.down ? unreachable() : this.failures.watch.shift();
    if (signal.aborted) return;
    if (error) throw error;
    if (Number(resourceVersion) < this.compacted) throw expired();
    let at = Number(resourceVersion);
    let ended: { error: KubeError | undefined } | undefined;
    let wake = (): void => {};
    const end = (why: KubeError | undefined): void => {
      ended = { error: why };
      wake();
    };
    const wakeUp = (): void => wake();
    const onAbort = (): void => end(undefined);
    this.open++;
    this.ends.add(end);
    this.wakes.add(wakeUp);
    signal.addEventListener('abort', onAbort);
    try {
      for (;;) {
        for (const { version, event } of this.log.filter((entry) => entry.version > at)) {
          if (ended) break;
          at = version;
          yield event;
        }
        if (ended?.error) throw ended.error;
        if (ended) return;
        if (this.log.some(({ version }) => version > at)) continue;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      this.open--;
      this.ends.delete(end);
      this.wakes.delete(wakeUp);
      signal.removeEventListener('abort', onAbort);
    }
  }
}

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
  vi.restoreAllMocks();
});

/** Timers that were set and neither ended nor were cleared since. */
function openTimers(): ReadonlySet<unknown> {
  const open = new Set<unknown>();
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((run: () => void, ms: number) => {
    const timer = set(() => {
      open.delete(timer);
      run();
    }, ms);
    open.add(timer);
    return timer;
  }) as typeof setTimeout);
  vi.spyOn(globalThis, 'clearTimeout').mockImplementation((timer) => {
    open.delete(timer);
    clear(timer);
  });
  return open;
}

interface Told {
  said: string[];
  problems: string[];
  informer: Informer;
}

const nameOf = (object: KubeObject | undefined): string => `${object?.metadata.name}=${JSON.stringify(object?.spec)}`;

function inform(
  server: FakeServer,
  options: InformerOptions = {},
  find: ConstructorParameters<typeof Informer>[1] = things,
  more?: Partial<InformerEvents>,
): Told {
  const said: string[] = [];
  const problems: string[] = [];
  const informer = new Informer(
    server,
    find,
    { retry: { firstMs: 1, longestMs: 4 }, absentMs: 3, ...options },
    {
      changed({ before, after }) {
        said.push(before && after ? `~ ${nameOf(before)} > ${nameOf(after)}` : after ? `+ ${nameOf(after)}` : `- ${nameOf(before)}`);
      },
      synced: () => said.push('synced'),
      problem: (error) => problems.push(error.message),
      ...more,
    },
  );
  stops.push(() => informer.stop());
  informer.start();
  return { said, problems, informer };
}

const same = (informer: Informer, server: FakeServer): boolean =>
  JSON.stringify([...informer.store.values()].sort(byName)) === JSON.stringify([...server.objects.values()].sort(byName));
const byName = (a: KubeObject, b: KubeObject): number => (String(a.metadata.name) < String(b.metadata.name) ? -1 : 1);

test('lists, then tells changes in their order', async () => {
  const server = new FakeServer();
  server.put('a', 1);
  server.put('b', 1);
  const { said, informer } = inform(server);
  await informer.synced;
  expect([...informer.store.keys()]).toEqual(['shop/a', 'shop/b']);
  server.put('a', 2);
  server.put('c', 1);
  server.remove('b');
  server.put('a', 3);
  await until(() => said.length === 7, 'seven were told');
  expect(said).toEqual(['+ a=1', '+ b=1', 'synced', '~ a=1 > a=2', '+ c=1', '- b=1', '~ a=2 > a=3']);
  expect(server.lists).toBe(1);
});

test.each<[string, (server: FakeServer) => void]>([
  ['ended by the server', (server) => server.cut()],
  ['broken', (server) => server.cut(unreachable())],
])('a watch that is %s goes on from its last event or bookmark, without a list, and nobody is told', async (_, cut) => {
  const server = new FakeServer();
  const { said, problems, informer } = inform(server);
  await informer.synced;
  await until(() => server.open === 1, 'it watches');
  server.put('a', 1);
  server.bookmark();
  await until(() => said.length === 2, 'a was told');
  cut(server);
  server.put('a', 2);
  await until(() => said.length === 3, 'the change was told');
  expect(said).toEqual(['synced', '+ a=1', '~ a=1 > a=2']);
  expect({ lists: server.lists, watches: server.watches, problems }).toEqual({ lists: 1, watches: ['100', '102'], problems: [] });
});

test('after a version that expired it lists, and tells only what differs', async () => {
  const server = new FakeServer();
  for (const name of ['same', 'other', 'gone', 'again']) server.put(name, 1);
  const { said, problems, informer } = inform(server);
  await informer.synced;
  await until(() => server.open === 1, 'it watches');
  said.length = 0;
  server.down = true;
  server.cut(unreachable());
  server.put('other', 2);
  server.remove('gone');
  server.remove('again');
  server.put('again', 2, 'another uid');
  server.put('new', 1);
  server.compact();
  server.down = false;
  await until(() => same(informer, server), 'the store is what the server has');
  expect(said.sort()).toEqual(['+ again=2', '+ new=1', '- again=1', '- gone=1', '~ other=1 > other=2']);
  expect(problems.length).toBeLessThan(2);
});

test('an expired version alone is no problem to tell', async () => {
  const server = new FakeServer();
  server.put('a', 1);
  const { said, problems, informer } = inform(server);
  await informer.synced;
  await until(() => server.open === 1, 'it watches');
  server.cut(expired());
  server.put('a', 2);
  await until(() => said.length === 3, 'the change was told');
  expect({ lists: server.lists, problems }).toEqual({ lists: 2, problems: [] });
});

test('a server that is always behind its own lists is not asked in a loop', async () => {
  const server = new FakeServer();
  server.compacted = 1e9;
  const { informer } = inform(server, { retry: { firstMs: 20, longestMs: 40 } });
  await informer.synced;
  await until(() => server.lists > 2, 'it lists again');
  await sleep(200);
  expect(server.lists).toBeLessThan(20);
});

test('a watch that is too early waits as the server asks, and lists only once', async () => {
  const server = new FakeServer();
  server.put('a', 1);
  server.failures.watch.push(busy(30), busy());
  const { said, problems, informer } = inform(server);
  await informer.synced;
  const started = performance.now();
  await until(() => server.open === 1, 'it watches');
  expect(performance.now() - started).toBeGreaterThan(28);
  server.put('a', 2);
  await until(() => said.length === 3, 'the change was told');
  expect({ lists: server.lists, watches: server.watches.length, problems }).toEqual({ lists: 1, watches: 3, problems: [] });
});

test('a server that stays too busy is told', async () => {
  const server = new FakeServer();
  server.failures.watch.push(...Array.from({ length: 12 }, () => busy()));
  const { problems } = inform(server);
  await until(() => server.open === 1, 'it watches');
  expect(problems).toEqual(['busy']);
});

test('each outage is told once, and the store stays until it is over', async () => {
  const server = new FakeServer();
  server.put('a', 1);
  const { said, problems, informer } = inform(server);
  await informer.synced;
  for (const outage of [1, 2]) {
    await until(() => server.open === 1, 'it watches');
    server.down = true;
    server.cut(unreachable());
    await until(() => server.lists > outage * 5, 'it tried some times');
    expect(problems.length).toBe(outage);
    expect(informer.store.size).toBe(1);
    server.put('a', 1 + outage);
    server.down = false;
    await until(() => same(informer, server), 'the store is what the server has');
  }
  expect(said).toEqual(['+ a=1', 'synced', '~ a=1 > a=2', '~ a=2 > a=3']);
});

test('a server that is away at the start', async () => {
  const server = new FakeServer();
  server.down = true;
  server.put('a', 1);
  const { said, problems, informer } = inform(server);
  await until(() => server.lists > 3, 'it tried some times');
  expect(problems).toEqual(['no connection']);
  server.down = false;
  await informer.synced;
  expect(said).toEqual(['+ a=1', 'synced']);
});

test('a kind that is not served has no objects, until it is; and none after its definition was removed', async () => {
  const server = new FakeServer();
  server.put('a', 1);
  let served = false;
  let asked = 0;
  const { said, problems, informer } = inform(server, {}, async () => {
    asked++;
    return served ? things : undefined;
  });
  await informer.synced;
  await until(() => asked > 3, 'it asked some times');
  expect([...said]).toEqual(['synced']);
  served = true;
  await until(() => said.length === 2, 'a was told');
  served = false;
  server.failures.watch.push(missing());
  server.cut();
  await until(() => said.length === 3, 'the removal was told');
  expect(said).toEqual(['synced', '+ a=1', '- a=1']);
  expect(problems).toEqual([]);
});

test('a kind whose list says that it is not there, before discovery does', async () => {
  const server = new FakeServer();
  server.put('a', 1);
  const { said, informer } = inform(server);
  await informer.synced;
  server.failures.list.push(missing());
  server.failures.watch.push(missing());
  await until(() => server.open === 1, 'it watches');
  server.cut(expired());
  await until(() => said.length === 4, 'it was removed and came again');
  expect(said).toEqual(['+ a=1', 'synced', '- a=1', '+ a=1']);
});

test('lists again after resyncMs, however short watches are, and finds what was not told', async () => {
  const server = new FakeServer();
  server.put('a', 1);
  const { said, informer } = inform(server, { resyncMs: 60 });
  await informer.synced;
  // Not in the log: a watch does not tell it.
  const lost = server.objects.get('a') as KubeObject;
  server.objects.set('a', { ...lost, metadata: { ...lost.metadata, resourceVersion: '150' }, spec: 2 });
  const cuts = setInterval(() => server.cut(), 10);
  await until(() => said.length === 3, 'the change was told').finally(() => clearInterval(cuts));
  expect(said).toEqual(['+ a=1', 'synced', '~ a=1 > a=2']);
  await until(() => server.lists >= 4, 'it lists again and again');
  expect(said.length).toBe(3);
});

test('what is stripped is neither kept nor told', async () => {
  const server = new FakeServer();
  server.put('a', { big: 'x' });
  const { informer } = inform(server, { strip: (object) => ({ ...withoutManagedFields(object), spec: 'dropped' }) });
  await informer.synced;
  expect(informer.store.get('shop/a')).toEqual({
    apiVersion: 'x.test/v1',
    kind: 'Thing',
    metadata: { namespace: 'shop', name: 'a', uid: 'uid-a', resourceVersion: '101' },
    spec: 'dropped',
  });
});

test.each<[string, (server: FakeServer) => void, number]>([
  ['in the middle of a list', () => {}, 1],
  ['in the middle of events', (server) => server.put('d', 1), 3],
])('nothing is told after it was stopped: %s', async (_, act, atCount) => {
  const server = new FakeServer();
  server.put('a', 1);
  server.put('b', 1);
  let told = 0;
  const { informer } = inform(server, {}, things, {
    changed: () => {
      told++;
      if (told === atCount) informer.stop();
    },
  });
  await until(() => told === Math.min(atCount, 2), 'what is listed was told');
  await until(() => atCount === 1 || server.open === 1, 'it watches');
  act(server);
  await until(() => told === atCount, 'it was stopped');
  server.put('e', 1);
  await sleep(20);
  expect(told).toBe(atCount);
  await until(() => server.open === 0, 'the watch is closed');
});

test.each<[string, (server: FakeServer) => void]>([
  ['waits for a server', (server) => Object.assign(server, { down: true })],
  ['watches', () => {}],
])('stop ends it while it %s, and leaves no timer', async (_, prepare) => {
  const server = new FakeServer();
  prepare(server);
  const timers = openTimers();
  const { informer } = inform(server, { retry: { firstMs: 60_000, longestMs: 60_000 }, resyncMs: 60_000 });
  await until(() => timers.size === 1, 'it waits or watches');
  informer.stop();
  await until(() => server.open === 0 && timers.size === 0, 'all is ended');
});

test('a thousand reconnects keep nothing', async () => {
  const server = new FakeServer();
  const timers = openTimers();
  const { informer } = inform(server, { retry: { firstMs: 0.1, longestMs: 0.1 }, resyncMs: 600_000 });
  await informer.synced;
  for (let i = 0; i < 1000; i++) {
    await until(() => server.watches.length > i && server.open === 1, 'it watches');
    expect(timers.size).toBe(1);
    server.put('a', i);
    server.cut([undefined, unreachable(), expired(), busy()][i % 4]);
    await until(() => server.watches.length > i + 1, 'it watches again');
  }
  await until(() => same(informer, server), 'the store is what the server has');
  expect(server.watches.length).toBe(1001);
}, 60_000);

test('random histories with failures end in what the server has, and what was told adds up to it', async () => {
  let seed = 42;
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    return (seed >> 8) % below;
  };
  for (let round = 0; round < 40; round++) {
    const server = new FakeServer();
    const built = new Map<string, unknown>();
    const { informer } = inform(server, {}, things, {
      changed({ before, after }) {
        const name = String((after ?? before)?.metadata.name);
        expect(built.has(name)).toBe(before !== undefined);
        if (before) expect(built.get(name)).toEqual(before.spec);
        if (after) built.set(name, after.spec);
        else built.delete(name);
      },
    });
    for (let step = 0; step < 60; step++) {
      const name = `o${random(6)}`;
      const what = random(12);
      if (what < 5) server.put(name, step, server.objects.get(name)?.metadata.uid ?? `uid ${step}`);
      else if (what < 7 && server.objects.has(name)) server.remove(name);
      else if (what === 7) server.bookmark();
      else if (what === 8) server.cut([undefined, unreachable(), expired()][random(3)]);
      else if (what === 9) server.compact();
      else if (what === 10) server.failures[random(2) === 0 ? 'list' : 'watch'].push([unreachable(), busy(), expired()][random(3)] as KubeError);
      else await sleep(random(4));
    }
    // A watch that stands for so long that it would not see what was compacted under it.
    server.cut(expired());
    await until(() => same(informer, server), `round ${round}: the store is what the server has`);
    expect(Object.fromEntries(built)).toEqual(Object.fromEntries([...server.objects].map(([name, { spec }]) => [name, spec])));
    informer.stop();
  }
}, 60_000);
