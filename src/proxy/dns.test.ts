import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Cluster, LocalityEndpoints } from '../ir/cluster.ts';
import { Names } from './dns.ts';
import { clusterForTests, endpointForTests } from './telemetry/testing.ts';
import { ToldNames } from './workers/told-names.ts';
import { WatchedNames } from './workers/watched-names.ts';

afterEach(() => void vi.useRealTimers());

const cluster = (names: readonly string[], discovery: Cluster['discovery'] = 'dns', name = 'outbound|80||web.shop'): Cluster => ({
  ...clusterForTests(
    name,
    names.map((address) => endpointForTests(address)),
  ),
  discovery,
});
const addresses = (localities: readonly LocalityEndpoints[] | undefined): string[] =>
  (localities ?? []).flatMap(({ endpoints }) => endpoints.map((e) => e.address));

/** A name server that says what `answers` has. */
function names(answers: Record<string, string[]>): { names: Names; asked: string[] } {
  const asked: string[] = [];
  const lookup = async (name: string): Promise<string[]> => {
    asked.push(name);
    return answers[name] ?? [];
  };
  return { names: new Names(lookup), asked };
}

describe('names of DNS clusters', () => {
  test('TCP-R14: each name stands for all of its addresses, in a logical cluster for the first', async () => {
    const { names: own } = names({ a: ['10.0.0.1', '10.0.0.2'], b: ['10.0.1.1'] });
    await own.warm([cluster(['a', 'b']), cluster(['c'], 'static')]);
    expect(addresses(own.resolved(cluster(['a', 'b'])))).toEqual(['10.0.0.1', '10.0.0.2', '10.0.1.1']);
    expect(addresses(own.resolved(cluster(['a', 'b'], 'logical-dns')))).toEqual(['10.0.0.1', '10.0.1.1']);
  });

  test('what is known is told within the call, what changes when it is asked for again', async () => {
    vi.useFakeTimers();
    const answers: Record<string, string[]> = { a: ['10.0.0.1'] };
    const { names: own, asked } = names(answers);
    await own.warm([cluster(['a'])]);
    const told: string[][] = [];
    const resolution = own.resolve(cluster(['a']), (localities) => told.push(addresses(localities)));
    expect(told).toEqual([['10.0.0.1']]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told).toHaveLength(1);
    answers.a = ['10.0.0.2'];
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told[1]).toEqual(['10.0.0.2']);
    // Without an answer the last one stays, and it is asked for sooner.
    answers.a = [];
    await vi.advanceTimersByTimeAsync(60_000);
    const count = asked.length;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(asked.length).toBe(count + 1);
    expect(told).toHaveLength(2);
    resolution.close();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(asked.length).toBe(count + 1);
  });

  test('a name server that says nothing does not hold up a table', async () => {
    vi.useFakeTimers();
    const own = new Names(() => new Promise(() => {}));
    let warm = false;
    void own.warm([cluster(['a'])]).then(() => {
      warm = true;
    });
    await vi.advanceTimersByTimeAsync(1_900);
    expect(warm).toBe(false);
    await vi.advanceTimersByTimeAsync(200);
    expect(warm).toBe(true);
  });

  test('one thread looks names up for all, once for each cluster that stays', async () => {
    const answers: Record<string, string[]> = { a: ['10.0.0.1'] };
    const { names: own, asked } = names(answers);
    let changes = 0;
    const watched = new WatchedNames(() => changes++, own);
    const worker = new ToldNames();
    const told: string[][] = [];
    await watched.warm([cluster(['a'])]);
    worker.tell(watched.resolved([cluster(['a'])]));
    worker.resolve(cluster(['a']), (localities) => told.push(addresses(localities)));
    watched.watch([cluster(['a'])]);
    watched.watch([{ ...cluster(['a']), panicPercent: 50 }]);
    await vi.waitFor(() => expect(asked).toEqual(['a', 'a']), { timeout: 20_000 });
    expect(changes).toBe(0);
    expect(told).toEqual([['10.0.0.1']]);
    // Another question: asked at once, and told when it is answered.
    answers.b = ['10.0.0.2'];
    watched.watch([cluster(['b'])]);
    await vi.waitFor(() => expect(changes).toBe(1), { timeout: 20_000 });
    worker.tell(watched.resolved([cluster(['b'])]));
    expect(told[1]).toEqual(['10.0.0.2']);
    worker.tell(watched.resolved([cluster(['b'])]));
    expect(told).toHaveLength(2);
    watched.close();
  });
});
