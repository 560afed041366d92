import { expect, it } from 'vitest';
import type { ClusterMatch, EnvoyPatch } from '../../ir/envoy-patch.ts';
import { typeUrls } from '../type-urls.ts';
import { patchBootstrap } from './patch-bootstrap.ts';
import { patchResources } from './patch-resources.ts';
import { effects, patchOf, sidecar, types } from './testing.ts';

const cluster = (match: ClusterMatch, more: Partial<EnvoyPatch> = {}): Partial<EnvoyPatch> => ({ match: { cluster: match }, ...more });
const cart = 'outbound|8080||cart.shop.svc.cluster.local';
const v1 = 'outbound|8080|v1|cart.shop.svc.cluster.local';
const keepalive = { upstream_connection_options: { tcp_keepalive: { keepalive_time: 300 } } };
const given = (name: string): string => `${name}.upstream_connection_options: none -> {tcp_keepalive:{keepalive_time:300}}`;

it.each<[string, Partial<EnvoyPatch>, string[]]>([
  ['by service and port', cluster({ service: 'cart.shop.svc.cluster.local', portNumber: 8080 }), [cart, v1]],
  ['by subset', cluster({ subset: 'v1' }), [v1]],
  ['by name, and nothing else', cluster({ name: 'PassthroughCluster', subset: 'v1', portNumber: 1 }), ['PassthroughCluster']],
  ['by another port', cluster({ portNumber: 80 }), []],
  ['by the port of the workload', cluster({ portNumber: 9080 }, { context: 'SIDECAR_INBOUND' }), ['inbound|9080||']],
  ['by the service of the workload', cluster({ service: 'web.shop.svc.cluster.local' }), ['inbound|9090||']],
  ['by context', { context: 'SIDECAR_INBOUND' }, ['inbound|9080||', 'InboundPassthroughCluster', 'inbound|9090||']],
  ['of gateways', { context: 'GATEWAY' }, []],
])('CLUSTER %s', (_, more, expected) => {
  const hostsOf = (name: string): string[] => (name === 'inbound|9090||' ? ['web.shop.svc.cluster.local'] : []);
  const found = effects([patchOf('CLUSTER', 'MERGE', keepalive, more)], sidecar(), hostsOf);
  expect(found).toEqual(expected.length > 0 ? expected.map(given) : ['1 unused']);
});

it('CLUSTER by the parts of a name that connections are passed on by', () => {
  const passed = { '@type': typeUrls.cluster, name: 'outbound_.8080_.v1_.cart.shop.svc.cluster.local' };
  const more = cluster({ service: 'cart.shop.svc.cluster.local', portNumber: 8080, subset: 'v1' });
  const { resources } = patchResources({ listeners: [], routes: [], clusters: [passed], endpoints: [] }, [patchOf('CLUSTER', 'REMOVE', {}, more)], {
    role: 'gateway',
  });
  expect(resources.clusters).toEqual([]);
});

const of = (name: string): Partial<EnvoyPatch> => cluster({ name });
const socket = (config: object, name = 'envoy.transport_sockets.tls'): object => ({
  transport_socket: { name, typed_config: { '@type': types.tls, ...config } },
});

