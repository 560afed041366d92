import { describe, expect, it } from 'vitest';
import type { EnvoyPatch } from '../../ir/envoy-patch.ts';
import { patchResources } from './patch-resources.ts';
import { effects, managerName, patchOf, sidecar, types } from './testing.ts';

const listener = (match: EnvoyPatch['match']['listener'], more: Partial<EnvoyPatch> = {}): Partial<EnvoyPatch> => ({ match: { listener: match }, ...more });
const inbound = { context: 'SIDECAR_INBOUND' } as const;
const outbound = { context: 'SIDECAR_OUTBOUND' } as const;

type Row = [what: string, patches: EnvoyPatch[], effects: string[]];

describe('LISTENER', () => {
  const added = { name: 'extra', address: { socket_address: { address: '127.0.0.1', portValue: 7000 } } };
  it.each<Row>([
    ['MERGE', [patchOf('LISTENER', 'MERGE', { freebind: true }, listener({ portNumber: 8080 }))], ['127.0.0.1_8080.freebind: none -> true']],
    ['MERGE by name', [patchOf('LISTENER', 'MERGE', { freebind: true }, listener({ name: 'virtualInbound' }))], ['virtualInbound.freebind: none -> true']],
    [
      'MERGE by another port than the one that captured connections come to',
      [patchOf('LISTENER', 'MERGE', { freebind: true }, listener({ portNumber: 9080 }))],
      ['1 unused'],
    ],
    ['REMOVE of a context', [patchOf('LISTENER', 'REMOVE', {}, inbound)], ['virtualInbound: {']],
    [
      'ADD',
      [patchOf('LISTENER', 'ADD', added)],
      ['extra: none -> {@type:type.googleapis.com/envoy.config.listener.v3.Listener,name:extra,address:{socket_address:{address:127.0.0.1,port_value:7000}}}'],
    ],
    ['INSERT_FIRST, which adds', [patchOf('LISTENER', 'INSERT_FIRST', added)], ['extra: none']],
    ['ADD of the same listener twice', [patchOf('LISTENER', 'ADD', added), patchOf('LISTENER', 'ADD', added)], ['extra: none']],
    ['ADD of a name that is there', [patchOf('LISTENER', 'ADD', { name: 'virtualInbound' })], ['! duplicate-name']],
    [
      'ADD of what a later patch would change',
      [patchOf('LISTENER', 'ADD', added), patchOf('LISTENER', 'MERGE', { freebind: true }, listener({ name: 'extra' }))],
      ['extra: none', '1 unused'],
    ],
  ])('%s', (_, patches, expected) => {
    const found = effects(patches);
    expect(found.map((line, i) => line.slice(0, expected[i]?.length ?? 200))).toEqual(expected);
  });
});

describe('LISTENER_FILTER', () => {
  const dst = { name: 'dst', typed_config: { '@type': types.originalDst } };
  const inspector = 'envoy.filters.listener.http_inspector';
  const http = listener({ listenerFilter: inspector });
  const list = '127.0.0.1_8080.listener_filters';
  it.each<Row>([
    ['ADD', [patchOf('LISTENER_FILTER', 'ADD', dst, outbound)], [`${list}: ${inspector} -> ${inspector} dst`]],
    [
      'ADD to a listener without any',
      [patchOf('LISTENER_FILTER', 'ADD', dst, inbound)],
      [`virtualInbound.listener_filters: none -> [{name:dst,typed_config:{@type:${types.originalDst}}}]`],
    ],
    ['INSERT_BEFORE', [patchOf('LISTENER_FILTER', 'INSERT_BEFORE', dst, http)], [`${list}: ${inspector} -> dst ${inspector}`]],
    ['INSERT_AFTER', [patchOf('LISTENER_FILTER', 'INSERT_AFTER', dst, http)], [`${list}: ${inspector} -> ${inspector} dst`]],
    ['INSERT_FIRST', [patchOf('LISTENER_FILTER', 'INSERT_FIRST', dst, outbound)], [`${list}: ${inspector} -> dst ${inspector}`]],
    ['REPLACE', [patchOf('LISTENER_FILTER', 'REPLACE', dst, http)], [`${list}: ${inspector} -> dst`]],
    ['REMOVE', [patchOf('LISTENER_FILTER', 'REMOVE', {}, http)], [`${list}: ${inspector} -> `]],
    [
      'MERGE',
      [patchOf('LISTENER_FILTER', 'MERGE', { name: inspector, typedConfig: { '@type': types.httpInspector }, filterDisabled: { anyMatch: true } })],
      [`${list}.${inspector}.filter_disabled: none -> {any_match:true}`],
    ],
  ])('%s', (_, patches, expected) => {
    expect(effects(patches)).toEqual(expected);
  });
});

