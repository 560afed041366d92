import { hostsOverlap } from '../../model/hosts.ts';
import { isSubset } from '../egress-hosts.ts';
import type { RoutingService } from '../virtual-services.ts';
import type { GatewayServer } from './servers.ts';

/** Hosts of a server that are for virtual services of a namespace. */
function hostsFor({ hosts }: GatewayServer, namespace: string): string[] {
  return hosts.flatMap((entry) => (entry.namespace === '*' || entry.namespace === namespace ? [entry.host] : []));
}

/** What a server and a virtual service both are for: of each pair that overlaps the narrower one. */
export function commonHosts(server: GatewayServer, { hosts, namespace }: Pick<RoutingService, 'hosts' | 'namespace'>): string[] {
  const common = new Set<string>();
  for (const own of hostsFor(server, namespace)) {
    for (const host of hosts) {
      if (isSubset(own, host)) common.add(own);
      else if (isSubset(host, own)) common.add(host);
    }
  }
  return [...common];
}

export function haveCommonHost(server: GatewayServer, { hosts, namespace }: Pick<RoutingService, 'hosts' | 'namespace'>): boolean {
  return hostsFor(server, namespace).some((own) => hosts.some((host) => hostsOverlap(own, host)));
}
