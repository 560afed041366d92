import { LabelIndex } from './label-index.ts';
import type { Mesh } from './mesh.ts';
import { formatSelector } from './selectors.ts';
import type { Workload } from './workloads.ts';

/** The workloads of any namespace that a gateway's selector selects: all of them for an empty one. */
export function gatewayWorkloads(mesh: Mesh, selector: Readonly<Record<string, string>> | undefined): readonly Workload[] {
  const found = mesh.memo('workloads by gateway selector', ['Pod'], () => ({
    index: new LabelIndex(mesh.allWorkloads(), (workload) => workload.labels),
    bySelector: new Map<string, readonly Workload[]>(),
  }));
  const key = formatSelector(selector);
  let workloads = found.bySelector.get(key);
  if (!workloads) {
    workloads = found.index.matching(selector ?? {});
    found.bySelector.set(key, workloads);
  }
  return workloads;
}
