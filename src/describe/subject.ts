// What is described: the workloads, and the services that they are behind.

import type { ProxyIdentity } from '../ir/table.ts';
import type { Labels } from '../model/label-index.ts';
import type { Mesh } from '../model/mesh.ts';
import { matchesLabels } from '../model/selectors.ts';
import { type MeshService, Services } from '../model/services.ts';
import type { Workload } from '../model/workloads.ts';
import { effectiveRule } from '../translate/clusters/effective-rule.ts';

export interface Subject {
  mesh: Mesh;
  /** The workload that is described, or all of the service's. */
  workloads: readonly Workload[];
  services: readonly MeshService[];
  /** The labels that subsets are compared with. */
  labels: readonly Labels[];
  /** A service is described: all of it is meant, whichever workload takes a request. */
  whole: boolean;
}

/** Whether requests to a cluster come to the subject. */
export function reaches(subject: Subject, client: Pick<ProxyIdentity, 'namespace' | 'labels'>, { host, subset }: { host: string; subset: string }): boolean {
  const service = subject.services.find((own) => own.host === host);
  if (!service) return false;
  if (subset === '') return true;
  const found = effectiveRule(subject.mesh, client, service)?.subsets.find((placed) => placed.subset.name === subset);
  return found !== undefined && matchesSubject(subject, found.subset.labels ?? {});
}

export function matchesSubject({ labels }: Subject, wanted: Labels): boolean {
  return labels.some((own) => matchesLabels(wanted, own));
}

/** Services of the workload's namespace that select it, by name. */
export function servicesSelecting(mesh: Mesh, { namespace, labels }: Pick<Workload, 'namespace' | 'labels'>): MeshService[] {
  return Services.of(mesh)
    .listIn(namespace)
    .filter(({ selector }) => selector !== undefined && matchesLabels(selector, labels))
    .toSorted((a, b) => (a.host < b.host ? -1 : 1));
}
