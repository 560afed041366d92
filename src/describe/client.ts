// How the clients of one proxy reach a port of a service.
import type { Route, RouteConfig, VirtualHost } from '../ir/route.ts';
import type { MeshPort, MeshService } from '../model/services.ts';
import type { Simulation } from '../simulate/simulation.ts';
import { isHttpOrDetected, isTls } from '../translate/port-protocols.ts';
import type { Caller } from './caller.ts';
import type { ClientSection, ClusterSection, HostSection } from './description.ts';
import { destinationRuleSection } from './destination-rule.ts';
import { objectsOf } from './origins.ts';
import { destinationSection, hostSection, leadsTo } from './routes.ts';
import { reaches, type Subject } from './subject.ts';

export function clientSection(subject: Subject, caller: Caller, service: MeshService, port: MeshPort): ClientSection {
  const { proxy } = caller;
  const rule = destinationRuleSection(subject, caller, service);
  const simulation = caller.simulator.simulate(requestFor(service, port));
  const own = ownHost(caller, simulation);
  return {
    from: { namespace: proxy.namespace, labels: proxy.labels },
    ...(rule ? { destinationRule: rule } : {}),
    clusters: clustersOf(subject, caller, service, port),
    ...traffic(subject, caller, service, simulation, own),
    otherHosts: otherHosts(subject, caller, service, port, own?.host),
    envoyFilters: objectsOf(simulation.envoyFilters.map(({ origin }) => origin)),
  };
}

/** As the application would send one: to the name of the service. */
function requestFor({ host }: MeshService, { number, protocol }: MeshPort): Parameters<Caller['simulator']['simulate']>[0] {
  const name = host.startsWith('*') ? `any${host.slice(1)}` : host;
  if (isHttpOrDetected(protocol)) return { kind: 'http', method: 'GET', scheme: 'http', authority: name, path: '/', port: number };
  return { kind: 'tcp', host: name, port: number, ...(isTls(protocol) ? { tls: { serverName: name } } : {}) };
}

interface OwnHost {
  config: RouteConfig;
  host: VirtualHost;
}

/** The virtual host that requests for the name of the service come to. */
function ownHost(caller: Caller, { entry, trail }: Simulation): OwnHost | undefined {
  const config = caller.table.routes.find(({ name }) => name === entry.routes);
  const host = config?.virtualHosts.find(({ name }) => name === trail?.virtualHost?.name);
  return config && host && { config, host };
}

function traffic(
  subject: Subject,
  caller: Caller,
  service: MeshService,
  simulation: Simulation,
  own: OwnHost | undefined,
): Pick<ClientSection, 'http' | 'tcp' | 'unreachable'> {
  const { entry, outcome } = simulation;
  if (outcome.kind === 'no-listener' || outcome.kind === 'no-filter-chain') return { unreachable: outcome.kind };
  if (entry.chain?.kind === 'tcp') {
    if (outcome.kind === 'blocked') return { unreachable: 'blocked' };
    // Other services have the port, and this one is none of them.
    if (outcome.kind === 'passthrough') return { unreachable: 'unknown' };
    if (isOfAnother(simulation, service)) return { unreachable: 'other-service' };
    const destinations = simulation.destinations.map(({ cluster, percent, source }) => destinationSection(subject, caller, cluster, percent, source));
    const origin = simulation.destinations.flatMap(({ source }) => (source.kind === 'written' ? [source.origin] : []))[0];
    return { tcp: { destinations, ...(origin && origin.kind !== 'Service' ? { origin } : {}) } };
  }
  if (!own) return { unreachable: 'no-route' };
  if (isForEverything(own.host)) return { unreachable: own.host.name === 'block_all' ? 'blocked' : 'unknown' };
  return { http: hostSection(subject, caller, own.host, entry.port) };
}

/** The listener is another service's, without a rule of anybody that leads there. */
function isOfAnother({ destinations }: Simulation, { host }: MeshService): boolean {
  return destinations.every((to) => to.host !== host && to.source.kind === 'written' && ['Service', 'ServiceEntry'].includes(to.source.origin.kind));
}

/** What becomes of hosts that nobody has. */
function isForEverything({ name, origin }: VirtualHost): boolean {
  return origin === undefined && (name === 'allow_any' || name === 'block_all');
}

/** Virtual hosts of other names with a route to this port, at any port; those with the very same routes as one. */
function otherHosts(subject: Subject, caller: Caller, service: MeshService, port: MeshPort, own: VirtualHost | undefined): HostSection[] {
  const end = `|${service.host}`;
  const begin = `outbound|${port.number}|`;
  const leadsToPort = ({ action }: Route): boolean =>
    action.kind === 'forward' && [...action.clusters, ...action.mirrors].some(({ cluster }) => cluster.startsWith(begin) && cluster.endsWith(end));
  const found = new Map<readonly Route[], HostSection>();
  for (const config of caller.table.routes) {
    for (const host of config.virtualHosts) {
      if (host === own || host.name === own?.name || isForEverything(host) || !host.routes.some(leadsToPort)) continue;
      // A service that nobody routes for, under a name of its own, is itself.
      if (host.origin?.kind === 'Service' && isOwn(host, service)) continue;
      const same = found.get(host.routes);
      if (same) {
        same.others = [...(same.others ?? []), host.name];
        continue;
      }
      const section = hostSection(subject, caller, host, portOf(config, host));
      found.set(host.routes, { ...section, routes: section.routes.filter(({ index }) => leadsTo(subject, host.routes[index] as Route)) });
    }
  }
  return [...found.values()];
}

function isOwn({ name }: VirtualHost, { host }: MeshService): boolean {
  return name.startsWith(`${host}:`);
}

/** `8080`, `cart.shop.svc.cluster.local:8080`; else as the virtual host says it. */
function portOf({ name }: RouteConfig, host: VirtualHost): number {
  return Number(/(?:^|:)(\d+)$/.exec(name)?.[1] ?? /:(\d+)$/.exec(host.name)?.[1] ?? 0);
}

function clustersOf(subject: Subject, caller: Caller, { host }: MeshService, { number }: MeshPort): ClusterSection[] {
  return caller.table.clusters
    .filter((cluster) => cluster.direction === 'outbound' && cluster.host === host && cluster.port === number && cluster.name.startsWith('outbound|'))
    .map((cluster) => {
      const failure = caller.book.failureOf(caller.book.named(cluster.name));
      return {
        subset: cluster.subset,
        reaches: reaches(subject, caller.proxy, cluster),
        ...(failure === undefined ? {} : { failure }),
        facts: caller.book.factsOf(cluster),
      };
    })
    .sort((a, b) => (a.subset < b.subset ? -1 : 1));
}
