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
