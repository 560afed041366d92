import { compareText } from '../manifest/compare-text.ts';
import type { Resource } from '../manifest/resource.ts';
import { text } from './untyped.ts';

/** When a cluster made the resource, as it writes times; empty for what is only in a file. */
export function createdAt(resource: Resource): string {
  return text((resource.raw.metadata as { creationTimestamp?: unknown }).creationTimestamp);
}

/** The order in which the control plane takes resources: oldest first, new ones (DR-R6) last, then by name and namespace (SEL-R12). */
export function byCreation(a: Resource, b: Resource): number {
  const [x, y] = [createdAt(a), createdAt(b)];
  if (x !== y) return x === '' ? 1 : y === '' ? -1 : compareText(x, y);
  return compareText(a.name, b.name) || compareText(a.namespace, b.namespace);
}

/** Whether the input tells which of the two is older. */
export function ageIsKnown(a: Resource, b: Resource): boolean {
  const [x, y] = [createdAt(a), createdAt(b)];
  return x !== '' && y !== '' && x !== y;
}
