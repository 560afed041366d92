import { expect, it } from 'vitest';
import { type Session, Sessions } from './sessions.ts';

const session = (name: string, expiresAt = 1000): Session => ({ bytes: Buffer.from(name), expiresAt });
const name = (found: Session | undefined): string | undefined => found?.bytes.toString();

it('the newest goes first, and the last one again and again', () => {
  const sessions = new Sessions();
  for (const one of ['a', 'b', 'c']) sessions.add('s', session(one));
  expect([1, 2, 3, 4].map(() => name(sessions.take('s', 0)))).toEqual(['c', 'b', 'a', 'a']);
  expect(sessions.take('t', 0)).toBeUndefined();
});

it('none goes on beyond the certificate that it began with', () => {
  const sessions = new Sessions();
  sessions.add('s', session('old', 10));
  sessions.add('s', session('new', 20));
  expect(name(sessions.take('s', 15))).toBe('new');
  expect(sessions.take('s', 20)).toBeUndefined();
  expect(sessions.take('s', 0)).toBeUndefined();
});

it('few are kept of a server, and of many servers those that were used last', () => {
  const sessions = new Sessions();
  for (let i = 0; i < 10; i++) sessions.add('s', session(String(i)));
  expect([1, 2, 3, 4, 5].map(() => name(sessions.take('s', 0)))).toEqual(['9', '8', '7', '6', '6']);
  for (let i = 0; i < 1023; i++) sessions.add(`t${i}`, session('x'));
  sessions.add('s', session('again'));
  sessions.add('u', session('x'));
  expect(name(sessions.take('s', 0))).toBe('again');
  expect(sessions.take('t0', 0)).toBeUndefined();
});

it('a server that takes none is offered none for a while, and then one at a time', () => {
  const sessions = new Sessions();
  const offer = (now: number, resumed = false): boolean => {
    if (!sessions.wanted('s', now)) return false;
    sessions.add('s', session('x', Number.POSITIVE_INFINITY));
    if (!sessions.take('s', now)) return false;
    sessions.judged('s', resumed, now);
    return true;
  };
  const offered = (now: number, resumed?: boolean): number => Array.from({ length: 20 }).filter(() => offer(now, resumed)).length;
  expect([offered(0), sessions.take('s', 0), sessions.wanted('t', 0)]).toEqual([8, undefined, true]);
  expect([offered(9_999), offered(10_000), offered(20_000, true), offered(20_001)]).toEqual([0, 1, 20, 8]);
});
