// Routes that were made before, for as long as all that they are made of is the same.
import type { HashPolicy, Route } from '../ir/route.ts';
import type { Status } from '../ir/table.ts';
import { type RouteContext, routesOf } from './routes.ts';
import { Statuses } from './statuses.ts';
import type { Translation } from './translation.ts';
import type { RoutingService } from './virtual-services.ts';

interface Known {
  settings: unknown;
  /** What was asked for while they were made: services and destination rules by host. */
  services: ReadonlyMap<string, unknown>;
  hashed: ReadonlyMap<string, unknown>;
  routes: readonly Route[];
  statuses: readonly Status[];
}

/** As `routesOf`; statuses are told every time. */
export function knownRoutes(translation: Translation, service: RoutingService, context: RouteContext): readonly Route[] {
  const { labels, namespace, port, gateways, tls, settings, statuses } = context;
  const key = JSON.stringify([labels, namespace, port, [...gateways], tls]);
  const known = translation.mesh.cache(`routes ${key}`, () => new WeakMap<RoutingService, Known>());
  let found = known.get(service);
  if (!found || found.settings !== settings || !holds(found, translation, context)) {
    found = make(translation, service, context);
    known.set(service, found);
  }
  for (const { origin, reason, message } of found.statuses) statuses.add(origin, reason, message);
  return found.routes;
}

function holds({ services, hashed }: Known, translation: Translation, { serviceAt }: RouteContext): boolean {
  for (const [host, service] of services) if (serviceAt(host) !== service) return false;
  for (const [host, rule] of hashed) if (translation.ruleAt(host) !== rule) return false;
  return true;
}

function make(translation: Translation, service: RoutingService, context: RouteContext): Known {
  const services = new Map<string, unknown>();
  const hashed = new Map<string, unknown>();
  const statuses = new Statuses();
  const routes = routesOf(service, {
    ...context,
    statuses,
    serviceAt: (host) => {
      const found = context.serviceAt(host);
      services.set(host, found);
      return found;
    },
    hashOf: (destination): HashPolicy | undefined => {
      const host = destination.host ?? '';
      hashed.set(host, translation.ruleAt(host));
      return context.hashOf(destination);
    },
  });
  return { settings: context.settings, services, hashed, routes, statuses: statuses.sorted() };
}
