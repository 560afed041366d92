import type { Gateway } from '../manifest/istio/networking.gen.ts';
import type { Resource } from '../manifest/resource.ts';
import { OverlapIndex } from './host-overlap.ts';
import type { Mesh } from './mesh.ts';

interface Taken {
  server: number;
  /** Of the virtual services that the host is for; `*` for all. */
  namespace: string;
}

/**
 * The servers of a gateway that take a host, or part of a wildcard, from virtual services of a namespace.
 *
 * @returns indexes in `servers`, in ascending order
 */
export function serversTaking(mesh: Mesh, gateway: Resource<Gateway>, host: string, namespace: string): number[] {
  const byGateway = mesh.memo('servers by gateway', ['Gateway'], () => new Map<Resource<Gateway>, OverlapIndex<Taken>>());
  let hosts = byGateway.get(gateway);
  if (!hosts) {
    hosts = hostsOf(gateway);
    byGateway.set(gateway, hosts);
  }
  const taking = [...hosts.overlapping(host.toLowerCase())].filter((taken) => taken.namespace === '*' || taken.namespace === namespace);
  return [...new Set(taking.map((taken) => taken.server))].sort((a, b) => a - b);
}

function hostsOf({ spec, namespace }: Resource<Gateway>): OverlapIndex<Taken> {
  const index = new OverlapIndex<Taken>();
  for (const [server, one] of (spec.servers ?? []).entries()) {
    for (const entry of one?.hosts ?? []) {
      const slash = entry.indexOf('/');
      const of = slash < 0 ? '*' : entry.slice(0, slash);
      index.add(entry.slice(slash + 1).toLowerCase(), { server, namespace: of === '.' ? namespace : of });
    }
  }
  return index;
}
