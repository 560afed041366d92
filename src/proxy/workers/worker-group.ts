import type { RoutingTable } from '../../ir/table.ts';
import type { ClusterStatus, OutlierReport } from '../admin/state.ts';
import { mergeOutlierReports } from '../admin/upstream-status.ts';
import { type ArenaLayout, layoutFor, stateKeys } from '../core/balance/shared-state.ts';
import type { TableState } from '../sidecar.ts';
import { versionOf } from '../table-version.ts';
import { type MetricFamily, mergeSnapshots } from '../telemetry/metric-snapshot.ts';
import type { CredentialSnapshot } from '../tls/held-credentials.ts';
import type { DataPlane, ThreadOutput, ThreadSettings, Usage } from './data-plane.ts';
import type { Answer, Arguments, Method } from './messages.ts';
import type { Shared } from './sidecar-thread.ts';
import { WatchedNames } from './watched-names.ts';
import { WorkerHandle } from './worker-handle.ts';

/**
 * Sidecars in worker threads that listen on the same ports: the kernel spreads connections over them. They share the counters of
 * clusters and endpoints, so limits hold for all together and all agree on who is ejected. This thread makes tables, and answers for
 * all.
 */
export class WorkerGroup implements DataPlane {
  readonly concurrency: number;
  table: RoutingTable | undefined;
  state: TableState = { version: '', generation: 0, loadedAt: 0 };
  readonly failed: Promise<Error>;
  private readonly workers: readonly WorkerHandle[];
  private readonly names: WatchedNames;
  private layout: ArenaLayout | undefined;
  /** The last change of what is shared: one begins when all threads have taken the one before. */
  private last: Promise<unknown> = Promise.resolve();
  private closed = false;

  constructor(settings: ThreadSettings, output: ThreadOutput, count: number) {
    this.concurrency = count;
    const { promise, resolve } = Promise.withResolvers<Error>();
    this.failed = promise;
    this.names = new WatchedNames(() => void this.inTurn(() => this.shareNames()));
    this.workers = Array.from({ length: count }, (_, index) => new WorkerHandle(settings, { index, count }, output, resolve));
  }

  apply(table: RoutingTable): Promise<void> {
    return this.inTurn(() => this.swap(table));
  }

  private async swap(table: RoutingTable): Promise<void> {
    const version = versionOf(table);
    if (this.table && version === this.state.version) return;
    const { clusters } = table;
    const [first, ...others] = this.workers as [WorkerHandle, ...WorkerHandle[]];
    try {
      await first.ask('prepare', table, true);
      await allOf(others.map((worker) => worker.ask('prepare', table, false)));
    } catch (error) {
      await Promise.allSettled(this.workers.map((worker) => worker.ask('abandon')));
      throw error;
    }
    await this.names.warm(clusters);
    const shared = this.sharedFor(table);
    await allOf(this.workers.map((worker) => worker.ask('commit', shared)));
    this.table = table;
    this.state = { version, generation: this.state.generation + 1, loadedAt: Date.now() };
    this.names.watch(clusters);
  }

  /** Names stand for other addresses now. */
  private async shareNames(): Promise<void> {
    if (!this.table || this.closed) return;
    const shared = this.sharedFor(this.table);
    await Promise.allSettled(this.workers.map((worker) => worker.ask('share', shared)));
  }

  private sharedFor({ clusters }: RoutingTable): Shared {
    const resolved = this.names.resolved(clusters);
    const keys = stateKeys(clusters.map((cluster) => ({ name: cluster.name, localities: resolved.get(cluster.name) ?? cluster.localities })));
    const layout = layoutFor(keys, this.layout);
    this.layout = layout;
    return { layout, resolved };
  }

  private inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.last.then(change, change);
    this.last = turn.catch(() => {});
    return turn;
  }

  async useCredentials(snapshot: CredentialSnapshot): Promise<void> {
    await this.inTurn(() => this.ofAll('useCredentials', snapshot));
  }

  async drain(direction?: 'inbound'): Promise<void> {
    await this.inTurn(() => this.ofAll('drain', direction));
  }

  async idle(): Promise<void> {
    await this.ofAll('idle');
  }

  async usage(): Promise<Usage> {
    const { heapUsed, heapTotal } = process.memoryUsage();
    const sum: Usage = { requests: 0, connections: 0, heapUsed, heapTotal };
    for (const usage of await this.ofAll('usage')) for (const key of Object.keys(sum) as (keyof Usage)[]) sum[key] += usage[key];
    return sum;
  }

  async metrics(clusters: boolean): Promise<MetricFamily[]> {
    const one = this.living[0];
    return mergeSnapshots(await settled(this.living.map((worker) => worker.ask('metrics', clusters, worker === one))));
  }

  async clusters(): Promise<ClusterStatus[]> {
    return (await this.living[0]?.ask('clusters')) ?? [];
  }

  async outliers(): Promise<OutlierReport> {
    return mergeOutlierReports(await this.ofAll('outliers'));
  }

  async resetCounters(): Promise<void> {
    await this.ofAll('resetCounters');
  }

  async close(): Promise<void> {
    this.closed = true;
    this.names.close();
    await Promise.all(this.workers.map((worker) => worker.close()));
  }

  private get living(): readonly WorkerHandle[] {
    return this.workers.filter((worker) => !worker.failure);
  }

  /** Answers of the threads that are there. */
  private ofAll<M extends Method>(method: M, ...args: Arguments<M>): Promise<Answer<M>[]> {
    return settled(this.living.map((worker) => worker.ask(method, ...args)));
  }
}

/** Waits for all, so that none is still busy when the first error is thrown. */
async function allOf(answers: readonly Promise<unknown>[]): Promise<void> {
  for (const answer of await Promise.allSettled(answers)) if (answer.status === 'rejected') throw answer.reason;
}

/** Without those of threads that end meanwhile. */
async function settled<T>(answers: readonly Promise<T>[]): Promise<T[]> {
  return (await Promise.allSettled(answers)).flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
}
