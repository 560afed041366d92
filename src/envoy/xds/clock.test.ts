import { describe, expect, it } from 'vitest';
import { type Clock, Debounce } from './clock.ts';
import { WriteBudget } from './write-budget.ts';

class FakeClock implements Clock {
  private time = 0;
  private readonly calls = new Map<object, { at: number; call: () => void }>();

  now(): number {
    return this.time;
  }

  after(ms: number, call: () => void): () => void {
    const key = {};
    this.calls.set(key, { at: this.time + ms, call });
    return () => this.calls.delete(key);
  }

  pass(ms: number): void {
    for (const end = this.time + ms; this.time < end; this.time++) {
      for (const [key, { at, call }] of this.calls) {
        if (at > this.time) continue;
        this.calls.delete(key);
        call();
      }
    }
  }
}

describe('changes are sent', () => {
  const runsOf = (changes: number[]): number[] => {
    const clock = new FakeClock();
    const runs: number[] = [];
    const debounce = new Debounce(clock, 100, 1_000, () => runs.push(clock.now()));
    for (const at of changes) {
      clock.pass(at - clock.now());
      debounce.changed();
    }
    clock.pass(5_000);
    return runs;
  };

  it.each([
    ['after a pause', [0], [100]],
    ['once, when they come to rest', [0, 50, 120], [220]],
    ['after a time in any case', Array.from({ length: 30 }, (_, i) => i * 50), [1_000, 1_550]],
    ['again', [0, 500], [100, 600]],
  ])('%s', (_, changes, runs) => {
    expect(runsOf(changes)).toEqual(runs);
  });

  it('not after the end', () => {
    const clock = new FakeClock();
    let runs = 0;
    const debounce = new Debounce(clock, 100, 1_000, () => runs++);
    debounce.changed();
    debounce.stop();
    clock.pass(1_000);
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
