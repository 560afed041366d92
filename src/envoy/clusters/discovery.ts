import type { Cluster } from '../../ir/cluster.ts';
import { duration, type JsonObject } from '../json.ts';
import { loadAssignment } from './endpoints.ts';

/** Of queries over one socket, after which another is used: some firewalls answer no more of one (MAP-R57). */
const queriesPerSocket = 100;
/** Names of many proxies are not to be looked up all at once. */
const jitterMs = 100;
/** Envoy wants more than one. */
const minRefreshMs = 2;
/** Hosts that are not in use any more stay as long as can be said, so that connections of the workload are never cut. */
const neverMs = Number.MAX_SAFE_INTEGER;

/** How a cluster finds its endpoints (MAP-R43, MAP-R57). */
export function discovery(cluster: Cluster): JsonObject {
  switch (cluster.discovery) {
    case 'original-destination':
      return { type: 'ORIGINAL_DST', ...(cluster.direction === 'inbound' && cluster.port !== 0 ? { cleanup_interval: duration(neverMs) } : {}) };
    case 'dns':
      return { type: 'STRICT_DNS', ...lookup(cluster) };
    case 'logical-dns':
      return firstAnswers(cluster);
    case 'static':
      // Those of the workload itself are known without being asked for.
      if (cluster.direction === 'inbound') return { type: 'STATIC', load_assignment: loadAssignment(cluster) };
      return {
        type: 'EDS',
        eds_cluster_config: { eds_config: { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' }, service_name: cluster.name },
      };
  }
}

/** Envoy takes one name in one place only. The first answers of several names are not to be had: all answers of them are the nearest. */
function firstAnswers(cluster: Cluster): JsonObject {
  if (names(cluster).length !== 1) return { type: 'STRICT_DNS', ...lookup(cluster) };
  const localities = cluster.localities.filter(({ endpoints }) => endpoints.length > 0);
  return { type: 'LOGICAL_DNS', ...lookup({ ...cluster, localities }) };
}

function lookup(cluster: Cluster): JsonObject {
  const { dns } = cluster;
  return {
    dns_lookup_family: family(cluster),
    ...(dns ? { dns_refresh_rate: duration(Math.max(dns.refreshMs, minRefreshMs)) } : {}),
    dns_jitter: duration(jitterMs),
    respect_dns_ttl: true,
    typed_dns_resolver_config: {
      name: 'envoy.network.dns_resolver.cares',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig',
        udp_max_queries: queriesPerSocket,
      },
    },
    load_assignment: loadAssignment(cluster),
  };
}

/** An address in the place of a name stands for itself: of a family that is not looked up Envoy would not take it. */
function family(cluster: Cluster): string {
  const addresses = names(cluster);
  if (cluster.dns?.family === 'ipv6') return addresses.some((address) => /^[\d.]+$/.test(address)) ? 'AUTO' : 'V6_ONLY';
  return addresses.some((address) => address.includes(':')) ? 'V4_PREFERRED' : 'V4_ONLY';
}

function names({ localities }: Cluster): string[] {
  return localities.flatMap(({ endpoints }) => endpoints.map(({ address }) => address));
}
