import { describe, expect, it } from 'vitest';
import { placeOf, problemsOf } from '../testing.ts';
import { validateVirtualService } from '../virtual-service.ts';

const route = 'route: [{destination: {host: cart}}]';

function problems(spec: string): string[] {
  return problemsOf(validateVirtualService, 'VirtualService', `{${spec}}`).map((p) => placeOf(p).replace('spec.', ''));
}

describe('tls', () => {
  it.each([
    ['one of the hosts', '[cart.example]', []],
    ['below a wildcard', '[a.shop.example, "*.a.shop.example", "*.shop.example"]', []],
    ['above a wildcard', '["*.example"]', ['IST0106 [0]']],
    ['beside the hosts', '[other.example]', ['IST0106 [0]']],
    ['no name', '[a_b]', ['IST0106 [0]']],
    ['an address', '[10.0.0.1]', ['IST0133 [0]']],
    ['a generated name', '[outbound_.80_._.x.shop.example]', []],
    ['a generated name without a port', '[outbound_.x_._.x.shop.example]', ['IST0106 [0]']],
  ])('an SNI host that is %s', (_, sniHosts, expected) => {
    const spec = `hosts: [cart.example, "*.shop.example"], gateways: [edge], tls: [{match: [{sniHosts: ${sniHosts}}], ${route}}]`;
    expect(problems(spec)).toEqual(expected.map((place) => place.replace(' ', ' tls[0].match[0].sniHosts')));
  });

  it.each([
    ['no match', `tls: [{${route}}]`, ['tls[0]']],
    ['no SNI host', `tls: [{match: [null], ${route}}]`, ['tls[0].match[0]']],
    ['no route', 'tls: [{match: [{sniHosts: [cart]}]}]', ['tls[0]']],
    [
      'a bad subnet and label',
      `tls: [{match: [{sniHosts: [cart], destinationSubnets: [10.0.0.0/33], sourceLabels: {a: b c}}], ${route}}]`,
      ['tls[0].match[0].destinationSubnets[0]', 'tls[0].match[0].sourceLabels.a'],
    ],
  ])('%s', (_, rules, expected) => {
    expect(problems(`hosts: [cart], ${rules}`)).toEqual(expected.map((place) => `IST0106 ${place}`));
  });

  it('warns of gateways in the old form, which TCP rules do not', () => {
    const match = 'gateways: [edge.front.svc]';
    expect(problems(`hosts: [cart], tls: [{match: [{sniHosts: [cart], ${match}}], ${route}}]`)).toEqual(['IST0133 tls[0].match[0].gateways[0]']);
    expect(problems(`hosts: [cart], tcp: [{match: [{${match}}], ${route}}]`)).toEqual([]);
  });
});

describe('tcp', () => {
  it.each([
    ['no route', 'tcp: [{}]', ['tcp[0]']],
    ['a match that says nothing', `tcp: [{match: [null], ${route}}]`, []],
    ['subnets', `tcp: [{match: [{destinationSubnets: [10.0.0.1, "fd00::/8", any]}], ${route}}]`, ['tcp[0].match[0].destinationSubnets[2]']],
    ['a port', `tcp: [{match: [{port: 65536}], ${route}}]`, ['tcp[0].match[0].port']],
    ['headers, which only HTTP rules have', 'tcp: [{route: [{destination: {host: a}, headers: {request: {set: {":x": a}}}}]}]', []],
    ['weights of 0', 'tcp: [{route: [{destination: {host: a}}, {destination: {host: b}}]}]', ['tcp[0].route']],
  ])('%s', (_, rules, expected) => {
    expect(problems(`hosts: [cart], ${rules}`)).toEqual(expected.map((place) => `IST0106 ${place}`));
  });
});
