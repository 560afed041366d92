import type { LocalityEndpoints } from '../../ir/cluster.ts';
import type { RoutingTable } from '../../ir/table.ts';
import type { ClusterStatus, OutlierReport } from '../admin/state.ts';
import { clusterStatus, outlierReport } from '../admin/upstream-status.ts';
import { originalDestinationReader } from '../capture/original-destination.ts';
import type { ArenaLayout } from '../core/balance/shared-state.ts';
import { HiddenTokens } from '../core/jwt/hidden-tokens.ts';
import { realClock } from '../real-clock.ts';
import { fetchKeysWith } from '../security/fetch-keys.ts';
import { trustedRoots } from '../security/trusted-roots.ts';
import { type PreparedTable, Sidecar } from '../sidecar.ts';
import { AccessLog, accessLogLine } from '../telemetry/access-log.ts';
import { LogBuffer } from '../telemetry/log-buffer.ts';
import type { MetricFamily } from '../telemetry/metric-snapshot.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { UpstreamGauges } from '../telemetry/upstream-gauges.ts';
import type { CredentialSnapshot } from '../tls/held-credentials.ts';
import type { ThreadOutput, ThreadSettings, Usage } from './data-plane.ts';
import { ToldNames } from './told-names.ts';

/** What threads have in common. */
export interface Shared {
  /** Slots of the counters. */
  layout: ArenaLayout;
  /** Endpoints of DNS clusters, by name. */
  resolved: ReadonlyMap<string, readonly LocalityEndpoints[]>;
}

/** Which of several threads this is, from 0. */
export interface ThreadPlace {
  index: number;
  count: number;
}

/** A sidecar with its access log and metrics, as its process asks it: in the same thread, or by messages. */
export class SidecarThread {
  readonly sidecar: Sidecar;
  private readonly buffer: LogBuffer;
  private readonly gauges = new UpstreamGauges();
  private readonly names: ToldNames | undefined;
  private accessLog: AccessLog | undefined;
  private prepared: PreparedTable | undefined;

  /**
   * @param output of the access log, and of warnings
   * @param place undefined: there is one thread, which shares nothing
   * @throws Error where connections are captured and this machine cannot tell where they meant to go
   */
  constructor(settings: ThreadSettings, output: ThreadOutput, place?: ThreadPlace) {
    this.buffer = new LogBuffer(output, undefined, settings.logFlushMs);
    this.names = place ? new ToldNames() : undefined;
    this.sidecar = new Sidecar({
      clock: realClock,
      bind: settings.bind,
      outboundPort: settings.outboundPort,
      inboundPort: settings.inboundPort,
      drainMs: settings.drainMs,
      reusePort: place !== undefined,
      meshTls: settings.meshTls === true,
      ...(settings.capture ? { originalDestination: originalDestinationReader('redirect') } : {}),
      ...(place ? { connectionIds: { first: place.index + 1, step: place.count } } : {}),
      ...(this.names ? { resolve: this.names.resolve } : {}),
      fetchKeys: fetchKeysWith(trustedRoots(settings.jwksRoots)),
      // Each thread has keys of its own, and all fail in the same way.
      ...(place === undefined || place.index === 0 ? { warn: (text) => output.warn(text) } : {}),
      metrics: (table) => new Metrics(table),
      accessLog: (record) => this.accessLog?.log(record),
    });
  }

  /** Does what can fail with a new table; `commit` or `abandon` follows. */
  async prepare(table: RoutingTable, exclusive: boolean): Promise<void> {
    this.prepared = await this.sidecar.prepare(table, exclusive);
  }

  commit(shared: Shared): void {
    if (!this.prepared) throw new Error('no table is prepared');
    this.share(shared);
    this.sidecar.commit(this.prepared);
    this.takeLogFormat(this.prepared.table);
    this.prepared = undefined;
  }

  abandon(): void {
    this.prepared?.opened.abandon();
    this.prepared = undefined;
  }

  /** For the only thread: takes a table, or nothing of it. */
  async apply(table: RoutingTable): Promise<void> {
    await this.sidecar.apply(table);
    this.takeLogFormat(table);
  }

  share({ layout, resolved }: Shared): void {
    this.sidecar.arena.adopt(layout);
    this.names?.tell(resolved);
  }

  useCredentials(snapshot: CredentialSnapshot): void {
    this.sidecar.credentials.set(snapshot);
  }

  drain(direction?: 'inbound'): void {
    this.sidecar.drain(direction);
  }

  idle(): Promise<void> {
    if (this.sidecar.active.connections === 0) return Promise.resolve();
    return new Promise((resolve) => this.sidecar.events.once('idle', resolve));
  }

  usage(): Usage {
    const { heapUsed, heapTotal } = process.memoryUsage();
    return { ...this.sidecar.active, heapUsed, heapTotal };
  }

  /**
   * @param clusters with the counters of each cluster
   * @param shared with those that all threads have in common
   */
  metrics(clusters: boolean, shared: boolean): MetricFamily[] {
    const own = this.sidecar.metrics?.snapshot(clusters) ?? [];
    return clusters && shared ? [...own, ...this.gauges.families(this.states())] : own;
  }

  clusters(): ClusterStatus[] {
    return this.states().map(clusterStatus);
  }

  outliers(): OutlierReport {
    return outlierReport(this.states());
  }

  resetCounters(): void {
    this.sidecar.metrics?.reset();
  }

  close(): void {
    this.sidecar.destroy();
    this.buffer.close();
  }

  private states() {
    return [...this.sidecar.upstreams.all()].map(({ state }) => state);
  }

  private takeLogFormat({ mesh, security }: RoutingTable): void {
    if (mesh.accessLogFile === '') this.accessLog = undefined;
    else {
      const { line } = accessLogLine(mesh, { hiddenTokens: HiddenTokens.of(security?.authentication) });
      if (this.accessLog) this.accessLog.setLine(line);
      else this.accessLog = new AccessLog(line, this.buffer);
    }
  }
}
