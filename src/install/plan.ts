import { type KubeObject, type ObjectRef, refOf } from '../kube/object.ts';
import { revisionLabel } from '../model/injection.ts';
import { differences, type FieldChange } from './diff/compare.ts';
import { FieldOwners } from './diff/managed-fields.ts';
import type { FieldPath } from './diff/path.ts';
import { tagLabel } from './render/revision-tag.ts';
import { fieldManager, ownerLabels } from './values.ts';
import { compareVersions } from './version-order.ts';

/** An object as it is to be in the cluster. */
export interface DesiredObject {
  component: string;
  object: KubeObject;
  /** All revisions use it: definitions of kinds, namespaces. */
  shared: boolean;
}

/** `kept`: a shared object that a newer version of weft installed, and that stays as it is. */
export type PlanAction = 'create' | 'change' | 'remove' | 'unchanged' | 'kept';

export interface PlannedChange extends FieldChange {
  /** Other managers that set the field to what it is: a conflict, unless it is forced. */
  owners: readonly string[];
}

/** What is to be done with one object. */
export interface PlannedObject {
  action: PlanAction;
  component: string;
  ref: ObjectRef;
  /** Undefined for what is removed. */
  desired: KubeObject | undefined;
  /** Undefined for what is created. */
  live: KubeObject | undefined;
  /** Of `change`. */
  changes: readonly PlannedChange[];
}

/** Everything that an installation does, before anything of it is done. */
export interface Plan {
  objects: readonly PlannedObject[];
}

export interface PlanOptions {
  /** Namespace of the control plane. */
  owner: string;
  revision: string;
  /** Of weft. */
  version: string;
}

/** Kinds that are removed where they are not wanted any more: no definitions of kinds, no namespaces, and nothing that holds state. */
export const prunedKinds: readonly { apiVersion: string; kind: string }[] = [
  { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingWebhookConfiguration' },
  { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration' },
  { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' },
  { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' },
  { apiVersion: 'apps/v1', kind: 'Deployment' },
  { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
  { apiVersion: 'v1', kind: 'Service' },
  { apiVersion: 'v1', kind: 'ConfigMap' },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding' },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role' },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding' },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole' },
  { apiVersion: 'v1', kind: 'ServiceAccount' },
];

/**
 * Compares what is wanted with what is there. What is written is the objects to create, to change and to remove: where there are none, an
 * installation writes nothing.
 *
 * @param live every object of the cluster that `desired` names, and all of `prunedKinds` with our labels
 */
export function planOf(desired: readonly DesiredObject[], live: readonly KubeObject[], options: PlanOptions): Plan {
  const byId = new Map(live.map((object) => [idOf(refOf(object)), object]));
  const objects = desired.map((item) => planned(item, byId.get(idOf(refOf(item.object))), options));
  const wanted = new Set(desired.map(({ object }) => idOf(refOf(object))));
  const surplus = live.filter((object) => !wanted.has(idOf(refOf(object))) && isPruned(object, options));
  const order = new Map(prunedKinds.map(({ kind }, index) => [kind, index]));
  surplus.sort((a, b) => (order.get(a.kind) ?? 0) - (order.get(b.kind) ?? 0));
  return {
    objects: [
      ...objects,
      ...surplus.map((object): PlannedObject => {
        const component = object.metadata.labels?.[ownerLabels.component] ?? '';
        return { action: 'remove', component, ref: refOf(object), desired: undefined, live: object, changes: [] };
      }),
    ],
  };
}

/** Two versions of one kind are the same object. */
export function idOf({ apiVersion, kind, namespace, name }: ObjectRef): string {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  return `${group}/${kind}/${namespace ?? ''}/${name}`;
}

function planned({ component, object: rendered, shared }: DesiredObject, live: KubeObject | undefined, { version }: PlanOptions): PlannedObject {
  const object = rendered.kind === 'Namespace' ? markedNamespace(rendered, live) : shared && live ? withOwnerOf(rendered, live) : rendered;
  const base = { component, ref: refOf(object), desired: object, live };
  if (!live || live.metadata.deletionTimestamp) return { ...base, action: 'create', changes: [] };
  if (shared && compareVersions(live.metadata.labels?.[ownerLabels.version] ?? '', version) > 0) return { ...base, action: 'kept', changes: [] };
  const owners = new FieldOwners(live, fieldManager);
  const changes = differences(object, live).map(
    // What is not there is nobody's.
    (change): PlannedChange => ({ ...change, owners: change.from === undefined ? [] : owners.othersOf(change.path) }),
  );
  // What somebody else set, too, stays.
  for (const { path, value } of owners.gone(object)) if (owners.othersOf(path).length === 0) changes.push({ path, from: value, to: undefined, owners: [] });
  return { ...base, action: changes.length > 0 ? 'change' : 'unchanged', changes };
}

/** What all control planes share stays with the first one, or they would take it from each other. */
function withOwnerOf(object: KubeObject, live: KubeObject): KubeObject {
  const owner = live.metadata.labels?.[ownerLabels.owner];
  if (owner === undefined) return object;
  return { ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, [ownerLabels.owner]: owner } } };
}

/** Annotation of a namespace that weft made, and that goes with the last that is in it. */
export const createdAnnotation = 'weft.mesh/created';

/** One that was there before keeps who owns it, and is not marked as ours. */
function markedNamespace(object: KubeObject, live: KubeObject | undefined): KubeObject {
  const isCreated = !live || live.metadata.deletionTimestamp !== undefined || live.metadata.annotations?.[createdAnnotation] !== undefined;
  const marked = isCreated
    ? { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, [createdAnnotation]: 'true' } } }
    : object;
  return live ? withOwnerOf(marked, live) : marked;
}