describe('FILTER_CHAIN', () => {
  const chain = { name: 'extra', filters: [{ name: 'x', typed_config: { '@type': types.tcpProxy, stat_prefix: 'x', cluster: 'x' } }] };
  const socket = { name: 'envoy.transport_sockets.tls', typed_config: { '@type': types.downstreamTls } };
  it.each<Row>([
    ['ADD', [patchOf('FILTER_CHAIN', 'ADD', chain, outbound)], ['127.0.0.1_8080.filter_chains: web -> web extra']],
    [
      'ADD for a port, to the listener of all captured connections',
      [patchOf('FILTER_CHAIN', 'ADD', chain, listener({ portNumber: 9080 }))],
      ['virtualInbound.filter_chains: 127.0.0.1_9080 127.0.0.1_9090 -> 127.0.0.1_9080 127.0.0.1_9090 extra'],
    ],
    ['REMOVE by name', [patchOf('FILTER_CHAIN', 'REMOVE', {}, listener({ filterChain: { name: 'web' } }))], ['127.0.0.1_8080.filter_chains: web -> ']],
    [
      'REMOVE of the default one',
      [patchOf('FILTER_CHAIN', 'REMOVE', {}, listener({ filterChain: { name: 'PassthroughFilterChain' } }))],
      ['127.0.0.1_8080.default_filter_chain: {'],
    ],
    [
      'REMOVE by port',
      [patchOf('FILTER_CHAIN', 'REMOVE', {}, listener({ portNumber: 9090 }))],
      ['virtualInbound.filter_chains: 127.0.0.1_9080 127.0.0.1_9090 -> 127.0.0.1_9080'],
    ],
    [
      'REMOVE by SNI',
      [patchOf('FILTER_CHAIN', 'REMOVE', {}, listener({ filterChain: { sni: 'a.example' } }))],
      ['virtualInbound.filter_chains: 127.0.0.1_9080 127.0.0.1_9090 -> 127.0.0.1_9080'],
    ],
    ['REMOVE by another SNI', [patchOf('FILTER_CHAIN', 'REMOVE', {}, listener({ filterChain: { sni: 'b.example' } }))], ['1 unused']],
    [
      'MERGE by transport',
      [patchOf('FILTER_CHAIN', 'MERGE', { transportSocketConnectTimeout: '1m' }, listener({ filterChain: { transportProtocol: 'tls' } }))],
      ['virtualInbound.filter_chains.127.0.0.1_9090.transport_socket_connect_timeout: none -> 60s'],
    ],
    [
      'MERGE by protocols',
      [patchOf('FILTER_CHAIN', 'MERGE', { transportSocketConnectTimeout: '1m' }, listener({ filterChain: { applicationProtocols: 'h2c,http/1.1' } }))],
      ['127.0.0.1_8080.filter_chains.web.transport_socket_connect_timeout: none -> 60s'],
    ],
    [
      'MERGE by more protocols than a chain has',
      [patchOf('FILTER_CHAIN', 'MERGE', {}, listener({ filterChain: { applicationProtocols: 'h2c,h3' } }))],
      ['1 unused'],
    ],
    [
      'MERGE by the port of the chain',
      [patchOf('FILTER_CHAIN', 'MERGE', { transport_socket: socket }, listener({ filterChain: { destinationPort: 9080 } }))],
      ['virtualInbound.filter_chains.127.0.0.1_9080.transport_socket: none -> {'],
    ],
    [
      'MERGE of a transport socket into the one of its name',
      [
        patchOf('FILTER_CHAIN', 'MERGE', { transport_socket: socket }, listener({ filterChain: { name: 'web' } })),
        patchOf(
          'FILTER_CHAIN',
          'MERGE',
          { transport_socket: { ...socket, typed_config: { ...socket.typed_config, require_sni: true } } },
          listener({ filterChain: { name: 'web' } }),
        ),
      ],
      [
        `127.0.0.1_8080.filter_chains.web.transport_socket: none -> {name:envoy.transport_sockets.tls,typed_config:{@type:${types.downstreamTls},require_sni:true}}`,
      ],
    ],
  ])('%s', (_, patches, expected) => {
    expect(effects(patches).map((line, i) => line.slice(0, expected[i]?.endsWith('{') ? expected[i].length : undefined))).toEqual(expected);
  });
});

