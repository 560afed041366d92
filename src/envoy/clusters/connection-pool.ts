import type { Cluster, ConnectionPool } from '../../ir/cluster.ts';
import { defined, duration, type JsonObject, type JsonValue } from '../json.ts';
import { uint32 } from './numbers.ts';

/** Of Envoy itself (DR-R51). */
const defaultIdleTimeoutMs = 3600_000;
const protocolOptionsType = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** What is written of the other side's name in TLS is taken from the request. */
export interface NamesOfRequest {
  /** The host of the request is the server name that is asked for. */
  sni: boolean;
  /** The certificate has to be for it. */
  certificate: boolean;
}

/**
 * `typed_extension_protocol_options` of a cluster (MAP-R49 to MAP-R51); undefined where it is as Envoy's own.
 *
 * @param names undefined where TLS does not depend on the request
 */
export function protocolOptions({ protocol, pool }: Pick<Cluster, 'protocol' | 'pool'>, names: NamesOfRequest | undefined): JsonObject | undefined {
  const common = commonOptions(pool);
  const upstream = names && defined({ auto_sni: names.sni || undefined, auto_san_validation: names.certificate || undefined });
  const http1 = http1Options(pool);
  const asByDefault = protocol === 'http1' && isEmpty(common) && isEmpty(http1) && isEmpty(upstream);
  if (asByDefault) return undefined;
  return {
    [protocolOptionsType]: defined({
      '@type': `type.googleapis.com/${protocolOptionsType}`,
      common_http_protocol_options: isEmpty(common) ? undefined : common,
      upstream_http_protocol_options: isEmpty(upstream) ? undefined : upstream,
      ...versions(protocol, http1, pool),
    }),
  };
}

function versions(protocol: Cluster['protocol'], http1: JsonObject, { maxConcurrentStreams }: ConnectionPool): JsonObject {
  const http2 = maxConcurrentStreams === undefined ? {} : { max_concurrent_streams: Math.min(Math.max(maxConcurrentStreams, 1), 0x7fff_ffff) };
  switch (protocol) {
    case 'http1':
      return { explicit_http_config: { http_protocol_options: http1 } };
    case 'http2':
      return { explicit_http_config: { http2_protocol_options: http2 } };
    case 'downstream':
      return { use_downstream_protocol_config: { http_protocol_options: http1, http2_protocol_options: http2 } };
  }
}

function commonOptions({ idleTimeoutMs, maxRequestsPerConnection, maxConnectionDurationMs }: ConnectionPool): JsonObject {
  return defined({
    idle_timeout: idleTimeoutMs === defaultIdleTimeoutMs ? undefined : duration(idleTimeoutMs),
    max_requests_per_connection: maxRequestsPerConnection ? uint32(maxRequestsPerConnection) : undefined,
    max_connection_duration: maxConnectionDurationMs ? duration(maxConnectionDurationMs) : undefined,
  });
}

function http1Options({ preserveHeaderCase }: ConnectionPool): JsonObject {
  if (!preserveHeaderCase) return {};
  const formatter = {
    name: 'preserve_case',
    typed_config: { '@type': 'type.googleapis.com/envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig' },
  };
  return { header_key_format: { stateful_formatter: formatter } };
}

/** The kernel refuses more, and Envoy would then refuse the connection. */
const maxKeepaliveSeconds = 32_767;
const maxKeepaliveProbes = 127;

/** `upstream_connection_options` (MAP-R52). */
export function connectionOptions({ tcpKeepalive }: ConnectionPool): JsonObject | undefined {
  if (!tcpKeepalive) return undefined;
  const { probes, timeMs, intervalMs } = tcpKeepalive;
  return {
    tcp_keepalive: defined({
      keepalive_probes: probes ? Math.min(probes, maxKeepaliveProbes) : undefined,
      keepalive_time: wholeSeconds(timeMs),
      keepalive_interval: wholeSeconds(intervalMs),
    }),
  };
}

/** At least one: the kernel refuses none. */
function wholeSeconds(milliseconds: number | undefined): number | undefined {
  return milliseconds ? Math.min(Math.max(Math.floor(milliseconds / 1000), 1), maxKeepaliveSeconds) : undefined;
}

function isEmpty(object: Record<string, JsonValue | undefined> | undefined): boolean {
  return object === undefined || Object.keys(object).length === 0;
}
