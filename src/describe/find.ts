// Looking for what a person names.
import type { Mesh } from '../model/mesh.ts';
import { workloadsSelected } from '../model/selection.ts';
import { type MeshService, Services } from '../model/services.ts';
import { byName, type Workload } from '../model/workloads.ts';

/** @param kind undefined: a pod, else what makes pods */
export function findWorkload(mesh: Mesh, namespace: string, name: string, kind?: string): Workload | undefined {
  const named = mesh.workloads(namespace).filter((workload) => workload.name === name);
  if (kind !== undefined) return named.find(({ resource }) => resource.kind === kind);
  return named.find(({ isPod }) => isPod) ?? named.toSorted(byName)[0];
}

/** A Service by its name, or whatever has a host of this name. */
export function findService(mesh: Mesh, namespace: string, name: string): MeshService | undefined {
  const services = Services.of(mesh);
  const own = services.listIn(namespace);
  return own.find((service) => service.source === 'kubernetes' && service.name === name) ?? own.find(({ host }) => host === name) ?? services.byHost(name)[0];
}

/** Pods that a service selects; where there are none yet, what makes them. */
export function workloadsOf(mesh: Mesh, { namespace, selector }: MeshService): readonly Workload[] {
  if (!selector) return [];
  const all = workloadsSelected(mesh, namespace, selector);
  const pods = all.filter(({ isPod }) => isPod);
  return (pods.length > 0 ? pods : all).toSorted(byName);
}
