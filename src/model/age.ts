import type { Resource } from '../manifest/resource.ts';

/** When a resource was created, in milliseconds; undefined for what was written in a file and never in a cluster. */
function createdAt({ raw }: Resource): number | undefined {
  const written = (raw.metadata as { creationTimestamp?: unknown }).creationTimestamp;
  const time = typeof written === 'string' ? Date.parse(written) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

/** The order in which Istio takes what competes: oldest first, then by name and namespace (SEL-R12). */
export function byAge(a: Resource, b: Resource): number {
  const [x, y] = [createdAt(a) ?? 0, createdAt(b) ?? 0];
  return x - y || compare(a.name, b.name) || compare(a.namespace, b.namespace);
}

/** Whether the order of `byAge` is what a cluster will have, too. */
export function agesAreKnown(resources: readonly Resource[]): boolean {
  return resources.every((resource) => createdAt(resource) !== undefined);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
