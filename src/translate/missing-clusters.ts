import { outboundClusterName } from '../ir/cluster.ts';
import type { Origin, Status } from '../ir/table.ts';
import type { Destination } from '../manifest/istio/networking.gen.ts';
import type { Path } from '../manifest/problem.ts';
import { keepList, placesIn, sameItems } from '../model/same.ts';
import { type MeshService, Services } from '../model/services.ts';
import type { ClusterSet } from './clusters/cluster-set.ts';
import type { Made, Parts } from './made.ts';
import { Statuses, type StatusReason } from './statuses.ts';
import type { Outlook } from './translation.ts';
import type { RoutingService } from './virtual-services.ts';

interface Target {
  destination: Destination;
  origin: Origin;
  /** Of the destination, from the origin. */
  path: Path;
}

/** What one virtual service sends to, and what was known of it. */
interface Checked {
  known: readonly KnownHost[];
  statuses: readonly Status[];
}

interface KnownHost {
  host: string;
  /** That the proxy has clusters for. */
  service: MeshService | undefined;
  /** Of its clusters; undefined where there is no such service. */
  names: readonly string[] | undefined;
  /** Some service has the host, whoever sees it. */
  exists: boolean;
}

export interface MissingClusters {
  statuses: readonly Status[];
  services: readonly RoutingService[];
  /** One for each of the services. */
  checked: readonly Checked[];
}

/** Problems that were found before. */
export class MissingCache {
  private readonly byService = new WeakMap<RoutingService, readonly Checked[]>();

  of(service: RoutingService, look: (host: string) => KnownHost): Checked {
    const known = this.byService.get(service) ?? [];
    const found = known.find((one) => one.known.every((host) => isSame(host, look(host.host))));
    if (found) return found;
    const made = check(service, look);
    this.byService.set(service, [made, ...known.slice(0, mostRemembered - 1)]);
    return made;
  }
}

/** Answers that problems of one virtual service are remembered for. */
const mostRemembered = 16;

function isSame(a: KnownHost, b: KnownHost): boolean {
  return a.service === b.service && a.names === b.names && a.exists === b.exists;
}

/**
 * Destinations of the virtual services of a proxy for which it has no cluster (RT-R5).
 *
 * @param former of the same proxies before
 */
export function missingClusters(
  outlook: Outlook,
  cache: MissingCache,
  parts: Parts<MissingClusters>,
  lists: readonly (readonly RoutingService[])[],
  { names }: Pick<ClusterSet, 'names'>,
  former?: Made<MissingClusters>,
): Made<MissingClusters> {
  const { known, mesh } = outlook;
  const all = Services.of(mesh);
  const surroundings = [known, names, all];
  return parts.of(outlook, [...surroundings, ...lists], former, (before) => {
    const [only, another] = lists;
    const services = only && !another ? only : [...new Set(lists.flat())];
    const look = (host: string): KnownHost => {
      const service = known.serviceOf(host);
      const place = service && known.placeOf(service.aliasOf ?? host);
      return { host, service, names: place === undefined ? undefined : names[place], exists: all.byHost(host).length > 0 };
    };
    const same = before && former && sameItems(former.inputs.slice(0, surroundings.length), surroundings);
    const unchanged = same ? placesIn(before.services, services) : () => undefined;
    const checked = services.map((service, i) => {
      const place = unchanged(i);
      return (place === undefined ? undefined : before?.checked[place]) ?? cache.of(service, look);
    });
    const statuses = checked.flatMap((one) => one.statuses);
    return { result: { statuses: keepList(before?.statuses, statuses), services, checked }, asked: [] };
  });
}

function check(service: RoutingService, look: (host: string) => KnownHost): Checked {
  const known = new Map<string, KnownHost>();
  const statuses = new Statuses();
  for (const { destination, origin, path } of targetsOf(service)) {
    const { host } = destination;
    if (!host) continue;
    const found = known.get(host) ?? look(host);
    known.set(host, found);
    // Backends that are nowhere have a status of their own.
    if (service.gatewayApi && !found.exists) continue;
    const problem = problemOf(found, destination);
    if (problem) statuses.add(service.gatewayApi ? ruleOf(origin) : { ...origin, path: [...origin.path, ...path] }, problem.reason, problem.message);
  }
  return { known: [...known.values()], statuses: statuses.list() };
}

function targetsOf({ http, tls, tcp }: RoutingService): Target[] {
  const out: Target[] = [];
  const add = (destination: Destination | undefined, origin: Origin, ...path: Path): void => {
    if (destination) out.push({ destination, origin, path });
  };
  for (const { route, origin } of http) {
    for (const [i, to] of (route.route ?? []).entries()) add(to.destination, origin, 'route', i, 'destination');
    add(route.mirror, origin, 'mirror');
    for (const [i, to] of (route.mirrors ?? []).entries()) add(to.destination, origin, 'mirrors', i, 'destination');
  }
  for (const { route, origin } of [...tls, ...tcp]) {
    for (const [i, to] of (route.route ?? []).entries()) add(to.destination, origin, 'route', i, 'destination');
  }
  return out;
}

/** Of the Gateway API: its matches are rules of their own here. */
function ruleOf(origin: Origin): Origin {
  return { ...origin, path: origin.path.slice(0, 3) };
}

function problemOf({ service, names }: KnownHost, { host = '', port, subset = '' }: Destination): { reason: StatusReason; message: string } | undefined {
  if (!service) return { reason: 'unknown-host', message: `the proxy knows no service ${host}` };
  // Without a port it is that of the listener: where the service has none such, the route is not for it.
  const ports = port?.number ? [port.number] : service.ports.map(({ number }) => number);
  const of = service.aliasOf ?? host;
  if (ports.length === 0 || ports.some((number) => names?.includes(outboundClusterName(number, subset, of)))) return undefined;
  if (port?.number && !service.ports.some(({ number }) => number === port.number))
    return { reason: 'unknown-port', message: `${host} has no port ${port.number}` };
  if (service.aliasOf !== undefined) return { reason: 'unknown-host', message: `${host} stands for ${service.aliasOf}, and the proxy knows no such service` };
  if (subset === '') return { reason: 'unsupported', message: `there is no cluster for ${host}` };
  return { reason: 'unknown-subset', message: `no destination rule that the proxy uses has subset ${subset} of ${host}` };
}
