// The routing table of a proxy that is tried out: its destinations are servers on this machine, and it listens where nobody else does.
import type { Cluster } from '../../../ir/cluster.ts';
import type { Listener } from '../../../ir/listener.ts';
import type { RoutingTable } from '../../../ir/table.ts';

export interface LivePorts {
  /** Ports of the servers by the clusters that they stand for. */
  backends: ReadonlyMap<string, number>;
  /** Ports of the sockets by the names of the listeners that are tried. */
  listeners: ReadonlyMap<string, number>;
}

const local = '127.0.0.1';

export function liveTable(table: RoutingTable, { backends, listeners }: LivePorts): RoutingTable {
  return {
    ...table,
    // What is tried out shall not fill the log of the mesh.
    mesh: { ...table.mesh, accessLogFile: '' },
    clusters: table.clusters.map((cluster) => {
      const port = backends.get(cluster.name);
      return port === undefined ? withoutEndpoints(cluster) : toBackend(cluster, port);
    }),
    listeners: table.listeners.flatMap((listener) => moved(listener, table.proxy.role === 'gateway', listeners.get(listener.name))),
  };
}

/** Nothing of what is tried out leaves this machine, not even the names of services. */
function withoutEndpoints(cluster: Cluster): Cluster {
  if (cluster.host === '') return cluster;
  const { dns: _, ...rest } = cluster;
  return { ...rest, discovery: 'static', localities: [] };
}

/** One endpoint that always answers. Breakers stay closed: so many requests at a time are none of the application's. */
function toBackend(cluster: Cluster, port: number): Cluster {
  const { dns: _dns, outlier: _outlier, proxyProtocol: _proxy, tunnel: _tunnel, ...rest } = cluster;
  const locality = { region: '', zone: '', subzone: '' };
  const endpoint = {
    address: local,
    port,
    weight: 1,
    labels: {},
    tlsMode: 'disabled' as const,
    workload: '',
    namespace: '',
    serviceAccount: '',
    healthy: true,
  };
  return {
    ...rest,
    discovery: 'static',
    loadBalancer: { policy: 'round-robin' },
    localityWeighted: false,
    breakers: {},
    tls: { mode: 'disable' },
    localities: [{ locality, priority: 0, weight: 1, endpoints: [endpoint] }],
  };
}

/** A listener that is tried has a socket of its own. Of others nothing is opened; a sidecar keeps what has no socket. */
function moved(listener: Listener, gateway: boolean, port: number | undefined): Listener[] {
  const { name, bind, chains } = listener;
  if (port === undefined) return gateway || (bind && name !== 'virtualOutbound' && name !== 'virtualInbound') ? [] : [listener];
  const at = (chain: (typeof chains)[number]): typeof chain =>
    chain.match.destinationPort === listener.port ? { ...chain, match: { ...chain.match, destinationPort: port } } : chain;
  return [{ ...listener, address: local, moreAddresses: [], port, bind: true, chains: chains.map(at) }];
}