it.each<[string, EnvoyPatch[], string[]]>([
  ['ADD', [patchOf('CLUSTER', 'ADD', { name: 'new', connectTimeout: '500ms' })], [`new: none -> {@type:${typeUrls.cluster},name:new,connect_timeout:0.5s}`]],
  ['ADD of a name that is there', [patchOf('CLUSTER', 'ADD', { name: 'PassthroughCluster' })], ['! duplicate-name']],
  ['REMOVE, whatever its value', [patchOf('CLUSTER', 'REMOVE', { nme: 1 }, of('x'))], ['1 unused']],
  [
    'REMOVE',
    [patchOf('CLUSTER', 'REMOVE', {}, of('inbound|9080||'))],
    [`inbound|9080||: {@type:${typeUrls.cluster},name:inbound|9080||,type:ORIGINAL_DST,lb_policy:CLUSTER_PROVIDED,connect_timeout:10s} -> none`],
  ],
  [
    'MERGE: a duration is replaced as a whole',
    [patchOf('CLUSTER', 'MERGE', { connect_timeout: '0.25s' }, of(cart))],
    [`${cart}.connect_timeout: 10s -> 0.25s`],
  ],
  ['MERGE: of zero, too', [patchOf('CLUSTER', 'MERGE', { connect_timeout: '0s' }, of(cart))], [`${cart}.connect_timeout: 10s -> 0s`]],
  [
    'MERGE: lists get longer',
    [patchOf('CLUSTER', 'MERGE', { circuitBreakers: { thresholds: [{ priority: 'HIGH', maxRequests: 5 }] } }, of(cart))],
    [`${cart}.circuit_breakers.thresholds: [{max_connections:100}] -> [{max_connections:100},{priority:HIGH,max_requests:5}]`],
  ],
  [
    'MERGE: a default value changes nothing',
    [patchOf('CLUSTER', 'MERGE', { respect_dns_ttl: false }, of(cart))],
    ['! default-value patch.value.respect_dns_ttl'],
  ],
  [
    'MERGE: nor in a wrapper that is there',
    [patchOf('CLUSTER', 'MERGE', { per_connection_buffer_limit_bytes: 0 }, of(cart))],
    ['! default-value patch.value.per_connection_buffer_limit_bytes'],
  ],
  [
    'MERGE: in one that is not there it is',
    [patchOf('CLUSTER', 'MERGE', { per_connection_buffer_limit_bytes: 0 }, of(v1))],
    [`${v1}.per_connection_buffer_limit_bytes: none -> 0`],
  ],
  [
    'MERGE: the first value of an enum is its default',
    [patchOf('CLUSTER', 'MERGE', { lb_policy: 'ROUND_ROBIN' }, of('PassthroughCluster'))],
    ['! default-value patch.value.lb_policy'],
  ],
  ['MERGE: but in a oneof', [patchOf('CLUSTER', 'MERGE', { type: 'STATIC' }, of(cart))], [`${cart}.type: EDS -> STATIC`]],
  [
    'MERGE: the other member of a oneof goes',
    [patchOf('CLUSTER', 'MERGE', { cluster_type: { name: 'redis' } }, of(v1))],
    [`${v1}.type: STATIC -> none`, `${v1}.cluster_type: none -> {name:redis}`],
  ],
  [
    'MERGE: entries of maps are replaced',
    [
      patchOf('CLUSTER', 'MERGE', { metadata: { filterMetadata: { myKey: { camelCase: 1, gone: 2 } } } }, of(v1)),
      patchOf('CLUSTER', 'MERGE', { metadata: { filter_metadata: { other: { x: 1 } } } }, of(v1)),
      patchOf('CLUSTER', 'MERGE', { metadata: { filter_metadata: { myKey: { camelCase: 3 } } } }, of(v1)),
    ],
    [`${v1}.metadata: none -> {filter_metadata:{myKey:{camelCase:3},other:{x:1}}}`],
  ],
  [
    'MERGE of a transport socket into the one of its name',
    [patchOf('CLUSTER', 'MERGE', socket({ allowRenegotiation: true }), of(v1))],
    [`${v1}.transport_socket.typed_config.allow_renegotiation: none -> true`],
  ],
  [
    'MERGE of a transport socket into that of a match',
    [patchOf('CLUSTER', 'MERGE', { ...socket({ allow_renegotiation: true }), connect_timeout: '1s' }, of(cart))],
    [`${cart}.connect_timeout: 10s -> 1s`, `${cart}.transport_socket_matches.tlsMode-istio.transport_socket.typed_config.allow_renegotiation: none -> true`],
  ],
  [
    'MERGE of a transport socket beside those of other names',
    [patchOf('CLUSTER', 'MERGE', socket({}, 'x'), of(cart))],
    ['! no-effect patch.value.transport_socket'],
  ],
  [
    'MERGE of another transport socket',
    [patchOf('CLUSTER', 'MERGE', socket({}, 'x'), of(v1))],
    [`${v1}.transport_socket.name: envoy.transport_sockets.tls -> x`, `${v1}.transport_socket.typed_config.sni: v1 -> none`],
  ],
  [
    'unknown fields are left out',
    [patchOf('CLUSTER', 'MERGE', { nme: 'x', altStatName: 'y' }, of(v1))],
    [`${v1}.alt_stat_name: none -> y`, '! unknown-field patch.value.nme'],
  ],
  [
    'a value of another type is no patch',
    [patchOf('CLUSTER', 'MERGE', { connect_timeout: 5, alt_stat_name: 'y' }, of(v1))],
    ['! invalid-value patch.value.connect_timeout', '1 unused'],
  ],
])('CLUSTER %s', (_, patches, expected) => {
  expect(effects(patches)).toEqual(expected);
});

it('BOOTSTRAP: MERGE', () => {
  const bootstrap = { node: { id: 'x' }, stats_config: { use_all_default_tags: false }, static_resources: { clusters: [{ name: 'a' }] } };
  const patch = patchOf('BOOTSTRAP', 'MERGE', { staticResources: { clusters: [{ name: 'b' }] }, statsFlushInterval: '5000ms', bootstrap: 1 });
  const { bootstrap: merged, problems } = patchBootstrap(bootstrap, [patchOf('CLUSTER', 'ADD', { name: 'c' }), patch]);
  expect(merged).toEqual({ ...bootstrap, stats_flush_interval: '5s', static_resources: { clusters: [{ name: 'a' }, { name: 'b' }] } });
  expect(problems.map(({ reason, origin }) => [reason, origin.path.at(-1)])).toEqual([['unknown-field', 'bootstrap']]);
  expect(patchBootstrap(bootstrap, [patchOf('CLUSTER', 'ADD', { name: 'c' })]).bootstrap).toBe(bootstrap);
});
