import type { Origin, RoutingTable } from '../../ir/table.ts';
import type { Credentials } from '../../proxy/tls/credentials.ts';
import type { MeshSecrets } from './secrets.ts';

/** A table, and what is to be said of it: a line each. */
export interface FedTable {
  table: RoutingTable;
  warnings: readonly string[];
  /** `Gateway edge/web`, and its file and line where these are known. */
  placeOf(origin: Origin): string;
  /** Of the manifests. */
  secrets?: MeshSecrets;
}

/** Where the tables of a sidecar come from. */
export interface TableFeed {
  readonly first: FedTable;
  /** Of this proxy, where its control plane gives it an identity. */
  readonly credentials?: Credentials;
  /** That the table names, where its control plane gives them. */
  readonly secrets?: Credentials;
  /** The first one is in force: from now on newer ones are handed on, one at a time. */
  follow(sink: TableSink): void;
  close(): void;
}

export interface TableSink {
  /** @throws Error where the table is refused: the one before goes on */
  take(fed: FedTable): Promise<void>;
  /** A newer one is refused, for these reasons. */
  refused(findings: readonly string[]): void;
}
