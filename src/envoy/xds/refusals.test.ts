import { expect, it } from 'vitest';
import { typeUrls } from '../type-urls.ts';
import { mentions, Refusals } from './refusals.ts';
import { resource } from './testing.ts';

it.each<[text: string, name: string, expected: boolean]>([
  ['Error adding/updating listener(s) 0.0.0.0_8080: cannot bind', '0.0.0.0_8080', true],
  ['Error adding/updating listener(s) 0.0.0.0_8080: cannot bind', '0.0.0.0_80', false],
  ['Error adding/updating listener(s) 10.0.0.0_80: x, 0.0.0.0_80: y', '0.0.0.0_80', true],
  ['cluster outbound|80||a.b.svc is wrong', 'outbound|80||a.b', false],
  ['wrong is outbound|80||a.b.', 'outbound|80||a.b', true],
  ['"a"', 'a', true],
  ['', 'a', false],
])('%s: %s is named: %s', (text, name, expected) => {
  expect(mentions(text, name)).toBe(expected);
});

const a = resource('a', '1');
const b = resource('b', '1');
const target = new Map([a, b].map((one) => [one.name, one]));
const content = (...resources: (typeof a)[]) => ({ resources, removed: [], isShared: false });
const refusal = (text: string) => ({ text, time: 0, version: 'v' });
const wants = () => true;

it('what a refusal does not name was taken', () => {
  const refusals = new Refusals(typeUrls.listener, true);
  refusals.refused(content(a, b), refusal('b: no address'), true);
  refusals.accepted(content(a), false);
  expect(refusals.settle(target, wants)).toBe(false);
  refusals.accepted(content(b), false);
  expect(refusals.settle(target, wants)).toBe(true);
  expect(refusals.last).toBeUndefined();
});

it('of a response that was refused without a name nothing is known until it is sent again', () => {
  const refusals = new Refusals(typeUrls.cluster, true);
  refusals.refused(content(a, b), refusal('malformed'), true);
  refusals.accepted(content(b), false);
  expect(refusals.settle(target, wants)).toBe(false);
  refusals.accepted(content(a), false);
  expect(refusals.settle(target, wants)).toBe(true);
});

it('a removal ends it, and so does a response with everything', () => {
  for (const [end, isWhole] of [
    [{ ...content(), removed: ['a'] }, false],
    [content(b), true],
  ] as const) {
    const refusals = new Refusals(typeUrls.listener, true);
    refusals.refused(content(a), refusal('a: x'), true);
    refusals.accepted(end, isWhole);
    expect(refusals.settle(target, wants)).toBe(true);
  }
});

it('what is no longer there, or no longer asked for, is not refused', () => {
  for (const [there, asks] of [
    [new Map(), wants],
    [target, () => false],
  ] as const) {
    const refusals = new Refusals(typeUrls.routes, true);
    refusals.refused(content(a), refusal('a'), true);
    expect(refusals.settle(target, wants)).toBe(false);
    expect(refusals.settle(there, asks)).toBe(true);
  }
});

it('a message that cannot be read is sent again in parts, and nothing of it was taken', () => {
  const text = 'goo.gle/debugstr name: "b" : Proto constraint validation failed (ClusterValidationError.Name)';
  const refusals = new Refusals(typeUrls.cluster, true);
  expect(refusals.refused(content(a, b), refusal(text), true)).toEqual(['a', 'b']);
  expect(refusals.part).toEqual(new Set(['a']));
  refusals.nextPart();
  expect(refusals.refused(content(b), refusal(text), true)).toEqual(['b']);
  expect([refusals.has(a), refusals.has(b)]).toEqual([false, true]);
  // All that there is comes in one message: there are no parts.
  const whole = new Refusals(typeUrls.cluster, false);
  expect(whole.refused(content(a, b), refusal(text), true)).toEqual([]);
  expect(whole.part).toBeUndefined();
});

it('what is wrong inside of a listener that could be read is the affair of that one', () => {
  const refusals = new Refusals(typeUrls.listener, true);
  expect(refusals.refused(content(a, b), refusal('Error adding/updating listener(s) b: Proto constraint validation failed'), true)).toEqual([]);
});
