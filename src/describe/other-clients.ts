// Clients for whom something else may hold than for those next to a service.

import type { ProxyIdentity } from '../ir/table.ts';
import { compareText } from '../manifest/compare-text.ts';
import { DestinationRules } from '../model/destination-rules.ts';
import { hostsOverlap } from '../model/hosts.ts';
import type { Mesh } from '../model/mesh.ts';
import type { MeshService } from '../model/services.ts';
import { type RoutingService, VirtualServices } from '../translate/virtual-services.ts';
import { namedProxy } from '../translate/workload-identity.ts';

/** Of more kinds of clients than these it is not told. */
const most = 12;

/**
 * One proxy for each kind of clients: those of namespaces that rules are limited to, those that rules ask for by label, and those of
 * any other namespace, which has an empty name.
 */
export function otherClients(mesh: Mesh, service: MeshService, own: ProxyIdentity): ProxyIdentity[] {
  const found = new Map<string, ProxyIdentity>();
  const add = (namespace: string, labels: Readonly<Record<string, string>> = {}): void => {
    if (namespace === own.namespace && Object.keys(labels).length === 0) return;
    found.set(JSON.stringify([namespace, labels]), { ...namedProxy('sidecar', namespace, ''), labels });
  };
  for (const routing of VirtualServices.of(mesh).all) {
    if (!routing.gateways.has('mesh') || !isAbout(routing, service.host)) continue;
    if (!routing.scopes.has('*')) for (const namespace of routing.scopes) add(namespace);
    if (routing.gatewayApi) add(routing.namespace);
    for (const match of [...routing.http, ...routing.tls, ...routing.tcp].flatMap(({ route }) => route.match ?? [])) {
      if (match?.sourceNamespace || match?.sourceLabels) add(match.sourceNamespace || own.namespace, match.sourceLabels ?? {});
    }
  }
  for (const namespace of DestinationRules.of(mesh).namespacesOf(service.host)) if (namespace !== mesh.rootNamespace) add(namespace);
  for (const namespace of service.scopes) if (namespace !== '*') add(namespace);
  add('');
  return [...found.values()].sort((a, b) => compareText(a.namespace, b.namespace)).slice(0, most);
}

/** It routes the host, or sends to it. */
export function isAbout(routing: RoutingService, host: string): boolean {
  return routing.hosts.some((own) => hostsOverlap(own, host)) || destinationHosts(routing).includes(host);
}

/** Where requests go, and copies of them. */
export function destinationHosts({ http, tls, tcp }: RoutingService): string[] {
  const rules = [...http, ...tls, ...tcp].map(({ route }) => route);
  return rules.flatMap((rule) => [
    ...(rule.route ?? []).flatMap((to) => to?.destination?.host ?? []),
    ...('mirror' in rule && rule.mirror?.host !== undefined ? [rule.mirror.host] : []),
    ...('mirrors' in rule ? (rule.mirrors ?? []).flatMap((to) => to?.destination?.host ?? []) : []),
  ]);
}
