import { expect, it } from 'vitest';
import { findingsOf } from '../src/analysis/testing.ts';
import analyzer from './authorization-path.ts';

const policy = (operation: string, action = 'ALLOW'): string => `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: guard, namespace: shop}
spec:
  action: ${action}
  rules:
    - null
    - to:
        - null
        - operation: ${operation}
`;
const run = (operation: string, action?: string) => findingsOf(analyzer, policy(operation, action), { preset: 'recommended' });

it.each([['/'], ['/a'], ['/a*'], ['*/a'], ['*a'], ['*'], ['/a/{*}/b'], ['/a/{**}'], ['/shop.Cart/Get'], ['']])('"%s" is a path', (value) => {
  expect(run(`{paths: [${JSON.stringify(value)}]}`)).toEqual([]);
});

it.each([
  ['items', 'begin with /', '/items'],
  ['items*', 'begin with /', '/items*'],
  ['http://cart/items', 'begin with /', undefined],
  [' /items', 'begin with /', undefined],
  ['/items?id=1', 'without the query', undefined],
  ['/items#top', 'without the query', undefined],
  ['/a/*/b', 'at the beginning or at the end', undefined],
  ['/a/**', 'at the beginning or at the end', undefined],
  ['*admin*', 'at the beginning or at the end', undefined],
  ['**', 'at the beginning or at the end', undefined],
])('"%s" is none', (value, text, fixed) => {
  const [said, ...more] = run(`{paths: [/a, ${JSON.stringify(value)}]}`);
  expect(more).toEqual([]);
  expect(said).toMatchObject({ code: 'WFT1031', level: 'Warning', path: ['spec', 'rules', 1, 'to', 1, 'operation', 'paths', 1] });
  expect(said?.text).toContain(text);
  expect(said?.fix?.text).toBe(fixed);
});

it.each([
  ['ALLOW', '{paths: [a]}', /it lets nobody in/],
  ['DENY', '{paths: [a]}', /it denies nothing/],
  ['ALLOW', '{notPaths: [a]}', /it leaves nobody out/],
])('%s %s: who is hurt', (action, operation, effect) => expect(run(operation, action)[0]?.effect).toMatch(effect));
