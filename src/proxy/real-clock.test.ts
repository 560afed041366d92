import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { realClock } from './real-clock.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Ends of timers in their order, as text. */
function recorder(): { fired: string[]; at: (name: string) => () => void } {
  const fired: string[] = [];
  const begin = performance.now();
  return { fired, at: (name) => () => fired.push(`${name}@${performance.now() - begin}`) };
}

test('timers of different lengths end when they are due, each once', () => {
  const { fired, at } = recorder();
  for (const ms of [5000, 20, 1500, 5000, 1001, 1000]) realClock.setTimer(ms, at(`t${ms}`));
  vi.advanceTimersByTime(60_000);
  expect(fired).toEqual(['t20@20', 't1000@1000', 't1001@1001', 't1500@1500', 't5000@5000', 't5000@5000']);
});

test('a timer that was cancelled never ends; those around it do', () => {
  const { fired, at } = recorder();
  const timers = ['a', 'b', 'c', 'd'].map((name) => realClock.setTimer(3000, at(name)));
  timers[0]?.cancel();
  timers[2]?.cancel();
  timers[2]?.cancel();
  vi.advanceTimersByTime(10_000);
  timers[1]?.cancel();
  expect(fired).toEqual(['b@3000', 'd@3000']);
});

test('timers of one length that begin later end later, also after the queue was empty', () => {
  const { fired, at } = recorder();
  realClock.setTimer(2000, at('a')).cancel();
  vi.advanceTimersByTime(500);
  realClock.setTimer(2000, at('b'));
  vi.advanceTimersByTime(700);
  realClock.setTimer(2000, at('c'));
  vi.advanceTimersByTime(10_000);
  realClock.setTimer(2000, at('d'));
  vi.advanceTimersByTime(10_000);
  expect(fired).toEqual(['b@2500', 'c@3200', 'd@13200']);
});

test('a timer may begin and cancel others when it ends', () => {
  const { fired, at } = recorder();
  let other = realClock.setTimer(60_000, () => {});
  realClock.setTimer(2000, () => {
    at('a')();
    other.cancel();
    realClock.setTimer(2000, at('again'));
  });
  other = realClock.setTimer(2000, at('never'));
  vi.advanceTimersByTime(10_000);
  expect(fired).toEqual(['a@2000', 'again@4000']);
});

test('a timer counts from when its caller asked for the time', () => {
  const { fired, at } = recorder();
  const asked = realClock.now();
  vi.advanceTimersByTime(300);
  realClock.setTimer(2000, at('a'), asked);
  vi.advanceTimersByTime(10_000);
  expect(fired).toEqual(['a@2000']);
});

test('a timer that fails takes no other with it', () => {
  const { fired, at } = recorder();
  realClock.setTimer(2000, () => {
    throw new Error('fails');
  });
  realClock.setTimer(2000, at('b'));
  expect(() => vi.advanceTimersByTime(2000)).toThrow('fails');
  vi.advanceTimersByTime(10_000);
  expect(fired).toHaveLength(1);
});
