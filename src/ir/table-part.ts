// A routing table in parts that travel on their own, so that a change costs what changed.
import type { Cluster } from './cluster.ts';
import type { EnvoyPatch } from './envoy-patch.ts';
import type { Listener } from './listener.ts';
import type { RouteConfig, VirtualHost } from './route.ts';
import type { MeshSettings, ProxyIdentity, RoutingTable, Security, Status } from './table.ts';

/** Plain data. The name of a part begins with its kind: `mesh`, `security`, `listener/NAME`, `routes/NAME`, `host/NAME OF ROUTES/NAME`, `cluster/NAME`, `endpoints/NAME`. */
export type TablePart =
  /** `secured`: there is a part with what is asked of those who come in; without it nobody does. */
  | { kind: 'mesh'; mesh: MeshSettings; envoyPatches: readonly EnvoyPatch[]; statuses: readonly Status[]; secured?: true }
  | { kind: 'security'; security: Security }
  | { kind: 'listener'; listener: Listener }
  | { kind: 'routes'; routes: Omit<RouteConfig, 'virtualHosts'>; hosts: readonly string[] }
  | { kind: 'host'; host: VirtualHost }
  | { kind: 'cluster'; cluster: Omit<Cluster, 'localities'> }
  | { kind: 'endpoints'; localities: Cluster['localities'] };

export interface NamedPart {
  name: string;
  /** The object of the table that the part is of: the same object, the same part. */
  of: object;
  part(): TablePart;
}

/** All parts of a table, but for the identity of its proxy. */
export function* partsOf({ mesh, security, envoyPatches, statuses, listeners, routes, clusters }: RoutingTable): Generator<NamedPart> {
  const secured = security ? { secured: true as const } : {};
  const whole = together(mesh, envoyPatches, statuses);
  yield { name: 'mesh', of: security ? together(whole, security, security) : whole, part: () => ({ kind: 'mesh', mesh, envoyPatches, statuses, ...secured }) };
  if (security) yield { name: 'security', of: security, part: () => ({ kind: 'security', security }) };
  for (const listener of listeners) yield { name: `listener/${listener.name}`, of: listener, part: () => ({ kind: 'listener', listener }) };
  for (const one of routes) {
    const { virtualHosts, ...rest } = one;
    yield { name: `routes/${one.name}`, of: one, part: () => ({ kind: 'routes', routes: rest, hosts: virtualHosts.map(({ name }) => name) }) };
    for (const host of virtualHosts) yield { name: `host/${one.name}/${host.name}`, of: host, part: () => ({ kind: 'host', host }) };
  }
  for (const one of clusters) {
    const { localities, ...cluster } = one;
    yield { name: `cluster/${one.name}`, of: one, part: () => ({ kind: 'cluster', cluster }) };
    // Lists without an endpoint may be one and the same object.
    yield { name: `endpoints/${one.name}`, of: localities.length > 0 ? localities : one, part: () => ({ kind: 'endpoints', localities }) };
  }
}

type Wholes = WeakMap<object, WeakMap<object, WeakMap<object, object>>>;
const wholes: Wholes = new WeakMap();

/** The same object for the same three. */
function together(a: object, b: object, c: object): object {
  const ofA = wholes.get(a) ?? new WeakMap<object, WeakMap<object, object>>();
  wholes.set(a, ofA);
  const ofB = ofA.get(b) ?? new WeakMap<object, object>();
  ofA.set(b, ofB);
  const whole = ofB.get(c) ?? {};
  ofB.set(c, whole);
  return whole;
}

/** Puts a table together again from its parts as they come. */
export class TableAssembly {
  private readonly parts = new Map<string, TablePart>();
  /** Assembled objects by the parts that they are of, so that unchanged ones stay the same objects. */
  private readonly made = new WeakMap<TablePart, { with: unknown; made: Cluster | RouteConfig }>();

  update(changed: Iterable<readonly [name: string, part: TablePart]>, removed: Iterable<string>): void {
    for (const [name, part] of changed) this.parts.set(name, part);
    for (const name of removed) this.parts.delete(name);
  }

  get size(): number {
    return this.parts.size;
  }

  /** Undefined while a part is missing that another one names. */
  table(proxy: ProxyIdentity): RoutingTable | undefined {
    const mesh = this.parts.get('mesh');
    if (mesh?.kind !== 'mesh') return undefined;
    // Half of a table must not let in whom the whole of it keeps out.
    const security = this.parts.get('security');
    if (mesh.secured && !security) return undefined;
    const table: RoutingTable = {
      proxy,
      mesh: mesh.mesh,
      envoyPatches: [...mesh.envoyPatches],
      statuses: [...mesh.statuses],
      listeners: [],
      routes: [],
      clusters: [],
      ...(security?.kind === 'security' ? { security: security.security } : {}),
    };
    for (const part of this.parts.values()) {
      if (part.kind === 'listener') table.listeners.push(part.listener);
      else if (part.kind === 'routes') {
        const routes = this.routes(part);
        if (!routes) return undefined;
        table.routes.push(routes);
      } else if (part.kind === 'cluster') {
        const cluster = this.cluster(part);
        if (!cluster) return undefined;
        table.clusters.push(cluster);
      }
    }
    for (const list of [table.listeners, table.routes, table.clusters]) list.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    return table;
  }

  private routes(part: TablePart & { kind: 'routes' }): RouteConfig | undefined {
    const hosts = part.hosts.map((name) => this.parts.get(`host/${part.routes.name}/${name}`));
    const known = this.made.get(part);
    if (known && (known.with as unknown[]).every((host, i) => host === hosts[i])) return known.made as RouteConfig;
    const virtualHosts = hosts.flatMap((host) => (host?.kind === 'host' ? [host.host] : []));
    if (virtualHosts.length < hosts.length) return undefined;
    const made: RouteConfig = { ...part.routes, virtualHosts };
    this.made.set(part, { with: hosts, made });
    return made;
  }

  private cluster(part: TablePart & { kind: 'cluster' }): Cluster | undefined {
    const endpoints = this.parts.get(`endpoints/${part.cluster.name}`);
    if (endpoints?.kind !== 'endpoints') return undefined;
    const known = this.made.get(part);
    if (known?.with === endpoints) return known.made as Cluster;
    const made: Cluster = { ...part.cluster, localities: endpoints.localities };
    this.made.set(part, { with: endpoints, made });
    return made;
  }
}
