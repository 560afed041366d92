import { expect, it } from 'vitest';
import { findingsOf } from '../src/analysis/testing.ts';
import analyzer from './authorization-token.ts';

const workload = (name: string, namespace = 'shop'): string => `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: ${namespace}}
spec: {template: {metadata: {labels: {app: ${name}}}}}
`;
const object = (kind: string, spec: string, namespace = 'shop', name = 'one'): string => `---
apiVersion: security.istio.io/v1
kind: ${kind}
metadata: {name: ${name}, namespace: ${namespace}}
spec: ${spec}
`;
const policy = (rules: string, more = 'selector: {matchLabels: {app: cart}}, '): string => object('AuthorizationPolicy', `{${more}rules: [${rules}]}`);
const users = (selector: string, namespace = 'shop'): string =>
  object('RequestAuthentication', `{${selector}jwtRules: [{issuer: "https://a.example", jwksUri: "https://a.example/keys"}]}`, namespace);
const run = (text: string) => findingsOf(analyzer, text, { preset: 'recommended' });
const elsewhere = users('selector: {matchLabels: {app: web}}, ');
const anyToken = '{from: [{source: {requestPrincipals: ["*"]}}]}';

it.each([
  ['a token that is verified for the workload', workload('cart') + policy(anyToken) + users('selector: {matchLabels: {app: cart}}, ')],
  ['one that is verified in the namespace', workload('cart') + policy(anyToken) + users('')],
  ['one that is verified in the mesh', workload('cart') + policy(anyToken) + users('', 'istio-system')],
  ['one that is verified for one of its workloads', workload('cart') + workload('web') + policy(anyToken, '') + elsewhere],
  ['nothing about tokens', workload('cart') + policy('{from: [{source: {principals: ["*"]}}], when: [{key: source.ip, values: [10.0.0.1]}]}') + elsewhere],
  ['workloads that are not there', policy(anyToken) + elsewhere],
])('a policy that asks about %s', (_, text) => expect(run(text)).toEqual([]));

it.each([
  ['requestPrincipals', '', anyToken, ['from', 0, 'source', 'requestPrincipals'], 'a request principal', 'it lets nobody in'],
  [
    'notRequestPrincipals',
    'action: DENY, ',
    '{from: [{source: {notRequestPrincipals: ["*"]}}]}',
    ['from', 0, 'source', 'notRequestPrincipals'],
    'a request principal',
    'it spares nobody',
  ],
  ['a claim', '', '{when: [{key: "request.auth.claims[groups]", values: [admin]}]}', ['when', 0, 'key'], 'request.auth.claims[groups]', 'it lets nobody in'],
  [
    'a claim, negated',
    'action: DENY, ',
    '{when: [{key: request.auth.audiences, notValues: [shop]}]}',
    ['when', 0, 'key'],
    'request.auth.audiences',
    'it spares nobody',
  ],
])('%s without anybody who verifies', (_, action, rule, path, attribute, effect) => {
  const [said, ...more] = run(workload('cart') + policy(rule, `${action}selector: {matchLabels: {app: cart}}, `) + elsewhere);
  expect(more).toEqual([]);
  expect(said).toMatchObject({ code: 'WFT1034', level: 'Warning', path: ['spec', 'rules', 0, ...path] });
  expect(said?.text).toBe(`no request has ${attribute}: no RequestAuthentication is for cart.shop`);
  expect(said?.effect).toContain(effect);
});

it('names one of several workloads', () => {
  const [said] = run(workload('cart') + workload('web') + workload('db') + policy(anyToken, '') + object('RequestAuthentication', '{}', 'other', 'two'));
  expect(said?.text).toBe('no request has a request principal: no RequestAuthentication is for cart.shop and 2 more workloads');
});

it('is not said where nothing is known of RequestAuthentications', () => {
  expect(findingsOf(analyzer, workload('cart') + policy(anyToken), { preset: 'recommended', assume: 'auto' })).toEqual([]);
});
