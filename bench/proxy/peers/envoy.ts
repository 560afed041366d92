import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts, proxyCore, start } from '../processes.ts';
import { hosts, type Peer, policies, routePath } from './peer.ts';

const typed = (name: string, message: string, config: object = {}): object => ({
  name,
  typed_config: { '@type': `type.googleapis.com/${message}`, ...config },
});

/** TEL-R10 */
const accessLogFormat =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n';

function cluster(name: string, ports: readonly number[], http2: boolean): object {
  const protocol = http2 ? { http2_protocol_options: {} } : { http_protocol_options: {} };
  return {
    name,
    type: 'STATIC',
    lb_policy: 'LEAST_REQUEST',
    connect_timeout: '10s',
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: ports.map((port) => ({ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } })) }],
    },
    circuit_breakers: {
      thresholds: [
        {
          max_connections: policies.maxConnections,
          max_pending_requests: policies.maxPendingRequests,
          max_requests: policies.maxRequests,
          track_remaining: true,
        },
      ],
    },
    outlier_detection: {
      consecutive_5xx: policies.consecutive5xx,
      interval: `${policies.intervalSeconds}s`,
      base_ejection_time: `${policies.ejectionSeconds}s`,
      max_ejection_percent: policies.maxEjectionPercent,
    },
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicit_http_config: protocol,
      },
    },
  };
}

function virtualHost(host: string, name: string, routes: number): object {
  return {
    name: `${host}:80`,
    domains: [host],
    include_request_attempt_count: true,
    routes: Array.from({ length: routes }, (_, n) => ({
      name: `route-${n}`,
      match: { prefix: routePath(n), case_sensitive: true },
      route: {
        cluster: name,
        timeout: `${policies.timeoutSeconds}s`,
        retry_policy: {
          retry_on: policies.retryOn,
          num_retries: policies.attempts,
          per_try_timeout: `${policies.perTryTimeoutSeconds}s`,
          retry_host_predicate: [typed('envoy.retry_host_predicates.previous_hosts', 'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate')],
          host_selection_retry_max_attempts: 5,
        },
        max_grpc_timeout: `${policies.timeoutSeconds}s`,
      },
      decorator: { operation: `${host}:80/*` },
    })),
  };
}

/** Envoy with one worker thread, set up as Istio does. */
export function envoyPeer(program: string): Peer {
  return {
    name: 'Envoy',
    http2: true,
    start: async ({ routes, accessLog, backend, folder, port }) => {
      const [admin] = await freePorts(1);
      const http = {
        stat_prefix: 'outbound_0.0.0.0_80',
        codec_type: 'AUTO',
        http_filters: [
          typed('envoy.filters.http.fault', 'envoy.extensions.filters.http.fault.v3.HTTPFault'),
          typed('envoy.filters.http.cors', 'envoy.extensions.filters.http.cors.v3.Cors'),
          typed('envoy.filters.http.router', 'envoy.extensions.filters.http.router.v3.Router'),
        ],
        route_config: {
          name: '80',
          virtual_hosts: [virtualHost(hosts.http1, 'outbound|80||app', routes), virtualHost(hosts.http2, 'outbound|80||app2', routes)],
          ignore_port_in_host_matching: true,
          max_direct_response_body_size_bytes: 1048576,
        },
        normalize_path: true,
        path_with_escaped_slashes_action: 'KEEP_UNCHANGED',
        stream_idle_timeout: '0s',
        ...(accessLog
          ? {
              access_log: [
                typed('envoy.access_loggers.file', 'envoy.extensions.access_loggers.file.v3.FileAccessLog', {
                  path: join(folder, `envoy-${port}-access.log`),
                  log_format: { text_format_source: { inline_string: accessLogFormat } },
                }),
              ],
            }
          : {}),
      };
      const config = {
        admin: { address: { socket_address: { address: '127.0.0.1', port_value: admin } } },
        static_resources: {
          listeners: [
            {
              name: '0.0.0.0_80',
              address: { socket_address: { address: '127.0.0.1', port_value: port } },
              filter_chains: [
                {
                  filters: [
                    typed(
                      'envoy.filters.network.http_connection_manager',
                      'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
                      http,
                    ),
                  ],
                },
              ],
            },
          ],
          clusters: [cluster('outbound|80||app', backend.http1, false), cluster('outbound|80||app2', backend.http2, true)],
        },
      };
      const file = join(folder, `envoy-${port}.json`);
      writeFileSync(file, JSON.stringify(config));
      return start('Envoy', [program, '-c', file, '--concurrency', '1', '--disable-hot-restart', '--log-level', 'error'], {
        core: proxyCore,
        log: join(folder, `envoy-${port}.log`),
        port,
      });
    },
  };
}