/** What we applied for this revision, and that is no tag: those are the user's. What the controller made is not applied by us. */
function isPruned(object: KubeObject, { owner, revision }: PlanOptions): boolean {
  const { labels = {}, deletionTimestamp } = object.metadata;
  return (
    deletionTimestamp === undefined &&
    prunedKinds.some(({ kind }) => kind === object.kind) &&
    labels[ownerLabels.component] !== undefined &&
    labels[ownerLabels.owner] === owner &&
    labels[revisionLabel] === revision &&
    labels[tagLabel] === undefined &&
    new FieldOwners(object, fieldManager).appliedByUs
  );
}

/** How many objects of a plan are to be created, changed and so on. */
export function countsOf(plan: Plan): Readonly<Record<PlanAction, number>> {
  const counts: Record<PlanAction, number> = { create: 0, change: 0, remove: 0, unchanged: 0, kept: 0 };
  for (const { action } of plan.objects) counts[action]++;
  return counts;
}

/** Whether nothing is to be written. */
export function isDone(plan: Plan): boolean {
  return plan.objects.every(({ action }) => action === 'unchanged' || action === 'kept');
}

export interface PlanConflict {
  ref: ObjectRef;
  path: FieldPath;
  owners: readonly string[];
}

/** Fields that somebody else set to another value: server-side apply refuses to change them unless it is forced. */
export function conflictsOf(plan: Plan): PlanConflict[] {
  return plan.objects.flatMap(({ ref, changes }) =>
    changes.filter(({ owners, to }) => owners.length > 0 && to !== undefined).map(({ path, owners }) => ({ ref, path, owners })),
  );
}

/** Fields that the API server does not let anybody change, by kind. */
const fixedFields: Readonly<Record<string, readonly string[]>> = {
  Deployment: ['spec.selector'],
  RoleBinding: ['roleRef'],
  ClusterRoleBinding: ['roleRef'],
};

/** Changes that the API server would refuse: the object has to be made anew, or another one beside it. */
export function fixedChanges(plan: Plan): { ref: ObjectRef; field: string }[] {
  return plan.objects.flatMap(({ ref, changes }) => {
    const fields = fixedFields[ref.kind] ?? [];
    const changed = fields.filter((field) => changes.some(({ path }) => field.split('.').every((name, index) => path[index] === name)));
    return changed.map((field) => ({ ref, field }));
  });
}

/** Objects that belong to the control plane of another namespace. What all revisions share belongs to everybody. */
export function foreignObjects(plan: Plan, desired: readonly DesiredObject[], owner: string): { ref: ObjectRef; owner: string }[] {
  const shared = new Set(desired.filter((item) => item.shared).map(({ object }) => idOf(refOf(object))));
  return plan.objects.flatMap(({ ref, live }) => {
    const other = live?.metadata.labels?.[ownerLabels.owner];
    return other === undefined || other === owner || shared.has(idOf(ref)) ? [] : [{ ref, owner: other }];
  });
}
