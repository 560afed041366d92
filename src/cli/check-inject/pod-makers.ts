// Kinds that make pods.
import { workloadKindNames } from '../../translate/workload-names.ts';

/** Versions of the kinds that make pods. */
export const podMakerVersions: Readonly<Record<PodMaker, string>> = {
  Pod: 'v1',
  Deployment: 'apps/v1',
  StatefulSet: 'apps/v1',
  DaemonSet: 'apps/v1',
  ReplicaSet: 'apps/v1',
  Job: 'batch/v1',
  CronJob: 'batch/v1',
  ReplicationController: 'v1',
};

const { we: _, workloadentry: _entry, ...ofMeshes } = workloadKindNames;

/** Kinds that make pods, by the names that kubectl takes. No mesh looks at a ReplicationController: its pods are enough. */
export const podMakers = {
  ...ofMeshes,
  rc: 'ReplicationController',
  replicationcontroller: 'ReplicationController',
  replicationcontrollers: 'ReplicationController',
} as const;

export type PodMaker = (typeof podMakers)[keyof typeof podMakers];
