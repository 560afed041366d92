import { blackHoleCluster, type Cluster, inboundPassthroughCluster, passthroughCluster } from '../../ir/cluster.ts';
import { defined, duration, type JsonObject, type TypedJson } from '../json.ts';
import type { EnvoyOptions } from '../options.ts';
import { originMetadata } from '../origin-metadata.ts';
import { typeUrls } from '../type-urls.ts';
import { circuitBreakers } from './circuit-breakers.ts';
import { connectionOptions, protocolOptions } from './connection-pool.ts';
import { discovery } from './discovery.ts';
import { loadBalancing } from './load-balancer.ts';
import { outlierDetection } from './outlier-detection.ts';
import { effectiveTls, namesOfRequest, transportSockets } from './transport-socket.ts';

/** A cluster of the routing table as Envoy's (MAP-R43 to MAP-R59). It depends on nothing but the cluster and the options. */
export function clusterResource(cluster: Cluster, options: EnvoyOptions): TypedJson {
  const { name, pool, outlier } = cluster;
  const shared = { '@type': typeUrls.cluster, name, alt_stat_name: statName(name), connect_timeout: duration(Math.max(pool.connectTimeoutMs, 1)) };
  // It has no endpoints, and there is nothing to say about connections to them.
  if (name === blackHoleCluster) return { ...shared, type: 'STATIC' };
  const tls = effectiveTls(cluster, options);
  return defined({
    ...shared,
    ...discovery(cluster),
    ...loadBalancing(cluster),
    circuit_breakers: circuitBreakers(cluster.breakers),
    outlier_detection: outlier && outlierDetection(outlier),
    typed_extension_protocol_options: protocolOptions(cluster, namesOfRequest(tls)),
    upstream_connection_options: connectionOptions(pool),
    upstream_bind_config: bindConfig(cluster),
    ...transportSockets(cluster, tls, options),
    metadata: originMetadata(cluster.rule),
  });
}

/** Counted together: what goes on to where the client wanted, and what came to a port of the workload that nobody named (MAP-R5). */
function statName(name: string): string {
  return `${name === inboundPassthroughCluster ? passthroughCluster : name};`;
}

/** From any port of the address that the connections are to be made from. */
function bindConfig({ sourceAddress }: Cluster): JsonObject | undefined {
  return sourceAddress === undefined ? undefined : { source_address: { address: sourceAddress, port_value: 0 } };
}
