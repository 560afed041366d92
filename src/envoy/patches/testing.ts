// A small configuration of a sidecar, and patches for it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { meshOf } from '../../analysis/testing.ts';
import type { EnvoyPatch, PatchOperation, PatchTarget } from '../../ir/envoy-patch.ts';
import { proxyIn } from '../../translate/clusters/testing.ts';
import { selectPatches } from '../../translate/envoy-filters/select.ts';
import type { JsonObject, TypedJson } from '../json.ts';
import type { EnvoyResources } from '../resources.ts';
import { typeUrls } from '../type-urls.ts';
import { patchResources } from './patch-resources.ts';

const extension = (type: string): string => `type.googleapis.com/envoy.extensions.${type}`;

export const types = {
  manager: extension('filters.network.http_connection_manager.v3.HttpConnectionManager'),
  router: extension('filters.http.router.v3.Router'),
  cors: extension('filters.http.cors.v3.Cors'),
  lua: extension('filters.http.lua.v3.Lua'),
  rbac: extension('filters.http.rbac.v3.RBAC'),
  tcpProxy: extension('filters.network.tcp_proxy.v3.TcpProxy'),
  networkRbac: extension('filters.network.rbac.v3.RBAC'),
  httpInspector: extension('filters.listener.http_inspector.v3.HttpInspector'),
  originalDst: extension('filters.listener.original_dst.v3.OriginalDst'),
  tls: extension('transport_sockets.tls.v3.UpstreamTlsContext'),
  downstreamTls: extension('transport_sockets.tls.v3.DownstreamTlsContext'),
  protocolOptions: extension('upstreams.http.v3.HttpProtocolOptions'),
} as const;

export const managerName = 'envoy.filters.network.http_connection_manager';

const router = { name: 'envoy.filters.http.router', typed_config: { '@type': types.router } };
const cors = { name: 'envoy.filters.http.cors', typed_config: { '@type': types.cors } };

function manager(routes: JsonObject, ...filters: JsonObject[]): JsonObject {
  return {
    name: managerName,
    typed_config: { '@type': types.manager, stat_prefix: 'http', ...routes, http_filters: filters, normalize_path: true, stream_idle_timeout: '0s' },
  };
}

function tcp(cluster: string): JsonObject {
  return { name: 'envoy.filters.network.tcp_proxy', typed_config: { '@type': types.tcpProxy, stat_prefix: cluster, cluster } };
}

const rds = (name: string): JsonObject => ({ rds: { config_source: { ads: {} }, route_config_name: name } });
const at = (port: number): JsonObject => ({ socket_address: { address: '127.0.0.1', port_value: port } });

export const inboundRoutes: JsonObject = {
  name: 'inbound|9080||',
  virtual_hosts: [{ name: 'inbound|http|80', domains: ['*'], routes: [{ name: 'default', match: { prefix: '/' }, route: { cluster: 'inbound|9080||' } }] }],
};

