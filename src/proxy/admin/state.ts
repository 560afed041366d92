import type { Locality, RoutingTable } from '../../ir/table.ts';
import type { EjectionReason } from '../core/balance/outlier.ts';
import type { LogLevel } from '../telemetry/log.ts';
import type { MetricFamily } from '../telemetry/metric-snapshot.ts';

type Awaitable<T> = T | Promise<T>;

/** What the admin server asks of the process that it is in. Answers are plain data; those that worker threads give may take a moment. */
export interface AdminState {
  /** Of weft. */
  version: string;
  /** Milliseconds since 1970. */
  startedAt: number;
  /** Worker threads. */
  concurrency: number;
  state(): ServerState;
  /** The table in force; undefined before the first one. */
  table(): RoutingTable | undefined;
  tableInfo(): TableInfo;
  /** Sockets and virtual listeners of the table in force. */
  listeners(): Awaitable<readonly ListenerStatus[]>;
  clusters(): Awaitable<readonly ClusterStatus[]>;
  outliers(): Awaitable<OutlierReport>;
  /** Of all threads, merged; those of single clusters (`cluster.<name>;.<stat>`) may be left out where they are not wanted. */
  metrics(wanted: { clusters: boolean }): Awaitable<readonly MetricFamily[]>;
  resetCounters(): Awaitable<void>;
  logLevels(): Readonly<Record<string, LogLevel>>;
  /** @param scope absent: all parts */
  setLogLevel(level: LogLevel, scope?: string): Awaitable<void>;
  /** Access logs go on in new files. */
  reopenLogs(): Awaitable<void>;
  /** `true`: the process says that it is not ready until told otherwise. */
  failHealthCheck(failed: boolean): void;
  drain(options: DrainOptions): Awaitable<void>;
  /** Ends the process in good order; the answer has gone out. */
  quit(): void;
}

/** `PRE_INITIALIZING`: no table yet; `INITIALIZING`: sockets are being opened. */
export type ServerState = 'PRE_INITIALIZING' | 'INITIALIZING' | 'LIVE' | 'DRAINING';

export interface TableInfo {
  /** Hash of its content; empty before the first one. */
  version: string;
  /** Grows by one with each table that was taken. */
  generation: number;
  /** Milliseconds since 1970. */
  loadedAt?: number;
  /** The newest configuration was refused: the table before it goes on. */
  rejected?: { version: string; at: number; findings: readonly string[] };
}

export interface DrainOptions {
  /** Connections are told to end, and closed only at the end of the drain time. */
  graceful: boolean;
  inboundOnly: boolean;
  /** Listeners stay open. */
  skipExit: boolean;
}

export interface ListenerStatus {
  name: string;
  /** `ip:port` of each address. */
  addresses: readonly string[];
  direction: 'outbound' | 'inbound';
  /** It has a socket of its own; else connections come by their original destination. */
  bound: boolean;
}

export interface ClusterStatus {
  name: string;
  /** Absent limits: none. */
  limits: { connections?: number; pendingRequests?: number; requests?: number; retries?: number };
  active: { connections: number; pendingRequests: number; requests: number; retries: number };
  /** It has outlier detection. */
  outlierDetection: boolean;
  hosts: readonly HostStatus[];
}

export interface HostStatus {
  /** `ip:port`, or the path of a Unix socket. */
  address: string;
  /** Not by its registry, or ejected. */
  unhealthy: readonly ('failed_outlier_check' | 'failed_eds_health')[];
  weight: number;
  priority: number;
  locality: Locality;
  connectionsActive: number;
  connectionsTotal: number;
  connectFailures: number;
  requestsActive: number;
  requestsTotal: number;
  requestsSucceeded: number;
  requestsFailed: number;
  requestsTimedOut: number;
}

/** Who is ejected, why, until when, and what happened before (DR-R60 to R66). */
export interface OutlierReport {
  /** Those with outlier detection. */
  clusters: readonly OutlierCluster[];
  /** The oldest first. */
  history: readonly OutlierEvent[];
}

export interface OutlierCluster {
  name: string;
  /** Endpoints: of these a share may be ejected. */
  hosts: number;
  maxEjectionPercent: number;
  ejected: readonly EjectedEndpoint[];
  /** Ejections so far, and those that the share did not allow. */
  ejections: number;
  overflows: number;
}

export interface EjectedEndpoint {
  address: string;
  reason: EjectionReason;
  /** Milliseconds since 1970; it comes back with the first interval after `until`. */
  since: number;
  until: number;
  /** How often, as it counts for the length (DR-R66). */
  ejections: number;
}

export interface OutlierEvent {
  /** Milliseconds since 1970. */
  at: number;
  cluster: string;
  address: string;
  /** `overflow`: not ejected, because too many are. */
  action: 'ejected' | 'unejected' | 'overflow';
  reason: EjectionReason;
  /** Of an ejection. */
  until?: number;
}
