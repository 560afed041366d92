import { expect, it } from 'vitest';
import { findingsOf } from '../src/analysis/testing.ts';
import analyzer from './peer-authentication-conflict.ts';

const policy = (name: string, spec: string, namespace = 'shop', created = ''): string => `---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: ${name}, namespace: ${namespace}${created === '' ? '' : `, creationTimestamp: "${created}"`}}
spec: ${spec}
`;
const pod = (labels: string): string => `---\napiVersion: v1\nkind: Pod\nmetadata: {name: cart-1, namespace: shop, labels: {${labels}}}\nspec: {}\n`;
const cart = '{selector: {matchLabels: {app: cart}}, mtls: {mode: STRICT}}';
const v1 = '{selector: {matchLabels: {version: v1}}, mtls: {mode: DISABLE}}';
const run = (yaml: string) => findingsOf(analyzer, yaml, { preset: 'recommended' });
const strict = '{mtls: {mode: STRICT}}';
const open = '{mtls: {mode: PERMISSIVE}}';

it.each([
  ['one each', policy('a', strict) + policy('b', open, 'front') + policy('c', cart) + pod('app: cart'), []],
  ['two for a namespace', policy('a', strict) + policy('b', open), ['b "a" and "b" are both for namespace "shop"']],
  ['two for the mesh', policy('a', strict, 'istio-system') + policy('b', open, 'istio-system'), ['b "a" and "b" are both for the whole mesh']],
  ['three', policy('a', strict) + policy('b', open) + policy('c', open), ['b ', 'c ']],
  ['two that say the same', policy('a', strict) + policy('b', strict), []],
  ['an empty selector is none', policy('a', strict) + policy('b', '{selector: {matchLabels: {}}, mtls: {mode: DISABLE}}'), ['b ']],
  ['other ports', policy('a', cart.replace('STRICT}', 'STRICT}, portLevelMtls: {80: {mode: DISABLE}}')) + policy('b', cart) + pod('app: cart'), ['b ']],
  ['two for a workload', policy('a', cart) + policy('b', v1) + pod('app: cart, version: v1'), ['b "a" and "b" are both for workload "cart-1"']],
  ['two for two workloads', policy('a', cart) + policy('b', v1) + pod('app: cart'), []],
  ['one selector, no workloads', policy('a', cart) + policy('b', cart.replace('STRICT', 'DISABLE')), ['b "a" and "b" are both for workloads with app=cart']],
  ['selectors of the root namespace do not count', policy('a', cart, 'istio-system') + policy('b', cart.replace('STRICT', 'DISABLE'), 'istio-system'), []],
])('%s', (_, yaml, expected) => {
  const found = run(yaml).map((f) => `${f.resource.name} ${f.text}`);
  expect(found).toHaveLength(expected.length);
  for (const [i, words] of expected.entries()) expect(found[i]?.replace('PeerAuthentications ', '')).toContain(words);
});

it('knows which one counts where ages are known', () => {
  const [said] = run(policy('a', strict, 'shop', '2025-02-01T00:00:00Z') + policy('b', open, 'shop', '2024-01-01T00:00:00Z'));
  expect(said?.resource.name).toBe('a');
  expect(said?.text).toBe('PeerAuthentication "a" does not count for namespace "shop": "b" is for the same, and is older');
  expect(said?.effect).toBe('mTLS is PERMISSIVE there; what "a" says (STRICT) is lost');
});

it('does not know it of two of one age', () => {
  const now = '2025-01-01T00:00:00Z';
  const [said] = run(policy('b', strict, 'shop', now) + policy('a', '{}', 'shop', now));
  expect(said?.resource.name).toBe('b');
  expect(said?.effect).toBe('mTLS is inherited there if "a" is older, and STRICT if "b" is');
});
