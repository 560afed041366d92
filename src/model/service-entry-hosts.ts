import type { ServiceEntry } from '../manifest/istio/networking.gen.ts';
import type { Resource } from '../manifest/resource.ts';
import { byCreation } from './creation.ts';
import type { Mesh } from './mesh.ts';

/** The service entries of each host, in the order in which the control plane takes them (SEL-R33). */
export function serviceEntriesByHost(mesh: Mesh): ReadonlyMap<string, readonly Resource<ServiceEntry>[]> {
  return mesh.memo('service entries by host', ['ServiceEntry'], () => {
    const byHost = new Map<string, Resource<ServiceEntry>[]>();
    for (const entry of mesh.list('ServiceEntry').toSorted(byCreation)) {
      for (const host of new Set(entry.spec.hosts)) {
        const list = byHost.get(host);
        if (list) list.push(entry);
        else byHost.set(host, [entry]);
      }
    }
    return byHost;
  });
}
