import { expect, it } from 'vitest';
import { WarnOnce } from './warn-once.ts';

it('what is wrong is said once, and again when it was right in between', () => {
  const said: string[] = [];
  const warnings = new WarnOnce((text) => said.push(text));
  for (const lines of [['a', 'b'], ['a'], ['c']]) warnings.say(lines);
  expect(said.splice(0)).toEqual(['a', 'b', 'c']);
  warnings.next();
  warnings.say(['a', 'd']);
  expect(said.splice(0)).toEqual(['d']);
  warnings.next();
  warnings.say(['a', 'b']);
  expect(said).toEqual(['b']);
});

it('the lines of a list that is there still are not made again, and count as said', () => {
  const said: string[] = [];
  const warnings = new WarnOnce((text) => said.push(text));
  const [first, second] = [
    ['a', 'b'],
    ['b', 'c'],
  ];
  let made = 0;
  const sayOf = (list: string[]): void =>
    warnings.sayOf(list, () => {
      made++;
      return list;
    });
  sayOf(first);
  sayOf(first);
  expect([said.splice(0), made]).toEqual([['a', 'b'], 1]);
  warnings.next();
  sayOf(first);
  sayOf(second);
  expect([said.splice(0), made]).toEqual([['c'], 2]);
  warnings.next();
  sayOf(second);
  warnings.next();
  // It was repaired in between.
  sayOf(['a', 'c']);
  expect(said).toEqual(['a']);
});
