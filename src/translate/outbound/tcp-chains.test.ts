import { describe, expect, it } from 'vitest';
import { chains, doc, listener, svc, tableOf } from '../testing.ts';

const db = svc('shop/db tcp:90');
const hostOf = (name: string): string => `${name}.shop.svc.cluster.local`;
const rules = (kind: 'tcp' | 'tls', list: string): string => doc('VirtualService', 'shop/db', `hosts: [db], ${kind}: [${list}]`);
const route = (host: string): string => `route: [{destination: {host: ${host}}}]`;
const labels = { namespace: 'shop', labels: { app: 'web' } };

function chainsOf(documents: readonly string[], name = '10.0.0.1_90'): string[] {
  return chains(listener(tableOf(documents, { proxy: labels }), name)).map((chain) => chain.replaceAll('.shop.svc.cluster.local', ''));
}

describe('tcp rules', () => {
  it.each([
    ['one without a match takes all', `{${route('a')}}`, ['all -> outbound|90||a']],
    ['the first takes all', `{${route('a')}}, {${route('b')}}`, ['all -> outbound|90||a']],
    ['one for the port', `{match: [{port: 90}], ${route('a')}}`, ['all -> outbound|90||a']],
    ['one for another port', `{match: [{port: 91}], ${route('a')}}`, ['all -> outbound|90||db']],
    [
      'a range before the service',
      `{match: [{destinationSubnets: [10.5.0.0/16]}], ${route('a')}}`,
      ['10.5.0.0/16 -> outbound|90||a', 'all -> outbound|90||db'],
    ],
    [
      'ranges of all matches, before what takes the rest',
      `{match: [{destinationSubnets: [10.5.0.0/16]}, {destinationSubnets: [10.6.6.6]}], ${route('a')}}, {${route('b')}}`,
      ['10.5.0.0/16 10.6.6.6/32 -> outbound|90||a', 'all -> outbound|90||b'],
    ],
    ['one match without a range', `{match: [{destinationSubnets: [10.5.0.0/16]}, {port: 90}], ${route('a')}}`, ['all -> outbound|90||a']],
  ])('TCP-R5: %s', (_, list, expected) => {
    expect(chainsOf([db, rules('tcp', list)])).toEqual(expected);
  });

  it.each([
    ['sourceLabels: {app: web}', true],
    ['sourceLabels: {app: other}', false],
    ['sourceNamespace: shop', true],
    ['sourceNamespace: pay', false],
    ['gateways: [mesh]', true],
    ['gateways: [edge]', false],
    ['gateways: [mesh], sourceLabels: {app: other}', false],
    ['port: 90, sourceNamespace: pay', false],
  ])('MAT-R5, TCP-R6: {%s}', (match, taken) => {
    expect(chainsOf([db, rules('tcp', `{match: [{${match}}], ${route('a')}}`)])).toEqual([`all -> outbound|90||${taken ? 'a' : 'db'}`]);
  });

  it('TCP-R7: weights; without one nothing; the name for statistics', () => {
    const list = '{route: [{destination: {host: a}, weight: 10}, {destination: {host: b}, weight: 0}, {destination: {host: c}, weight: 30}]}';
    const made = tableOf([db, rules('tcp', list)]);
    expect(chains(listener(made, '10.0.0.1_90'))).toEqual([`all -> 10% outbound|90||${hostOf('a')}, 30% outbound|90||${hostOf('c')}`]);
    expect(listener(made, '10.0.0.1_90').chains[0]?.filter).toMatchObject({ statPrefix: 'db.shop', origin: { name: 'db', path: ['spec', 'tcp', 0] } });
    expect(listener(tableOf([db]), '10.0.0.1_90').chains[0]?.filter).toMatchObject({ statPrefix: `outbound|90||${hostOf('db')}` });
  });

  it('RT-R4: a destination without a port has the only one of its service', () => {
    expect(chainsOf([db, svc('shop/a tcp:1 10.0.0.2'), rules('tcp', `{${route('a')}}`)])).toEqual(['all -> outbound|1||a']);
  });

  it('TCP-R12, TCP-R16: time limits and hashing of the destination rule, not of its ports', () => {
    const rule = (policy: string): string => doc('DestinationRule', 'shop/db', `host: db, trafficPolicy: {${policy}}`);
    const filter = (policy: string): object | undefined => listener(tableOf([db, rule(policy)]), '10.0.0.1_90').chains[0]?.filter;
    const pool = 'connectionPool: {tcp: {idleTimeout: 5s, maxConnectionDuration: 1m}}';
    expect(filter(pool)).toMatchObject({ idleTimeoutMs: 5000, maxConnectionDurationMs: 60_000, hashSourceIp: false });
    expect(filter(`${pool}, portLevelSettings: [{port: {number: 90}, loadBalancer: {simple: RANDOM}}]`)).toMatchObject({ idleTimeoutMs: 5000 });
    expect(filter('loadBalancer: {consistentHash: {useSourceIp: true}}')).toMatchObject({ hashSourceIp: true });
  });
});

