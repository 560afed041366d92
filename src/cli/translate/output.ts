import { dump } from 'js-yaml';
import type { Cluster } from '../../ir/cluster.ts';
import type { RoutingTable } from '../../ir/table.ts';
import type { Format, ResourceType } from './formats.ts';

export function formatted(value: object, format: Format): string {
  if (format === 'json') return `${JSON.stringify(value, null, 2)}\n`;
  // Of what is absent nothing is to be seen, and what is there twice is written twice.
  return dump(JSON.parse(JSON.stringify(value)), { noRefs: true, lineWidth: -1 });
}

/** A part of a routing table under its name, or all of it. */
export function tablePart(table: RoutingTable, type: ResourceType): object {
  if (type === 'all') return table;
  return { [type]: type === 'endpoints' ? table.clusters.map(endpointsOf) : table[type] };
}

function endpointsOf({ name, localities }: Cluster): object {
  return { cluster: name, localities };
}
