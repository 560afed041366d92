import { expect, it } from 'vitest';
import { runAnalyzer } from '../src/analysis/testing.ts';
import analyzer from './shadowed-route.ts';

const to = 'route: [{destination: {host: cart}}]';
const shop = '{uri: {prefix: /shop}}';
const cart = '{uri: {prefix: /shop/cart}}';

it.each([
  ['the longer prefix later', [`match: [${shop}], ${to}`, `match: [${cart}], ${to}`], ['9 rule 2 is never reached: match 1 of rule 1']],
  ['the longer prefix first', [`match: [${cart}], ${to}`, `match: [${shop}], ${to}`], []],
  ['a rule without matches', [to, `match: [${cart}], ${to}`], ['9 rule 2 is never reached: rule 1']],
  ['one match of two', [`match: [${cart}], ${to}`, `name: rest, match: [${shop}, ${cart}], ${to}`], ['9 match 2 is never reached: match 1 of rule 1']],
  ['a delegate takes what its own rules take', [`match: [${shop}], delegate: {name: d}`, `match: [${cart}], ${to}`], []],
  [
    'but it gets nothing that was taken before',
    [`match: [${shop}], ${to}`, `match: [${cart}], delegate: {name: d}`],
    ['9 rule 2 is never reached: match 1 of rule 1'],
  ],
  ['null rules and matches', ['null', `match: [null, ${shop}], ${to}`], []],
])('%s', (_, rules, expected) => {
  const http = rules.map((rule) => `    - ${rule === 'null' ? rule : `{${rule}}`}\n`).join('');
  const yaml = `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata:\n  name: cart\nspec:\n  hosts: [cart]\n  http:\n${http}`;
  const said = runAnalyzer(analyzer, yaml, { preset: 'recommended' }).map(({ line, text }) => `${line} ${text}`);
  expect(said.map((s, i) => s.slice(0, expected[i]?.length))).toEqual(expected);
});
