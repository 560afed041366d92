// The routing table of a proxy that is tried out: its destinations are servers on this machine, and it listens where nobody else does.
import type { Cluster } from '../../../ir/cluster.ts';
import type { Listener } from '../../../ir/listener.ts';
import type { RoutingTable } from '../../../ir/table.ts';
import type { Place } from './places.ts';

export interface LivePorts {
  /** Ports of the servers by the clusters that they stand for. */
  backends: ReadonlyMap<string, number>;
  /** Sockets by the names of the listeners that are tried. */
  listeners: ReadonlyMap<string, Place>;
}

const local = '127.0.0.1';

/** The table of a workload to which requests come, at some of its ports. @param ports with the sockets that stand for them */
export function arrivalTable(table: RoutingTable, backends: LivePorts['backends'], ports: ReadonlyMap<number, Place>): RoutingTable {
  const inbound = table.listeners.filter(({ direction }) => direction === 'inbound');
  const listeners = [...ports].flatMap(([port, place]): Listener[] => {
    const own = inbound.find(({ name, port: bound }) => name !== 'virtualInbound' && bound === port) ?? inbound.find(({ name }) => name === 'virtualInbound');
    return own ? [listeningAt(own, port, place)] : [];
  });
  return { ...liveTable(table, { backends, listeners: new Map() }), listeners };
}

/** With the chains of one port: of a port that has none those of any (SEC-R2). */
function listeningAt(listener: Listener, port: number, place: Place): Listener {
  const { transparent: _, proxyProtocol: __, ...rest } = listener;
  const ofPort = listener.chains.filter(({ match }) => match.destinationPort === port);
  const chains = (ofPort.length > 0 ? ofPort : listener.chains.filter(({ match }) => match.destinationPort === undefined)).map((chain) => {
    const { destinationPort: ___, ...match } = chain.match;
    return { ...chain, match };
  });
  return { ...rest, ...place, name: `${place.address}_${place.port}`, moreAddresses: [], bind: true, chains };
}

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
  // What chooses by the destination of a connection has nothing to choose from.
  const choice = cluster.discovery === 'original-destination' ? { loadBalancer: { policy: 'round-robin' as const } } : {};
  return { ...rest, ...choice, discovery: 'static', localities: [] };
}

/** One endpoint that always answers. Breakers stay closed: so many requests at a time are none of the application's. */
function toBackend(cluster: Cluster, port: number): Cluster {
  const { dns: _dns, outlier: _outlier, proxyProtocol: _proxy, tunnel: _tunnel, sourceAddress: _source, ...rest } = cluster;
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
function moved(listener: Listener, gateway: boolean, place: Place | undefined): Listener[] {
  const { name, bind, chains } = listener;
  if (!place) return gateway || (bind && name !== 'virtualOutbound' && name !== 'virtualInbound') ? [] : [listener];
  const at = (chain: (typeof chains)[number]): typeof chain =>
    chain.match.destinationPort === listener.port ? { ...chain, match: { ...chain.match, destinationPort: place.port } } : chain;
  return [{ ...listener, ...place, moreAddresses: [], bind: true, chains: chains.map(at) }];
}
