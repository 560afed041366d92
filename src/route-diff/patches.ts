// What EnvoyFilters do differently: patches that come and go, and those that are applied in another order where that matters.
import type { EnvoyPatch, PatchMatch } from '../ir/envoy-patch.ts';
import type { RoutingTable } from '../ir/table.ts';
import { stableJson } from './canonical.ts';
import type { Side, Subject } from './change.ts';
import { leavesOf } from './facts.ts';
import type { TableChange } from './tables.ts';

const subject: Subject = { kind: 'envoy-filters' };
const longestValue = 80;

interface Patch {
  /** Equal for patches that are the same but for where they are written, and counted: the second of two is another one. */
  key: string;
  patch: EnvoyPatch;
}

export function patchChanges(old: RoutingTable, now: RoutingTable): TableChange[] {
  if (old.envoyPatches.length === 0 && now.envoyPatches.length === 0) return [];
  const [before, after] = [patchesOf(old), patchesOf(now)];
  const [known, there] = [before, after].map((list) => new Set(list.map(({ key }) => key))) as [Set<string>, Set<string>];
  return [
    ...before.filter(({ key }) => !there.has(key)).map((one) => whole(one.patch, 'old')),
    ...after.filter(({ key }) => !known.has(key)).map((one) => whole(one.patch, 'new')),
    ...orderChanges(
      before.filter(({ key }) => there.has(key)),
      after.filter(({ key }) => known.has(key)),
    ),
  ];
}

function patchesOf({ envoyPatches }: RoutingTable): Patch[] {
  const counts = new Map<string, number>();
  return envoyPatches.map((patch) => {
    const { origin: _, ...rest } = patch;
    const text = stableJson(rest);
    const count = counts.get(text) ?? 0;
    counts.set(text, count + 1);
    return { key: `${text} ${count}`, patch };
  });
}

function whole({ origin, ...patch }: EnvoyPatch, side: 'old' | 'new'): TableChange {
  const text = stableJson(patch.value);
  const value = { text: text.length > longestValue ? `${text.slice(0, longestValue - 1)}…` : text, value: patch, origin };
  return {
    mark: side === 'new' ? 'added' : 'removed',
    subject,
    place: `${patch.operation} ${patch.applyTo} (${patch.context})`,
    fields: [{ field: 'patch', [side]: value }],
    at: { [side]: origin },
  };
}

/** Of the same patches: those of a target that are applied in another order, where one may undo or see what the other does. */
function orderChanges(before: readonly Patch[], after: readonly Patch[]): TableChange[] {
  const places = new Map(after.map(({ key }, place) => [key, place]));
  const moved = new Set<string>();
  for (const [i, one] of before.entries()) {
    for (const other of before.slice(i + 1)) {
      if ((places.get(one.key) ?? 0) < (places.get(other.key) ?? 0) || commute(one.patch, other.patch)) continue;
      moved.add(one.key).add(other.key);
    }
  }
  const of = (list: readonly Patch[]) =>
    Map.groupBy(
      list.filter(({ key }) => moved.has(key)),
      ({ patch }) => patch.applyTo,
    );
  const [was, is] = [of(before), of(after)];
  return [...is].map(([target, patches]): TableChange => {
    const [first] = patches;
    const fields = [{ field: 'order', old: orderSide(was.get(target) ?? []), new: orderSide(patches) }];
    return { mark: 'changed', subject, place: `patches of ${target}`, fields, at: first ? { new: first.patch.origin } : {} };
  });
}

function orderSide(patches: readonly Patch[]): Side {
  const names = patches.map(({ patch: { origin, operation } }) => `${operation} of ${origin.namespace}/${origin.name}`);
  const [first] = patches;
  return {
    text: names.join(', then '),
    value: patches.map(({ patch: { origin, ...patch } }) => patch),
    ...(first ? { origin: first.patch.origin } : {}),
  };
}

/** Whichever is applied first, the result is certainly the same. Patches of different targets are applied one target after the other. */
function commute(a: EnvoyPatch, b: EnvoyPatch): boolean {
  if (a.applyTo !== b.applyTo) return true;
  if (a.context !== b.context && a.context !== 'ANY' && b.context !== 'ANY') return true;
  if (isApart(a.match, b.match)) return true;
  return a.operation === 'MERGE' && b.operation === 'MERGE' && areDisjoint(a.value, b.value);
}

/** No resource meets the conditions of both. */
function isApart(a: PatchMatch, b: PatchMatch): boolean {
  const differ = <T>(one: T | undefined, other: T | undefined): boolean => Boolean(one) && Boolean(other) && one !== other;
  const [listeners, routes, clusters] = [
    [a.listener ?? {}, b.listener ?? {}],
    [a.routeConfiguration ?? {}, b.routeConfiguration ?? {}],
    [a.cluster ?? {}, b.cluster ?? {}],
  ] as const;
  const ofListeners = (['name', 'portNumber'] as const).some((field) => differ(listeners[0][field], listeners[1][field]));
  const ofRoutes = (['name', 'portNumber', 'portName', 'gateway'] as const).some((field) => differ(routes[0][field], routes[1][field]));
  const ofHosts = differ(routes[0].vhost?.name, routes[1].vhost?.name) || differ(routes[0].vhost?.domainName, routes[1].vhost?.domainName);
  // Where a name is written, nothing else of a cluster counts.
  const named = Boolean(clusters[0].name) !== Boolean(clusters[1].name);
  const ofClusters = !named && (['name', 'portNumber', 'service', 'subset'] as const).some((field) => differ(clusters[0][field], clusters[1][field]));
  return ofListeners || ofRoutes || ofHosts || ofClusters;
}

/** They write different fields, or the same single values. Lists are joined in the order in which they come. */
function areDisjoint(a: EnvoyPatch['value'], b: EnvoyPatch['value']): boolean {
  const [one, other] = [a, b].map((value) => leavesOf(value).map(([path, leaf]) => [plain(path), leaf] as const)) as [Leaf[], Leaf[]];
  return one.every(([path, leaf]) =>
    other.every(([own, value]) => {
      if (path === own) return !Array.isArray(leaf) && stableJson(leaf) === stableJson(value);
      return !path.startsWith(`${own}.`) && !own.startsWith(`${path}.`);
    }),
  );
}

type Leaf = readonly [path: string, value: unknown];

/** Fields are written in either spelling: `lbPolicy`, `lb_policy`. */
function plain(path: string): string {
  return path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
