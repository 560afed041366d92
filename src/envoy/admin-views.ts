// Pages of Envoy's administration on ports of their own, as istio-agent shows them: what may be seen without being able to change anything.
import type { JsonObject } from './json.ts';

/** What one port shows. */
export interface AdminViews {
  /** Of the listener: `stats`, `health` … */
  name: string;
  address: string;
  port: number;
  /** `metrics`: `/stats/prometheus`; `ready`: `/healthz/ready`, which is 200 or 503. */
  pages: readonly ('metrics' | 'ready')[];
}

const cluster = 'admin';

const paths = {
  metrics: { path: '/stats/prometheus', is: '/stats/prometheus' },
  ready: { path: '/healthz/ready', is: '/ready' },
} as const;

export function adminCluster(address: JsonObject): JsonObject {
  return {
    name: cluster,
    alt_stat_name: `${cluster};`,
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: { cluster_name: cluster, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
  };
}

export function viewListener({ name, address, port, pages }: AdminViews): JsonObject {
  return {
    name,
    // Every address of IPv6 takes those of IPv4 with it.
    address: { socket_address: { address, port_value: port, ...(address === '::' ? { ipv4_compat: true } : {}) } },
    // Nobody else shall have the port without being told.
    enable_reuse_port: false,
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: {
              '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
              stat_prefix: `${name};`,
              route_config: {
                name,
                virtual_hosts: [
                  {
                    name,
                    domains: ['*'],
                    routes: pages.map((page) => ({
                      match: { path: paths[page].path, headers: [{ name: ':method', string_match: { exact: 'GET' } }] },
                      route: { cluster, prefix_rewrite: paths[page].is },
                    })),
                  },
                ],
              },
              http_filters: [
                { name: 'envoy.filters.http.router', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' } },
              ],
            },
          },
        ],
      },
    ],
  };
}
