import type { WorkloadEntry, WorkloadGroup } from '../manifest/istio/networking.gen.ts';
import type { Resource } from '../manifest/resource.ts';
import { LabelIndex, type Labels } from './label-index.ts';
import type { Mesh } from './mesh.ts';

/** Kinds whose labels the selector of a policy can mean. */
export const selectableKinds = ['Pod', 'WorkloadEntry', 'WorkloadGroup'] as const;

const none: ReadonlySet<string> = new Set();

/** Something that runs, in the cluster or beside it, with the labels that selectors compare. */
interface Selectable {
  namespace: string;
  labels: Labels;
}

/** What selectors of policies select: pods, what makes pods, and machines that are not in the cluster. */
export class Selectables {
  private readonly all: readonly Selectable[];
  private readonly byNamespace: ReadonlyMap<string, readonly Selectable[]>;
  private readonly indexes = new Map<string | undefined, LabelIndex<Selectable>>();
  private readonly valuesByKey = new Map<string | undefined, Map<string, Set<string>>>();

  static of(mesh: Mesh): Selectables {
    return mesh.memo('what selectors select', selectableKinds, () => new Selectables(mesh));
  }

  private constructor(mesh: Mesh) {
    this.all = [...mesh.allWorkloads(), ...mesh.list('WorkloadEntry').map(entryLabels), ...mesh.list('WorkloadGroup').map(groupLabels)];
    this.byNamespace = Map.groupBy(this.all, ({ namespace }) => namespace);
  }

  /** @param namespace undefined for all of them */
  isSelected(namespace: string | undefined, selector: Labels): boolean {
    let index = this.indexes.get(namespace);
    if (!index) {
      index = new LabelIndex(this.in(namespace), ({ labels }) => labels);
      this.indexes.set(namespace, index);
    }
    return index.matching(selector).length > 0;
  }

  /** The values that a label has. */
  values(namespace: string | undefined, key: string): ReadonlySet<string> {
    let byKey = this.valuesByKey.get(namespace);
    if (!byKey) {
      byKey = new Map();
      for (const { labels } of this.in(namespace)) {
        for (const [name, value] of Object.entries(labels)) byKey.set(name, (byKey.get(name) ?? new Set()).add(value));
      }
      this.valuesByKey.set(namespace, byKey);
    }
    return byKey.get(key) ?? none;
  }

  private in(namespace: string | undefined): readonly Selectable[] {
    return namespace === undefined ? this.all : (this.byNamespace.get(namespace) ?? []);
  }
}

/** Labels of the metadata are those of the workload, too. */
function entryLabels({ namespace, labels, spec }: Resource<WorkloadEntry>): Selectable {
  return { namespace, labels: { ...spec.labels, ...labels } };
}

function groupLabels({ namespace, spec }: Resource<WorkloadGroup>): Selectable {
  return { namespace, labels: { ...spec.template?.labels, ...spec.metadata?.labels } };
}
