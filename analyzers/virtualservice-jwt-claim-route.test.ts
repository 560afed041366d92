import { expect, it } from 'vitest';
import { findingsOf, type TestOptions } from '../src/analysis/testing.ts';
import analyzer from './virtualservice-jwt-claim-route.ts';

const fixed = `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
spec: {selector: {istio: gw}}
---
apiVersion: v1
kind: Pod
metadata: {name: gw-1, namespace: edge-ns, labels: {istio: gw}}
`;
const virtual = (headers: string, gateways = 'edge'): string => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart, namespace: shop}
spec: {hosts: [cart], gateways: [${gateways}], http: [{match: [{uri: {prefix: /}}, {${headers}}]}]}`;
const authentication = (namespace: string, spec = '{}'): string =>
  `apiVersion: security.istio.io/v1\nkind: RequestAuthentication\nmetadata: {name: jwt, namespace: ${namespace}}\nspec: ${spec}`;
const byClaim = virtual('headers: {"@request.auth.claims.group": {exact: a}}');
const run = (yaml: string[], options: TestOptions = {}) => findingsOf(analyzer, [fixed, ...yaml].join('\n---\n'), options);

it.each([
  ['a claim', [byClaim], 1],
  ['a claim in brackets', [virtual('headers: {"@request.auth.claims[group][a]": {exact: a}}')], 1],
  ['without a claim', [virtual('withoutHeaders: {"@request.auth.claims.group": {exact: a}}')], 1],
  ['no name of a claim', [virtual('headers: {"@request.auth.claims": {exact: a}, "@request.auth.claimsx": {}}')], 0],
  ['a header', [virtual('headers: {group: {exact: a}}')], 0],
  ['for sidecars', [virtual('headers: {"@request.auth.claims.group": {exact: a}}', 'mesh')], 0],
  ['a gateway that is not there', [virtual('headers: {"@request.auth.claims.group": {exact: a}}', 'other')], 0],
  ['tokens are read in the namespace of the pod', [byClaim, authentication('edge-ns')], 0],
  ['tokens are read everywhere', [byClaim, authentication('istio-system')], 0],
  ['tokens are read elsewhere', [byClaim, authentication('shop')], 1],
  ['the selector fits', [byClaim, authentication('edge-ns', '{selector: {matchLabels: {istio: gw}}}')], 0],
  ['the selector does not fit', [byClaim, authentication('edge-ns', '{selector: {matchLabels: {istio: x}}}')], 1],
])('%s', (_, yaml, count) => expect(run(yaml)).toHaveLength(count));

it('names the claim, the gateway and the pod', () => {
  expect(run([byClaim])[0]).toMatchObject({
    code: 'IST0149',
    text: 'this virtual service matches the JWT claim @request.auth.claims.group, and no request authentication applies to pod gw-1 of gateway shop/edge',
    path: ['spec', 'http', 0, 'match', 1, 'headers', '@request.auth.claims.group'],
  });
});

it('knows the root namespace and targetRefs, as the reference does not', () => {
  const inRoot = [byClaim, authentication('root')];
  const meshConfig = { rootNamespace: 'root' };
  expect(run(inRoot, { meshConfig })).toHaveLength(1);
  expect(run(inRoot, { meshConfig, preset: 'recommended' })).toEqual([]);
  const targeted = [byClaim, authentication('edge-ns', '{targetRefs: [{kind: Service, group: "", name: x}]}')];
  expect(run(targeted)).toEqual([]);
  expect(run(targeted, { preset: 'recommended' })).toHaveLength(1);
});

it('is silent without request authentications in the input', () => {
  expect(run([byClaim], { assume: 'auto' })).toEqual([]);
});
