// Pods as people name them on a command line: `NAME[.NAMESPACE]`, `KIND/NAME[.NAMESPACE]`.
import { nearest } from '../../manifest/nearest.ts';
import { parseWorkloadName, workloadKindNames } from '../../translate/workload-names.ts';
import { usageError } from '../exit.ts';

/** A kind that has pods, and how its API calls it. */
export interface PodOwnerKind {
  kind: string;
  apiVersion: string;
}

export interface PodTarget {
  /** Undefined: a pod is named. */
  owner: PodOwnerKind | undefined;
  name: string;
  /** Undefined: that of `-n`, or of the context. */
  namespace: string | undefined;
}

const owners: ReadonlyMap<string, PodOwnerKind> = new Map(
  [
    { kind: 'Deployment', apiVersion: 'apps/v1' },
    { kind: 'StatefulSet', apiVersion: 'apps/v1' },
    { kind: 'DaemonSet', apiVersion: 'apps/v1' },
    { kind: 'ReplicaSet', apiVersion: 'apps/v1' },
    { kind: 'Job', apiVersion: 'batch/v1' },
    { kind: 'Service', apiVersion: 'v1' },
  ].map((one) => [one.kind, one]),
);

const serviceNames: ReadonlySet<string> = new Set(['svc', 'service', 'services']);

const forms = 'A pod is NAME[.NAMESPACE], deploy/NAME[.NAMESPACE] or svc/NAME[.NAMESPACE]; sts, ds, rs and job are understood, too.';

/** @throws CliError (usage) for what names no pod */
export function parsePodTarget(text: string): PodTarget {
  const slash = text.indexOf('/');
  const word = text.slice(0, Math.max(slash, 0)).toLowerCase();
  const isService = serviceNames.has(word);
  // A Service is written as a pod is.
  const written = parseWorkloadName(isService ? `pod/${text.slice(slash + 1)}` : text);
  if (!written) throw usageError(`"${text}" names no pod`, forms);
  const kind = isService ? 'Service' : written.kind;
  const { name, namespace } = written;
  if (kind === undefined || kind === 'Pod') {
    const near = kind === undefined && slash > 0 ? nearest(word, [...Object.keys(workloadKindNames), ...serviceNames]) : undefined;
    // NAMESPACE/NAME, unless it is a kind with a mistake in it.
    if (near !== undefined) throw usageError(`"${word}" is no kind that has pods; did you mean ${near}?`, forms);
    return { owner: undefined, name, namespace };
  }
  const owner = owners.get(kind);
  if (!owner) throw usageError(`a ${kind} cannot be asked for its pods`, forms);
  return { owner, name, namespace };
}
