// Workloads by the names that people say on a command line and in tests.
import type { ProxyIdentity } from '../ir/table.ts';
import { knownNames } from '../manifest/known-names.ts';
import type { Mesh } from '../model/mesh.ts';
import { sidecarOf } from './workload-identity.ts';

/** Kinds of workloads by the names that kubectl takes. */
export const workloadKindNames = {
  po: 'Pod',
  pod: 'Pod',
  pods: 'Pod',
  deploy: 'Deployment',
  deployment: 'Deployment',
  deployments: 'Deployment',
  sts: 'StatefulSet',
  statefulset: 'StatefulSet',
  statefulsets: 'StatefulSet',
  ds: 'DaemonSet',
  daemonset: 'DaemonSet',
  daemonsets: 'DaemonSet',
  rs: 'ReplicaSet',
  replicaset: 'ReplicaSet',
  replicasets: 'ReplicaSet',
  job: 'Job',
  jobs: 'Job',
  cj: 'CronJob',
  cronjob: 'CronJob',
  cronjobs: 'CronJob',
  we: 'WorkloadEntry',
  workloadentry: 'WorkloadEntry',
} as const;

export interface WorkloadName {
  /** Undefined: any. */
  kind: string | undefined;
  name: string;
  /** Undefined: that of whoever asks. */
  namespace: string | undefined;
}

/** `deploy/cart.shop`, `pod/cart-1`, `cart.shop`, `cart`, `shop/cart`; undefined for anything else. */
export function parseWorkloadName(text: string): WorkloadName | undefined {
  const slash = text.indexOf('/');
  const [before, after] = slash < 0 ? ['', text] : [text.slice(0, slash), text.slice(slash + 1)];
  const word = before.toLowerCase();
  const kind = Object.hasOwn(workloadKindNames, word) ? workloadKindNames[word as keyof typeof workloadKindNames] : undefined;
  const dot = after.lastIndexOf('.');
  const [name, namespace] = dot < 0 ? [after, undefined] : [after.slice(0, dot), after.slice(dot + 1)];
  if (name === '' || namespace === '' || (slash >= 0 && before === '') || after.includes('/')) return undefined;
  // NAMESPACE/NAME, as flags have it: a name of a workload may have dots.
  return slash >= 0 && kind === undefined ? { kind, name: after, namespace: before } : { kind, name, namespace };
}

/** Why there is no such workload, in a sentence without a full stop, and what there is. */
export interface NoWorkload {
  text: string;
  /** Undefined: the mesh has no workload at all, or none of the kind. */
  known: string | undefined;
}

/**
 * The sidecar of a workload. One that is named without a namespace may be in another one, where it is the only one of its name.
 *
 * @param own namespace of names without one
 */
export function sidecarNamed(mesh: Mesh, { kind, name, namespace }: WorkloadName, own: string): ProxyIdentity | NoWorkload {
  const all = [...mesh.allWorkloads().map(({ resource }) => resource), ...mesh.list('WorkloadEntry')];
  const ofKind = kind === undefined ? all : all.filter((resource) => resource.kind === kind);
  const there = ofKind.find((resource) => resource.name === name && resource.namespace === (namespace ?? own));
  const elsewhere = namespace === undefined ? ofKind.filter((resource) => resource.name === name) : [];
  const found = there ?? (elsewhere.length === 1 ? elsewhere[0] : undefined);
  const proxy = found && sidecarOf(mesh, found.namespace, found.name);
  if (proxy) return proxy;
  const wanted = `${name}.${namespace ?? own}`;
  const known = ofKind.map((resource) => `${resource.name}.${resource.namespace}`);
  return { text: `there is no ${kind ?? 'workload'} ${wanted}`, known: known.length > 0 ? knownNames(wanted, known) : undefined };
}
