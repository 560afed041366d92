import { expect, it } from 'vitest';
import { findingsOf, type TestOptions } from '../src/analysis/testing.ts';
import analyzer from './sidecar-egress.ts';

const sidecar = (hosts: string, namespace = 'shop', more = ''): string =>
  `---\napiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: s, namespace: ${namespace}}\nspec: {egress: [null, {hosts: [${hosts}]}]${more}}\n`;
const service = (name: string, namespace: string, annotations = ''): string =>
  `---\napiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: ${namespace}, annotations: {${annotations}}}\nspec: {}\n`;
const entry = (hosts: string, namespace = 'shop', more = ''): string =>
  `---\napiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: e, namespace: ${namespace}}\nspec: {hosts: [${hosts}]${more}}\n`;
const route = (hosts: string, namespace = 'shop'): string =>
  `---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: v, namespace: ${namespace}}\nspec: {hosts: [${hosts}]}\n`;
const world = [
  service('cart', 'shop'),
  service('pay', 'bank'),
  service('secret', 'bank', 'networking.istio.io/exportTo: "."'),
  entry('api.example.com, "*.google.com"'),
  route('"routed.example.com", routed'),
  '---\napiVersion: v1\nkind: Namespace\nmetadata: {name: empty}\n',
].join('');
const run = (hosts: string, options: TestOptions = {}, namespace = 'shop') =>
  findingsOf(analyzer, world + sidecar(hosts, namespace), { preset: 'recommended', ...options });

it.each([
  ['./cart.shop.svc.cluster.local'],
  ['shop/cart.shop.svc.cluster.local'],
  ['*/cart.shop.svc.cluster.local'],
  ['bank/pay.bank.svc.cluster.local'],
  ['./api.example.com'],
  ['./*.google.com'],
  ['*/*.com'],
  ['*/*.svc.cluster.local'],
  ['bank/*.bank.svc.cluster.local'],
  ['./routed.example.com'],
  ['./*'],
  ['*/*'],
  ['empty/*'],
  ['istio-system/*'],
  ['~/*'],
  ['cart'],
])('%s imports something', (host) => {
  expect(run(`"${host}"`)).toEqual([]);
});

it.each([
  ['./cart', 'names are not completed here; the service is cart.shop.svc.cluster.local', './cart.shop.svc.cluster.local'],
  ['bank/pay.bank', 'names are not completed here; the service is pay.bank.svc.cluster.local', 'bank/pay.bank.svc.cluster.local'],
  ['*/pay.bank.svc', 'names are not completed here; the service is pay.bank.svc.cluster.local', '*/pay.bank.svc.cluster.local'],
  ['./pay.bank.svc.cluster.local', 'this host is of namespace "bank"', 'bank/pay.bank.svc.cluster.local'],
  ['bank/secret.bank.svc.cluster.local', 'exportTo does not show it to namespace "shop"', undefined],
  ['./carts.shop.svc.cluster.local', 'no Service or ServiceEntry has this host', './cart.shop.svc.cluster.local'],
  ['./gone.shop.svc.cluster.local', 'no Service or ServiceEntry of namespace "shop" has this host', undefined],
  ['*/gone.example.com', 'no Service or ServiceEntry has this host', undefined],
  ['*/mail.google.com', '*.google.com is a host of ServiceEntry shop/e, which is imported as a whole or not at all', '*/*.google.com'],
  ['bank/*.shop.svc.cluster.local', 'no Service or ServiceEntry of namespace "bank" has a host that ends with .shop.svc.cluster.local', undefined],
  ['*/*.gone.org', 'no Service or ServiceEntry has a host that ends with .gone.org', undefined],
  ['bnak/*', 'namespace "bnak" does not exist', 'bank/*'],
])('%s imports nothing', (host, problem, fixed) => {
  const [said, ...more] = run(`"./*", "${host}"`);
  expect(more).toEqual([]);
  expect(said?.text).toBe(`egress host "${host}" imports nothing: ${problem}`);
  expect(said?.path).toEqual(['spec', 'egress', 1, 'hosts', 1]);
  expect(said?.fix?.text).toBe(fixed);
});

it('says how a service is named', () => {
  expect(run('bank/gone.bank')[0]?.help).toBe('a Service is named by its whole host: gone.bank.svc.cluster.local');
  expect(run('"*/gone.org"')[0]?.help).toContain('namespace/host');
});

it('the Sidecar of the mesh is for all namespaces', () => {
  expect(run('./cart.shop.svc.cluster.local', {}, 'istio-system')).toEqual([]);
  expect(run('bank/secret.bank.svc.cluster.local', {}, 'istio-system')).toEqual([]);
  expect(run('bank/gone.bank.svc.cluster.local', {}, 'istio-system')).toHaveLength(1);
});

it('says what happens to requests', () => {
  const effect = (more: string, options: TestOptions = {}) =>
    findingsOf(analyzer, world + sidecar('./gone.shop.svc.cluster.local', 'shop', more), { preset: 'recommended', ...options })[0]?.effect;
  expect(effect('')).toContain('without routes');
  expect(effect(', outboundTrafficPolicy: {}')).toContain('502');
  expect(effect(', outboundTrafficPolicy: {mode: ALLOW_ANY}', { meshConfig: { outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } } })).toContain(
    'without routes',
  );
  expect(effect('', { meshConfig: { outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } } })).toContain('502');
});

it('says nothing of what the input does not show', () => {
  const auto: TestOptions = { preset: 'recommended', assume: 'auto' };
  const alone = (hosts: string, more = '') => findingsOf(analyzer, more + sidecar(hosts), auto);
  expect(alone('./gone.shop.svc.cluster.local, "*/gone.example.com", gone/*')).toEqual([]);
  expect(alone('./gone.shop.svc.cluster.local, "*/gone.example.com"', service('cart', 'shop'))).toHaveLength(1);
  expect(alone('istio-system/istiod.istio-system.svc.cluster.local', service('cart', 'shop'))).toEqual([]);
  expect(run('"*/known.example.com"', { knownHosts: ['*.example.com'] })).toEqual([]);
});
