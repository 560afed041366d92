// Which virtual services are bound to which gateway, and who sees them.
import { keepList, replaced, sameItems } from '../model/same.ts';
import type { RoutingService } from './virtual-services.ts';

/** What is bound to one gateway, in the order of SEL-R12. */
export interface Bound {
  /** Those that every namespace sees. */
  open: readonly RoutingService[];
  /** Others, by the namespaces that see them. */
  limited: ReadonlyMap<string, readonly RoutingService[]>;
  /** Namespaces of routes of the Gateway API, where their order depends on the client. */
  ordering: ReadonlySet<string>;
}

/** Whether two virtual services are for the same gateways and namespaces. */
export function haveSameReach(a: RoutingService, b: RoutingService): boolean {
  return a.namespace === b.namespace && a.gatewayApi === b.gatewayApi && sameItems([...a.gateways], [...b.gateways]) && sameItems([...a.scopes], [...b.scopes]);
}

function mapValues<K, V>(map: ReadonlyMap<K, V>, change: (value: V) => V): Map<K, V> {
  return new Map([...map].map(([key, value]) => [key, change(value)]));
}

export function boundWith({ open, limited, ordering }: Bound, gone: readonly RoutingService[], come: readonly RoutingService[]): Bound {
  return { open: replaced(open, gone, come), limited: mapValues(limited, (list) => replaced(list, gone, come)), ordering };
}

export function boundByGateway(services: readonly RoutingService[], former: ReadonlyMap<string, Bound> | undefined): Map<string, Bound> {
  const lists = new Map<string, RoutingService[]>();
  for (const service of services) {
    for (const gateway of service.gateways) {
      const list = lists.get(gateway);
      if (list) list.push(service);
      else lists.set(gateway, [service]);
    }
  }
  return new Map([...lists].map(([gateway, list]) => [gateway, divided(list, former?.get(gateway))]));
}

function divided(services: readonly RoutingService[], former: Bound | undefined): Bound {
  const open = services.filter(({ scopes }) => scopes.has('*'));
  const limited = new Map<string, RoutingService[]>();
  for (const service of services) {
    if (service.scopes.has('*')) continue;
    for (const namespace of service.scopes) {
      const list = limited.get(namespace);
      if (list) list.push(service);
      else limited.set(namespace, [service]);
    }
  }
  const routes = open.filter(({ gatewayApi }) => gatewayApi);
  return { open: keepList(former?.open, open), limited, ordering: new Set(routes.length > 1 ? routes.map(({ namespace }) => namespace) : []) };
}
