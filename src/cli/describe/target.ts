// What a person names: `NAME`, `NAME.NAMESPACE`, `deploy/NAME.NAMESPACE`.
import { nearest } from '../../manifest/nearest.ts';
import { workloadKindNames } from '../../translate/workload-names.ts';
import { CliError, usageError } from '../exit.ts';

export type TargetKind = 'Pod' | 'Service' | 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'ReplicaSet' | 'Job' | 'CronJob';

/** Kinds that are described as pods are. */
export const workloadKinds: readonly TargetKind[] = ['Pod', 'Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'CronJob'];

export interface Target {
  kind: TargetKind;
  name: string;
  namespace: string;
  /** It is not said: where it is the only one of its name, another namespace will do. */
  anyNamespace: boolean;
}

const { we: _, workloadentry: _entry, ...podKinds } = workloadKindNames;

/** By the names that kubectl takes. A WorkloadEntry is not described. */
const kinds: Readonly<Record<string, TargetKind>> = {
  ...podKinds,
  svc: 'Service',
  service: 'Service',
  services: 'Service',
};

/**
 * @param expected what the sub-command is for; undefined: the name says it
 * @param namespace of names that have none
 * @param anyNamespace nobody has said which
 * @throws CliError where it is none, with 1 as the reference
 */
export function parseTarget(written: string | undefined, expected: 'pod' | 'service' | undefined, namespace: string, anyNamespace = false): Target {
  if (written === undefined || written === '') {
    if (expected) throw new CliError(`expecting ${expected} name`, undefined, `weft x describe ${expected} NAME[.NAMESPACE]`);
    throw usageError('nothing is named to describe', 'weft x describe pod NAME, service NAME, or KIND/NAME such as deploy/NAME');
  }
  const [before = '', after, ...more] = written.split('/');
  if (more.length > 0) throw usageError(`what is described is NAME[.NAMESPACE] or KIND/NAME[.NAMESPACE], not "${written}"`);
  const kind = after === undefined ? kindOf(expected, written) : named(before);
  if (expected === 'service' && kind !== 'Service') throw usageError(`"${written}" is no service`, `weft x describe ${written}`);
  if (expected === 'pod' && kind === 'Service') throw usageError(`"${written}" is no pod`, `weft x describe ${written}`);
  const full = (after ?? written).replace(/\.svc(?:\.cluster\.local)?\.?$/, '');
  const [name = '', ...rest] = full.split('.');
  if (name === '') throw usageError(`"${written}" has no name`);
  // No namespace has a dot: it is the host of a ServiceEntry.
  if (rest.length > 1) return { kind, name: full, namespace, anyNamespace };
  return { kind, name, namespace: rest[0] || namespace, anyNamespace: anyNamespace && !rest[0] };
}

function kindOf(expected: 'pod' | 'service' | undefined, written: string): TargetKind {
  if (expected) return expected === 'pod' ? 'Pod' : 'Service';
  if (Object.hasOwn(kinds, written)) throw usageError(`"${written}" is a kind, and no name comes after it`, `weft x describe ${written}/NAME`);
  throw usageError(`"${written}" has no kind`, `weft x describe pod ${written}, service ${written}, or deploy/${written}`);
}

function named(word: string): TargetKind {
  const kind = kinds[word.toLowerCase().split('.', 1)[0] ?? ''];
  if (kind) return kind;
  const near = nearest(word, Object.keys(kinds));
  throw usageError(
    `"${word}" is no kind that is described${near === undefined ? '' : `; did you mean ${near}?`}`,
    'Kinds are pod, service, deploy, sts, ds, rs, job and cronjob.',
  );
}
