// A routing table by what its parts are about, so that two tables can be laid side by side: names of route configurations, listeners
// and filter chains come from the names of the user's objects and of ports, and say nothing.
import type { Cluster } from '../ir/cluster.ts';
import { chainsOf, type DownstreamTls, type FilterChain, type HttpFilter, type Listener, type TcpFilter } from '../ir/listener.ts';
import type { Provenance } from '../ir/provenance.ts';
import type { RouteConfig, VirtualHost } from '../ir/route.ts';
import type { Origin, RoutingTable } from '../ir/table.ts';
import type { Subject } from './change.ts';
import { type Fact, leafText, leavesOf } from './facts.ts';
import { clusterParts, durationText, sharesOf, sharesText } from './words.ts';

export interface TableSide {
  table: RoutingTable;
  provenance: Provenance;
}

/** A virtual host where it is asked. */
export interface HostPart {
  host: VirtualHost;
  config: RouteConfig;
  port: number;
  scheme: 'http' | 'https';
  /** It is for every host that nobody else has. */
  isRest: boolean;
}

/** A way in: a filter chain for one server name, or what a listener does with all. */
export interface EntryPart {
  subject: Subject;
  place: string;
  facts: Fact[];
  /** Facts that tell what it is, for one that is new or gone; undefined: that is told by other parts. */
  essence: readonly string[] | undefined;
  origin: Origin | undefined;
}

export interface TableParts {
  hosts: ReadonlyMap<string, HostPart>;
  entries: ReadonlyMap<string, EntryPart>;
  clusters: ReadonlyMap<string, Cluster>;
  /** Names of the clusters that something goes to. */
  used: ReadonlySet<string>;
  /** Route configurations by port. */
  configs: ReadonlyMap<number, readonly RouteConfig[]>;
}

const parts = new WeakMap<RoutingTable, TableParts>();

export function partsOf(table: RoutingTable): TableParts {
  const found = parts.get(table) ?? new PartsOfTable(table);
  parts.set(table, found);
  return found;
}

const fixedClusters: ReadonlySet<string> = new Set(['PassthroughCluster', 'BlackHoleCluster']);

class PartsOfTable implements TableParts {
  readonly hosts = new Map<string, HostPart>();
  readonly entries = new Map<string, EntryPart>();
  readonly clusters: ReadonlyMap<string, Cluster>;
  readonly used = new Set<string>();
  readonly configs = new Map<number, RouteConfig[]>();
  private readonly gateway: boolean;
  private readonly byName: ReadonlyMap<string, RouteConfig>;

  constructor({ proxy, listeners, routes, clusters, mesh }: RoutingTable) {
    this.gateway = proxy.role === 'gateway';
    this.clusters = new Map(clusters.filter(({ direction }) => direction === 'outbound').map((cluster) => [cluster.name, cluster]));
    this.byName = new Map(routes.map((config) => [config.name, config]));
    for (const listener of listeners) {
      if (listener.direction !== 'outbound') continue;
      this.addListener(listener);
      for (const chain of chainsOf(listener)) this.addChain(listener, chain);
    }
    const of = { path: ['path normalization', mesh.pathNormalization], domain: ['trust domain', mesh.trustDomain] } as const;
    const facts = Object.values(of).map(([field, value]): Fact => ({ field, text: value, value }));
    this.entries.set('mesh', { subject: { kind: 'connections' }, place: '', facts, essence: undefined, origin: undefined });
  }

  private addListener(listener: Listener): void {
    const { port, detectionTimeoutMs, bind, transparent = false, proxyProtocol = false, address, origin } = listener;
    if (listener.name.startsWith('virtual')) return;
    const facts: Fact[] = [
      { field: 'protocol detection timeout', text: durationText(detectionTimeoutMs), value: detectionTimeoutMs },
      { field: 'socket of its own', text: bind ? 'yes' : 'no', value: bind },
      { field: 'transparent', text: transparent ? 'yes' : 'no', value: transparent },
      { field: 'PROXY protocol', text: proxyProtocol ? 'expected' : 'none', value: proxyProtocol },
      ...(this.gateway ? [{ field: 'address', text: address, value: address }] : []),
    ];
    const subject: Subject = this.gateway ? { kind: 'gateway-port', port } : { kind: 'connections' };
    this.entries.set(`listener ${this.gateway ? port : listener.name}`, { subject, place: '', facts, essence: undefined, origin });
  }

  private addChain(listener: Listener, chain: FilterChain): void {
    const { filter, tls } = chain;
    if (filter.kind === 'http') {
      const config = this.byName.get(filter.routes);
      if (config) this.addHosts(config, listener, tls ? 'https' : 'http');
    } else for (const { cluster } of filter.clusters) this.used.add(cluster);
    if (this.gateway) this.addGatewayChain(listener, chain);
    else if (filter.kind === 'http') {
      const key = `http ${listener.name}`;
      // The settings of the first; all chains of a listener have the same.
      if (!this.entries.has(key))
        this.entries.set(key, { subject: { kind: 'connections' }, place: 'HTTP', facts: settingsOf(filter, tls), essence: undefined, origin: undefined });
    } else this.addStreams(listener, chain, filter);
  }

