import { expect, it } from 'vitest';
import { defaultIngress, selectsInstalledGateway } from './default-ingress.ts';

it('stands for the ingress gateway of an installation', () => {
  expect(defaultIngress('mesh-system', {}).map((r) => `${r.friendlyName}`)).toEqual([
    'Pod mesh-system/istio-ingressgateway-dummypod',
    'Service mesh-system/istio-ingressgateway',
  ]);
  expect(defaultIngress('a', { ingressService: 'gw' }).map((r) => r.name)).toEqual(['gw-dummypod', 'gw']);
  expect(defaultIngress('a', { ingressControllerMode: 'OFF' })).toEqual([]);
});

it.each([
  [{ istio: 'ingressgateway' }, true],
  [{ istio: 'ingressgateway', app: 'istio-ingressgateway' }, true],
  [{ istio: 'eastwestgateway' }, true],
  [{ istio: 'ingressgateway', app: 'istio-egressgateway' }, false],
  [{ istio: 'ingressgateway', zone: 'eu' }, false],
  [{ app: 'gw' }, false],
  [{}, false],
])('%o: %s', (selector, expected) => expect(selectsInstalledGateway(selector)).toBe(expected));
