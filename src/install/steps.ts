import type { Plan, PlannedObject } from './plan.ts';
import { installedNames } from './values.ts';

/** Parts of an installation, in their order: each needs what the ones before it made. */
const stepNames = ['namespaces', 'definitions', 'controller', 'webhooks', 'gateways', 'record', 'prune'] as const;
export type StepName = (typeof stepNames)[number];

export interface Step {
  name: StepName;
  /** In groups, one after the other; those of a group do not need each other. */
  groups: readonly (readonly PlannedObject[])[];
}

/** Within a step: rights before who needs them, configuration before who reads it, workloads last. */
const kindOrder = [
  'ServiceAccount',
  'Role',
  'ClusterRole',
  'RoleBinding',
  'ClusterRoleBinding',
  'ConfigMap',
  'Secret',
  'Service',
  'NetworkPolicy',
  'PodDisruptionBudget',
  'Deployment',
  'HorizontalPodAutoscaler',
];

/**
 * The steps of a plan that have objects. Webhooks come after the controller, or nobody would answer them; gateways after the webhooks,
 * which inject their pods; the record of the version after everything that it speaks of; and what is not wanted any more goes last.
 */
export function stepsOf(plan: Plan, revision: string): Step[] {
  const byStep = new Map<StepName, PlannedObject[]>(stepNames.map((name) => [name, []]));
  for (const object of plan.objects) byStep.get(stepOf(object, revision))?.push(object);
  return [...byStep].filter(([, objects]) => objects.length > 0).map(([name, objects]) => ({ name, groups: inOrder(name, objects) }));
}

function stepOf({ action, component, ref }: PlannedObject, revision: string): StepName {
  if (action === 'remove') return 'prune';
  switch (ref.kind) {
    case 'Namespace':
      return 'namespaces';
    case 'CustomResourceDefinition':
      return 'definitions';
    case 'MutatingWebhookConfiguration':
    case 'ValidatingWebhookConfiguration':
      return 'webhooks';
    case 'ConfigMap':
      if (ref.name === installedNames(revision).values) return 'record';
  }
  return component === 'IngressGateways' ? 'gateways' : 'controller';
}

function inOrder(step: StepName, objects: readonly PlannedObject[]): PlannedObject[][] {
  // A plan has what is removed in its order already, and one at a time: webhooks before who answers them.
  if (step === 'prune') return objects.map((object) => [object]);
  const groups = new Map<number, PlannedObject[]>();
  for (const object of objects) {
    const found = kindOrder.indexOf(object.ref.kind);
    const rank = found < 0 ? kindOrder.indexOf('Service') : found;
    groups.set(rank, [...(groups.get(rank) ?? []), object]);
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, group]) => group);
}
