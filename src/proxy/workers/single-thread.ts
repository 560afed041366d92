import type { RoutingTable } from '../../ir/table.ts';
import type { ClusterStatus, OutlierReport } from '../admin/state.ts';
import type { TableState } from '../sidecar.ts';
import type { MetricFamily } from '../telemetry/metric-snapshot.ts';
import type { CredentialSnapshot } from '../tls/held-credentials.ts';
import type { DataPlane, ThreadOutput, ThreadSettings, Usage } from './data-plane.ts';
import { SidecarThread } from './sidecar-thread.ts';

/** A sidecar in the thread that asks it. */
export class SingleThread implements DataPlane {
  readonly concurrency = 1;
  /** An error that nothing catches ends the process itself. */
  readonly failed = new Promise<Error>(() => {});
  private readonly thread: SidecarThread;

  /** @throws Error where connections are captured and this machine cannot tell where they meant to go */
  constructor(settings: ThreadSettings, output: ThreadOutput) {
    this.thread = new SidecarThread(settings, output);
  }

  get table(): RoutingTable | undefined {
    return this.thread.sidecar.table;
  }

  get state(): TableState {
    return this.thread.sidecar.state;
  }

  apply(table: RoutingTable): Promise<void> {
    return this.thread.apply(table);
  }

  async useCredentials(snapshot: CredentialSnapshot): Promise<void> {
    this.thread.useCredentials(snapshot);
  }

  async drain(direction?: 'inbound'): Promise<void> {
    this.thread.drain(direction);
  }

  idle(): Promise<void> {
    return this.thread.idle();
  }

  async usage(): Promise<Usage> {
    return this.thread.usage();
  }

  async metrics(clusters: boolean): Promise<MetricFamily[]> {
    return this.thread.metrics(clusters, true);
  }

  async clusters(): Promise<ClusterStatus[]> {
    return this.thread.clusters();
  }

  async outliers(): Promise<OutlierReport> {
    return this.thread.outliers();
  }

  async resetCounters(): Promise<void> {
    this.thread.resetCounters();
  }

  async close(): Promise<void> {
    this.thread.close();
  }
}
