import { expect, it } from 'vitest';
import { Deadline, parseTimeout } from './deadline.ts';

it.each(['', '5', 'x', '1x', '-1s', '1h 2m', '٣s'])('"%s" is no time', (value) => {
  expect(() => parseTimeout(value)).toThrow(`--timeout takes a duration such as 30s or 1m30s, not "${value}"`);
});

it.each([undefined, '0', '0s', '-0s'])('%s is no limit', (value) => {
  expect(parseTimeout(value)).toBeUndefined();
});

it('a check says what was being done when the time was over', () => {
  const over = parseTimeout('1ns')?.();
  expect(() => over?.check('reading a.yaml')).toThrow('gave up after 1ns, while reading a.yaml');
  expect(() => parseTimeout('1h')?.().check('reading a.yaml')).not.toThrow();
});

it('a wait ends with the time', async () => {
  const deadline = new Deadline('20ms', 20e6);
  await expect(deadline.race(new Promise(() => {}), 'running a')).rejects.toThrow('gave up after 20ms, while running a');
  await expect(deadline.race(new Promise(() => {}), 'running b')).rejects.toThrow('running b');
});

it.each(['1m', '10000h', '2000000h'])('what is done within %s is done', async (value) => {
  await expect(parseTimeout(value)?.().race(Promise.resolve(1), 'running a')).resolves.toBe(1);
});
