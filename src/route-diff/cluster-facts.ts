// How requests get to the endpoints of a cluster, property by property.
import type { Cluster, Endpoint } from '../ir/cluster.ts';
import type { ClusterField, Provenance } from '../ir/provenance.ts';
import { stableJson } from './canonical.ts';
import { type Fact, leafText, leavesOf } from './facts.ts';
import { originOfSource } from './route-facts.ts';

/** Names as users write them in a destination rule, and the field of the provenance. */
const known: Readonly<Record<string, readonly [name: string, field: ClusterField]>> = {
  'breakers.maxConnections': ['maxConnections', 'maxConnections'],
  'breakers.maxPendingRequests': ['http1MaxPendingRequests', 'maxPendingRequests'],
  'breakers.maxRequests': ['http2MaxRequests', 'maxRequests'],
  'breakers.maxRetries': ['maxRetries', 'maxRetries'],
  'breakers.retryBudget.percent': ['retryBudget.percent', 'retryBudget'],
  'breakers.retryBudget.minRetryConcurrency': ['retryBudget.minRetryConcurrency', 'retryBudget'],
  'pool.connectTimeoutMs': ['connectTimeout', 'connectTimeout'],
  'pool.idleTimeoutMs': ['idleTimeout', 'idleTimeout'],
  'pool.maxRequestsPerConnection': ['maxRequestsPerConnection', 'maxRequestsPerConnection'],
  'pool.maxConnectionDurationMs': ['maxConnectionDuration', 'maxConnectionDuration'],
  'pool.maxConcurrentStreams': ['maxConcurrentStreams', 'maxConcurrentStreams'],
  'pool.tcpKeepalive.probes': ['tcpKeepalive.probes', 'tcpKeepalive'],
  'pool.tcpKeepalive.timeMs': ['tcpKeepalive.time', 'tcpKeepalive'],
  'pool.tcpKeepalive.intervalMs': ['tcpKeepalive.interval', 'tcpKeepalive'],
  'pool.preserveHeaderCase': ['preserveHeaderCase', 'preserveHeaderCase'],
  'outlier.consecutive5xx': ['consecutive5xxErrors', 'outlier.consecutive5xx'],
  'outlier.consecutiveGatewayErrors': ['consecutiveGatewayErrors', 'outlier.consecutiveGatewayErrors'],
  'outlier.consecutiveLocalOrigin': ['consecutiveLocalOriginFailures', 'outlier.consecutiveLocalOrigin'],
  'outlier.splitLocalOrigin': ['splitExternalLocalOriginErrors', 'outlier.splitLocalOrigin'],
  'outlier.intervalMs': ['outlierDetection.interval', 'outlier.interval'],
  'outlier.baseEjectionTimeMs': ['baseEjectionTime', 'outlier.baseEjectionTime'],
  'outlier.maxEjectionTimeMs': ['maxEjectionTime', 'outlier.maxEjectionTime'],
  'outlier.maxEjectionPercent': ['maxEjectionPercent', 'outlier.maxEjectionPercent'],
  panicPercent: ['minHealthPercent', 'outlier.minHealthPercent'],
  'loadBalancer.policy': ['load balancer', 'loadBalancer'],
  'tls.mode': ['TLS mode', 'tls'],
  'tls.sni': ['TLS server name', 'tls'],
  protocol: ['protocol', 'protocol'],
};

const groups: readonly (readonly [prefix: string, field: ClusterField])[] = [
  ['loadBalancer', 'loadBalancer'],
  ['tls', 'tls'],
];

/** Not about traffic, or told in other ways. */
const silent: ReadonlySet<string> = new Set(['name', 'direction', 'host', 'port', 'subset', 'namespace', 'rule', 'origins', 'localities']);

export function clusterFacts(cluster: Cluster, provenance: Provenance): Fact[] {
  const facts = leavesOf(cluster).flatMap(([path, value]): Fact[] => {
    const [top = ''] = path.split('.');
    if (silent.has(top) || value === false) return [];
    // What auto is without it, and it follows from the name.
    if (path === 'tls.sni' && isOwnName(cluster, value)) return [];
    const [name, field] = known[path] ?? [path.replace(/Ms$/, ''), groups.find(([prefix]) => prefix === top)?.[1]];
    return [
      { field: name, text: leafText(path, value), value, origin: () => (field ? originOfSource(provenance.cluster(cluster, field)) : cluster.origins.at(-1)) },
    ];
  });
  return [...facts, ...endpointFacts(cluster, provenance)];
}

function isOwnName({ port, subset, host }: Cluster, value: unknown): boolean {
  return value === `outbound_.${port}_.${subset || '_'}_.${host}` || value === `outbound_.${port}_.${subset}_.${host}`;
}

function endpointFacts(cluster: Cluster, provenance: Provenance): Fact[] {
  const all = cluster.localities.flatMap(({ endpoints, locality, priority, weight }) =>
    endpoints.map((endpoint) => ({ endpoint, locality, priority, weight })),
  );
  if (all.length === 0) {
    const expected = provenance.expected(cluster);
    if (expected?.pods === undefined) return [];
    return [{ field: 'endpoints', text: `${expected.pods} expected`, value: { expected: expected.pods }, origin: () => expected.workloads?.[0] }];
  }
  const ready = all.filter(({ endpoint }) => endpoint.healthy).length;
  const addresses = all.map(({ endpoint }) => addressOf(endpoint)).sort();
  const ofPods = all.every(({ endpoint }) => endpoint.workload !== '' || endpoint.origin?.kind === 'Pod' || endpoint.origin?.kind === 'EndpointSlice');
  const count = `${all.length}${ready < all.length ? ` (${ready} ready)` : ''}`;
  // Addresses of pods are others each time that they are made.
  const text = ofPods || addresses.length > 5 ? count : addresses.join(', ');
  const value = ofPods ? { total: all.length, ready } : { total: all.length, ready, addresses };
  const origin = (): Endpoint['origin'] => all[0]?.endpoint.origin;
  const shares = all.map(({ endpoint, locality, priority, weight }) => [
    ofPods ? '' : addressOf(endpoint),
    endpoint.weight,
    [locality.region, locality.zone, locality.subzone].filter(Boolean).join('/'),
    priority,
    cluster.localityWeighted ? weight : 0,
    endpoint.tlsMode,
  ]);
  const uniform = shares.every(([, weight, place, priority, , tls]) => weight === 1 && place === '' && priority === 0 && tls === shares[0]?.[5]);
  const facts: Fact[] = [{ field: 'endpoints', text, value, origin }];
  if (!uniform) facts.push({ field: 'endpoints by place', text: placesText(all), value: shares.map(stableJson).sort(), origin });
  else if (shares[0]?.[5] === 'istio') facts.push({ field: 'endpoints take mTLS', text: 'yes', value: true, origin });
  return facts;
}

function placesText(all: readonly { endpoint: Endpoint; locality: { region: string; zone: string; subzone: string }; priority: number }[]): string {
  const counts = new Map<string, number>();
  for (const { endpoint, locality, priority } of all) {
    const place = [locality.region, locality.zone, locality.subzone].filter(Boolean).join('/') || 'anywhere';
    const details = [priority > 0 && `priority ${priority}`, endpoint.weight !== 1 && `weight ${endpoint.weight}`, endpoint.tlsMode === 'istio' && 'mTLS'];
    const key = [place, ...details.filter(Boolean)].join(' ');
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([place, count]) => `${count} in ${place}`)
    .join(', ');
}

function addressOf({ address, port }: Endpoint): string {
  return port === 0 ? address : `${address.includes(':') ? `[${address}]` : address}:${port}`;
}
