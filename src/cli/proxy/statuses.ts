import { placeOf } from '../../analysis/report/report.ts';
import type { Origin, Status } from '../../ir/table.ts';
import type { Resource } from '../../manifest/resource.ts';
import type { Mesh } from '../../model/mesh.ts';

/** `VirtualService shop/cart (mesh.yaml:12): the proxy knows no service cartt`, of each problem that a table has. */
export function statusLines(statuses: readonly Status[], mesh: Mesh): string[] {
  return statuses.map(({ origin, message }) => `${originText(origin, mesh)}: ${message}`);
}

/** The object that something of a table comes from, and where it is written. */
export function originText(origin: Origin, mesh: Mesh): string {
  const resource = mesh.find(origin.kind as Parameters<Mesh['find']>[0], origin.namespace, origin.name) as Resource | undefined;
  if (!resource) return `${origin.kind} ${origin.namespace}/${origin.name}`;
  const place = placeOf(resource, origin.path.length > 0 ? origin.path : ['metadata', 'name']);
  return `${resource.friendlyName}${place ? ` (${place.file}:${place.line})` : ''}`;
}
