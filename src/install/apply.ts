import type { KubeClient } from '../kube/client.ts';
import type { KubeError } from '../kube/error.ts';
import { inParallel } from '../kube/in-parallel.ts';
import { type KubeObject, type ObjectRef, refOf, refText } from '../kube/object.ts';
import { waitReady } from '../kube/wait.ts';
import { phaseKey, targetKey } from './installed.ts';
import { isDone, type Plan, type PlannedObject } from './plan.ts';
import { type Step, type StepName, stepsOf } from './steps.ts';
import { fieldManager } from './values.ts';
import { removeStaleWebhooks } from './webhook-items.ts';

export interface ApplyOptions {
  revision: string;
  /** Of weft. */
  version: string;
  /** Fields that somebody else set are changed, too. */
  force: boolean;
  /** Whether workloads are waited for. Webhooks without a ready controller refuse pods. */
  wait: boolean;
  /** Of one step. */
  timeoutMs: number;
  signal?: AbortSignal;
  events: ApplyEvents;
}

/** What is not ready yet, and why. */
export type Pending = readonly { ref: ObjectRef; reason: string }[];

export interface ApplyEvents {
  started(step: Step): void;
  waiting(step: Step, pending: Pending): void;
  finished(step: Step): void;
}

/** An installation that ended in the middle; told for users. The cause is a KubeError where the API server refused something. */
export class ApplyFailure extends Error {
  readonly step: StepName;
  /** Whether something was not ready in time, and nothing was refused. */
  readonly pending: Pending;

  constructor(step: StepName, message: string, pending: Pending = [], cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ApplyFailure';
    this.step = step;
    this.pending = pending;
  }
}

/**
 * Does what a plan says, step by step. Before the first write, the record of the revision says that an installation is under way, and
 * only the last one says that it ended: whatever happens in between, the same again goes on from there.
 *
 * @throws ApplyFailure
 */
export async function applyPlan(client: KubeClient, plan: Plan, options: ApplyOptions): Promise<void> {
  const steps = stepsOf(plan, options.revision);
  const record = plan.objects.find(({ ref, desired }) => desired !== undefined && isRecord(ref, steps));
  const needsMark = !isDone(plan) && record !== undefined && !onlyChange(plan, record);
  let isMarked = false;
  for (const step of steps) {
    if (needsMark && !isMarked && step.name !== 'namespaces') {
      const mark = underWay(record, options.version);
      await during('record', () => client.apply(mark, { fieldManager, force: options.force, signal: options.signal }));
      isMarked = true;
    }
    options.events.started(step);
    await during(step.name, () => runStep(client, isMarked && step.name === 'record' ? unmarking(step) : step, options));
    options.events.finished(step);
  }
}

/** What fails is told as a failure of the step. */
async function during(step: StepName, run: () => Promise<unknown>): Promise<void> {
  try {
    await run();
  } catch (error) {
    throw error instanceof ApplyFailure ? error : failureOf(step, error);
  }
}

function isRecord(ref: ObjectRef, steps: readonly Step[]): boolean {
  return steps.some(({ name, groups }) => name === 'record' && groups.flat().some((object) => object.ref === ref));
}

function onlyChange(plan: Plan, object: PlannedObject): boolean {
  return plan.objects.every((other) => other === object || other.action === 'unchanged' || other.action === 'kept');
}

/** The record as it was, with the mark: server-side apply takes the mark away when the new one is applied. */
function underWay({ desired, live }: PlannedObject, version: string): KubeObject {
  const { apiVersion, kind, metadata } = desired as KubeObject;
  const data = live && !live.metadata.deletionTimestamp ? (live.data as Record<string, string> | undefined) : undefined;
  const labels = (live && data ? live.metadata.labels : undefined) ?? metadata.labels;
  return {
    apiVersion,
    kind,
    metadata: { name: metadata.name, namespace: metadata.namespace, ...(labels ? { labels } : {}) },
    data: { ...data, [phaseKey]: 'installing', [targetKey]: version },
  };
}

/** The record is written, whatever the plan said of it, to take its mark away. */
function unmarking({ name, groups }: Step): Step {
  return {
    name,
    groups: groups.map((group) => group.map((object): PlannedObject => (object.action === 'unchanged' ? { ...object, action: 'change' } : object))),
  };
}

async function runStep(client: KubeClient, step: Step, options: ApplyOptions): Promise<void> {
  for (const group of step.groups) {
    options.signal?.throwIfAborted();
    await inParallel(group, (object) => write(client, object, options));
  }
  const objects = step.groups.flat().flatMap(({ desired }) => desired ?? []);
  const isAwaited = (object: KubeObject): boolean => object.kind === 'CustomResourceDefinition' || object.kind === 'Namespace' || options.wait;
  const { timeoutMs, signal, events } = options;
  const pending = await waitReady(client, objects.filter(isAwaited), {
    timeoutMs,
    ...(signal ? { signal } : {}),
    onProgress: (left) => events.waiting(step, left),
  });
  signal?.throwIfAborted();
  if (pending.length > 0) throw new ApplyFailure(step.name, pendingText(pending), pending);
}

async function write(client: KubeClient, object: PlannedObject, { force, timeoutMs, signal }: ApplyOptions): Promise<void> {
  const { action, ref, desired, live } = object;
  if (action === 'unchanged' || action === 'kept') return;
  if (action === 'remove') {
    const uid = live?.metadata.uid;
    await client.delete(ref, { propagation: 'Background', ...(uid === undefined ? {} : { uid }) });
    return;
  }
  if (live?.metadata.deletionTimestamp) await untilGone(client, live, timeoutMs, signal);
  else if (live && desired?.kind.endsWith('WebhookConfiguration')) await removeStaleWebhooks(client, desired, live);
  await client.apply(desired as KubeObject, { fieldManager, force, ...(signal ? { signal } : {}) });
}

const pollMs = 500;

/** What is being deleted would take what is applied to it with it. */
async function untilGone(client: KubeClient, { metadata, ...object }: KubeObject, timeoutMs: number, signal?: AbortSignal): Promise<void> {
  const ref = refOf({ metadata, ...object } as KubeObject);
  const end = performance.now() + timeoutMs;
  for (;;) {
    const now = await client.get(ref);
    if (!now || now.metadata.uid !== metadata.uid) return;
    signal?.throwIfAborted();
    if (performance.now() > end) {
      const finalizers = now.metadata.finalizers ?? [];
      const why = finalizers.length > 0 ? `; it waits for ${finalizers.join(', ')}` : '';
      throw new Error(`${refText(ref)} is being deleted, and that does not end${why}`);
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** `Deployment istio-system/weft-controller: 0 of 2 pods are ready: …`, one a line. */
function pendingText(pending: Pending): string {
  return pending.map(({ ref, reason }) => `${refText(ref)}: ${reason}`).join('\n');
}

function failureOf(step: StepName, error: unknown): unknown {
  if (!(error instanceof Error) || isBug(error)) return error;
  return new ApplyFailure(step, error.message, [], error);
}

function isBug(error: Error): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
}

/** The refusal of the API server that ended an installation. */
export function refusalOf(failure: ApplyFailure): KubeError | undefined {
  const { cause } = failure;
  return cause instanceof Error && cause.name === 'KubeError' ? (cause as KubeError) : undefined;
}
