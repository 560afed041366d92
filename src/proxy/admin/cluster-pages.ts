import { unlimited } from '../core/balance/breakers.ts';
import type { ClusterStatus, HostStatus, ListenerStatus } from './state.ts';

/** Counters of an endpoint in Envoy's order. */
const counters = [
  ['cx_connect_fail', 'connectFailures'],
  ['cx_total', 'connectionsTotal'],
  ['rq_error', 'requestsFailed'],
  ['rq_success', 'requestsSucceeded'],
  ['rq_timeout', 'requestsTimedOut'],
  ['rq_total', 'requestsTotal'],
] as const;
const gauges = [
  ['cx_active', 'connectionsActive'],
  ['rq_active', 'requestsActive'],
] as const;
const numbers = [...counters, ...gauges].sort(([a], [b]) => (a < b ? -1 : 1));

/** `/clusters` as text (TEL-R21). */
export function* clustersText(clusters: readonly ClusterStatus[]): Generator<string> {
  for (const cluster of clusters) {
    const { name, limits } = cluster;
    const lines = [`${name}::observability_name::${name};\n`];
    if (cluster.outlierDetection) {
      for (const statistic of ['success_rate', 'local_origin_success_rate'])
        lines.push(`${name}::outlier::${statistic}_average::-1\n`, `${name}::outlier::${statistic}_ejection_threshold::-1\n`);
    }
    lines.push(
      `${name}::default_priority::max_connections::${limits.connections ?? unlimited}\n`,
      `${name}::default_priority::max_pending_requests::${limits.pendingRequests ?? unlimited}\n`,
      `${name}::default_priority::max_requests::${limits.requests ?? unlimited}\n`,
      `${name}::default_priority::max_retries::${limits.retries ?? unlimited}\n`,
      `${name}::added_via_api::true\n`,
    );
    yield lines.join('');
    for (const host of cluster.hosts) yield hostLines(name, host);
  }
}

function hostLines(cluster: string, host: HostStatus): string {
  const { locality } = host;
  const values: (readonly [string, string | number])[] = [
    ...numbers.map(([name, field]) => [name, host[field]] as const),
    ['hostname', ''],
    ['health_flags', host.unhealthy.length === 0 ? 'healthy' : host.unhealthy.map((flag) => `/${flag}`).join('')],
    ['weight', host.weight],
    ['region', locality.region],
    ['zone', locality.zone],
    ['sub_zone', locality.subzone],
    ['canary', 'false'],
    ['priority', host.priority],
    ['success_rate', -1],
    ['local_origin_success_rate', -1],
  ];
  return values.map(([name, value]) => `${cluster}::${host.address}::${name}::${value}\n`).join('');
}

/** `/clusters?format=json`, of the shape of Envoy's: zero values and false are left out, counters are texts. */
export function clustersJson(clusters: readonly ClusterStatus[]): unknown {
  return {
    cluster_statuses: clusters.map(({ name, limits, hosts }) => ({
      name,
      added_via_api: true,
      ...(hosts.length > 0 && { host_statuses: hosts.map(hostJson) }),
      circuit_breakers: {
        thresholds: [
          {
            max_connections: limits.connections ?? unlimited,
            max_pending_requests: limits.pendingRequests ?? unlimited,
            max_requests: limits.requests ?? unlimited,
            max_retries: limits.retries ?? unlimited,
          },
        ],
      },
      observability_name: `${name};`,
    })),
  };
}

function hostJson(host: HostStatus): unknown {
  const stat = (name: string, value: number, gauge: boolean) => ({ ...(gauge && { type: 'GAUGE' }), ...(value !== 0 && { value: String(value) }), name });
  const { region, zone, subzone } = host.locality;
  return {
    address: addressJson(host.address),
    stats: [...counters.map(([name, field]) => stat(name, host[field], false)), ...gauges.map(([name, field]) => stat(name, host[field], true))],
    health_status: {
      ...(host.unhealthy.includes('failed_outlier_check') && { failed_outlier_check: true }),
      eds_health_status: host.unhealthy.includes('failed_eds_health') ? 'UNHEALTHY' : 'HEALTHY',
    },
    weight: host.weight,
    ...(host.priority !== 0 && { priority: host.priority }),
    locality: { ...(region !== '' && { region }), ...(zone !== '' && { zone }), ...(subzone !== '' && { sub_zone: subzone }) },
  };
}

/** `ip:port`, `[ip6]:port`, or the path of a Unix socket. */
function addressJson(address: string): unknown {
  const parts = /^\[?(.*?)\]?:(\d+)$/.exec(address);
  if (address.startsWith('/') || !parts) return { pipe: { path: address } };
  return { socket_address: { address: parts[1], port_value: Number(parts[2]) } };
}

/** `/listeners` as text: a line for each address (TEL-R21). */
export function listenersText(listeners: readonly ListenerStatus[]): string {
  return listeners.flatMap(({ name, addresses }) => addresses.map((address) => `${name}::${address}\n`)).join('');
}

export function listenersJson(listeners: readonly ListenerStatus[]): unknown {
  return {
    listener_statuses: listeners.map(({ name, addresses, direction, bound }) => ({
      name,
      local_address: addressJson(addresses[0] ?? ''),
      ...(addresses.length > 1 && { additional_local_addresses: addresses.slice(1).map(addressJson) }),
      direction,
      bound,
    })),
  };
}
