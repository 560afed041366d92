// Strategic merge of pods, as Kubernetes' patches of that type: maps merge, lists of things with a key merge by that key, other lists
// are replaced, null deletes.
import { formatPath, type Path } from '../manifest/problem.ts';
import { isMap } from '../model/untyped.ts';
import { InjectionError } from './error.ts';

type Fields = Record<string, unknown>;

/** The field by which items of a list are the same one, by the name of the list. */
const mergeKeys: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  ephemeralContainers: 'name',
  volumes: 'name',
  imagePullSecrets: 'name',
  env: 'name',
  ports: 'containerPort',
  volumeMounts: 'mountPath',
  volumeDevices: 'devicePath',
  hostAliases: 'ip',
  topologySpreadConstraints: 'topologyKey',
  schedulingGates: 'name',
  resourceClaims: 'name',
  ownerReferences: 'uid',
  // A patch of a cluster replaces them, and the ones that it did not mean are lost.
  sysctls: 'name',
};

const handler: readonly string[] = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'];

/** Fields of which one excludes the others, by the name of the map or of the list that its map is in. */
const unions: Readonly<Record<string, readonly string[]>> = {
  env: ['value', 'valueFrom'],
  readinessProbe: handler,
  livenessProbe: handler,
  startupProbe: handler,
  postStart: handler,
  preStop: handler,
};

/** A volume has one source, and whatever is not its name is one. */
function volumeSources(map: Fields): string[] {
  return Object.keys(map).filter((key) => key !== 'name');
}

/**
 * Lays a patch over a map; neither is changed. Items that are new come last, in the order of the patch.
 *
 * Of the directives, `$patch: delete` and `$patch: replace` are there.
 *
 * @param at where both are, for what it says, and because the name of a list decides how it merges
 * @throws InjectionError for a directive that is not known, and for an item without its key
 */
export function mergeMaps<T extends object>(base: T, patch: object, at: Path = []): T {
  return merged(base as Fields, patch as Fields, at) as T;
}

function merged(base: Fields, patch: Fields, at: Path): Fields {
  const { $patch, ...fields } = patch;
  if ($patch === 'replace') return structuredClone(fields);
  if ($patch !== undefined && $patch !== 'merge')
    throw new InjectionError(`${formatPath(at)}: $patch is delete, replace or merge, not ${JSON.stringify($patch)}`);
  const out: Fields = { ...base };
  dropOtherMembers(out, fields, at);
  for (const [key, value] of Object.entries(fields)) {
    // Set, it would be the prototype. No object of Kubernetes has such a field.
    if (key === '__proto__') continue;
    if (key.startsWith('$'))
      throw new InjectionError(`${formatPath(at)}: the directive ${key} is not known`, [], 'Of the directives of patches, $patch is there.');
    const path = [...at, key];
    if (value === null || (isMap(value) && value.$patch === 'delete')) delete out[key];
    else if (Array.isArray(value)) out[key] = mergedList(out[key], value, path);
    else if (isMap(value)) out[key] = merged(isMap(out[key]) ? out[key] : {}, value, path);
    else out[key] = value;
  }
  return out;
}

function dropOtherMembers(map: Fields, patch: Fields, at: Path): void {
  const last = at.at(-1);
  const name = String(typeof last === 'number' ? at.at(-2) : last);
  const members = name === 'volumes' ? [...volumeSources(map), ...volumeSources(patch)] : own(unions, name);
  if (!members?.some((member) => patch[member] != null)) return;
  for (const member of members) if (patch[member] == null) delete map[member];
}

function mergedList(base: unknown, patch: readonly unknown[], at: Path): unknown[] {
  const key = own(mergeKeys, String(at.at(-1)));
  if (key === undefined || !patch.every(isMap)) return structuredClone([...patch]);
  if (patch.some(({ $patch }) => $patch === 'replace')) return structuredClone(patch.filter(({ $patch }) => $patch === undefined));
  const out: unknown[] = Array.isArray(base) ? [...base] : [];
  const removed = new Set<number>();
  // The first of those with one identity. Lists of users can be long, and every pod waits for the same thread.
  const places = new Map<string, number>();
  for (const [index, item] of out.entries()) if (isMap(item) && !places.has(identity(item, key))) places.set(identity(item, key), index);
  for (const [index, item] of patch.entries()) {
    if (item[key] === undefined) throw new InjectionError(`${formatPath([...at, index])} has no ${key}, by which items of this list are merged`);
    const id = identity(item, key);
    const found = places.get(id);
    const path = [...at, index];
    if (item.$patch === 'delete') {
      if (found !== undefined) removed.add(found);
      places.delete(id);
    } else if (found === undefined) places.set(id, out.push(merged({}, item, path)) - 1);
    else out[found] = merged(out[found] as Fields, item, path);
  }
  return out.filter((_, index) => !removed.has(index));
}

/** Ports are the same where their protocols are, too: one may be there for TCP and for UDP. */
function identity(item: Fields, key: string): string {
  return JSON.stringify([item[key], item.protocol ?? 'TCP']);
}

/** A user's field may be called as one that every object has, such as `constructor`. */
function own<T>(map: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}
