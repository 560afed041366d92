import { describe, expect, it } from 'vitest';
import { meshOf } from '../analysis/testing.ts';
import { type MeshService, Services } from './services.ts';

const service = (name: string, namespace: string, spec: string, meta = ''): string =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: ${namespace}${meta === '' ? '' : `, ${meta}`}}\nspec: {${spec}}\n`;
const entry = (name: string, namespace: string, spec: string, meta = ''): string =>
  `apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: ${name}, namespace: ${namespace}${meta === '' ? '' : `, ${meta}`}}\nspec: {${spec}}\n`;
const servicesOf = (...documents: string[]): Services => Services.of(meshOf(documents.join('---\n')));
const only = (document: string): MeshService => servicesOf(document).all[0] as MeshService;
const http = 'ports: [{number: 80, name: http, protocol: HTTP}]';
const brief = (list: readonly MeshService[]): string[] => list.map(({ host, namespace, source }) => `${host} ${namespace} ${source}`);

describe('a Service', () => {
  it.each([
    ['TCP-R1: by appProtocol', '{name: tcp-x, port: 80, appProtocol: grpc}', ['grpc']],
    ['TCP-R1: by Kubernetes', '{name: x, port: 80, appProtocol: kubernetes.io/h2c}', ['http2']],
    ['TCP-R1: by its name', '{name: http-web, port: 80}', ['http']],
    ['TCP-R1: detected', '{name: web, port: 80}', [undefined]],
    ['TCP-R1: where servers speak first', '{name: db, port: 3306}', ['tcp']],
    ['TCP-R1: without UDP', '{name: dns, port: 53, protocol: UDP}', []],
    ['bad numbers and repetitions are left out', '{port: 0}, {port: 70000}, null, {port: 80, name: http}, {port: 80, name: tcp}', ['http']],
  ])('%s', (_, ports, expected) => {
    expect(only(service('cart', 'shop', `ports: [${ports}]`)).ports.map(({ protocol }) => protocol)).toEqual(expected);
  });

  it.each([
    ['with a cluster IP', 'clusterIP: 10.0.0.1', { addresses: ['10.0.0.1'], resolution: 'static', headless: false, external: false }],
    ['with two', 'clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1, "fd00::1"]', { addresses: ['10.0.0.1', 'fd00::1'] }],
    ['SEL-R43: without', 'clusterIP: None', { addresses: [], resolution: 'none', headless: true }],
    ['of another name', 'type: ExternalName, externalName: Api.Example.com', { aliasOf: 'api.example.com', external: true }],
    ['that prefers its zone', 'trafficDistribution: PreferClose', { trafficDistribution: 'prefer-same-zone' }],
    ['that prefers its node', 'trafficDistribution: PreferSameNode', { trafficDistribution: 'prefer-same-node' }],
  ])('%s', (_, spec, expected) => {
    expect(only(service('Cart', 'shop', spec))).toMatchObject({ host: 'cart.shop.svc.cluster.local', source: 'kubernetes', ...expected });
  });
});

describe('a ServiceEntry', () => {
  it('has one service for each host, in lower case, with its addresses as they are written', () => {
    const all = servicesOf(entry('a', 'shop', `hosts: [A.example, "*.B.example", A.example, ""], addresses: [10.0.0.1/32, 10.8.0.0/16], ${http}`)).all;
    expect(all.map(({ host }) => host)).toEqual(['*.b.example', 'a.example']);
    expect(all[0]).toMatchObject({ addresses: ['10.0.0.1', '10.8.0.0/16'], external: true, resolution: 'none', source: 'service-entry' });
  });

  it.each([
    ['STATIC', 'static'],
    ['DNS', 'dns'],
    ['DNS_ROUND_ROBIN', 'dns-round-robin'],
    ['NONE', 'none'],
    ['DYNAMIC_DNS', 'dynamic-dns'],
  ])('TCP-R14: resolution %s is %s', (written, expected) => {
    expect(only(entry('a', 'shop', `hosts: [a.example], resolution: ${written}, location: MESH_INTERNAL, ${http}`))).toMatchObject({
      resolution: expected,
      external: false,
    });
  });

  it.each([
    ['gRPC', 'grpc'],
    ['HTTP', 'http'],
    ['HTTP-x', undefined],
    ['""', undefined],
    ['MySQL', 'mysql'],
  ])('TCP-R2: protocol %s', (written, expected) => {
    expect(only(entry('a', 'shop', `hosts: [a.example], ports: [null, {number: 25, name: x, protocol: ${written}}]`)).ports).toEqual([
      { number: 25, name: 'x', protocol: expected, targetPort: undefined },
    ]);
  });
});

describe('SEL-R34: who sees a service', () => {
  const services = servicesOf(
    service('open', 'shop', 'ports: []'),
    service('private', 'shop', 'ports: []', 'annotations: {networking.istio.io/exportTo: "."}'),
    service('shared', 'shop', 'ports: []', 'annotations: {networking.istio.io/exportTo: "ops , ."}'),
    service('hidden', 'shop', 'ports: []', 'annotations: {networking.istio.io/exportTo: "~"}'),
    entry('ops', 'shop', `hosts: [ops.example], exportTo: [ops], ${http}`),
  );
  const names = (namespace: string): string[] => services.visibleTo(namespace).map(({ name }) => name);

  it('each namespace what is for it, private services first', () => {
    expect(names('shop')).toEqual(['private', 'shared', 'open']);
    expect(names('ops')).toEqual(['ops.example', 'shared', 'open']);
    expect(names('other')).toEqual(['open']);
  });

  it('without a word as the mesh says', () => {
    const mesh = meshOf(service('cart', 'shop', 'ports: []'), { meshConfig: { defaultServiceExportTo: ['.'] } });
    expect(Services.of(mesh).visibleTo('ops')).toEqual([]);
    expect(Services.of(mesh).visibleTo('shop')).toHaveLength(1);
  });
});

describe('SEL-R33: several services of one host', () => {
  const host = 'cart.shop.svc.cluster.local';
  const here = (name: string, namespace: string, created = '', spec = http): string =>
    entry(name, namespace, `hosts: [${host}], ${spec}`, created === '' ? '' : `creationTimestamp: "${created}"`);

  it('the client namespace wins, then Kubernetes, then the oldest', () => {
    const services = servicesOf(here('a', 'ops'), service('cart', 'shop', 'ports: [{port: 80}]'), here('b', 'jobs', '2024-01-01T00:00:00Z'));
    expect(brief(services.visibleTo('ops'))).toEqual([`${host} ops service-entry`]);
    expect(brief(services.visibleTo('other'))).toEqual([`${host} shop kubernetes`]);
    expect(brief(servicesOf(here('a', 'ops'), here('b', 'jobs', '2024-01-01T00:00:00Z')).visibleTo('other'))).toEqual([`${host} jobs service-entry`]);
    expect(services.byHost(host.toUpperCase())).toHaveLength(3);
  });

  it('ports of service entries that agree are put together, the first of a number wins', () => {
    const more = 'ports: [{number: 80, name: tcp, protocol: TCP}, {number: 81, name: grpc, protocol: GRPC}]';
    const ports = (...documents: string[]): string[] =>
      (servicesOf(...documents).visibleTo('other')[0]?.ports ?? []).map(({ number, name }) => `${number} ${name}`);
    expect(ports(here('a', 'ops'), here('b', 'ops', '', more))).toEqual(['80 http', '81 grpc']);
    expect(ports(here('a', 'ops'), here('b', 'jobs', '', more))).toEqual(['80 tcp', '81 grpc']);
    expect(ports(here('a', 'ops', '2020-01-01T00:00:00Z'), here('b', 'ops', '', `${more}, resolution: STATIC`))).toEqual(['80 http']);
    expect(ports(here('a', 'ops', '2020-01-01T00:00:00Z'), here('b', 'ops', '', `${more}, exportTo: ["*"]`))).toEqual(['80 http', '81 grpc']);
    expect(ports(here('a', 'ops', '2020-01-01T00:00:00Z'), here('b', 'ops', '', `${more}, workloadSelector: {labels: {a: b}}`))).toEqual(['80 http']);
  });
});

describe('SEL-R55: another name', () => {
  const alias = (name: string, of: string): string => service(name, 'shop', `type: ExternalName, externalName: ${of}, ports: [{port: 80}]`);
  const name = (short: string): string => `${short}.shop.svc.cluster.local`;

  it('stands for the end of its chain', () => {
    const services = servicesOf(alias('a', name('b')), alias('b', name('c')), service('c', 'shop', 'ports: [{port: 80}]'));
    expect(services.byHost(name('a'))[0]?.aliasOf).toBe(name('c'));
    expect(services.aliasesOf(name('c')).map((found) => found.name)).toEqual(['a', 'b']);
  });

  it('a circle has no end, and does no harm', () => {
    const services = servicesOf(alias('a', name('b')), alias('b', name('a')));
    expect(services.all).toHaveLength(2);
  });
});
