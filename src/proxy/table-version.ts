import { createHash } from 'node:crypto';
import type { RoutingTable } from '../ir/table.ts';

const versions = new WeakMap<RoutingTable, string>();

/** The same for the same content. */
export function versionOf(table: RoutingTable): string {
  let version = versions.get(table);
  if (version === undefined) {
    version = createHash('sha256').update(JSON.stringify(table)).digest('hex').slice(0, 16);
    versions.set(table, version);
  }
  return version;
}
