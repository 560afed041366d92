import { expect, it } from 'vitest';
import { meshOf } from '../analysis/testing.ts';
import { PeerPolicies } from './peer-authentication.ts';

const policy = (name: string, namespace: string, spec: string, created = ''): string => `---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: ${name}, namespace: ${namespace}${created === '' ? '' : `, creationTimestamp: "${created}"`}}
spec: ${spec}
`;
const whole = (mode: string): string => `{mtls: {mode: ${mode}}}`;
const cart = (more: string): string => `{selector: {matchLabels: {app: cart}}, ${more}}`;
const at = (yaml: string, port = 8080, namespace = 'shop', options = {}) =>
  PeerPolicies.of(meshOf(yaml, options)).acceptedAt({ namespace, labels: { app: 'cart' } }, port)?.mode;

const strictMesh = policy('m', 'istio-system', whole('STRICT'));
it.each([
  ['nothing', '', 'PERMISSIVE'],
  ['the mesh', strictMesh, 'STRICT'],
  ['the namespace', strictMesh + policy('ns', 'shop', whole('DISABLE')), 'DISABLE'],
  ['another namespace', strictMesh + policy('ns', 'front', whole('DISABLE')), 'STRICT'],
  ['unset in the namespace', strictMesh + policy('ns', 'shop', whole('UNSET')), 'STRICT'],
  ['a number that is no mode in the namespace', strictMesh + policy('ns', 'shop', whole('-1')), 'STRICT'],
  ['no mode in the namespace', strictMesh + policy('ns', 'shop', '{}'), 'STRICT'],
  ['the workload', strictMesh + policy('w', 'shop', cart('mtls: {mode: PERMISSIVE}')), 'PERMISSIVE'],
  ['another workload', strictMesh + policy('w', 'shop', '{selector: {matchLabels: {app: pay}}, mtls: {mode: DISABLE}}'), 'STRICT'],
  ['a selector in the root namespace (SEC-R11)', policy('w', 'istio-system', cart('mtls: {mode: STRICT}')), 'PERMISSIVE'],
  ['the port', strictMesh + policy('w', 'shop', cart('portLevelMtls: {8080: {mode: DISABLE}}')), 'DISABLE'],
  ['another port', strictMesh + policy('w', 'shop', cart('portLevelMtls: {9090: {mode: DISABLE}}')), 'STRICT'],
  ['the port unset', policy('w', 'shop', cart('mtls: {mode: STRICT}, portLevelMtls: {8080: {mode: UNSET}}')), 'STRICT'],
  ['ports of a namespace', policy('ns', 'shop', '{mtls: {mode: STRICT}, portLevelMtls: {8080: {mode: DISABLE}}}'), 'STRICT'],
  ['two of unknown age', policy('a', 'shop', whole('STRICT')) + policy('b', 'shop', whole('DISABLE')), undefined],
  ['two that say the same', policy('a', 'shop', whole('STRICT')) + policy('b', 'shop', whole('STRICT')), 'STRICT'],
  ['the older of two', policy('a', 'shop', whole('STRICT'), '2025-01-02T00:00:00Z') + policy('b', 'shop', whole('DISABLE'), '2025-01-01T00:00:00Z'), 'DISABLE'],
])('SEC-R10: %s', (_, yaml, expected) => {
  expect(at(yaml)).toBe(expected);
});

it('a namespace is the root namespace where the mesh configuration says so', () => {
  expect(at(policy('m', 'root', whole('STRICT')), 8080, 'shop', { meshConfig: { rootNamespace: 'root' } })).toBe('STRICT');
  expect(at(strictMesh, 8080, 'istio-system')).toBe('STRICT');
});
