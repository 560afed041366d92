// One EnvoyFilter as patches of the routing table, for whatever proxy it selects.
import { type EnvoyPatch, type PatchMatch, type PatchOperation, type PatchTarget, patchContexts, patchOperations, patchTargets } from '../../ir/envoy-patch.ts';
import type { Origin } from '../../ir/table.ts';
import type {
  EnvoyFilter,
  EnvoyFilter_EnvoyConfigObjectMatch,
  EnvoyFilter_EnvoyConfigObjectPatch,
  EnvoyFilter_ListenerMatch,
} from '../../manifest/istio/networking.gen.ts';
import type { Path } from '../../manifest/problem.ts';
import { compileRe2 } from '../../manifest/re2.ts';
import type { Resource } from '../../manifest/resource.ts';
import { isRe2 } from '../regexes.ts';
import { originOf, type StatusReason } from '../statuses.ts';

/** Version of Istio that every proxy is taken to have: the one whose behaviour the table has. */
export const istioVersion = '1.28.1';

/** A patch and the proxies that it is for. */
export interface FilterPatch {
  patch: EnvoyPatch;
  /** Of the node: all of it has to be there. */
  metadata: Readonly<Record<string, string>>;
}

export interface FilterPatches {
  /** In the order of the file, without those for other versions. */
  patches: readonly FilterPatch[];
  /** What is wrong with others, which are left out. */
  problems: readonly FilterProblem[];
}

export interface FilterProblem {
  origin: Origin;
  reason: StatusReason;
  message: string;
}

const known = new WeakMap<Resource<EnvoyFilter>, FilterPatches>();

/** The same objects for the same resource, in this mesh and in the next one. */
export function patchesOf(filter: Resource<EnvoyFilter>): FilterPatches {
  let found = known.get(filter);
  if (!found) {
    found = readFilter(filter);
    known.set(filter, found);
  }
  return found;
}

function readFilter(filter: Resource<EnvoyFilter>): FilterPatches {
  const patches: FilterPatch[] = [];
  const problems: FilterProblem[] = [];
  for (const [index, entry] of (filter.spec.configPatches ?? []).entries()) {
    const path = ['spec', 'configPatches', index];
    const problem = problemOf(entry ?? {});
    if (problem) problems.push({ origin: originOf(filter, ...path, ...problem.path), reason: problem.reason, message: problem.message });
    else if (isForVersion(entry.match?.proxy?.proxyVersion)) patches.push(readPatch(filter, entry, path));
  }
  return { patches, problems };
}

/** @param expression RE2, of which the version has a match somewhere */
function isForVersion(expression = ''): boolean {
  return expression === '' || compileRe2(expression).matcher(istioVersion).find();
}

function readPatch(filter: Resource<EnvoyFilter>, { applyTo, match = {}, patch = {} }: EnvoyFilter_EnvoyConfigObjectPatch, path: Path): FilterPatch {
  const { context = 'ANY', proxy, ...object } = match;
  return {
    patch: {
      applyTo: applyTo as PatchTarget,
      operation: patch.operation as PatchOperation,
      context,
      match: conditions(object),
      value: patch.value ?? {},
      filterClass: patch.filterClass ?? 'UNSPECIFIED',
      origin: originOf(filter, ...path),
    },
    metadata: proxy?.metadata ?? {},
  };
}

function conditions({ listener, routeConfiguration, cluster }: EnvoyFilter_EnvoyConfigObjectMatch): PatchMatch {
  return { ...(listener ? { listener } : {}), ...(routeConfiguration ? { routeConfiguration } : {}), ...(cluster ? { cluster } : {}) };
}

interface Problem {
  /** Within the entry. */
  path: Path;
  reason: StatusReason;
  message: string;
}

type ObjectKind = 'listener' | 'routeConfiguration' | 'cluster';

const relative: readonly PatchOperation[] = ['INSERT_BEFORE', 'INSERT_AFTER', 'INSERT_FIRST'];
const ofLists: readonly PatchOperation[] = ['MERGE', 'ADD', 'REMOVE', ...relative];

