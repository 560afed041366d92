// What a proxy is sent when something of its policies changes.
import { expect, it } from 'vitest';
import { meshOf } from '../../analysis/testing.ts';
import { loadSource } from '../../manifest/load.ts';
import type { Resource } from '../../manifest/resource.ts';
import type { Mesh } from '../../model/mesh.ts';
import { proxyIn } from '../../translate/clusters/testing.ts';
import { securityDoc } from '../../translate/security/testing.ts';
import { routingTable, viewKey } from '../../translate/table.ts';
import { doc, svc } from '../../translate/testing.ts';
import { nodeOf } from '../node.ts';
import { loadEnvoyApi } from '../proto/api.ts';
import { typeUrls } from '../type-urls.ts';
import type { XdsNode } from './view.ts';
import { Views } from './views.ts';

const keys =
  '{"keys":[{"kty":"EC","crv":"P-256","kid":"KID","x":"v08b7a-nS3xk_V3mI4eexpkVNTcjlYiCI_kLIBeWoFM","y":"jUq7Y75QRTowhsd088MsiC7d66A8h3ea5vdmOZRU0Lg"}]}';
const cart = { ...proxyIn('shop', { name: 'cart-1', labels: { app: 'cart' }, addresses: ['10.1.0.1'] }) };
const documents = [
  svc('shop/cart http:80').replace('clusterIP', 'selector: {app: cart}, clusterIP'),
  svc('shop/pay tcp:90 10.0.0.9'),
  securityDoc('RequestAuthentication', 'shop/t', 'jwtRules: [{issuer: a, jwksUri: "https://b/"}]'),
];
const filter = doc(
  'EnvoyFilter',
  'shop/f',
  'configPatches: [{applyTo: LISTENER, match: {context: SIDECAR_OUTBOUND}, patch: {operation: MERGE, value: {stat_prefix: x}}}]',
);
const one = (text: string): Resource => loadSource({ name: 'x.yaml', text, json: false }, { defaultNamespace: 'shop' }).resources[0] as Resource;

/** Names of the resources of a type that are others after each change, and whether the bytes have a text. */
function following(mesh: Mesh) {
  let current = mesh;
  let fetched = keys;
  const api = loadEnvoyApi();
  const views = new Views({
    encode: (typeUrl, json) => api.encode(typeUrl, json),
    tableOf: (proxy) => routingTable(current, proxy),
    keyOf: (proxy) => viewKey(current, proxy),
    jwks: () => fetched,
  });
  const node = nodeOf({ identity: cart, options: { meshTls: 'none' } }) as unknown as XdsNode;
  const bytesOf = (typeUrl: string): Map<string, string> => {
    const set = views.viewOf(node, 'delta').resources(typeUrl);
    return new Map([...(set?.values() ?? [])].map((resource) => [resource.name, Buffer.from(resource.bytes).toString('latin1')]));
  };
  let before = new Map([typeUrls.listener, typeUrls.routes, typeUrls.cluster].map((typeUrl) => [typeUrl, bytesOf(typeUrl)]));
  return {
    change(next: Partial<{ mesh: Mesh; keys: string }>): string[] {
      current = next.mesh ?? current;
      fetched = next.keys ?? fetched;
      views.changed();
      const now = new Map([...before.keys()].map((typeUrl) => [typeUrl, bytesOf(typeUrl)]));
      const changed = [...now].flatMap(([typeUrl, list]) => [...list].flatMap(([name, bytes]) => (before.get(typeUrl)?.get(name) === bytes ? [] : [name])));
      before = now;
      return changed;
    },
    has: (text: string): string[] => [...(before.get(typeUrls.listener) ?? [])].flatMap(([name, bytes]) => (bytes.includes(text) ? [name] : [])),
    get mesh(): Mesh {
      return current;
    },
  };
}

it.each([
  ['without patches', documents],
  ['with EnvoyFilters', [...documents, filter]],
])('policies and fetched keys change the inbound listener, and nothing else: %s', (_, given) => {
  const proxy = following(meshOf(given.join('---\n')));
  expect(proxy.has('KID')).toEqual(['virtualInbound']);
  const policy = one(securityDoc('AuthorizationPolicy', 'shop/a', 'action: DENY, rules: [{}]'));
  expect(proxy.change({ mesh: proxy.mesh.with([{ after: policy }]) })).toEqual(['virtualInbound']);
  expect(proxy.has('ns[shop]-policy[a]-rule[0]')).toEqual(['virtualInbound']);
  expect(proxy.change({ mesh: proxy.mesh.with([{ after: one(securityDoc('AuthorizationPolicy', 'pay/b', 'rules: []')) }]) })).toEqual([]);
  expect(proxy.change({ keys: keys.replace('KID', 'NEW') })).toEqual(['virtualInbound']);
  expect(proxy.has('NEW')).toEqual(['virtualInbound']);
  expect(proxy.change({})).toEqual([]);
  expect(proxy.change({ mesh: proxy.mesh.with([{ before: policy }]) })).toEqual(['virtualInbound']);
  expect(proxy.has('policy[a]')).toEqual([]);
});
