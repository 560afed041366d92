// How HTTP is read on a connection, and what a request gets before it is routed (MAP-R13, MAP-R67).
import { inboundPassthroughCluster } from '../../ir/cluster.ts';
import type { FilterChain, HttpFilter } from '../../ir/listener.ts';
import type { MeshSettings } from '../../ir/table.ts';
import { defined, duration, type JsonObject } from '../json.ts';
import { accessLog } from './access-log.ts';
import type { ChainContext } from './filter-chain.ts';
import { httpFilters } from './http-filters.ts';
import { earlyHeaderMutations } from './security-filters.ts';
import { tracing } from './tracing.ts';

/** Envoy's own value of the `server` header. */
const ownServerName = 'envoy';

/** Envoy's own limit of the headers of a request. */
const ownMaxRequestHeadersKb = 60;

/** Spellings of a path that count as one (MAT-R10, MAT-R13). */
const normalizations: Readonly<Record<MeshSettings['pathNormalization'], JsonObject>> = {
  none: { normalize_path: false, path_with_escaped_slashes_action: 'KEEP_UNCHANGED' },
  base: { normalize_path: true, path_with_escaped_slashes_action: 'KEEP_UNCHANGED' },
  'merge-slashes': { normalize_path: true, merge_slashes: true, path_with_escaped_slashes_action: 'KEEP_UNCHANGED' },
  'decode-and-merge-slashes': { normalize_path: true, merge_slashes: true, path_with_escaped_slashes_action: 'UNESCAPE_AND_FORWARD' },
};

const certificateForwarding: Readonly<Record<HttpFilter['forwardClientCert'], string | undefined>> = {
  sanitize: undefined,
  'append-forward': 'APPEND_FORWARD',
  'sanitize-set': 'SANITIZE_SET',
  'forward-only': 'FORWARD_ONLY',
  'always-forward-only': 'ALWAYS_FORWARD_ONLY',
};

export function httpConnectionManager(filter: HttpFilter, chain: FilterChain, context: ChainContext): JsonObject {
  const { mesh } = context.table;
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: defined({
      '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
      stat_prefix: statPrefix(filter, chain, context),
      rds: { config_source: { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' }, route_config_name: filter.routes },
      http_filters: httpFilters(filter, context),
      ...codec(filter),
      ...clientAddress(filter),
      ...clientCertificate(filter),
      ...normalizations[mesh.pathNormalization],
      early_header_mutation_extensions: earlyHeaderMutations(context),
      server_name: filter.serverName === ownServerName ? undefined : filter.serverName,
      server_header_transformation: filter.passServerHeader ? 'PASS_THROUGH' : undefined,
      proxy_100_continue: true,
      upgrade_configs: [{ upgrade_type: 'websocket' }],
      stream_idle_timeout: duration(filter.streamIdleTimeoutMs),
      generate_request_id: filter.noRequestId ? false : undefined,
      request_id_extension: {
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig',
          use_request_id_for_trace_sampling: true,
        },
      },
      tracing: tracing(context.table),
      access_log: accessLog(mesh),
    }),
  };
}

/** The semicolon ends names with dots in statistics (MAP-R8). */
function statPrefix({ routes }: HttpFilter, { name }: FilterChain, { listener }: ChainContext): string {
  if (listener.direction === 'outbound') return `outbound_${listener.name};`;
  return routes === inboundPassthroughCluster ? `${routes};` : `inbound_${name};`;
}

function codec({ http10, preserveHeaderCase, http2MaxConcurrentStreams, idleTimeoutMs, maxRequestHeadersKb }: HttpFilter): JsonObject {
  const http1: JsonObject = {
    ...(http10 ? { accept_http_10: true } : {}),
    ...(preserveHeaderCase ? { header_key_format: headersAsWritten } : {}),
  };
  return defined({
    http_protocol_options: Object.keys(http1).length > 0 ? http1 : undefined,
    http2_protocol_options: http2MaxConcurrentStreams === undefined ? undefined : { max_concurrent_streams: http2MaxConcurrentStreams },
    common_http_protocol_options: idleTimeoutMs === undefined ? undefined : { idle_timeout: duration(idleTimeoutMs) },
    max_request_headers_kb: maxRequestHeadersKb === ownMaxRequestHeadersKb ? undefined : maxRequestHeadersKb,
  });
}

const headersAsWritten: JsonObject = {
  stateful_formatter: {
    name: 'preserve_case',
    typed_config: { '@type': 'type.googleapis.com/envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig' },
  },
};

function clientAddress({ useRemoteAddress, trustedHops }: HttpFilter): JsonObject {
  return defined({ use_remote_address: useRemoteAddress, xff_num_trusted_hops: trustedHops || undefined });
}

function clientCertificate({ forwardClientCert, clientCertDetails = [] }: HttpFilter): JsonObject {
  return defined({
    forward_client_cert_details: certificateForwarding[forwardClientCert],
    set_current_client_cert_details: clientCertDetails.length > 0 ? Object.fromEntries(clientCertDetails.map((detail) => [detail, true])) : undefined,
  });
}