describe('tls rules', () => {
  const tls = svc('shop/db tls:90');
  const match = (more: string, host: string): string => `{match: [{${more}}], ${route(host)}}`;
  it.each([
    ['none', '', ['all -> outbound|90||db']],
    ['by name; what no name takes goes on', match('sniHosts: [x.int, "*.y.int"]', 'a'), ['x.int *.y.int -> outbound|90||a', 'all -> PassthroughCluster']],
    [
      'the first for a name',
      `${match('sniHosts: [x.int]', 'a')}, ${match('sniHosts: [x.int]', 'b')}`,
      ['x.int -> outbound|90||a', 'all -> PassthroughCluster'],
    ],
    ['every name', match('sniHosts: ["*"]', 'a'), ['all -> outbound|90||a']],
    ['of others', match('sniHosts: [x.int], sourceLabels: {app: other}', 'a'), ['all -> outbound|90||db']],
    ['of another port', match('sniHosts: [x.int], port: 91', 'a'), ['all -> outbound|90||db']],
    [
      'a range counts for later ones',
      `${match('sniHosts: [x.int], destinationSubnets: [10.5.0.0/16]', 'a')}, ${match('sniHosts: [z.int]', 'b')}`,
      ['x.int 10.5.0.0/16 -> outbound|90||a', 'z.int 10.5.0.0/16 -> outbound|90||b', 'all -> PassthroughCluster'],
    ],
  ])('TCP-R8, TCP-R9: %s', (_, list, expected) => {
    expect(chainsOf([tls, ...(list === '' ? [] : [rules('tls', list)])])).toEqual(expected);
  });

  it('TCP-R8: only where the port is TLS, and tcp rules only where it is not', () => {
    expect(chainsOf([db, rules('tls', match('sniHosts: [x.int]', 'a'))])).toEqual(['all -> outbound|90||db']);
    expect(chainsOf([tls, rules('tcp', `{${route('a')}}`)])).toEqual(['all -> outbound|90||db']);
  });

  it('TCP-R10, TCP-R11: a service without an address is told by its name', () => {
    const entry = (more: string): string => doc('ServiceEntry', 'shop/x', `hosts: ["*.x.int"], ports: [{number: 443, name: tls, protocol: TLS}]${more}`);
    expect(chainsOf([entry('')], '0.0.0.0_443')).toEqual(['*.x.int -> outbound|443||*.x.int', 'all -> PassthroughCluster']);
    expect(chainsOf([entry(', addresses: [10.8.0.0/16]')], '0.0.0.0_443')).toEqual([
      '*.x.int 10.8.0.0/16 -> outbound|443||*.x.int',
      'all -> PassthroughCluster',
    ]);
    expect(listener(tableOf([entry('')]), '0.0.0.0_443')).toMatchObject({ inspectTls: true, inspectHttp: false });
    expect(listener(tableOf([tls]), '10.0.0.1_90')).toMatchObject({ inspectTls: false });
  });

  it.each([
    ['DNS', 'api.example', 'dns'],
    ['NONE', '"*.wild.example"', 'original-destination'],
  ])('TCP-R13: HTTPS to what is outside of the mesh, resolution %s, is told by its name', (resolution, host, discovery) => {
    const entry = `hosts: [${host}], location: MESH_EXTERNAL, resolution: ${resolution}, ports: [{number: 443, name: https, protocol: HTTPS}]`;
    const table = tableOf([doc('ServiceEntry', 'shop/x', entry)]);
    const name = host.replaceAll('"', '');
    expect(chains(listener(table, '0.0.0.0_443'))).toEqual([`${name} -> outbound|443||${name}`, 'all -> PassthroughCluster']);
    expect(table.clusters.find((cluster) => cluster.name === `outbound|443||${name}`)).toMatchObject({ discovery });
  });
});
