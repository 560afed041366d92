// What an Envoy on this machine gets, of small meshes.
import { describe, expect, it } from 'vitest';
import type { RoutingTable } from '../ir/table.ts';
import { compileRouter } from '../proxy/core/router.ts';
import { doc, gatewayProxy, svc, tableOf, to, vs } from '../translate/testing.ts';
import { configurationOf } from './configuration.ts';
import { isObject, type JsonObject, type TypedJson } from './json.ts';
import type { LocalOptions } from './local-table.ts';

const local: LocalOptions = { bind: '127.0.0.1', outboundPort: 15001, inboundPort: 15006, capture: false };

function made(table: RoutingTable, options: Partial<LocalOptions> = {}) {
  return configurationOf(table, { meshTls: 'none' }, { ...local, ...options });
}

function named(list: readonly TypedJson[], name: string): TypedJson {
  const found = list.find((one) => one.name === name);
  if (!found) throw new Error(`no ${name}: there are ${list.map((one) => one.name).join(', ')}`);
  return found;
}

/** `name address port` of listeners. */
function listenersOf({ listeners }: { listeners: readonly TypedJson[] }): string[] {
  return listeners.map(({ name, address }) => {
    const socket = isObject(address) && isObject(address.socket_address) ? address.socket_address : {};
    return `${name} ${socket.address} ${socket.port_value}`;
  });
}

/** The cluster of the first route of the virtual host that takes an authority. */
function clusterFor(routes: TypedJson, authority: string): unknown {
  const hosts = (routes.virtual_hosts as JsonObject[]).map((host) => ({
    name: String(host.name),
    domains: host.domains as string[],
    routes: [],
    includeAttemptCount: false,
    requireTls: false,
  }));
  const name = compileRouter({ name: '', virtualHosts: hosts, ignorePortInHost: false }).virtualHost(authority)?.name;
  const host = (routes.virtual_hosts as JsonObject[]).find((one) => one.name === name);
  const [route] = (host?.routes as JsonObject[]) ?? [];
  return (route?.route as JsonObject | undefined)?.cluster;
}

const shop = [svc('shop/cart http:80 tcp:90'), svc('shop/pay http:8080 10.0.0.2')];
const registryOnly = { meshConfig: { outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } } } as const;

