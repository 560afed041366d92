import { expect, it } from 'vitest';
import { findingsOf } from '../src/analysis/testing.ts';
import { formatPath } from '../src/manifest/problem.ts';
import analyzer from './delegate.ts';

const to = 'route: [{destination: {host: cart}}]';
const service = (fullName: string, spec: string): string => {
  const [namespace, name] = fullName.split('/');
  return `---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: {${spec}}\n`;
};
const root = (...rules: string[]): string => service('shop/root', `hosts: [a.example], http: [${rules.join(', ')}]`);
const rule = (prefix: string): string => `{match: [{uri: {prefix: ${prefix}}}], ${to}}`;
const under = (prefix: string, delegate = 'd'): string => `{match: [{uri: {prefix: ${prefix}}}], delegate: {name: ${delegate}}}`;
const said = (yaml: string) => findingsOf(analyzer, yaml, { preset: 'recommended' });

it.each([
  ['one that is there', root(under('/a')) + service('shop/d', `http: [${rule('/a')}]`), []],
  ['none of this name', root(under('/a')), ['Error shop/root spec.http[0].delegate.name delegate "shop/d" does not exist']],
  ['one of another namespace', root('{delegate: {name: d, namespace: team}}') + service('team/d', `http: [${rule('/a')}]`), []],
  [
    'one with hosts',
    root(under('/a')) + service('shop/d', `hosts: [b], http: [${rule('/a')}]`),
    ['Error shop/root spec.http[0].delegate.name virtual service "shop/d" has hosts'],
  ],
  [
    'one that it does not see',
    root('{delegate: {name: d, namespace: team}}') + service('team/d', `exportTo: ["."], http: [${rule('/a')}]`),
    ['Error shop/root spec.http[0].delegate.name delegate "team/d" is not exported to namespace "shop"'],
  ],
  ['one without rules', root(under('/a')) + service('shop/d', 'http: []'), ['Error shop/root spec.http[0].delegate.name delegate "shop/d" has no HTTP rules']],
  [
    'one whose rules all contradict',
    root(under('/a')) + service('shop/d', `http: [${rule('/b')}, ${rule('/c')}]`),
    ['Error shop/root spec.http[0].delegate.name every rule of delegate "shop/d" contradicts'],
  ],
  [
    'one rule that contradicts',
    root(under('/a')) + service('shop/d', `http: [${rule('/a')}, ${rule('/b')}]`),
    ['Warning shop/d spec.http[1].match[0] uri of this match contradicts the matches of every rule that delegates to "shop/d": rule 2'],
  ],
  ['a rule for each root', root(under('/a'), under('/b')) + service('shop/d', `http: [${rule('/a')}, ${rule('/b')}]`), []],
  ['a delegate of a delegate is not looked at', service('shop/d', `http: [${under('/a', 'e')}]`), []],
])('%s', (_, yaml, expected) => {
  const lines = said(yaml).map((f) => `${f.level} ${f.resource.fullName} ${formatPath(f.path ?? [])} ${f.text}`);
  expect(lines.map((line, i) => line.slice(0, expected[i]?.length))).toEqual(expected);
});

it('says what becomes of the requests', () => {
  expect(said(root(under('/a')))[0]?.effect).toMatch(/no HTTP rules left/);
  expect(said(root(under('/a'), rule('/b')))[0]?.effect).toMatch(/go on to later rules, or get 404/);
});

it('says what was meant', () => {
  const delegates = service('shop/payments', `http: [${rule('/a')}]`) + service('team/orders', `http: [${rule('/a')}]`);
  const [near] = said(root(under('/a', 'paymnts')) + delegates);
  expect([near?.help, near?.fix?.text]).toEqual(['did you mean "payments"?', 'payments']);
  expect(said(root(under('/a', 'orders')) + delegates)[0]?.help).toMatch(/^team\/orders is in another namespace/);
});
