import { describe, expect, it } from 'vitest';
import { placeOf, problemsOf } from './testing.ts';
import { validateVirtualService } from './virtual-service.ts';

/** What is wrong with a virtual service of which the rules are fine, unless the YAML says otherwise. */
function said(yaml: string, rules = 'http: [{route: [{destination: {host: cart}}]}]'): string[] {
  const text = /\b(?:http|tls|tcp):/.test(yaml) ? `{${yaml}}` : `{${yaml}${yaml === '' ? '' : ', '}${rules}}`;
  return problemsOf(validateVirtualService, 'VirtualService', text).map((p) => `${placeOf(p).replace('spec.', '')}: ${p.text}`);
}

const places = (yaml: string): string[] => said(yaml).map((line) => line.replace(/: .*/s, ''));

describe('a virtual service as a whole', () => {
  it.each([
    ['hosts and rules', 'hosts: [cart]', []],
    ['a delegate', '', []],
    ['no rules', 'hosts: [cart], http: []', ['IST0106 spec']],
    ['an empty spec', 'hosts: [], tcp: []', ['IST0106 spec']],
    ['a delegate with gateways', 'gateways: [edge]', ['IST0106 gateways']],
    ['a delegate with TCP rules', 'tcp: [{route: [{destination: {host: a}}]}]', ['IST0106 tcp']],
    ['exportTo of all and one', 'hosts: [cart], exportTo: ["*", shop]', ['IST0106 exportTo']],
    ['exportTo of its own namespace twice', 'hosts: [cart], exportTo: [., shop]', ['IST0106 exportTo[1]']],
  ])('%s', (_, yaml, expected) => {
    expect(places(yaml)).toEqual(expected);
  });
});

describe('hosts', () => {
  it.each([
    ['names, wildcards and addresses', '[cart, "*.example.com", "*-a.example", 10.0.0.1, fd00::1, cart.shop.svc.cluster.local.]', []],
    ['an underscore', '[a_b.example]', ['IST0106 hosts[0]']],
    ['a wildcard in the middle', '["a.*.example"]', ['IST0106 hosts[0]']],
    ['a number as top level domain', '[cart.10]', ['IST0106 hosts[0]']],
    ['an empty host', '[cart, ""]', ['IST0106 hosts[1]']],
    ['every host, for sidecars', '["*"]', ['IST0106 hosts[0]']],
    ['every host, for a gateway', '["*"], gateways: [edge]', []],
    ['every host, for a gateway and sidecars', '["*"], gateways: [edge, mesh]', ['IST0106 hosts[0]']],
    ['the same host twice', '[cart, pay, cart]', ['IST0106 hosts[2]']],
    ['a host below a wildcard', '[a.example, "*.example"]', ['IST0106 hosts[1]']],
    ['a wildcard below a wildcard', '["*.example", "*.a.example", b]', ['IST0106 hosts[1]']],
    ['a wildcard without a dot', '["*ample", a.example]', ['IST0106 hosts[1]']],
    ['a name that only ends alike', '[myexample, "*.example"]', []],
    ['no comparison beside invalid hosts', '[cart, cart, a_b]', ['IST0106 hosts[2]']],
    ['a generated SNI name without sniHosts', '[outbound_.80_._.cart.shop], gateways: [edge]', ['IST0106 hosts[0]']],
  ])('%s', (_, hosts, expected) => {
    expect(places(`hosts: ${hosts}`)).toEqual(expected);
  });

  it('overlapping hosts are told as often as they are in each order', () => {
    const pairs = said('hosts: [a.com, "*.com", a.com]').map((line) => line.replace(/.*: /, ''));
    expect(pairs.sort()).toEqual(['*.com & a.com', 'a.com & *.com', 'a.com & a.com']);
  });
});

describe('gateways', () => {
  it.each([
    ['a name', '[edge]', []],
    ['namespace and name', '[front/edge, edge]', []],
    ['an old full name', '[edge.front.svc.cluster.local]', ['IST0133 gateways[0]']],
    ['an old full name that is no name', '[edge_.front]', ['IST0133 gateways[0]', 'IST0106 gateways[0]']],
    ['no name', '[front/]', ['IST0106 gateways[0]', 'IST0106 gateways[0]']],
    ['two slashes', '[front/edge/extra]', ['IST0106 gateways[0]']],
    ['nothing is looked at after a name without a slash', '[edge, "A_/b"]', []],
    ['names with a slash before it are', '["A_/b", edge, "B_/c"]', ['IST0106 gateways[0]']],
  ])('%s', (_, gateways, expected) => {
    expect(places(`hosts: [cart], gateways: ${gateways}`)).toEqual(expected);
  });

  it('the old form comes with the new one as a repair', () => {
    const [problem] = problemsOf(
      validateVirtualService,
      'VirtualService',
      '{hosts: [a], gateways: [edge.front.svc], http: [{route: [{destination: {host: a}}]}]}',
    );
    expect(problem?.fix).toMatchObject({ path: ['spec', 'gateways', 0], text: 'front/edge' });
  });
});

describe('matches on claims of the token', () => {
  const rule = 'http: [{match: [{headers: {"@request.auth.claims.group": {exact: a}}}], route: [{destination: {host: cart}}]}]';
  it.each([
    ['at a gateway', 'gateways: [edge]', 0],
    ['in sidecars', '', 1],
    ['at both', 'gateways: [edge, mesh]', 1],
  ])('%s', (_, gateways, expected) => {
    expect(said(`hosts: [cart], ${gateways}${gateways && ', '}${rule}`)).toHaveLength(expected);
  });
});