describe('NETWORK_FILTER', () => {
  const rbac = { name: 'rbac', typed_config: { '@type': types.networkRbac, stat_prefix: 'x' } };
  const passthrough = listener({ filterChain: { name: 'PassthroughFilterChain', filter: { name: 'envoy.filters.network.tcp_proxy' } } });
  const here = listener({ filterChain: { name: 'PassthroughFilterChain' } });
  const list = '127.0.0.1_8080.default_filter_chain.filters';
  const tcp = 'envoy.filters.network.tcp_proxy';
  it.each<Row>([
    ['ADD, in front of the filter that ends the chain', [patchOf('NETWORK_FILTER', 'ADD', rbac, here)], [`${list}: ${tcp} -> rbac ${tcp}`]],
    ['INSERT_BEFORE', [patchOf('NETWORK_FILTER', 'INSERT_BEFORE', rbac, passthrough)], [`${list}: ${tcp} -> rbac ${tcp}`]],
    ['INSERT_BEFORE nothing', [patchOf('NETWORK_FILTER', 'INSERT_BEFORE', rbac, here)], [`${list}: ${tcp} -> rbac ${tcp}`]],
    ['INSERT_AFTER', [patchOf('NETWORK_FILTER', 'INSERT_AFTER', rbac, passthrough)], [`${list}: ${tcp} -> ${tcp} rbac`]],
    ['INSERT_AFTER nothing', [patchOf('NETWORK_FILTER', 'INSERT_AFTER', rbac, here)], [`${list}: ${tcp} -> rbac ${tcp}`]],
    ['INSERT_FIRST', [patchOf('NETWORK_FILTER', 'INSERT_FIRST', rbac, here)], [`${list}: ${tcp} -> rbac ${tcp}`]],
    ['REPLACE', [patchOf('NETWORK_FILTER', 'REPLACE', rbac, passthrough)], [`${list}: ${tcp} -> rbac`]],
    ['REMOVE', [patchOf('NETWORK_FILTER', 'REMOVE', {}, passthrough)], [`${list}: ${tcp} -> `]],
    ['REMOVE of a filter that is not there', [patchOf('NETWORK_FILTER', 'REMOVE', {}, listener({ filterChain: { filter: { name: 'mongo' } } }))], ['1 unused']],
    [
      'two, in their order',
      [patchOf('NETWORK_FILTER', 'ADD', { ...rbac, name: 'a' }, here), patchOf('NETWORK_FILTER', 'ADD', { ...rbac, name: 'b' }, here)],
      [`${list}: ${tcp} -> a b ${tcp}`],
    ],
    [
      'MERGE into typed_config',
      [patchOf('NETWORK_FILTER', 'MERGE', { typed_config: { '@type': types.tcpProxy, idleTimeout: '1.5h' } }, passthrough)],
      [`${list}.${tcp}.typed_config.idle_timeout: none -> 5400s`],
    ],
    [
      'MERGE by the name in the value',
      [patchOf('NETWORK_FILTER', 'MERGE', { name: managerName, typed_config: { '@type': types.manager, xff_num_trusted_hops: 2 } }, outbound)],
      [`127.0.0.1_8080.filter_chains.web.filters.${managerName}.typed_config.xff_num_trusted_hops: none -> 2`],
    ],
    [
      'MERGE of another type',
      [patchOf('NETWORK_FILTER', 'MERGE', { typed_config: { '@type': types.networkRbac } }, passthrough)],
      ['! type-mismatch patch.value.typed_config'],
    ],
    [
      'MERGE comes after what is added',
      [
        patchOf('NETWORK_FILTER', 'MERGE', { name: 'rbac', typed_config: { '@type': types.networkRbac, stat_prefix: 'y' } }, here),
        patchOf('NETWORK_FILTER', 'ADD', rbac, here),
      ],
      [`${list}: ${tcp} -> rbac ${tcp}`],
    ],
  ])('%s', (_, patches, expected) => {
    expect(effects(patches)).toEqual(expected);
  });
});

