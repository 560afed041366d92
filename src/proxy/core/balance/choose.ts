import type { RetryPolicy } from '../../../ir/route.ts';
import type { Hash64 } from './hash64.ts';
import type { Host } from './host.ts';
import type { PriorityLoads } from './priorities.ts';
import type { PriorityHosts } from './priority-hosts.ts';

/** What the choice of an endpoint depends on, beside the cluster. */
export interface ChooseContext {
  /** By the hash policies; undefined: none gave one, and a consistent hash takes a random one (DR-R31, DR-R40). */
  readonly hash?: Hash64 | undefined;
  /** Endpoints of the tries of this request before, in their order. */
  readonly tried?: readonly Host[] | undefined;
  /** What a retry avoids (RT-R73, RT-R74). */
  readonly retry?: RetryChoice | undefined;
  /** Where the client meant to connect, for clusters that send there. */
  readonly destination?: Destination | undefined;
}

export type RetryChoice = Pick<RetryPolicy, 'previousHosts' | 'hostSelectionAttempts' | 'previousPriorities'>;

export interface Destination {
  readonly address: string;
  readonly port: number;
}

/** What chooses among the endpoints of a cluster. */
export interface Balancer {
  /** The endpoints of a cluster, or which of them can be used, changed. */
  refresh(view: ClusterView): void;
  choose(context: ChooseContext | undefined): Host | undefined;
  /** Time goes on. */
  tick?(now: number): void;
}

export interface ClusterView {
  readonly priorities: readonly PriorityHosts[];
  readonly loads: PriorityLoads;
  readonly now: number;
}

/** How often an endpoint is chosen anew because the one at hand was tried before (RT-R73). */
export function reselections(context: ChooseContext | undefined): number {
  if (context?.tried === undefined || context.retry === undefined) return 0;
  return context.tried.length > 0 && context.retry.previousHosts ? context.retry.hostSelectionAttempts : 0;
}

export function wasTried(context: ChooseContext | undefined, host: Host): boolean {
  const tried = context?.tried;
  if (tried === undefined) return false;
  for (let i = 0; i < tried.length; i++) if ((tried[i] as Host).key === host.key) return true;
  return false;
}
