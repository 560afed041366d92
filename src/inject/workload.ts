// Which objects make pods, and where in them the pod is.
import type { Path } from '../manifest/problem.ts';
import { isMap, text } from '../model/untyped.ts';
import type { PodOwner } from './context.ts';
import { nameOf, ownerOfPod } from './owner.ts';
import type { PodMetadata } from './pod.ts';

interface WorkloadKind {
  /** Groups that have, or had, the kind; empty: that of Pods and Services. */
  groups: readonly string[];
  /** Empty: the object is the pod itself. */
  path: readonly string[];
}

const template = ['spec', 'template'];

const kinds: Readonly<Record<string, WorkloadKind>> = {
  Pod: { groups: [''], path: [] },
  Deployment: { groups: ['apps', 'extensions'], path: template },
  StatefulSet: { groups: ['apps'], path: template },
  DaemonSet: { groups: ['apps', 'extensions'], path: template },
  ReplicaSet: { groups: ['apps', 'extensions'], path: template },
  Job: { groups: ['batch'], path: template },
  CronJob: { groups: ['batch'], path: ['spec', 'jobTemplate', 'spec', 'template'] },
  ReplicationController: { groups: [''], path: template },
  DeploymentConfig: { groups: ['apps.openshift.io', ''], path: template },
};

/** An object that makes pods. */
export interface WorkloadObject {
  /** Where its pod is. */
  path: Path;
  /** Metadata and spec of the pod, as they are written; undefined where they are missing. */
  pod: unknown;
  owner: PodOwner;
  /** Of the object; empty where it names none. */
  namespace: string;
}

/** Undefined for what makes no pods. */
export function workloadOf(object: Readonly<Record<string, unknown>>): WorkloadObject | undefined {
  const { apiVersion, kind } = object;
  const known = typeof kind === 'string' && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  if (!known || typeof kind !== 'string' || typeof apiVersion !== 'string') return undefined;
  if (!known.groups.includes(apiVersion.includes('/') ? (apiVersion.split('/')[0] as string) : '')) return undefined;
  const metadata = isMap(object.metadata) ? object.metadata : {};
  const pod = known.path.reduce((value: unknown, field) => (isMap(value) ? value[field] : undefined), object);
  const inTemplate = isMap(pod) && isMap(pod.metadata) ? text(pod.metadata.namespace) : '';
  const owner = kind === 'Pod' ? ownerOfPod(metadata as PodMetadata) : { apiVersion, kind, name: nameOf(metadata as PodMetadata) };
  return { path: known.path, pod, owner, namespace: inTemplate || text(metadata.namespace) };
}

/** A copy of an object with another pod in it; fields keep their order. */
export function withPod(object: Readonly<Record<string, unknown>>, path: Path, pod: { metadata: object; spec: object }): Record<string, unknown> {
  const [field, ...rest] = path;
  if (field !== undefined) return { ...object, [field]: withPod(object[field] as Record<string, unknown>, rest, pod) };
  if ('metadata' in object) return { ...object, ...pod };
  return { ...pod, ...object, spec: pod.spec };
}