describe('not captured', () => {
  const { resources, problems } = made(tableOf(shop));

  it('one listener takes everything; sockets for captured connections are not there', () => {
    expect(listenersOf(resources)).toEqual(['outbound 127.0.0.1 15001']);
    expect(resources.routes.map(({ name }) => name)).toEqual(['outbound']);
    expect(problems).toEqual([]);
  });

  it.each([
    ['cart', 'outbound|80||cart.shop.svc.cluster.local'],
    ['pay', 'outbound|8080||pay.shop.svc.cluster.local'],
    ['pay.shop:8080', 'outbound|8080||pay.shop.svc.cluster.local'],
    ['pay:80', 'by-host|PassthroughCluster'],
    ['example.com', 'by-host|PassthroughCluster'],
    ['127.0.0.1:15001', 'BlackHoleCluster'],
    ['cart:15001', 'BlackHoleCluster'],
  ])('a request for %s goes to %s', (authority, cluster) => {
    expect(clusterFor(named(resources.routes, 'outbound'), authority)).toBe(cluster);
  });

  it('hosts that no service has are looked up, before the router', () => {
    const listener = JSON.stringify(named(resources.listeners, 'outbound'));
    expect(listener).toMatch(/"name":"envoy\.filters\.http\.dynamic_forward_proxy".*"name":"envoy\.filters\.http\.router"/);
    expect(named(resources.clusters, 'by-host|PassthroughCluster')).toMatchObject({
      lb_policy: 'CLUSTER_PROVIDED',
      cluster_type: { name: 'envoy.clusters.dynamic_forward_proxy' },
    });
    expect(named(resources.clusters, 'by-host|PassthroughCluster')).not.toHaveProperty('type');
    expect(named(resources.clusters, 'PassthroughCluster')).toMatchObject({ type: 'ORIGINAL_DST' });
  });

  it('REGISTRY_ONLY: nothing goes elsewhere', () => {
    const { routes } = made(tableOf(shop, registryOnly)).resources;
    const text = JSON.stringify(routes);
    expect(text).toContain('"block_all"');
    expect(text).not.toContain('by-host|');
  });

  it('a mesh without HTTP services sends on what its policy lets out', () => {
    const only = [svc('shop/db tcp:90')];
    expect(clusterFor(named(made(tableOf(only)).resources.routes, 'outbound'), 'x')).toBe('by-host|PassthroughCluster');
    const closed = named(made(tableOf(only, registryOnly)).resources.routes, 'outbound');
    expect(closed.virtual_hosts).toMatchObject([{ name: 'block_self' }, { name: 'block_all', routes: [{ direct_response: { status: 502 } }] }]);
  });

  it('port 80 sends nothing to itself that names no port', () => {
    const { routes } = made(tableOf(shop), { outboundPort: 80 }).resources;
    expect(clusterFor(named(routes, 'outbound'), 'localhost')).toBe('BlackHoleCluster');
    expect(clusterFor(named(routes, 'outbound'), 'cart')).toBe('outbound|80||cart.shop.svc.cluster.local');
  });

  it('weighted and mirrored requests to where their host says', () => {
    const outside = doc('ServiceEntry', 'shop/out', 'hosts: [out.example], ports: [{number: 80, name: http, protocol: HTTP}], resolution: NONE');
    const rules = 'http: [{route: [{destination: {host: out.example}, weight: 1}, {destination: {host: cart}, weight: 1}], mirror: {host: out.example}}]';
    const text = JSON.stringify(named(made(tableOf([...shop, outside, vs('shop/v', 'pay', rules)])).resources.routes, 'outbound'));
    expect(text).toMatch(/"clusters":\[\{"name":"by-host\|outbound\|80\|\|out\.example"/);
    expect(text).toMatch(/"request_mirror_policies":\[\{"cluster":"by-host\|outbound\|80\|\|out\.example"/);
    expect(text).not.toMatch(/"outbound\|80\|\|out\.example"/);
  });

  it('a Sidecar port has its own socket, where hosts are not looked up', () => {
    const sidecar = doc('Sidecar', 'shop/s', "egress: [{port: {number: 8080, name: http, protocol: HTTP}, bind: 0.0.0.0, captureMode: NONE, hosts: ['./*']}]");
    const { resources: own } = made(tableOf([...shop, sidecar]), { bind: '127.0.0.2' });
    expect(listenersOf(own).sort()).toEqual(['0.0.0.0_8080 127.0.0.2 8080', 'outbound 127.0.0.2 15001']);
    expect(JSON.stringify(named(own.listeners, '0.0.0.0_8080'))).not.toContain('dynamic_forward_proxy');
  });

  it('without an outbound port only the sockets of the manifests', () => expect(listenersOf(made(tableOf(shop), { outboundPort: 0 }).resources)).toEqual([]));
});

it('captured: the sockets have the ports that connections are redirected to, and so have the chains that refuse them', () => {
  const { resources } = made(tableOf(shop), { capture: true, outboundPort: 25001, inboundPort: 25006 });
  expect(listenersOf(resources)).toEqual(
    expect.arrayContaining(['virtualOutbound 0.0.0.0 25001', 'virtualInbound 0.0.0.0 25006', '0.0.0.0_8080 0.0.0.0 8080']),
  );
  expect(JSON.stringify(named(resources.listeners, 'virtualOutbound'))).toContain('"destination_port":25001');
  expect(JSON.stringify(named(resources.listeners, 'virtualInbound'))).toContain('"destination_port":25006');
  expect(JSON.stringify(resources)).not.toContain('15006');
});

it('captured: a port that is 0 is not there', () => {
  const names = made(tableOf(shop), { capture: true, inboundPort: 0 }).resources.listeners.map(({ name }) => name);
  expect(names).toContain('virtualOutbound');
  expect(names).not.toContain('virtualInbound');
});

describe('a gateway', () => {
  const gateway = (servers: string): string => doc('Gateway', 'edge/g', `selector: {istio: ingress}, servers: [${servers}]`);

  it('listens on the address that is asked for', () => {
    const table = tableOf(
      [...shop, gateway("{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}"), vs('shop/v', 'a', `gateways: [edge/g], http: [{${to('cart')}}]`)],
      {
        proxy: gatewayProxy,
      },
    );
    expect(listenersOf(made(table, { bind: '127.0.0.3' }).resources)).toEqual(['0.0.0.0_80 127.0.0.3 80']);
  });

  it('closes connections that need a certificate which nobody gives out', () => {
    const table = tableOf([gateway("{port: {number: 443, name: https, protocol: HTTPS}, hosts: ['*'], tls: {mode: SIMPLE, credentialName: c}}")], {
      proxy: gatewayProxy,
    });
    const text = JSON.stringify(made(table).resources.listeners);
    expect(text).toContain('BlackHoleCluster');
    expect(text).not.toContain('sds_config');
  });
});

describe('EnvoyFilters', () => {
  const filter = (applyTo: string, match: string, patch: string): string =>
    doc('EnvoyFilter', 'shop/f', `configPatches: [{applyTo: ${applyTo}, match: {${match}}, patch: {${patch}}}]`).replace(
      'networking.istio.io/v1',
      'networking.istio.io/v1alpha3',
    );

  it('patches of the routes of a port hold for these routes in the one listener', () => {
    const patch = filter('VIRTUAL_HOST', 'routeConfiguration: {name: "8080"}', 'operation: MERGE, value: {retry_policy: {num_retries: 7}}');
    const { resources, problems } = made(tableOf([...shop, patch]));
    const hosts = named(resources.routes, 'outbound').virtual_hosts as JsonObject[];
    expect(hosts.filter((host) => host.retry_policy).flatMap((host) => host.domains)).toContain('pay:8080');
    expect(hosts.find((host) => (host.domains as string[]).includes('cart:80'))).not.toHaveProperty('retry_policy');
    expect(problems).toEqual([]);
  });

  it('one that is for nothing is named', () => {
    const patch = filter('CLUSTER', 'cluster: {service: nobody.example}', 'operation: REMOVE');
    expect(made(tableOf([...shop, patch])).problems).toMatchObject([
      { origin: { kind: 'EnvoyFilter', namespace: 'shop', name: 'f' }, message: 'REMOVE of CLUSTER is for nothing that this proxy has' },
    ]);
  });
});
