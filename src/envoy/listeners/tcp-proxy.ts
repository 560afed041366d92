import { blackHoleCluster } from '../../ir/cluster.ts';
import type { FilterChain, TcpFilter } from '../../ir/listener.ts';
import { defined, duration, type JsonObject } from '../json.ts';
import { accessLog } from './access-log.ts';
import type { ChainContext } from './filter-chain.ts';

/** Bytes to a cluster, or to one of several that is drawn once a connection (TCP-R7). */
export function tcpProxy(filter: TcpFilter, chain: FilterChain, context: ChainContext): JsonObject {
  const { clusters, statPrefix, idleTimeoutMs, maxConnectionDurationMs, hashSourceIp, tunnel } = filter;
  const [only] = clusters.length === 1 ? clusters : [];
  return {
    name: 'envoy.filters.network.tcp_proxy',
    typed_config: defined({
      '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
      stat_prefix: statPrefix,
      cluster: only?.cluster,
      weighted_clusters: only ? undefined : { clusters: clusters.map(({ cluster, weight }) => ({ name: cluster, weight })) },
      idle_timeout: idleTimeoutMs === undefined ? undefined : duration(idleTimeoutMs),
      max_downstream_connection_duration: maxConnectionDurationMs === undefined ? undefined : duration(maxConnectionDurationMs),
      hash_policy: hashSourceIp ? [{ source_ip: {} }] : undefined,
      tunneling_config: tunnel && defined({ hostname: hostPort(tunnel), use_post: tunnel.method === 'POST' ? true : undefined }),
      access_log: isCircle(filter, chain, context) ? undefined : accessLog(context.table.mesh),
    }),
  };
}

function hostPort({ host, port }: NonNullable<TcpFilter['tunnel']>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Connections to the port of the capture itself are no traffic of anybody. */
function isCircle({ clusters }: TcpFilter, { match }: FilterChain, { listener }: ChainContext): boolean {
  return match.destinationPort === listener.port && clusters.every(({ cluster }) => cluster === blackHoleCluster);
}
