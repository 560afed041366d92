// The longest that a request can take, step by step: every try as slow as it may be, and failing at the last moment in a way that is
// tried again, as long as there is one.
import { backoffMs, CompiledRetry } from '../proxy/core/retry.ts';
import type { Forwarding, SimulatedRetry, Simulation } from './simulation.ts';

/** What ends a step at the latest. `never`: nothing. `answer`: the endpoint, one way or another. */
export type StepEnd = 'delay' | 'backoff' | 'per-try-timeout' | 'connect-timeout' | 'timeout' | 'stream-duration' | 'abort' | 'never';

export interface TimelineStep {
  /** `delay`: a fault that is injected; `attempt`: a try at an endpoint; `backoff`: the pause before the next one. */
  kind: 'delay' | 'attempt' | 'backoff';
  /** Of attempts and of back-offs, from 1. */
  number: number;
  /** Milliseconds from the begin of the request, where all before it took longest. */
  startMs: number;
  /** Absent: it may go on for ever. */
  endMs?: number;
  /** The shortest that it can take. */
  minMs: number;
  ends: StepEnd;
}

export interface Timeline {
  steps: TimelineStep[];
  /** Absent: without an end. */
  totalMs?: number;
  ends: StepEnd;
  /** Status that the client gets in the end; absent where none has to come. */
  status?: number;
  /** Tries that the retry policy allows, the first one included. */
  triesAllowed: number;
  /** Those that begin before the request is over. */
  triesBegun: number;
}

const gatewayTimeout = 504;

/** Undefined for what is not forwarded. */
export function timeline(simulation: Simulation): Timeline | undefined {
  const { forwarding, outcome, fault, destinations } = simulation;
  if (!forwarding) return undefined;
  const delay = fault?.delay && fault.delay.value.percent > 0 ? fault.delay.value : undefined;
  const steps = new Steps();
  if (delay) steps.add({ kind: 'delay', number: 1, minMs: delay.percent >= 100 ? delay.durationMs : 0, ends: 'delay' }, delay.durationMs);
  if (outcome.kind === 'fault') return steps.end('abort', outcome.reply.status, 0);
  const answers = destinations.length > 0 && destinations.every(({ failure }) => failure);
  if ((outcome.kind !== 'routed' && outcome.kind !== 'passthrough') || answers) return undefined;
  const connectMs = Math.max(0, ...destinations.flatMap(({ upstream }) => upstream?.pool.connectTimeoutMs?.value ?? []));
  return tries(forwarding, connectMs, steps);
}

/** Limits that count from the first try on, the delay not included. */
function tries(forwarding: Forwarding, connectMs: number, steps: Steps): Timeline {
  const { timeoutMs, streamDurationMs, retry } = forwarding;
  const limits = [
    { ms: timeoutMs.value, ends: 'timeout' as const },
    { ms: streamDurationMs, ends: 'stream-duration' as const },
  ].filter(({ ms }) => ms > 0);
  const [limit] = limits.sort((a, b) => a.ms - b.ms);
  if (limit) steps.limit(limit.ms, limit.ends);
  const policy = retry && !retry.never ? retry : undefined;
  const allowed = 1 + (policy?.attempts.value ?? 0);
  for (let number = 1; number <= allowed && !steps.over; number++) {
    const last = number === allowed;
    const { ms, ends, again } = longestTry(forwarding, connectMs, last ? undefined : policy);
    steps.add({ kind: 'attempt', number, minMs: 0, ends }, ms);
    if (!again || steps.over || !policy) break;
    steps.add({ kind: 'backoff', number, minMs: 0, ends: 'backoff' }, longestBackoff(policy, number));
  }
  return steps.end(undefined, gatewayTimeout, allowed);
}

interface LongestTry {
  /** Absent: without an end of its own. */
  ms: number | undefined;
  ends: StepEnd;
  /** Another one follows. */
  again: boolean;
}

/** @param policy undefined for a try after which there is none */
function longestTry({ perTryTimeoutMs }: Forwarding, connectMs: number, policy: SimulatedRetry | undefined): LongestTry {
  const perTry = perTryTimeoutMs.value;
  const whole: LongestTry = perTry > 0 ? { ms: perTry, ends: 'per-try-timeout', again: false } : { ms: undefined, ends: 'never', again: false };
  if (!policy) return whole;
  // It can fail at any time until it is given up.
  if (policy.onAnswer || policy.onReset || policy.onPerTryTimeout) return { ...whole, again: true };
  if (!policy.onConnectFailure) return whole;
  // Only a connection that is not made is tried again; one that is made and hangs takes longer where nothing limits it.
  return perTry > 0 && perTry <= connectMs ? whole : { ms: connectMs, ends: 'connect-timeout', again: true };
}

/** The draw is from the whole interval (RT-R75). */
function longestBackoff({ attempts, on, statusCodes, backoff, otherHosts, otherPriorities, hostSelectionAttempts }: SimulatedRetry, number: number): number {
  const compiled = new CompiledRetry({
    on: on.value,
    statusCodes: statusCodes.value,
    attempts: attempts.value,
    backoffBaseMs: backoff.value.baseMs,
    backoffMaxMs: backoff.value.maxMs,
    previousHosts: otherHosts.value,
    hostSelectionAttempts,
    previousPriorities: otherPriorities.value,
  });
  return backoffMs(compiled, number, () => 1);
}

class Steps {
  private readonly steps: TimelineStep[] = [];
  private at: number | undefined = 0;
  private deadline: { atMs: number; ends: StepEnd } | undefined;

  /** Nothing can come any more. */
  get over(): boolean {
    return this.at === undefined || (this.deadline !== undefined && this.at >= this.deadline.atMs);
  }

  /** From now on. */
  limit(ms: number, ends: StepEnd): void {
    this.deadline = { atMs: (this.at ?? 0) + ms, ends };
  }

  /** @param ms undefined: without an end of its own */
  add(step: Pick<TimelineStep, 'kind' | 'number' | 'minMs' | 'ends'>, ms: number | undefined): void {
    const startMs = this.at ?? 0;
    const own = ms === undefined ? undefined : startMs + ms;
    const { deadline } = this;
    const cut = deadline !== undefined && (own === undefined || own >= deadline.atMs);
    this.at = cut ? deadline.atMs : own;
    this.steps.push({ ...step, startMs, ...(this.at === undefined ? {} : { endMs: this.at }), ends: cut ? deadline.ends : step.ends });
  }

  end(ends: StepEnd | undefined, status: number, triesAllowed: number): Timeline {
    const { steps, at } = this;
    const last = steps.at(-1);
    const reason = ends ?? last?.ends ?? 'never';
    return {
      steps,
      ...(at === undefined ? {} : { totalMs: at }),
      ends: reason,
      ...(reason === 'never' ? {} : { status }),
      triesAllowed,
      triesBegun: steps.filter(({ kind }) => kind === 'attempt').length,
    };
  }
}
