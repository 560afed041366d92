import { expect, it } from 'vitest';
import { parseResource, resourceText } from './resource.ts';

it.each<[words: string[], flag: string | undefined, expected: string]>([
  [['virtualservice', 'cart'], undefined, 'VirtualService here/cart'],
  [['VirtualService', 'cart.shop'], undefined, 'VirtualService shop/cart'],
  [['virtual-service', 'cart.shop'], undefined, 'VirtualService shop/cart'],
  [['vs', 'cart'], 'shop', 'VirtualService shop/cart'],
  [['vs/cart.shop'], undefined, 'VirtualService shop/cart'],
  [['destinationrules', 'cart.shop'], undefined, 'DestinationRule shop/cart'],
  [['destinationrules.networking.istio.io', 'cart.shop'], undefined, 'DestinationRule shop/cart'],
  [['destinationrule.v1.networking.istio.io', 'cart.shop'], undefined, 'DestinationRule shop/cart'],
  [['authorizationpolicies', 'cart.shop'], undefined, 'AuthorizationPolicy shop/cart'],
  [['serviceentries', 'cart.shop'], undefined, 'ServiceEntry shop/cart'],
  [['httproute', 'cart.shop'], undefined, 'HTTPRoute shop/cart'],
  // Names may have dots.
  [['se', 'api.example.com.shop'], undefined, 'ServiceEntry shop/api.example.com'],
  [['se', 'api.example.com'], 'shop', 'ServiceEntry shop/api.example.com'],
  [['se', 'api.example.shop'], 'shop', 'ServiceEntry shop/api.example'],
  // Of no namespace.
  [['gatewayclass', 'weft.example'], 'shop', 'GatewayClass weft.example'],
])('%j with -n %s is %s', (words, flag, expected) => {
  expect(resourceText(parseResource(words, flag, 'here'))).toBe(expected);
});

it.each([
  ['gateway', 'Gateway'],
  ['gw', 'Gateway'],
  ['gateways.networking.istio.io', 'Gateway'],
  ['gateway.gateway.networking.k8s.io', 'gateway-api/Gateway'],
  ['gateways.v1.gateway.networking.k8s.io', 'gateway-api/Gateway'],
  ['gtw', 'gateway-api/Gateway'],
])('the kind %s is %s', (word, kind) => {
  expect(parseResource([word, 'edge'], 'shop', 'here').kind).toBe(kind);
});

it.each<[string[], RegExp]>([
  [['virtualservce', 'cart'], /^"virtualservce" is no kind that proxies get configuration from; did you mean virtualservice\?$/],
  [['pod', 'cart'], /^"pod" is no kind/],
  [['vs'], /^say what to wait for/],
  [['vs', ''], /^say what to wait for/],
  [['vs', 'shop/cart'], /^"shop\/cart" is no name/],
  [['vs', '.shop'], /^"\.shop" is no name/],
  [['vs', 'cart.'], /^"cart\." is no name/],
  [['gateway.apps', 'edge'], /^"gateway\.apps" is no kind/],
])('%j is refused', (words, problem) => {
  expect(() => parseResource(words, undefined, 'here')).toThrow(problem);
});
