import type { RoutingTable } from '../../ir/table.ts';
import type { ClusterStatus, OutlierReport } from '../admin/state.ts';
import type { TableState } from '../sidecar.ts';
import type { LogOutput } from '../telemetry/log-buffer.ts';
import type { MetricFamily } from '../telemetry/metric-snapshot.ts';
import type { CredentialSnapshot } from '../tls/held-credentials.ts';

/** How a thread runs its sidecar. Plain data: it is posted to workers. */
export interface ThreadSettings {
  /** Address of listeners that are for every address; `*`: every one, of IPv4 and IPv6. */
  bind: string;
  /** 0: none. */
  outboundPort: number;
  inboundPort: number;
  /** Connections were redirected here by iptables. */
  capture: boolean;
  /** What connections that are to end have at most. */
  drainMs: number;
  /** How soon a line of the access log is passed on. */
  logFlushMs: number;
  /** This proxy has an identity of the mesh, or will have one; else what would be mTLS to endpoints is plain text. */
  meshTls?: boolean;
  /** Authorities that are trusted beside those of the system where keys of issuers are fetched: PEM. */
  jwksRoots?: readonly string[];
}

/** Where a thread writes. */
export interface ThreadOutput extends LogOutput {
  /** Tells whoever runs the proxy. */
  warn(text: string): void;
}

/** What a thread, or all of them, have at one moment. */
export interface Usage {
  /** Under way. */
  requests: number;
  connections: number;
  /** Bytes of JavaScript's heaps. */
  heapUsed: number;
  heapTotal: number;
}

/** What serves traffic: a sidecar in this thread, or one in each of several. Answers are plain data. */
export interface DataPlane {
  /** Threads that serve. */
  readonly concurrency: number;
  /** The table in force. */
  readonly table: RoutingTable | undefined;
  readonly state: TableState;
  /** Resolves when a thread has ended by itself: others go on, and its clients are gone. */
  readonly failed: Promise<Error>;
  /**
   * Takes a table in all threads, or in none.
   *
   * @throws Error where a port cannot be opened or an expression cannot be compiled: the table before it goes on
   */
  apply(table: RoutingTable): Promise<void>;
  /** New connections have these certificates; those that are there stay as they are. */
  useCredentials(snapshot: CredentialSnapshot): Promise<void>;
  /** No new connections; those that are idle end soon, the others after their request. */
  drain(direction?: 'inbound'): Promise<void>;
  /** When no connection is left; of use after `drain`. */
  idle(): Promise<void>;
  /** Of all threads together. */
  usage(): Promise<Usage>;
  /** @param clusters with the counters of each cluster */
  metrics(clusters: boolean): Promise<MetricFamily[]>;
  clusters(): Promise<ClusterStatus[]>;
  outliers(): Promise<OutlierReport>;
  resetCounters(): Promise<void>;
  /** Closes what is left at once, and passes on the last lines of the access log. */
  close(): Promise<void>;
}
