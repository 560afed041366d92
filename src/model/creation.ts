import type { Resource } from '../manifest/resource.ts';
import { text } from './untyped.ts';

/** When a cluster made the resource, as it writes times; empty for what is only in a file. */
export function createdAt(resource: Resource): string {
  return text((resource.raw.metadata as { creationTimestamp?: unknown }).creationTimestamp);
}

/** The order in which the control plane takes resources: oldest first, new ones (DR-R6) last, then by name and namespace (SEL-R12). */
export function byCreation(a: Resource, b: Resource): number {
  const [x, y] = [createdAt(a), createdAt(b)];
  if (x !== y) return x === '' ? 1 : y === '' ? -1 : compare(x, y);
  return compare(a.name, b.name) || compare(a.namespace, b.namespace);
}

/** Whether the input tells which of the two is older. */
export function ageIsKnown(a: Resource, b: Resource): boolean {
  const [x, y] = [createdAt(a), createdAt(b)];
  return x !== '' && y !== '' && x !== y;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