describe('HTTP_FILTER', () => {
  const lua = { name: 'lua', typed_config: { '@type': types.lua, default_source_code: { inlineString: 'x' } } };
  const of = (name?: string): Partial<EnvoyPatch> =>
    listener({ filterChain: { filter: { name: managerName, ...(name === undefined ? {} : { subFilter: { name } }) } } }, outbound);
  const list = `127.0.0.1_8080.filter_chains.web.filters.${managerName}.typed_config.http_filters`;
  const [cors, router] = ['envoy.filters.http.cors', 'envoy.filters.http.router'];
  const rbac = { name: 'envoy.filters.http.rbac', typed_config: { '@type': types.rbac } };
  const jwt = { name: 'envoy.filters.http.jwt_authn', typed_config: { '@type': types.cors } };
  const add = (name: string, filterClass: EnvoyPatch['filterClass']): EnvoyPatch => patchOf('HTTP_FILTER', 'ADD', { ...lua, name }, { ...of(), filterClass });
  it.each<Row>([
    ['ADD, in front of the router', [patchOf('HTTP_FILTER', 'ADD', lua, of())], [`${list}: ${cors} ${router} -> ${cors} lua ${router}`]],
    ['INSERT_BEFORE the router', [patchOf('HTTP_FILTER', 'INSERT_BEFORE', lua, of(router))], [`${list}: ${cors} ${router} -> ${cors} lua ${router}`]],
    ['INSERT_BEFORE nothing', [patchOf('HTTP_FILTER', 'INSERT_BEFORE', lua, of())], [`${list}: ${cors} ${router} -> lua ${cors} ${router}`]],
    ['INSERT_BEFORE a filter that is not there', [patchOf('HTTP_FILTER', 'INSERT_BEFORE', lua, of('x'))], ['1 unused']],
    ['INSERT_AFTER', [patchOf('HTTP_FILTER', 'INSERT_AFTER', lua, of(cors))], [`${list}: ${cors} ${router} -> ${cors} lua ${router}`]],
    ['INSERT_FIRST', [patchOf('HTTP_FILTER', 'INSERT_FIRST', lua, of(router))], [`${list}: ${cors} ${router} -> lua ${cors} ${router}`]],
    ['REPLACE', [patchOf('HTTP_FILTER', 'REPLACE', lua, of(cors))], [`${list}: ${cors} ${router} -> lua ${router}`]],
    ['REMOVE', [patchOf('HTTP_FILTER', 'REMOVE', {}, of(cors))], [`${list}: ${cors} ${router} -> ${router}`]],
    [
      'MERGE',
      [patchOf('HTTP_FILTER', 'MERGE', { typed_config: { '@type': types.router, suppressEnvoyHeaders: true } }, of(router))],
      [`${list}.${router}.typed_config.suppress_envoy_headers: none -> true`],
    ],
    [
      'MERGE of more than typed_config',
      [patchOf('HTTP_FILTER', 'MERGE', { name: cors, disabled: true }, outbound)],
      [`${list}.${cors}.disabled: none -> true`],
    ],
    ['of another network filter', [patchOf('HTTP_FILTER', 'ADD', lua, listener({ filterChain: { filter: { name: 'x' } } }))], ['1 unused']],
    ['of another port', [patchOf('HTTP_FILTER', 'ADD', lua, listener({ portNumber: 9090 }, inbound))], ['1 unused']],
    [
      'of a port inbound',
      [patchOf('HTTP_FILTER', 'ADD', lua, listener({ portNumber: 9080 }, inbound))],
      [`virtualInbound.filter_chains.127.0.0.1_9080.filters.${managerName}.typed_config.http_filters: ${router} -> lua ${router}`],
    ],
    [
      'classes: behind authentication, behind authorization, in front of statistics; in each in the order of the patches',
      [
        patchOf('HTTP_FILTER', 'INSERT_FIRST', rbac, of()),
        patchOf('HTTP_FILTER', 'INSERT_FIRST', jwt, of()),
        add('s1', 'STATS'),
        add('z1', 'AUTHZ'),
        add('n1', 'AUTHN'),
        add('z2', 'AUTHZ'),
        add('n2', 'AUTHN'),
        add('s2', 'STATS'),
      ],
      [`${list}: ${cors} ${router} -> ${jwt.name} n1 n2 ${rbac.name} z1 z2 ${cors} s1 s2 ${router}`],
    ],
    [
      'authorization behind authentication, statistics in front of those that count',
      [
        patchOf('HTTP_FILTER', 'INSERT_AFTER', { ...lua, name: 'istio.stats' }, of(cors)),
        patchOf('HTTP_FILTER', 'INSERT_AFTER', { ...lua, name: 'last' }, of('istio.stats')),
        patchOf('HTTP_FILTER', 'INSERT_AFTER', jwt, of(cors)),
        add('z', 'AUTHZ'),
        add('s', 'STATS'),
      ],
      [`${list}: ${cors} ${router} -> ${cors} ${jwt.name} z s istio.stats last ${router}`],
    ],
    [
      'ADD of what ends the chain, behind what ends it',
      [patchOf('HTTP_FILTER', 'ADD', { name: 'other', typed_config: { '@type': types.router } }, of())],
      [`${list}: ${cors} ${router} -> ${cors} ${router} other`],
    ],
    [
      'classes where there is nothing of them',
      [add('z', 'AUTHZ'), add('n', 'AUTHN'), add('s', 'STATS')],
      [`${list}: ${cors} ${router} -> n z ${cors} s ${router}`],
    ],
  ])('%s', (_, patches, expected) => {
    expect(effects(patches)).toEqual(expected);
  });
});