  private addStreams(listener: Listener, chain: FilterChain, filter: TcpFilter): void {
    const { match, tls } = chain;
    if (filter.clusters.every(({ cluster }) => fixedClusters.has(cluster))) {
      if (listener.name !== 'virtualOutbound' || match.destinationPort !== undefined) return;
      const facts: Fact[] = streamFacts(filter, { host: '', port: 0 });
      this.entries.set('unknown', { subject: { kind: 'unknown-hosts' }, place: 'connections', facts, essence: undefined, origin: filter.origin });
      return;
    }
    const first = clusterParts(filter.clusters[0]?.cluster ?? '');
    const { origin } = listener;
    const host = origin?.kind === 'Service' ? `${origin.name}.${origin.namespace}.svc.cluster.local` : (first?.host ?? listener.address);
    const port = listener.port === 15001 ? (match.destinationPort ?? first?.port ?? 0) : listener.port;
    const addresses = match.destinationCidrs ?? (listener.address === '0.0.0.0' ? [] : [listener.address]);
    const direct = filter.clusters.some(({ cluster }) => this.clusters.get(cluster)?.discovery === 'original-destination');
    for (const name of match.serverNames ?? ['']) {
      const place = name === '' ? 'TCP' : `TLS for ${name}`;
      const key = `tcp ${host}:${port} ${name}`;
      const before = this.entries.get(key)?.facts.find(({ field }) => field === 'addresses')?.value as string[] | undefined;
      const all = [...new Set([...(before ?? []), ...addresses])].sort();
      const facts = [...streamFacts(filter, { host, port }), ...tlsFacts(tls)];
      // Of services without an address each pod has a listener, and pods come and go.
      if (all.length > 0 && !direct) facts.push({ field: 'addresses', text: all.join(', '), value: all });
      this.entries.set(key, { subject: { kind: 'host', host, port }, place, facts, essence: ['destinations'], origin: filter.origin ?? origin });
    }
  }

  private addGatewayChain(listener: Listener, { match, filter, tls }: FilterChain): void {
    const { port, origin } = listener;
    const http = filter.kind === 'http';
    const takes = tls ? (http ? 'HTTPS' : 'TLS, ended here') : match.serverNames ? 'TLS, passed on' : http ? 'HTTP' : 'TCP';
    const own = http ? settingsOf(filter, undefined) : streamFacts(filter, { host: '', port });
    const facts: Fact[] = [{ field: 'takes', text: takes, value: takes }, ...tlsFacts(tls), ...own];
    for (const name of match.serverNames ?? [''])
      this.entries.set(`gateway ${port} ${name}`, {
        subject: { kind: 'gateway-port', port },
        place: name === '' ? '' : `TLS for ${name}`,
        facts,
        essence: ['takes', 'TLS mode', 'credentialName', 'destinations'],
        origin: (filter.kind === 'tcp' ? filter.origin : undefined) ?? origin,
      });
  }

  private addHosts(config: RouteConfig, { port }: Listener, scheme: HostPart['scheme']): void {
    const known = this.configs.get(port) ?? [];
    if (known.includes(config)) return;
    this.configs.set(port, [...known, config]);
    for (const host of config.virtualHosts) {
      const isRest = !this.gateway && (host.name === 'allow_any' || host.name === 'block_all');
      const base = isRest ? `rest ${config.name}` : this.gateway ? `${port} ${host.name}` : host.name;
      let key = base;
      for (let i = 2; this.hosts.has(key) && this.hosts.get(key)?.host !== host; i++) key = `${base} ${i}`;
      this.hosts.set(key, { host, config, port, scheme, isRest });
      for (const name of clustersOf(host)) this.used.add(name);
    }
  }
}

const named = new WeakMap<VirtualHost, readonly string[]>();

function clustersOf(host: VirtualHost): readonly string[] {
  let found = named.get(host);
  if (!found) {
    const actions = host.routes.flatMap(({ action }) => (action.kind === 'forward' ? [...action.clusters, ...action.mirrors] : []));
    found = [...new Set(actions.map(({ cluster }) => cluster))];
    named.set(host, found);
  }
  return found;
}

function settingsOf({ kind: _, routes: __, ...settings }: HttpFilter, tls: DownstreamTls | undefined): Fact[] {
  return [...leavesOf(settings).map(([path, value]): Fact => ({ field: path.replace(/Ms$/, ''), text: leafText(path, value), value })), ...tlsFacts(tls)];
}

export function tlsFacts(tls: DownstreamTls | undefined): Fact[] {
  if (!tls) return [];
  return leavesOf(tls).map(([path, value]): Fact => ({ field: path === 'mode' ? 'TLS mode' : path, text: leafText(path, value), value }));
}

export function streamFacts(
  { clusters, idleTimeoutMs, maxConnectionDurationMs, hashSourceIp, tunnel, origin }: TcpFilter,
  own: { host: string; port: number },
): Fact[] {
  const all: (Fact | undefined)[] = [
    { field: 'destinations', text: sharesText(clusters, own), value: sharesOf(clusters) },
    idleTimeoutMs === undefined ? undefined : { field: 'idleTimeout', text: durationText(idleTimeoutMs), value: idleTimeoutMs },
    maxConnectionDurationMs === undefined
      ? undefined
      : { field: 'maxConnectionDuration', text: durationText(maxConnectionDurationMs), value: maxConnectionDurationMs },
    hashSourceIp ? { field: 'consistent hash', text: 'source address', value: true } : undefined,
    tunnel ? { field: 'tunnel', text: `${tunnel.method} ${tunnel.host}:${tunnel.port}`, value: tunnel } : undefined,
  ];
  return all.flatMap((fact) => (fact ? [{ ...fact, origin: () => origin }] : []));
}
