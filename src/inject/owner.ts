// The workload that a pod belongs to, from what the pod itself says: in a webhook its owner is not at hand.
import { isMap, text } from '../model/untyped.ts';
import type { PodOwner } from './context.ts';
import type { PodMetadata } from './pod.ts';

/** A job that a CronJob made: its name ends in the time of its start, in minutes. */
const scheduled = /^(.+)-\d{8,}$/;

/**
 * A ReplicaSet stands for its Deployment where its name ends in the hash that Deployments give it, a Job for its CronJob, a
 * ReplicationController for the DeploymentConfig that its pods name.
 */
export function ownerOfPod(metadata: PodMetadata): PodOwner {
  const references = Array.isArray(metadata.ownerReferences) ? metadata.ownerReferences : [];
  const controller: unknown = references.find((reference) => isMap(reference) && reference.controller === true);
  if (!isMap(controller)) return { apiVersion: 'v1', kind: 'Pod', name: nameOf(metadata) };
  const owner = { apiVersion: text(controller.apiVersion), kind: text(controller.kind), name: text(controller.name) };
  const hash = metadata.labels?.['pod-template-hash'];
  if (owner.kind === 'ReplicaSet' && hash && owner.name.endsWith(`-${hash}`))
    return { ...owner, kind: 'Deployment', name: owner.name.slice(0, -hash.length - 1) };
  const cron = owner.kind === 'Job' ? scheduled.exec(owner.name)?.[1] : undefined;
  if (cron !== undefined) return { ...owner, kind: 'CronJob', name: cron };
  const config = metadata.labels?.deploymentconfig;
  if (owner.kind === 'ReplicationController' && config) return { apiVersion: 'apps.openshift.io/v1', kind: 'DeploymentConfig', name: config };
  return owner;
}

/** Of a pod that has no name yet: the beginning that it will have. */
export function nameOf({ name, generateName }: PodMetadata): string {
  return name || (generateName ?? '').replace(/-+$/, '');
}
