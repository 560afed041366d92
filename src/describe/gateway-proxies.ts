// Which gateways may lead to a service, and what runs them.
import type { ProxyIdentity } from '../ir/table.ts';
import { gatewayNameLabel, listenersOf } from '../model/gateway-api.ts';
import { gatewayWorkloads } from '../model/gateway-workloads.ts';
import type { Mesh } from '../model/mesh.ts';
import { workloadsSelected } from '../model/selection.ts';
import { byName, type Workload } from '../model/workloads.ts';
import { listenerName } from '../translate/gateway-api/gateways.ts';
import { type RoutingService, VirtualServices } from '../translate/virtual-services.ts';
import { gatewayWorkload, namedProxy } from '../translate/workload-identity.ts';

export interface GatewayProxy {
  proxy: ProxyIdentity;
  /** Undefined: nothing in the input runs it. */
  workload: Workload | undefined;
}

/** Proxies of all gateways that something is bound to which sends to one of the hosts: each kind once. */
export function gatewayProxies(mesh: Mesh, hosts: ReadonlySet<string>): GatewayProxy[] {
  const names = new Set(
    VirtualServices.of(mesh)
      .all.filter((routing) => sendsTo(routing, hosts))
      .flatMap(({ gateways }) => [...gateways].filter((name) => name !== 'mesh')),
  );
  if (names.size === 0) return [];
  const found = new Map<string, GatewayProxy>();
  const add = (one: GatewayProxy): void => {
    const { namespace, labels } = one.proxy;
    const key = JSON.stringify([namespace, Object.entries(labels).sort()]);
    if (!found.has(key)) found.set(key, one);
  };
  for (const name of names) {
    const slash = name.indexOf('/');
    const gateway = mesh.find('Gateway', name.slice(0, slash), name.slice(slash + 1));
    if (!gateway) continue;
    const { selector = {} } = gateway.spec;
    for (const one of proxiesOf(mesh, gatewayWorkloads(mesh, selector), { ...namedProxy('gateway', gateway.namespace, ''), labels: selector })) add(one);
  }
  for (const gateway of mesh.list('gateway-api/Gateway')) {
    if (!listenersOf(gateway).some((listener) => names.has(`${gateway.namespace}/${listenerName(gateway, listener)}`))) continue;
    const labels = { [gatewayNameLabel]: gateway.name };
    for (const one of proxiesOf(mesh, workloadsSelected(mesh, gateway.namespace, labels), { ...namedProxy('gateway', gateway.namespace, ''), labels }))
      add(one);
  }
  return [...found.values()];
}

export function sendsTo({ http, tls, tcp }: RoutingService, hosts: ReadonlySet<string>): boolean {
  const rules = [...http, ...tls, ...tcp].map(({ route }) => route);
  return rules.some(
    (rule) =>
      rule.route?.some((to) => hosts.has(to?.destination?.host ?? '')) ||
      ('mirror' in rule && hosts.has(rule.mirror?.host ?? '')) ||
      ('mirrors' in rule && rule.mirrors?.some((to) => hosts.has(to?.destination?.host ?? ''))),
  );
}

/** Pods before what makes them. */
function proxiesOf(mesh: Mesh, workloads: readonly Workload[], unknown: ProxyIdentity): GatewayProxy[] {
  const pods = workloads.filter(({ isPod }) => isPod);
  const found = (pods.length > 0 ? pods : workloads).toSorted(byName).flatMap((workload): GatewayProxy[] => {
    const proxy = gatewayWorkload(mesh, workload.namespace, workload.name);
    return proxy ? [{ proxy, workload }] : [];
  });
  return found.length > 0 ? found : [{ proxy: unknown, workload: undefined }];
}