/** What a patch of each target can select with, and the operations that do something. */
const targets: Readonly<Record<PatchTarget, { match?: ObjectKind; operations: readonly PatchOperation[] }>> = {
  LISTENER: { match: 'listener', operations: ofLists },
  LISTENER_FILTER: { match: 'listener', operations: patchOperations },
  FILTER_CHAIN: { match: 'listener', operations: ofLists },
  NETWORK_FILTER: { match: 'listener', operations: patchOperations },
  HTTP_FILTER: { match: 'listener', operations: patchOperations },
  ROUTE_CONFIGURATION: { match: 'routeConfiguration', operations: ['MERGE'] },
  VIRTUAL_HOST: { match: 'routeConfiguration', operations: patchOperations },
  HTTP_ROUTE: { match: 'routeConfiguration', operations: ofLists },
  CLUSTER: { match: 'cluster', operations: ofLists },
  EXTENSION_CONFIG: { operations: ['ADD', 'REPLACE', ...relative] },
  BOOTSTRAP: { operations: ['MERGE'] },
};

/** Why a patch cannot do anything, whatever it meets. */
function problemOf({ applyTo, match, patch }: EnvoyFilter_EnvoyConfigObjectPatch): Problem | undefined {
  const invalid = (path: Path, message: string): Problem => ({ path, reason: 'invalid-patch', message });
  if (!isOneOf(patchTargets, applyTo)) return invalid(['applyTo'], `applyTo ${applyTo ?? 'is missing: it'} is to be one of ${patchTargets.join(', ')}`);
  const { operation } = patch ?? {};
  if (!isOneOf(patchOperations, operation)) {
    return invalid(['patch', 'operation'], `the operation of a patch is to be one of ${patchOperations.join(', ')}${operation ? `, not ${operation}` : ''}`);
  }
  const { match: allowed, operations } = targets[applyTo];
  if (!operations.includes(operation)) {
    return invalid(['patch', 'operation'], `${operation} of ${applyTo} does nothing: the operation can be ${operations.join(', ')}`);
  }
  if (operation !== 'REMOVE' && !patch?.value) return invalid(['patch'], `${operation} needs a value, and the patch has none`);
  const field = selectorOf(applyTo, match?.listener);
  if (field && (operation === 'REMOVE' || operation === 'REPLACE'))
    return invalid(['match'], `${operation} of ${applyTo} needs the name of a filter: match.${field}`);
  if (field && operation === 'MERGE' && !patch?.value?.name)
    return invalid(['match'], `MERGE of ${applyTo} needs the name of a filter: match.${field}, or the name in the value`);
  if (!match) return undefined;
  if (!isOneOf(patchContexts, match.context ?? 'ANY'))
    return invalid(['match', 'context'], `context ${match.context} is not one of ${patchContexts.join(', ')}`);
  const given = (['listener', 'routeConfiguration', 'cluster'] as const).find((kind) => match[kind]);
  if (given && allowed && given !== allowed) {
    return invalid(['match', given], `a patch of ${applyTo} selects with match.${allowed}, and this one has match.${given}`);
  }
  const version = match.proxy?.proxyVersion;
  if (version && !isRe2(version)) {
    return { path: ['match', 'proxy', 'proxyVersion'], reason: 'invalid-regex', message: `proxyVersion ${version} is no regular expression (RE2)` };
  }
  return undefined;
}

/** Where a patch of filters says which one it is for; undefined where it does, and for what is no filter. */
function selectorOf(applyTo: PatchTarget, { listenerFilter, filterChain }: EnvoyFilter_ListenerMatch = {}): string | undefined {
  if (applyTo === 'LISTENER_FILTER') return listenerFilter ? undefined : 'listener.listenerFilter';
  if (applyTo === 'NETWORK_FILTER') return filterChain?.filter?.name ? undefined : 'listener.filterChain.filter.name';
  if (applyTo === 'HTTP_FILTER') return filterChain?.filter?.subFilter?.name ? undefined : 'listener.filterChain.filter.subFilter.name';
  return undefined;
}

function isOneOf<T extends string>(list: readonly T[], value: string | undefined): value is T {
  return (list as readonly (string | undefined)[]).includes(value);
}
