import { describe, expect, it } from 'vitest';
import type { EnvoyPatch, RouteConfigurationMatch } from '../../ir/envoy-patch.ts';
import type { JsonObject } from '../json.ts';
import { typeUrls } from '../type-urls.ts';
import { patchResources } from './patch-resources.ts';
import { effects, managerName, patchOf } from './testing.ts';

const routes = (match: RouteConfigurationMatch, more: Partial<EnvoyPatch> = {}): Partial<EnvoyPatch> => ({ match: { routeConfiguration: match }, ...more });
const outbound = { context: 'SIDECAR_OUTBOUND' } as const;
const cart = 'cart.shop.svc.cluster.local:8080';

type Row = [what: string, patches: EnvoyPatch[], effects: string[]];

describe('ROUTE_CONFIGURATION', () => {
  const value = { response_headers_to_remove: ['server'] };
  const inline = `virtualInbound.filter_chains.127.0.0.1_9080.filters.${managerName}.typed_config.route_config.response_headers_to_remove: none -> [server]`;
  const changed = '8080.response_headers_to_remove: none -> [server]';
  it.each<Row>([
    ['MERGE everywhere, inline routes too', [patchOf('ROUTE_CONFIGURATION', 'MERGE', value)], [inline, changed]],
    ['by name', [patchOf('ROUTE_CONFIGURATION', 'MERGE', value, routes({ name: '8080' }))], [changed]],
    ['by the port of the service', [patchOf('ROUTE_CONFIGURATION', 'MERGE', value, routes({ portNumber: 8080 }))], [changed]],
    ['by the port of the workload', [patchOf('ROUTE_CONFIGURATION', 'MERGE', value, routes({ portNumber: 9080 }))], [inline]],
    ['by context', [patchOf('ROUTE_CONFIGURATION', 'MERGE', value, { context: 'SIDECAR_INBOUND' })], [inline]],
    [
      'what only gateways have does not count',
      [patchOf('ROUTE_CONFIGURATION', 'MERGE', value, routes({ name: '8080', gateway: 'a/b', portName: 'x' }))],
      [changed],
    ],
    ['of a name that is not there', [patchOf('ROUTE_CONFIGURATION', 'MERGE', value, routes({ name: '80' }))], ['1 unused']],
  ])('%s', (_, patches, expected) => {
    expect(effects(patches)).toEqual(expected);
  });
});

describe('VIRTUAL_HOST', () => {
  const host = { name: 'new', domains: ['new'] };
  const hosts = `8080.virtual_hosts: ${cart} allow_any`;
  it.each<Row>([
    ['ADD', [patchOf('VIRTUAL_HOST', 'ADD', host, outbound)], [`${hosts} -> ${cart} allow_any new`]],
    ['INSERT_BEFORE, which adds', [patchOf('VIRTUAL_HOST', 'INSERT_BEFORE', host, outbound)], [`${hosts} -> ${cart} allow_any new`]],
    [
      'ADD of the same one twice',
      [patchOf('VIRTUAL_HOST', 'ADD', host, outbound), patchOf('VIRTUAL_HOST', 'ADD', host, outbound)],
      [`${hosts} -> ${cart} allow_any new`],
    ],
    ['ADD of a name that is there', [patchOf('VIRTUAL_HOST', 'ADD', { name: 'allow_any' }, outbound)], ['! duplicate-name']],
    ['REMOVE by name', [patchOf('VIRTUAL_HOST', 'REMOVE', {}, routes({ vhost: { name: 'allow_any' } }))], [`${hosts} -> ${cart}`]],
    ['REMOVE by domain', [patchOf('VIRTUAL_HOST', 'REMOVE', {}, routes({ vhost: { domainName: 'cart.shop' } }))], [`${hosts} -> allow_any`]],
    [
      'MERGE: lists get longer',
      [patchOf('VIRTUAL_HOST', 'MERGE', { domains: ['basket'] }, routes({ vhost: { name: cart } }))],
      [`8080.virtual_hosts.${cart}.domains: [cart,cart.shop] -> [cart,cart.shop,basket]`],
    ],
    ['REPLACE', [patchOf('VIRTUAL_HOST', 'REPLACE', host, routes({ vhost: { name: cart } }))], [`${hosts} -> new allow_any`]],
  ])('%s', (_, patches, expected) => {
    expect(effects(patches)).toEqual(expected);
  });
});