describe('EXTENSION_CONFIG', () => {
  const fetched = (type: string): object => ({
    name: 'ext',
    config_discovery: {
      config_source: { api_config_source: { api_type: 'GRPC', grpc_services: [{ envoy_grpc: { cluster_name: 'xds-grpc' } }] } },
      type_urls: [type],
    },
  });
  const config = (code: string): object => ({ name: 'ext', typed_config: { '@type': types.lua, inline_code: code } });
  const filter = (type = 'envoy.extensions.filters.http.lua.v3.Lua'): EnvoyPatch =>
    patchOf('HTTP_FILTER', 'INSERT_FIRST', fetched(type), listener({}, outbound));
  const inlineCode = (patches: EnvoyPatch[]): string[] => {
    const found = effects(patches);
    return found.map((line) => line.replace(/^127\.0\.0\.1_8080.*http_filters: /, ''));
  };
  const put = 'envoy.filters.http.cors envoy.filters.http.router -> ext envoy.filters.http.cors envoy.filters.http.router';
  it.each<Row>([
    ['is put where it is named', [patchOf('EXTENSION_CONFIG', 'ADD', config('a')), filter()], [put]],
    [
      'of another type than the filter takes',
      [patchOf('EXTENSION_CONFIG', 'ADD', config('a')), filter(types.cors)],
      [put, '! type-mismatch patch.value.config_discovery'],
    ],
    ['that is nowhere', [filter()], [put, '! no-effect patch.value.config_discovery']],
    ['of a name that is there', [patchOf('EXTENSION_CONFIG', 'ADD', config('a')), patchOf('EXTENSION_CONFIG', 'ADD', config('b'))], ['! duplicate-name']],
    ['that would replace nothing', [patchOf('EXTENSION_CONFIG', 'REPLACE', config('a'))], ['! no-effect']],
    ['without a name', [patchOf('EXTENSION_CONFIG', 'ADD', { typed_config: { '@type': types.lua } })], ['! invalid-value']],
  ])('%s', (_, patches, expected) => {
    expect(inlineCode(patches)).toEqual(expected);
  });

  it('REPLACE puts another in the place of the first one', () => {
    const patches = [patchOf('EXTENSION_CONFIG', 'ADD', config('a')), patchOf('EXTENSION_CONFIG', 'REPLACE', config('b')), filter()];
    const { resources } = patchResources(sidecar(), patches, { role: 'sidecar' });
    expect(JSON.stringify(resources.listeners)).toContain(JSON.stringify({ name: 'ext', typed_config: { '@type': types.lua, inline_code: 'b' } }));
  });
});
