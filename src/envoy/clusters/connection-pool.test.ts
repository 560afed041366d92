import { describe, expect, it } from 'vitest';
import type { Cluster, ConnectionPool } from '../../ir/cluster.ts';
import { connectionOptions, type NamesOfRequest, protocolOptions } from './connection-pool.ts';

const pool = { connectTimeoutMs: 10_000, idleTimeoutMs: 3600_000 };
const field = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

function options(protocol: Cluster['protocol'], more: Partial<ConnectionPool> = {}, names?: NamesOfRequest): unknown {
  const made = protocolOptions({ protocol, pool: { ...pool, ...more } }, names)?.[field] as Record<string, unknown> | undefined;
  const { '@type': type, ...rest } = made ?? {};
  return made && { ...rest, ...(type === `type.googleapis.com/${field}` ? {} : { type }) };
}

const http1 = { explicit_http_config: { http_protocol_options: {} } };

describe('protocolOptions', () => {
  it.each<[string, Cluster['protocol'], Partial<ConnectionPool>, unknown]>([
    ['MAP-R49: HTTP/1 as Envoy has it', 'http1', {}, undefined],
    ['MAP-R50: HTTP/2', 'http2', {}, { explicit_http_config: { http2_protocol_options: {} } }],
    ['MAP-R51: as the client speaks', 'downstream', {}, { use_downstream_protocol_config: { http_protocol_options: {}, http2_protocol_options: {} } }],
    [
      'MAP-R49: connections with an end',
      'http1',
      { idleTimeoutMs: 30_000, maxRequestsPerConnection: 2, maxConnectionDurationMs: 60_000 },
      { common_http_protocol_options: { idle_timeout: '30s', max_requests_per_connection: 2, max_connection_duration: '60s' }, ...http1 },
    ],
    ['DR-R51: never idle for too long', 'http1', { idleTimeoutMs: 0 }, { common_http_protocol_options: { idle_timeout: '0s' }, ...http1 }],
    ['no end', 'http1', { maxRequestsPerConnection: 0, maxConnectionDurationMs: 0 }, undefined],
    ['MAP-R50: streams', 'http2', { maxConcurrentStreams: 44 }, { explicit_http_config: { http2_protocol_options: { max_concurrent_streams: 44 } } }],
    [
      'as many as HTTP/2 knows',
      'http2',
      { maxConcurrentStreams: 4294967295 },
      { explicit_http_config: { http2_protocol_options: { max_concurrent_streams: 2147483647 } } },
    ],
  ])('%s', (_, protocol, more, expected) => expect(options(protocol, more)).toEqual(expected));

  it('names of headers as they are written are of HTTP/1', () => {
    const formatter = {
      header_key_format: {
        stateful_formatter: {
          name: 'preserve_case',
          typed_config: { '@type': 'type.googleapis.com/envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig' },
        },
      },
    };
    const preserveHeaderCase = true;
    expect(options('http1', { preserveHeaderCase })).toEqual({ explicit_http_config: { http_protocol_options: formatter } });
    expect(options('downstream', { preserveHeaderCase })).toEqual({
      use_downstream_protocol_config: { http_protocol_options: formatter, http2_protocol_options: {} },
    });
    expect(options('http2', { preserveHeaderCase })).toEqual({ explicit_http_config: { http2_protocol_options: {} } });
  });

  it.each<[NamesOfRequest, object | undefined]>([
    [
      { sni: true, certificate: true },
      { auto_sni: true, auto_san_validation: true },
    ],
    [{ sni: true, certificate: false }, { auto_sni: true }],
    [{ sni: false, certificate: false }, undefined],
  ])('DR-R70: names of the request: %j', (names, expected) => {
    expect(options('http1', {}, names)).toEqual(expected && { upstream_http_protocol_options: expected, ...http1 });
  });
});

describe('connectionOptions', () => {
  it.each<[string, ConnectionPool['tcpKeepalive'], unknown]>([
    ['none', undefined, undefined],
    ['MAP-R52: that of the system', {}, { tcp_keepalive: {} }],
    [
      'MAP-R52: as written',
      { probes: 3, timeMs: 60_000, intervalMs: 5500 },
      { tcp_keepalive: { keepalive_probes: 3, keepalive_time: 60, keepalive_interval: 5 } },
    ],
    ['at least a second', { timeMs: 100 }, { tcp_keepalive: { keepalive_time: 1 } }],
    [
      'no more than the system takes',
      { probes: 1000, timeMs: 1e12, intervalMs: 1e12 },
      { tcp_keepalive: { keepalive_probes: 127, keepalive_time: 32767, keepalive_interval: 32767 } },
    ],
    ['nothing is not said', { probes: 0, timeMs: 0, intervalMs: 0 }, { tcp_keepalive: {} }],
  ])('%s', (_, tcpKeepalive, expected) => expect(connectionOptions({ ...pool, ...(tcpKeepalive ? { tcpKeepalive } : {}) })).toEqual(expected));
});
