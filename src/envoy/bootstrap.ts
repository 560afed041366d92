// What Envoy is started with: who it is, where its administration is, and where its resources come from.
import { type AdminViews, adminCluster, viewListener } from './admin-views.ts';
import { defined, type JsonObject } from './json.ts';
import type { ProxyNode } from './node.ts';
import { agentCluster, agentSecret, ownCluster } from './secrets.ts';
import type { StaticResources } from './static.ts';

/** Where something listens: a port, or the path of a Unix socket. */
export type Address = { address: string; port: number } | { path: string };

export interface BootstrapOptions {
  node: ProxyNode;
  /** Undefined: no administration. */
  admin: Address | undefined;
  /** Pages of the administration that are shown to others; they need it. */
  views?: readonly AdminViews[];
  /** Unix socket of an agent that gives out the certificates of the mesh (`meshTls: 'sds'`). */
  sdsSocket?: string;
  /** The one of whoever has started it and gives out what rules name (`secrets` of the options). */
  secretsSocket?: string;
}

/** A control plane that speaks ADS. */
export interface ControlPlane {
  address: Address;
  /** `delta`: only what changed comes. */
  protocol: 'sotw' | 'delta';
  /** It is known by a certificate with this name, and Envoy by its own, both by the agent's socket. Absent: plain text. */
  certificateName?: string;
}

/** Name of a cluster that a bootstrap brings itself; others are in secrets.ts. */
const xdsCluster = 'xds-grpc';

/**
 * What Envoy does otherwise since the version of Istio 1.28 (VER-R4), as it was, and programs of regular expressions as large as Istio's
 * may be (MAP-R71). As by the embedded engine, values of a repeated header are matched one by one, by routes and by policies (MAT-R19,
 * VER-R3), clients are not told why a connection to an endpoint failed (VER-R1), and methods in lower case are HTTP, if not good HTTP
 * (VER-R8). Envoy 1.40 has no way back for VER-R5.
 */
const runtime: JsonObject = {
  'envoy.reloadable_features.http_reject_path_with_fragment': false,
  're2.max_program_size.error_level': 32768,
};

/** Parts of the names of statistics that become labels of metrics. Names of clusters have dots: a semicolon ends them (MAP-R5, MAP-R8). */
const statsTags: JsonObject[] = [
  { tag_name: 'cluster_name', regex: '^cluster\\.((.+?);\\.)' },
  { tag_name: 'http_conn_manager_prefix', regex: '^http\\.((.+?);?\\.)' },
  { tag_name: 'listener_address', regex: '^listener\\.(((?:[\\d.]+|\\[[_a-fA-F\\d]*\\])_\\d+)\\.)' },
  { tag_name: 'response_code', regex: '_rq(_(\\d{3}))$' },
  { tag_name: 'response_code_class', regex: '_rq(_(\\dxx))$' },
];

/** A bootstrap with all resources inside. */
export function staticBootstrap(resources: StaticResources, options: BootstrapOptions): JsonObject {
  const own = ownResources(options);
  return bootstrap(options, { listeners: [...own.listeners, ...resources.listeners], clusters: [...own.clusters, ...resources.clusters] });
}

/** A bootstrap that has its resources from a control plane. */
export function adsBootstrap(controlPlane: ControlPlane, options: BootstrapOptions): JsonObject {
  const own = ownResources(options);
  const source = { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' };
  return bootstrap(
    options,
    { ...own, clusters: [...own.clusters, { ...grpcCluster(xdsCluster, controlPlane.address), ...safeSocket(controlPlane) }] },
    {
      lds_config: source,
      cds_config: source,
      ads_config: {
        api_type: controlPlane.protocol === 'delta' ? 'DELTA_GRPC' : 'GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: xdsCluster } }],
      },
    },
  );
}

/** A bootstrap that reads its listeners and clusters from two files, and reads each again when it is replaced. */
export function filesBootstrap(files: { listeners: string; clusters: string }, options: BootstrapOptions): JsonObject {
  const source = (path: string): JsonObject => ({ path_config_source: { path }, initial_fetch_timeout: '0s', resource_api_version: 'V3' });
  return bootstrap(options, ownResources(options), { lds_config: source(files.listeners), cds_config: source(files.clusters) });
}

function bootstrap({ node, admin }: BootstrapOptions, resources: StaticResources, dynamic?: JsonObject): JsonObject {
  const { region, zone, subzone } = node.locality;
  return defined({
    node: {
      id: node.id,
      cluster: node.cluster,
      locality: defined({ region: region || undefined, zone: zone || undefined, sub_zone: subzone || undefined }),
      metadata: node.metadata as JsonObject,
    },
    admin: admin && { address: addressOf(admin) },
    layered_runtime: {
      layers: [
        { name: 'static', static_layer: runtime },
        // What is set by hand while it runs.
        { name: 'admin', admin_layer: {} },
      ],
    },
    stats_config: { use_all_default_tags: false, stats_tags: statsTags },
    // Statistics of a cluster take memory once it is used.
    deferred_stat_options: { enable_deferred_creation_stats: true },
    dynamic_resources: dynamic,
    static_resources: resources as unknown as JsonObject,
  });
}

function ownResources({ admin, views = [], sdsSocket, secretsSocket }: BootstrapOptions): StaticResources {
  return {
    listeners: admin ? views.map(viewListener) : [],
    clusters: [
      ...(admin && views.length > 0 ? [adminCluster(addressOf(admin))] : []),
      ...(sdsSocket === undefined ? [] : [grpcCluster(agentCluster, { path: sdsSocket })]),
      ...(secretsSocket === undefined ? [] : [grpcCluster(ownCluster, { path: secretsSocket })]),
    ],
  };
}

function safeSocket({ certificateName }: ControlPlane): JsonObject {
  if (certificateName === undefined) return {};
  return {
    transport_socket: {
      name: 'envoy.transport_sockets.tls',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
        sni: certificateName,
        common_tls_context: {
          alpn_protocols: ['h2'],
          tls_params: { tls_minimum_protocol_version: 'TLSv1_2', tls_maximum_protocol_version: 'TLSv1_3' },
          tls_certificate_sds_secret_configs: [agentSecret('default')],
          combined_validation_context: {
            default_validation_context: { match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: certificateName } }] },
            validation_context_sds_secret_config: agentSecret('ROOTCA'),
          },
        },
      },
    },
  };
}

/** A server of gRPC, over plain text; a connection that is dead is noticed. */
function grpcCluster(name: string, address: Address): JsonObject {
  const named = 'address' in address && !isIp(address.address);
  return {
    name,
    alt_stat_name: `${name};`,
    type: named ? 'STRICT_DNS' : 'STATIC',
    ...(named ? { dns_lookup_family: 'ALL' } : {}),
    connect_timeout: '1s',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address: addressOf(address) } }] }] },
    ...('address' in address ? { upstream_connection_options: { tcp_keepalive: { keepalive_time: 300 } } } : {}),
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicit_http_config: { http2_protocol_options: { connection_keepalive: { interval: '30s', timeout: '10s' } } },
      },
    },
    // However many streams it takes.
    circuit_breakers: { thresholds: [unlimited('DEFAULT'), unlimited('HIGH')] },
  };
}

function unlimited(priority: string): JsonObject {
  return { priority, max_connections: 100_000, max_pending_requests: 100_000, max_requests: 100_000 };
}

function addressOf(address: Address): JsonObject {
  return 'path' in address ? { pipe: { path: address.path } } : { socket_address: { address: address.address, port_value: address.port } };
}

function isIp(address: string): boolean {
  return address.includes(':') || /^\d+(?:\.\d+){3}$/.test(address);
}
