// What to say of a request whose host is no service to the proxy.
import { knownNames } from '../../manifest/known-names.ts';
import { clusterDomain } from '../../model/hosts.ts';
import type { Mesh } from '../../model/mesh.ts';
import { Services } from '../../model/services.ts';
import { parseIp } from '../../proxy/core/ip.ts';
import { withoutPort } from '../../proxy/core/router.ts';
import type { TableHosts } from '../../simulate/hosts.ts';
import type { Simulation } from '../../simulate/simulation.ts';
import { shortHost } from '../proxy/route-text.ts';

/** Sentences about the host of the request, with the nearest one that there is. */
export function notesOn({ request, outcome, proxy, entry, trail }: Simulation, hosts: TableHosts, mesh: Mesh): string[] {
  const host = request.kind === 'tcp' ? (request.host ?? '') : withoutPort(request.authority);
  const unknown = outcome.kind === 'passthrough' || outcome.kind === 'blocked' || (outcome.kind === 'no-route' && trail?.virtualHost === undefined);
  if (!unknown || host === '' || parseIp(host.replace(/^\[|\]$/g, ''))) return [];
  const ports = hosts.portsOf(host);
  if (ports.length > 0) return [`${host} is there on port ${ports.join(', ')}, and not on port ${entry.port}.`];
  const hidden = Services.of(mesh).byHost(fullName(host, proxy.namespace))[0];
  if (hidden && proxy.role === 'sidecar')
    return [`${hidden.host} is there, and namespace ${proxy.namespace} does not see it: exportTo of the service, or the hosts of a Sidecar, leave it out.`];
  const known = hosts.all.map((name) => shortHost(name, proxy.namespace));
  if (known.length === 0) return ['The proxy knows no service at all.'];
  return [`The proxy knows no host ${host}. ${knownNames(host, known, 'It knows')}`];
}

/** `cart` and `cart.shop` as clients of a namespace mean them. */
function fullName(host: string, namespace: string): string {
  const parts = host.split('.');
  if (parts.length === 1) return `${host}.${namespace}.${clusterDomain}`;
  if (parts.length === 2) return `${host}.${clusterDomain}`;
  return host.endsWith('.svc') ? `${host}.cluster.local` : host;
}
