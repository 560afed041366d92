import type { KubeObject } from './object.ts';

interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
}

interface ContainerStatus {
  name: string;
  ready?: boolean;
  restartCount?: number;
  state?: State;
  lastState?: State;
}

interface State {
  waiting?: { reason?: string; message?: string };
  running?: object;
  terminated?: { exitCode: number; reason?: string; message?: string };
}

interface PodStatus {
  phase?: string;
  reason?: string;
  message?: string;
  conditions?: Condition[];
  initContainerStatuses?: ContainerStatus[];
  containerStatuses?: ContainerStatus[];
}

/** Waiting for these is how every pod starts. */
const starting: ReadonlySet<string> = new Set(['PodInitializing', 'ContainerCreating']);

export function conditionOf(object: KubeObject, type: string): Condition | undefined {
  const { conditions } = (object.status ?? {}) as { conditions?: Condition[] };
  return conditions?.find((condition) => condition.type === type);
}

export function isPodReady(pod: KubeObject): boolean {
  return conditionOf(pod, 'Ready')?.status === 'True';
}

/** Why a pod is not ready, for users: `ImagePullBackOff in container app (manifest unknown)`. Empty for one that is. */
export function podReason(pod: KubeObject): string {
  if (isPodReady(pod)) return '';
  if (pod.metadata.deletionTimestamp) return 'it is being removed';
  const status = (pod.status ?? {}) as PodStatus;
  const scheduled = conditionOf(pod, 'PodScheduled');
  if (scheduled?.status === 'False') return `not scheduled${because(scheduled.message ?? scheduled.reason)}`;
  if (status.phase === 'Failed') return `${status.reason ?? 'it failed'}${because(status.message ?? exits(status))}`;
  const containers = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const failing = containers.map(troubleOf).find((trouble) => trouble !== '');
  if (failing !== undefined) return failing;
  const init = (status.initContainerStatuses ?? []).find(({ state, ready }) => state?.running && !ready);
  if (init) return `init container ${init.name} is running`;
  const unready = (status.containerStatuses ?? []).find(({ ready, state }) => !ready && state?.running);
  if (unready) return `container ${unready.name} is running and not ready`;
  const waiting = containers.find(({ state }) => state?.waiting);
  if (waiting) return `${waiting.state?.waiting?.reason ?? 'waiting'} in container ${waiting.name}`;
  const ready = conditionOf(pod, 'Ready');
  return ready?.message ?? (scheduled ? 'it is starting' : 'it is not scheduled yet');
}

/** What is wrong with one container, apart from that it takes its time. */
function troubleOf({ name, state, lastState }: ContainerStatus): string {
  const { waiting, terminated } = state ?? {};
  if (waiting?.reason && !starting.has(waiting.reason)) {
    const last = lastState?.terminated;
    // Of a container that crashes, the server says only how long it waits; what matters is how it ended.
    const why = waiting.reason === 'CrashLoopBackOff' && last ? endOf(last) : waiting.message;
    return `${waiting.reason} in container ${name}${because(why)}`;
  }
  return terminated && terminated.exitCode !== 0 ? `container ${name} ended with ${endOf(terminated)}` : '';
}

function exits({ initContainerStatuses = [], containerStatuses = [] }: PodStatus): string | undefined {
  return [...initContainerStatuses, ...containerStatuses].map(troubleOf).find((trouble) => trouble !== '');
}

function endOf({ exitCode, reason, message }: NonNullable<State['terminated']>): string {
  const kind = reason && reason !== 'Error' && reason !== 'Completed' ? `, ${reason}` : '';
  return `exit code ${exitCode}${kind}${message ? `: ${oneLine(message)}` : ''}`;
}

export function because(text: string | undefined): string {
  return text ? ` (${oneLine(text)})` : '';
}

/** Messages of programs may be pages long. */
function oneLine(text: string): string {
  const line = text.trim().replace(/\s+/g, ' ');
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}