describe('HTTP_ROUTE', () => {
  const route = { name: 'new', match: { prefix: '/new' }, direct_response: { status: 200 } };
  const of = (name?: string): Partial<EnvoyPatch> => routes({ vhost: { name: cart, ...(name === undefined ? {} : { route: { name } }) } });
  const action = (kind: 'ROUTE' | 'REDIRECT' | 'DIRECT_RESPONSE' | 'ANY'): Partial<EnvoyPatch> => routes({ vhost: { name: cart, route: { action: kind } } });
  const list = `8080.virtual_hosts.${cart}.routes`;
  const before = `${list}: old teapot all`;
  it.each<Row>([
    ['ADD', [patchOf('HTTP_ROUTE', 'ADD', route, of())], [`${before} -> old teapot all new`]],
    ['INSERT_BEFORE', [patchOf('HTTP_ROUTE', 'INSERT_BEFORE', route, of('all'))], [`${before} -> old teapot new all`]],
    ['INSERT_BEFORE nothing', [patchOf('HTTP_ROUTE', 'INSERT_BEFORE', route, of())], [`${before} -> new old teapot all`]],
    ['INSERT_AFTER', [patchOf('HTTP_ROUTE', 'INSERT_AFTER', route, of('old'))], [`${before} -> old new teapot all`]],
    ['INSERT_AFTER nothing', [patchOf('HTTP_ROUTE', 'INSERT_AFTER', route, of())], [`${before} -> old teapot all new`]],
    ['INSERT_FIRST', [patchOf('HTTP_ROUTE', 'INSERT_FIRST', route, of('all'))], [`${before} -> new old teapot all`]],
    ['INSERT_FIRST, where the route is not there', [patchOf('HTTP_ROUTE', 'INSERT_FIRST', route, of('x'))], ['1 unused']],
    ['REMOVE by name', [patchOf('HTTP_ROUTE', 'REMOVE', {}, of('teapot'))], [`${before} -> old all`]],
    ['REMOVE by action', [patchOf('HTTP_ROUTE', 'REMOVE', {}, action('REDIRECT'))], [`${before} -> teapot all`]],
    ['REMOVE of responses', [patchOf('HTTP_ROUTE', 'REMOVE', {}, action('DIRECT_RESPONSE'))], [`${before} -> old all`]],
    ['REMOVE of all', [patchOf('HTTP_ROUTE', 'REMOVE', {}, action('ANY'))], [`${before} -> `]],
    ['MERGE of an action', [patchOf('HTTP_ROUTE', 'MERGE', { route: { timeout: '1m30s' } }, action('ROUTE'))], [`${list}.all.route.timeout: 0s -> 90s`]],
    [
      'MERGE of another member of a oneof',
      [patchOf('HTTP_ROUTE', 'MERGE', { route: { cluster_header: 'x-to' } }, of('all'))],
      [`${list}.all.route.cluster: outbound|8080||cart.shop.svc.cluster.local -> none`, `${list}.all.route.cluster_header: none -> x-to`],
    ],
    [
      'MERGE of another action',
      [patchOf('HTTP_ROUTE', 'MERGE', { direct_response: { status: 503 } }, of('old'))],
      [`${list}.old.redirect: {path_redirect:/} -> none`, `${list}.old.direct_response: none -> {status:503}`],
    ],
    [
      'several: changes first, then what is new',
      [patchOf('HTTP_ROUTE', 'INSERT_AFTER', route, of('teapot')), patchOf('HTTP_ROUTE', 'REMOVE', {}, of('teapot'))],
      [`${before} -> old all`, '1 unused'],
    ],
  ])('%s', (_, patches, expected) => {
    expect(effects(patches)).toEqual(expected);
  });
});

describe('routes of gateways', () => {
  const config = (name: string, ...hosts: string[]): JsonObject & { '@type': string } => ({
    '@type': typeUrls.routes,
    name,
    virtual_hosts: hosts.map((host) => ({ name: host, domains: [host], routes: [] })),
  });
  const all = [config('http.8080', 'a.example:80', 'b.example:81'), config('https.443.web.gw.edge', 'c.example:443'), config('http.9000', 'blackhole:9000')];
  it.each<[string, RouteConfigurationMatch, string[]]>([
    ['the port of a server, where the proxy listens on another', { portNumber: 81 }, ['http.8080']],
    ['not the port that the proxy listens on', { portNumber: 8080 }, []],
    ['a port without hosts', { portNumber: 9000 }, ['http.9000']],
    ['the port of a server with TLS', { portNumber: 443, portName: 'web', gateway: 'edge/gw' }, ['https.443.web.gw.edge']],
    ['another name of the port', { portName: 'x' }, []],
    ['another gateway', { portNumber: 443, gateway: 'edge/other' }, []],
  ])('%s', (_, match, expected) => {
    const patch = patchOf('ROUTE_CONFIGURATION', 'MERGE', { response_headers_to_remove: ['server'] }, routes(match, { context: 'GATEWAY' }));
    const { resources } = patchResources({ listeners: [], routes: all, clusters: [], endpoints: [] }, [patch], { role: 'gateway' });
    expect(resources.routes.filter((one, i) => one !== all[i]).map(({ name }) => name)).toEqual(expected);
  });
});
