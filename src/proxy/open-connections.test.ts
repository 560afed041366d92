import { expect, test } from 'vitest';
import type { Clock } from './core/clock.ts';
import { OpenConnections } from './open-connections.ts';

/** Timers that fire when they are told to. */
function virtualClock(): { clock: Clock; advance: (ms: number) => void } {
  let now = 0;
  const timers = new Set<{ at: number; fire: () => void }>();
  const clock: Clock = {
    now: () => now,
    wallTime: () => now,
    setTimer: (ms, fire) => {
      const timer = { at: now + ms, fire };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
  };
  const advance = (ms: number): void => {
    now += ms;
    for (const timer of timers) {
      if (timer.at > now) continue;
      timers.delete(timer);
      timer.fire();
    }
  };
  return { clock, advance };
}

function connection(): { calls: string[]; drain(): void; closeIdle(): void; destroy(): void } {
  const calls: string[] = [];
  return { calls, drain: () => void calls.push('drain'), closeIdle: () => void calls.push('idle'), destroy: () => void calls.push('destroy') };
}

test('drained connections are told, closed when they stay idle, and cut when their time is over', () => {
  const { clock, advance } = virtualClock();
  let idle = 0;
  const open = new OpenConnections<string>(clock, 10_000, () => idle++);
  const owners = new Set(['a', 'b']);
  const [ends, stays, other] = [connection(), connection(), connection()];
  open.add(ends, 'a', owners);
  open.add(stays, 'a', owners);
  open.add(other, 'b', owners);
  open.drainOthers(new Set(['b']));
  expect([ends.calls, stays.calls, other.calls]).toEqual([['drain'], ['drain'], []]);
  open.delete(ends);
  advance(1000);
  advance(9000);
  expect([ends.calls, stays.calls, other.calls]).toEqual([['drain'], ['drain', 'idle', 'destroy'], []]);
  open.delete(stays);
  expect(idle).toBe(0);
  open.delete(other);
  expect(idle).toBe(1);
});

test('connections that come while everything is drained, or to what is gone, are drained too', () => {
  const { clock, advance } = virtualClock();
  const open = new OpenConnections<string>(clock, 10_000, () => {});
  const [late, gone] = [connection(), connection()];
  open.add(gone, 'a', new Set(['b']));
  open.drainAll();
  open.add(late, 'b', new Set(['b']));
  advance(1000);
  expect(late.calls).toEqual(['drain', 'idle']);
  expect(gone.calls).toEqual(['drain', 'drain', 'idle', 'idle']);
  open.destroyAll();
  expect(late.calls.at(-1)).toBe('destroy');
  expect(open.size).toBe(0);
  advance(100_000);
  expect(late.calls.filter((call) => call === 'destroy')).toHaveLength(1);
});
