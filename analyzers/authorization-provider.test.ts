import { expect, it } from 'vitest';
import { findingsOf } from '../src/analysis/testing.ts';
import type { MeshConfig } from '../src/manifest/istio/mesh.gen.ts';
import analyzer from './authorization-provider.ts';

const policy = (spec: string): string => `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: guard, namespace: shop}
spec: ${spec}
`;
const extensionProviders = [
  { name: 'opa', envoyExtAuthzGrpc: { service: 'opa.opa.svc.cluster.local', port: 9191 } },
  { name: 'oauth2-proxy', envoyExtAuthzHttp: { service: 'oauth2-proxy.auth.svc.cluster.local', port: 4180 } },
  { name: 'prometheus', prometheus: {} },
] satisfies MeshConfig['extensionProviders'];
const run = (spec: string, meshConfig: MeshConfig = { extensionProviders }) => findingsOf(analyzer, policy(spec), { preset: 'recommended', meshConfig });

it.each([
  ['{action: CUSTOM, provider: {name: opa}, rules: [{}]}'],
  ['{action: CUSTOM, provider: {name: oauth2-proxy}, rules: [{}]}'],
  ['{action: CUSTOM, rules: [{}]}'],
  ['{action: CUSTOM, provider: {name: ""}}'],
  ['{action: ALLOW, provider: {name: nobody}}'],
  ['{rules: []}'],
])('%s asks somebody, or nobody', (spec) => expect(run(spec)).toEqual([]));

it.each([
  ['ext-opa', undefined],
  ['oauth-proxy', 'oauth2-proxy'],
  ['prometheus', undefined],
])('nobody can ask "%s"', (name, fixed) => {
  const [said, ...more] = run(`{action: CUSTOM, provider: {name: ${name}}, rules: [{}]}`);
  expect(more).toEqual([]);
  expect(said).toMatchObject({ code: 'WFT1033', level: 'Error', path: ['spec', 'provider', 'name'] });
  expect(said?.text).toBe(`no provider "${name}" of the mesh configuration authorizes requests; those that do: oauth2-proxy, opa`);
  expect(said?.fix?.text).toBe(fixed);
});

it('is not asked where the mesh configuration has no authorizer: it may be elsewhere', () => {
  expect(run('{action: CUSTOM, provider: {name: nobody}, rules: [{}]}', {})).toEqual([]);
});
