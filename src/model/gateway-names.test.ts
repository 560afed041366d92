import { expect, it } from 'vitest';
import { boundGateways, resolveGatewayName } from './gateway-names.ts';

it.each([
  ['mesh', 'mesh'],
  ['edge', 'shop/edge'],
  ['./edge', 'shop/edge'],
  ['infra/edge', 'infra/edge'],
  ['edge.infra', 'infra/edge'],
  ['edge.infra.svc.cluster.local', 'infra/edge'],
])('%s is %s', (name, full) => expect(resolveGatewayName('shop', name)).toBe(full));

it('is for sidecars when no gateway is named', () => {
  expect([...boundGateways([], 'shop')]).toEqual(['mesh']);
  expect([...boundGateways(undefined, 'shop')]).toEqual(['mesh']);
  expect([...boundGateways(['edge', 'mesh'], 'shop')]).toEqual(['shop/edge', 'mesh']);
});
