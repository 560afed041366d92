import { describe, expect, it } from 'vitest';
import { Debounce } from './clock.ts';
import { FakeClock } from './fake-clock.ts';
import { WriteBudget } from './write-budget.ts';

describe('changes are sent', () => {
  const runsOf = async (changes: number[]): Promise<number[]> => {
    const clock = new FakeClock();
    const runs: number[] = [];
    const debounce = new Debounce(clock, 100, 1_000, () => runs.push(clock.now()));
    for (const at of changes) {
      await clock.pass(at - clock.now());
      debounce.changed();
    }
    await clock.pass(5_000);
    return runs;
  };

  it.each([
    ['after a pause', [0], [100]],
    ['once, when they come to rest', [0, 50, 120], [220]],
    ['after a time in any case', Array.from({ length: 30 }, (_, i) => i * 50), [1_000, 1_550]],
    ['again', [0, 500], [100, 600]],
  ])('%s', async (_, changes, runs) => {
    expect(await runsOf(changes)).toEqual(runs);
  });

  it('not after the end', async () => {
    const clock = new FakeClock();
    let runs = 0;
    const debounce = new Debounce(clock, 100, 1_000, () => runs++);
    debounce.changed();
    debounce.stop();
    await clock.pass(1_000);
    expect(runs).toBe(0);
  });
});

describe('bytes on their way', () => {
  it('are limited: who comes later waits, in order', () => {
    const budget = new WriteBudget(100);
    const heard: string[] = [];
    const waiter = (name: string): (() => void) => {
      const retry = (): void => {
        if (!budget.hasRoom(retry)) return;
        heard.push(name);
        budget.take(60);
      };
      return retry;
    };
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(waiter) as [() => void, () => void, () => void, () => void];
    for (const one of [a, b, c, d]) one();
    expect(heard).toEqual(['a', 'b']);
    budget.forget(d);
    budget.release(60);
    expect(heard).toEqual(['a', 'b', 'c']);
    budget.release(60);
    expect(heard).toEqual(['a', 'b', 'c']);
  });
});
