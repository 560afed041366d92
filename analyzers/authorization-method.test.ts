import { expect, it } from 'vitest';
import { findingsOf } from '../src/analysis/testing.ts';
import analyzer from './authorization-method.ts';

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

it.each([['GET'], ['PATCH'], ['PROPFIND'], ['M-SEARCH'], ['*'], ['GET*'], ['P*'], ['*T'], ['']])('"%s" is a method', (value) => {
  expect(run(`{methods: [${JSON.stringify(value)}]}`)).toEqual([]);
});

it.each([
  ['get', 'case counts', 'GET'],
  ['Post', 'case counts', 'POST'],
  ['get*', 'case counts', 'GET*'],
  ['GET ', 'matches no', 'GET'],
  ['GTE', 'matches no', 'GET'],
  ['OPTION', 'matches no', 'OPTIONS'],
  ['READ', 'matches no', undefined],
  ['FOO', 'matches no', undefined],
  ['GETS*', 'matches no', undefined],
  ['*LIST', 'matches no', undefined],
  ['LIST', 'matches no', undefined],
  ['GET,POST', 'matches no', undefined],
])('"%s" is none', (value, text, fixed) => {
  const [said, ...more] = run(`{methods: [GET, ${JSON.stringify(value)}]}`);
  expect(more).toEqual([]);
  expect(said).toMatchObject({ code: 'WFT1028', level: 'Warning', path: ['spec', 'rules', 1, 'to', 1, 'operation', 'methods', 1] });
  expect(said?.text).toContain(text);
  expect(said?.text).toContain(`"${value}"`);
  expect(said?.fix?.text).toBe(fixed);
});

it.each([['gRPC'], ['SayHello'], ['/shop.Cart/Add']])('a call of gRPC is a POST, not "%s"', (value) => {
  expect(run(`{methods: [${value}]}`)[0]?.help).toContain('POST');
});

it('says who is hurt, by action and negation', () => {
  const effect = (field: string, action: string) => run(`{${field}: [get]}`, action)[0]?.effect;
  expect(effect('methods', 'ALLOW')).toContain('403');
  expect(effect('methods', 'DENY')).toContain('denies nothing');
  expect(effect('notMethods', 'ALLOW')).toContain('leaves nobody out');
  expect(effect('notMethods', 'DENY')).toContain('403');
});