export function sidecar(): EnvoyResources {
  return {
    listeners: [
      {
        '@type': typeUrls.listener,
        name: '127.0.0.1_8080',
        address: at(8080),
        traffic_direction: 'OUTBOUND',
        listener_filters: [{ name: 'envoy.filters.listener.http_inspector', typed_config: { '@type': types.httpInspector } }],
        filter_chains: [{ name: 'web', filter_chain_match: { application_protocols: ['http/1.1', 'h2c'] }, filters: [manager(rds('8080'), cors, router)] }],
        default_filter_chain: { name: 'PassthroughFilterChain', filters: [tcp('PassthroughCluster')] },
      },
      {
        '@type': typeUrls.listener,
        name: 'virtualInbound',
        address: at(15006),
        traffic_direction: 'INBOUND',
        filter_chains: [
          { name: '127.0.0.1_9080', filter_chain_match: { destination_port: 9080 }, filters: [manager({ route_config: inboundRoutes }, router)] },
          {
            name: '127.0.0.1_9090',
            filter_chain_match: { destination_port: 9090, server_names: ['a.example'], transport_protocol: 'tls' },
            filters: [tcp('inbound|9090||')],
          },
        ],
      },
    ],
    routes: [
      {
        '@type': typeUrls.routes,
        name: '8080',
        validate_clusters: false,
        virtual_hosts: [
          {
            name: 'cart.shop.svc.cluster.local:8080',
            domains: ['cart', 'cart.shop'],
            routes: [
              { name: 'old', match: { prefix: '/old' }, redirect: { path_redirect: '/' } },
              { name: 'teapot', match: { prefix: '/tea' }, direct_response: { status: 418 } },
              { name: 'all', match: { prefix: '/' }, route: { cluster: 'outbound|8080||cart.shop.svc.cluster.local', timeout: '0s' } },
            ],
          },
          { name: 'allow_any', domains: ['*'], routes: [{ name: 'allow_any', match: { prefix: '/' }, route: { cluster: 'PassthroughCluster' } }] },
        ],
      },
    ],
    clusters: [
      {
        '@type': typeUrls.cluster,
        name: 'outbound|8080||cart.shop.svc.cluster.local',
        type: 'EDS',
        eds_cluster_config: { eds_config: { ads: {} } },
        connect_timeout: '10s',
        circuit_breakers: { thresholds: [{ max_connections: 100 }] },
        respect_dns_ttl: true,
        per_connection_buffer_limit_bytes: 1024,
        transport_socket_matches: [
          {
            name: 'tlsMode-istio',
            match: { tlsMode: 'istio' },
            transport_socket: { name: 'envoy.transport_sockets.tls', typed_config: { '@type': types.tls, sni: 'cart' } },
          },
        ],
      },
      {
        '@type': typeUrls.cluster,
        name: 'outbound|8080|v1|cart.shop.svc.cluster.local',
        type: 'STATIC',
        connect_timeout: '10s',
        transport_socket: { name: 'envoy.transport_sockets.tls', typed_config: { '@type': types.tls, sni: 'v1' } },
      },
      { '@type': typeUrls.cluster, name: 'PassthroughCluster', type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED', connect_timeout: '10s' },
      { '@type': typeUrls.cluster, name: 'inbound|9080||', type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED', connect_timeout: '10s' },
      { '@type': typeUrls.cluster, name: 'InboundPassthroughCluster', type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED', connect_timeout: '10s' },
      { '@type': typeUrls.cluster, name: 'inbound|9090||', type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED', connect_timeout: '10s' },
    ],
    endpoints: [],
  };
}

let made = 0;

export function patchOf(applyTo: PatchTarget, operation: PatchOperation, value: object = {}, more: Partial<EnvoyPatch> = {}): EnvoyPatch {
  return {
    applyTo,
    operation,
    context: 'ANY',
    match: {},
    value: value as Record<string, unknown>,
    filterClass: 'UNSPECIFIED',
    origin: { kind: 'EnvoyFilter', namespace: 'shop', name: `filter-${made++}`, path: ['spec', 'configPatches', 0] },
    ...more,
  };
}

/** Patches of the EnvoyFilters in a file of `testdata` for workload `web` of namespace `shop`. */
export function filtersOfFile(name: string): readonly EnvoyPatch[] {
  const mesh = meshOf(readFileSync(join(import.meta.dirname, 'testdata', name), 'utf8'));
  return selectPatches(mesh, proxyIn('shop', { labels: { app: 'web' } })).patches;
}

/** What patches do to the sidecar of the tests: the places that differ, and what is said. */
export function effects(patches: readonly EnvoyPatch[], before: EnvoyResources = sidecar(), hostsOf?: (cluster: string) => readonly string[]): string[] {
  const { resources, problems, unused } = patchResources(before, patches, { role: 'sidecar' }, hostsOf ? { hostsOf } : {});
  const lines: string[] = [];
  for (const list of ['listeners', 'routes', 'clusters'] as const) differences('', byName(before[list]), byName(resources[list]), lines);
  lines.push(...problems.map(({ reason, origin }) => `! ${reason} ${origin.path.slice(3).join('.')}`.trim()));
  return unused.length > 0 ? [...lines, `${unused.length} unused`] : lines;
}

function byName(list: readonly TypedJson[]): JsonObject {
  return Object.fromEntries(list.map((resource) => [String(resource.name), resource]));
}

/** `path: before -> after`, with names instead of places where items of lists have them. */
function differences(path: string, before: unknown, after: unknown, lines: string[]): void {
  if (JSON.stringify(before) === JSON.stringify(after)) return;
  if (named(before) && named(after)) {
    const [from, to] = [before, after].map((list) => list.map(({ name }) => name).join(' '));
    if (from !== to) lines.push(`${path}: ${from} -> ${to}`);
    for (const item of after) {
      const other = before.find(({ name }) => name === item.name);
      if (other) differences(`${path}.${item.name}`, other, item, lines);
    }
  } else if (isMap(before) && isMap(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
      differences(path === '' ? key : `${path}.${key}`, before[key], after[key], lines);
  } else lines.push(`${path}: ${shown(before)} -> ${shown(after)}`);
}

function shown(value: unknown): string {
  return JSON.stringify(value)?.replaceAll('"', '') ?? 'none';
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function named(value: unknown): value is { name: string }[] {
  return Array.isArray(value) && value.every((item) => isMap(item) && typeof item.name === 'string');
}
