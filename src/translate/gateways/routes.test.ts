import { describe, expect, it } from 'vitest';
import type { RoutingTable } from '../../ir/table.ts';
import { config, created, doc, domains, gatewayProxy, hostNamed, svc, tableOf, to, ways } from '../testing.ts';

const gateway = (hosts: string, more = ''): string =>
  doc('Gateway', 'edge/gw', `selector: {istio: ingress}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [${hosts}]${more}}]`);
const rule = (name: string, hosts: string, http: string, more = '', day = 1): string =>
  doc('VirtualService', `shop/${name}`, `hosts: [${hosts}], gateways: [edge/gw], http: [${http}]${more}`, created(day));
const table = (...documents: string[]): RoutingTable => tableOf([svc('shop/a http:1 http:2'), svc('shop/b http:3'), ...documents], { proxy: gatewayProxy });
const at = (path: string, host: string): string => `{match: [{uri: {prefix: ${path}}}], ${to(host)}}`;

describe('virtual hosts of a gateway', () => {
  it.each([
    ['a.example', 'a.example', ['a.example']],
    ['"*.example"', 'a.example, b.other', ['a.example']],
    ['a.example, b.example', '"*.example"', ['a.example', 'b.example']],
    ['"*.example"', '"*.x.example"', ['*.x.example']],
    ['"*"', '"*"', ['*']],
    ['a.example', 'b.example', ['*']],
    ['shop/a.example', 'a.example', ['a.example']],
    ['pay/a.example', 'a.example', ['*']],
    ['"*/a.example"', 'a.example', ['a.example']],
    ['./a.example', 'a.example', ['*']],
    ['A.Example', 'a.EXAMPLE', ['a.example']],
  ])('server [%s], virtual service [%s]: what both are for', (server, own, expected) => {
    expect(Object.values(domains(table(gateway(server), rule('x', own, `{${to('a')}}`)), 'http.80'))).toEqual(expected.map((domain) => [domain]));
  });

  it('are nothing but 404 where nothing is routed', () => {
    expect(config(table(gateway('a.example')), 'http.80').virtualHosts).toMatchObject([{ name: 'blackhole:80', domains: ['*'], routes: [] }]);
  });

  it('SEL-R80: of several virtual services for one host are merged, with what takes everything last', () => {
    const made = table(
      gateway('a.example'),
      rule('new', 'a.example', `${at('/c', 'c')}, ${at('/a', 'd')}`, '', 2),
      rule('old', 'a.example', `${at('/a', 'a')}, {${to('b')}}`, '', 1),
    );
    const clusters = ways(made, 'http.80')['a.example:80']?.map((name) => name.split('|')[3]?.split('.')[0]);
    expect(clusters).toEqual(['a', 'c', 'd', 'b']);
  });

  it('SEL-R80: of one virtual service whose rules are for other gateways are not there', () => {
    const other = rule('other', 'a.example', `{match: [{gateways: [edge/other]}], ${to('a')}}, {match: [{gateways: [mesh]}], ${to('a')}}`);
    expect(domains(table(gateway('a.example'), other), 'http.80')).toEqual({ 'blackhole:80': ['*'] });
    const own = rule('own', 'a.example', `{match: [{gateways: [edge/gw], sourceNamespace: other}], ${to('a')}}`);
    expect(ways(table(gateway('a.example'), own), 'http.80')['a.example:80']).toHaveLength(1);
  });

  it('SEL-R11: of virtual services that the proxy does not see are not there', () => {
    expect(domains(table(gateway('a.example'), rule('x', 'a.example', `{${to('a')}}`, ', exportTo: ["."]')), 'http.80')).toEqual({ 'blackhole:80': ['*'] });
    expect(domains(table(gateway('a.example'), rule('x', 'a.example', `{${to('a')}}`, ', exportTo: [edge]')), 'http.80')).toEqual({
      'a.example:80': ['a.example'],
    });
  });

  it('SEL-R10: a virtual service for sidecars only is not there', () => {
    const mesh = doc('VirtualService', 'shop/m', `hosts: [a.example], http: [{${to('a')}}]`);
    expect(domains(table(gateway('a.example'), mesh), 'http.80')).toEqual({ 'blackhole:80': ['*'] });
  });

  it('are redirected to https, with routes and without', () => {
    const made = table(gateway('a.example, b.example', ', tls: {httpsRedirect: true}'), rule('x', 'a.example', `{${to('a')}}`));
    expect(config(made, 'http.80').virtualHosts.map(({ name, requireTls, routes }) => [name, requireTls, routes.length])).toEqual([
      ['a.example:80', true, 1],
      ['b.example:80', true, 0],
    ]);
  });

  it('RT-R4: a destination without a port has the only one of its service, else that of the server', () => {
    const made = table(gateway('a.example'), rule('x', 'a.example', `${at('/a', 'a')}, ${at('/b', 'b')}`));
    expect(ways(made, 'http.80')['a.example:80']).toEqual(['outbound|80||a.shop.svc.cluster.local', 'outbound|3||b.shop.svc.cluster.local']);
  });

  it('MAT-R4: the port of a match is that of the server', () => {
    const made = table(gateway('a.example'), rule('x', 'a.example', `{match: [{port: 80}], ${to('a')}}, {match: [{port: 443}], ${to('b')}}`));
    expect(ways(made, 'http.80')['a.example:80']).toHaveLength(1);
  });

  it('RT-R17: a redirect behind TLS leaves out port 443', () => {
    const https = doc(
      'Gateway',
      'edge/gw',
      'selector: {istio: ingress}, servers: [{port: {number: 443, name: h, protocol: HTTPS}, hosts: ["*"], tls: {mode: SIMPLE, credentialName: c}}]',
    );
    const made = table(https, rule('x', 'a.example', '{redirect: {port: 443}}'));
    expect(hostNamed(made, 'https.443.h.gw.edge', 'a.example:443').routes[0]?.action).not.toHaveProperty('port');
  });

  it('SEL-R22: have the rules of delegates', () => {
    const made = table(
      gateway('a.example'),
      rule('root', 'a.example', '{match: [{uri: {prefix: /a}}], delegate: {name: leaf}}'),
      doc('VirtualService', 'shop/leaf', `http: [{${to('a')}}]`),
    );
    expect(hostNamed(made, 'http.80', 'a.example:80').routes).toMatchObject([
      { match: { path: { value: '/a' } }, origin: { name: 'leaf', path: ['spec', 'http', 0] } },
    ]);
  });
});
