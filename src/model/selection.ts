import type { Resource } from '../manifest/resource.ts';
import { LabelIndex, type Labels } from './label-index.ts';
import type { Mesh } from './mesh.ts';
import type { Workload } from './workloads.ts';

/** By list of workloads, which a namespace has as long as they are the same. */
const indexes = new WeakMap<readonly Workload[], LabelIndex<Workload>>();

/** The workloads of a namespace that a selector selects; all of them for an empty selector. */
export function workloadsSelected(mesh: Mesh, namespace: string, selector: Labels): readonly Workload[] {
  const workloads = mesh.workloads(namespace);
  let index = indexes.get(workloads);
  if (!index) {
    index = new LabelIndex(workloads, ({ labels }) => labels);
    indexes.set(workloads, index);
  }
  return index.matching(selector);
}

/** What resources with a workload selector select in their own namespaces. */
export interface Selection<R extends Resource> {
  /** Selectors that no workload has the labels for. */
  idle: { resource: R; selector: Labels }[];
  /** The resources that select a workload, for each workload that is selected. */
  selecting: Map<Workload, R[]>;
}

/** @param selectorOf labels of the resource's selector; a resource without labels is left out */
export function select<R extends Resource>(mesh: Mesh, resources: readonly R[], selectorOf: (resource: R) => Labels | undefined): Selection<R> {
  const selection: Selection<R> = { idle: [], selecting: new Map() };
  for (const resource of resources) {
    const selector = selectorOf(resource) ?? {};
    if (Object.keys(selector).length === 0) continue;
    const selected = workloadsSelected(mesh, resource.namespace, selector);
    if (selected.length === 0) selection.idle.push({ resource, selector });
    for (const workload of selected) {
      const list = selection.selecting.get(workload);
      if (list) list.push(resource);
      else selection.selecting.set(workload, [resource]);
    }
  }
  return selection;
}

/** The alphabetically first label of a selector: where the reference points when a selector selects nothing. */
export function firstLabel(selector: Labels): string {
  return Object.keys(selector).sort()[0] ?? '';
}
