import { outboundClusterName } from '../ir/cluster.ts';
import type { Origin } from '../ir/table.ts';
import type { Destination } from '../manifest/istio/networking.gen.ts';
import { Services } from '../model/services.ts';
import type { Statuses, StatusReason } from './statuses.ts';
import type { Translation } from './translation.ts';
import type { RoutingService } from './virtual-services.ts';

interface Target {
  destination: Destination | undefined;
  origin: Origin;
}

/** Destinations of the virtual services of a proxy for which it has no cluster (RT-R5). */
export function reportMissingClusters(translation: Translation, statuses: Statuses, services: Iterable<RoutingService>, clusters: ReadonlySet<string>): void {
  for (const service of services) {
    for (const { destination, origin } of targetsOf(service)) {
      // Backends that are nowhere have a status of their own.
      if (!destination?.host || (service.gatewayApi && Services.of(translation.mesh).byHost(destination.host).length === 0)) continue;
      const problem = problemOf(translation, destination, clusters);
      if (problem) statuses.add(origin, problem.reason, problem.message);
    }
  }
}

const known = new WeakMap<RoutingService, readonly Target[]>();

function targetsOf(service: RoutingService): readonly Target[] {
  const targets = known.get(service) ?? makeTargets(service);
  known.set(service, targets);
  return targets;
}

function makeTargets({ http, tls, tcp, gatewayApi }: RoutingService): Target[] {
  const at = (origin: Origin, ...path: (string | number)[]): Origin => (gatewayApi ? ruleOf(origin) : { ...origin, path: [...origin.path, ...path] });
  return [
    ...http.flatMap(({ route, origin }) => [
      ...(route.route ?? []).map((to, i) => ({ destination: to.destination, origin: at(origin, 'route', i, 'destination') })),
      { destination: route.mirror, origin: at(origin, 'mirror') },
      ...(route.mirrors ?? []).map((to, i) => ({ destination: to.destination, origin: at(origin, 'mirrors', i, 'destination') })),
    ]),
    ...[...tls, ...tcp].flatMap(({ route, origin }) =>
      (route.route ?? []).map((to, i) => ({ destination: to.destination, origin: at(origin, 'route', i, 'destination') })),
    ),
  ];
}

/** Of the Gateway API: its matches are rules of their own here. */
function ruleOf(origin: Origin): Origin {
  return { ...origin, path: origin.path.slice(0, 3) };
}

function problemOf(
  translation: Translation,
  { host = '', port, subset = '' }: Destination,
  clusters: ReadonlySet<string>,
): { reason: StatusReason; message: string } | undefined {
  const service = translation.serviceOf(host);
  if (!service) return { reason: 'unknown-host', message: `the proxy knows no service ${host}` };
  // Without a port it is that of the listener: where the service has none such, the route is not for it.
  const ports = port?.number ? [port.number] : service.ports.map(({ number }) => number);
  const name = service.aliasOf ?? host;
  if (ports.length === 0 || ports.some((number) => clusters.has(outboundClusterName(number, subset, name)))) return undefined;
  if (port?.number && !service.ports.some(({ number }) => number === port.number))
    return { reason: 'unknown-port', message: `${host} has no port ${port.number}` };
  if (service.aliasOf !== undefined) return { reason: 'unknown-host', message: `${host} stands for ${name}, and the proxy knows no such service` };
  if (subset === '') return { reason: 'unsupported', message: `there is no cluster for ${host}` };
  return { reason: 'unknown-subset', message: `no destination rule that the proxy uses has subset ${subset} of ${host}` };
}
