import { compareClusterNames, parseClusterName } from './cluster-name.ts';
import { type Json, message, text } from './json.ts';
import { provenance } from './provenance.ts';
import type { Table } from './table.ts';

/** Every condition that is there holds. */
export interface ClusterFilter {
  /** A part of the host. */
  fqdn?: string;
  port?: number;
  /** A part of the subset. */
  subset?: string;
  /** `inbound` or `outbound`. */
  direction?: string;
}

/** Those that match, by host, subset, port and direction. */
export function selectClusters(clusters: readonly Json[], { fqdn, port, subset, direction }: ClusterFilter): Json[] {
  return clusters
    .filter((cluster) => {
      const name = parseClusterName(text(cluster, 'name'));
      return (
        (fqdn === undefined || name.host.includes(fqdn)) &&
        (port === undefined || name.port === port) &&
        (subset === undefined || name.subset.includes(subset)) &&
        (direction === undefined || name.direction.startsWith(direction))
      );
    })
    .sort((a, b) => compareClusterNames(text(a, 'name'), text(b, 'name')));
}

export function clusterTable(clusters: readonly Json[]): Table {
  return {
    titles: ['SERVICE FQDN', 'PORT', 'SUBSET', 'DIRECTION', 'TYPE', 'DESTINATION RULE'],
    rows: clusters.map((cluster) => {
      const { host, port, subset, direction } = parseClusterName(text(cluster, 'name'));
      return [host, port === undefined ? '-' : String(port), subset || '-', direction || '-', discovery(cluster), provenance(cluster)];
    }),
  };
}

/** How its endpoints are found; `STATIC` is the value that is left out. */
function discovery(cluster: Json): string {
  return text(message(cluster, 'cluster_type'), 'name') || text(cluster, 'type') || 'STATIC';
}
