// What differs between two sets of resources, and the version of a whole set: found once for all proxies that have the same sets.
import type { ResourceSet, XdsResource } from './view.ts';

/** The set of a type that is not served, and what a client without anything has. */
export const emptySet: ResourceSet = new Map();

export interface SetDiff {
  /** New resources, and those with another version. */
  readonly changed: readonly XdsResource[];
  readonly removed: readonly string[];
}

const none: SetDiff = { changed: [], removed: [] };
const diffs = new WeakMap<ResourceSet, WeakMap<ResourceSet, SetDiff>>();

/** The same object for the same two sets. */
export function diffOf(before: ResourceSet, after: ResourceSet): SetDiff {
  if (before === after) return none;
  let fromBefore = diffs.get(before);
  if (!fromBefore) {
    fromBefore = new WeakMap();
    diffs.set(before, fromBefore);
  }
  const known = fromBefore.get(after);
  if (known) return known;
  const made = compare(before, after);
  fromBefore.set(after, made);
  return made;
}

function compare(before: ResourceSet, after: ResourceSet): SetDiff {
  const changed: XdsResource[] = [];
  let kept = 0;
  for (const [name, resource] of after) {
    const old = before.get(name);
    if (old) kept++;
    if (old !== resource && old?.version !== resource.version) changed.push(resource);
  }
  const removed = kept === before.size ? [] : [...before.keys()].filter((name) => !after.has(name));
  return { changed, removed };
}

/** Two halves of a sum of hashes, so that the order of the resources does not matter. */
type Sum = readonly [number, number];

const sums = new WeakMap<ResourceSet, { sum: Sum; text: string }>();

/** FNV-1a of the name and version, with two bases. */
function hashOf({ name, version }: Pick<XdsResource, 'name' | 'version'>): Sum {
  const text = `${name}\n${version}`;
  let low = 0x811c9dc5;
  let high = 0x01000193;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b);
  }
  return [low, high ^ (high >>> 15)];
}

function sumOf(resources: Iterable<Pick<XdsResource, 'name' | 'version'>>): Sum {
  let low = 0;
  let high = 0;
  for (const resource of resources) {
    const hash = hashOf(resource);
    low = (low + hash[0]) | 0;
    high = (high + hash[1]) | 0;
  }
  return [low, high];
}

/** Of the content: sets with the same names and versions have the same, on every server. `more`: resources beside those of the set. */
export function versionOfSet(set: ResourceSet, more: readonly Pick<XdsResource, 'name' | 'version'>[] = []): string {
  let known = sums.get(set);
  if (!known) {
    const sum = sumOf(set.values());
    known = { sum, text: textOf(sum) };
    sums.set(set, known);
  }
  if (more.length === 0) return known.text;
  const [low, high] = sumOf(more);
  return textOf([known.sum[0] + low, known.sum[1] + high]);
}

function textOf([low, high]: Sum): string {
  return [high, low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}

const lists = new WeakMap<ResourceSet, readonly XdsResource[]>();

/** The resources of a set, as the same list each time. */
export function listOf(set: ResourceSet): readonly XdsResource[] {
  const known = lists.get(set);
  if (known) return known;
  const made = [...set.values()];
  lists.set(set, made);
  return made;
}

const byRoutes = new WeakMap<ResourceSet, Map<string, string[]>>();

/** The route configuration that a virtual host is of: Envoy takes what is before the last slash. */
export function routesOfVirtualHost(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('/')));
}

/** Names of virtual hosts by their route configurations. */
export function virtualHostsByRoutes(set: ResourceSet): ReadonlyMap<string, readonly string[]> {
  const known = byRoutes.get(set);
  if (known) return known;
  const made = new Map<string, string[]>();
  for (const name of set.keys()) {
    const routes = routesOfVirtualHost(name);
    const names = made.get(routes);
    if (names) names.push(name);
    else made.set(routes, [name]);
  }
  byRoutes.set(set, made);
  return made;
}
