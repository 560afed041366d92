import fc from 'fast-check';
import { expect, it } from 'vitest';
import { overridesFor, parseEndpointOverride } from './endpoint-overrides.ts';

it.each([
  ['cart=127.0.0.1:9001', { host: 'cart', address: '127.0.0.1', targetPort: 9001 }],
  ['Cart/v1=127.0.0.1:9001', { host: 'cart', subset: 'v1', address: '127.0.0.1', targetPort: 9001 }],
  ['cart.shop:8080/v1=[::1]:9001', { host: 'cart.shop', subset: 'v1', port: 8080, address: '::1', targetPort: 9001 }],
  ['cart:80=localhost:9001', { host: 'cart', port: 80, address: 'localhost', targetPort: 9001 }],
  ['cart=9001', { host: 'cart', address: '127.0.0.1', targetPort: 9001 }],
  ['cart', undefined],
  ['=127.0.0.1:9001', undefined],
  ['cart=127.0.0.1', undefined],
  ['cart=127.0.0.1:0', undefined],
  ['cart=127.0.0.1:70000', undefined],
  ['cart:0=9001', undefined],
  ['cart/=9001', undefined],
  ['cart=::1:9001', undefined],
])('%s', (written, expected) => expect(parseEndpointOverride(written)).toEqual(expected));

it('reads any text without an error, and nothing that is no port', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z:/=.[\]0-9]{0,20}$/)), (text) => {
      const found = parseEndpointOverride(text);
      if (found) expect(found.targetPort >= 1 && found.targetPort <= 65535 && found.address !== '' && found.host !== '').toBe(true);
    }),
  );
});

const service = { host: 'cart.shop.svc.cluster.local', name: 'cart', namespace: 'shop', source: 'kubernetes' as const };
it.each([
  ['cart.shop.svc.cluster.local=1', 'ops', true],
  ['cart.shop=1', 'ops', true],
  ['cart.shop.svc=1', 'ops', true],
  ['cart=1', 'shop', true],
  ['cart=1', 'ops', false],
  ['cart.ops=1', 'ops', false],
  ['cart:80=1', 'shop', true],
  ['cart:81=1', 'shop', false],
])('%s from %s', (written, client, expected) => {
  const override = parseEndpointOverride(written);
  expect(overridesFor(override ? [override] : [], service, 80, client)).toHaveLength(expected ? 1 : 0);
});

it('a ServiceEntry may have the name of a service of the cluster', () => {
  const override = parseEndpointOverride('cart=1');
  expect(overridesFor(override ? [override] : [], { ...service, name: service.host, source: 'service-entry' }, 80, 'shop')).toHaveLength(1);
  expect(overridesFor(override ? [override] : [], { host: 'cart', name: 'cart', namespace: 'shop', source: 'service-entry' }, 80, 'ops')).toHaveLength(1);
});
