import { parseDuration } from '../manifest/duration.ts';
import type { HTTPMatchRequest, HTTPRoute, StringMatch, VirtualService } from '../manifest/istio/networking.gen.ts';
import type { Resource } from '../manifest/resource.ts';
import type { Mesh } from '../model/mesh.ts';
import { isSeenIn, scopesOf } from '../model/visibility.ts';
import { completeHttpRule } from './complete-names.ts';

type Service = Resource<VirtualService>;

/** A rule of a delegate that a root rule does not take over. */
export interface DroppedRule {
  rule: number;
  /** The match that no match of the root rule goes with. */
  match: number;
  /** The condition by which it contradicts the root's first match. */
  field: string;
}

/** What a root rule with a `delegate` becomes (SEL-R22); names of the merged rules are complete. */
export type Delegation =
  | { kind: 'missing'; name: string; namespace: string }
  /** Only a virtual service without hosts is a delegate. */
  | { kind: 'has-hosts' | 'not-exported' | 'empty'; delegate: Service }
  | { kind: 'merged'; delegate: Service; rules: { route: HTTPRoute; rule: number }[]; dropped: DroppedRule[] };

export function delegate(mesh: Mesh, root: Service, route: HTTPRoute): Delegation {
  const { name = '', namespace = '' } = route.delegate ?? {};
  const found = mesh.find('VirtualService', namespace || root.namespace, name);
  if (!found) return { kind: 'missing', name, namespace: namespace || root.namespace };
  const { hosts = [], exportTo, http = [] } = found.spec;
  if (hosts.length > 0) return { kind: 'has-hosts', delegate: found };
  const scopes = scopesOf(exportTo, found.namespace, mesh.meshConfig.defaultVirtualServiceExportTo);
  if (!isSeenIn(scopes, root.namespace)) return { kind: 'not-exported', delegate: found };
  if (!http.some(Boolean)) return { kind: 'empty', delegate: found };
  const merged: Delegation = { kind: 'merged', delegate: found, rules: [], dropped: [] };
  const rootRule = completeHttpRule(route, root.namespace);
  for (const [rule, own] of http.entries()) {
    if (!own) continue;
    const ownRule = completeHttpRule(own, found.namespace);
    const match = mergeMatches(rootRule.match ?? [], ownRule.match ?? []);
    if (!Array.isArray(match)) merged.dropped.push({ rule, ...match });
    else merged.rules.push({ route: mergeRoute(rootRule, ownRule, match), rule });
  }
  return merged;
}

/**
 * Each match of the delegate with each match of the root that it does not contradict (SEL-R23).
 *
 * @returns the delegate's first match that contradicts all of the root's, if there is one
 */
function mergeMatches(root: readonly (HTTPMatchRequest | null)[], own: readonly (HTTPMatchRequest | null)[]): HTTPMatchRequest[] | Omit<DroppedRule, 'rule'> {
  const roots = root.filter((m) => m !== null);
  if (roots.length === 0) return own.filter((m) => m !== null);
  if (!own.some((m) => m !== null)) return roots;
  const out: HTTPMatchRequest[] = [];
  for (const [index, match] of own.entries()) {
    if (match === null) continue;
    const taken = roots.filter((r) => contradiction(r, match) === undefined);
    if (taken.length === 0) return { match: index, field: contradiction(roots[0] as HTTPMatchRequest, match) as string };
    out.push(...taken.map((r) => mergeMatch(r, match)));
  }
  return out;
}

/** SEL-R24 */
function mergeMatch(root: HTTPMatchRequest, own: HTTPMatchRequest): HTTPMatchRequest {
  return {
    ...own,
    name: joinNames(root.name, own.name),
    uri: own.uri ?? root.uri,
    scheme: own.scheme ?? root.scheme,
    method: own.method ?? root.method,
    authority: own.authority ?? root.authority,
    headers: { ...root.headers, ...own.headers },
    withoutHeaders: { ...root.withoutHeaders, ...own.withoutHeaders },
    queryParams: { ...root.queryParams, ...own.queryParams },
    sourceLabels: { ...root.sourceLabels, ...own.sourceLabels },
    port: own.port || root.port,
    sourceNamespace: own.sourceNamespace || root.sourceNamespace,
    gateways: own.gateways?.length ? own.gateways : root.gateways,
    statPrefix: own.statPrefix || root.statPrefix,
  };
}

/** SEL-R26 */
function mergeRoute(root: HTTPRoute, own: HTTPRoute, match: HTTPMatchRequest[]): HTTPRoute {
  return {
    ...own,
    name: joinNames(root.name, own.name),
    match,
    rewrite: own.rewrite ?? root.rewrite,
    directResponse: own.directResponse ?? root.directResponse,
    timeout: own.timeout && parseDuration(own.timeout) !== 0 ? own.timeout : root.timeout,
    retries: own.retries ?? root.retries,
    fault: own.fault ?? root.fault,
    mirror: own.mirror ?? root.mirror,
    mirrors: own.mirrors ?? root.mirrors,
    mirrorPercent: own.mirrorPercent ?? root.mirrorPercent,
    mirrorPercentage: own.mirrorPercentage ?? root.mirrorPercentage,
    corsPolicy: own.corsPolicy ?? root.corsPolicy,
    headers: own.headers ?? root.headers,
  };
}

function joinNames(root: string | undefined, own: string | undefined): string | undefined {
  return root && own ? `${root}-${own}` : own || root;
}

const texts = ['uri', 'scheme', 'method', 'authority'] as const;
const maps = ['headers', 'withoutHeaders', 'queryParams'] as const;

/** The condition of the delegate's match that contradicts the root's, if there is one (SEL-R25). */
function contradiction(root: HTTPMatchRequest, own: HTTPMatchRequest): string | undefined {
  for (const field of texts) if (textContradicts(root[field], own[field])) return field;
  for (const field of maps) {
    for (const [key, value] of Object.entries(own[field] ?? {})) if (textContradicts(root[field]?.[key], value)) return `${field} "${key}"`;
  }
  if (Boolean(root.ignoreUriCase) !== Boolean(own.ignoreUriCase)) return 'ignoreUriCase';
  if (root.port && own.port && root.port !== own.port) return 'port';
  if (root.sourceNamespace && root.sourceNamespace !== own.sourceNamespace) return 'sourceNamespace';
  for (const [key, value] of Object.entries(own.sourceLabels ?? {})) {
    if (root.sourceLabels && Object.hasOwn(root.sourceLabels, key) && root.sourceLabels[key] !== value) return `sourceLabels "${key}"`;
  }
  const { gateways = [] } = root;
  return gateways.length > 0 && (own.gateways ?? []).some((name) => !gateways.includes(name)) ? 'gateways' : undefined;
}

/** An expression goes with nothing, an exact text with itself only, a prefix with what begins with it. */
function textContradicts(root: StringMatch | undefined, own: StringMatch | undefined): boolean {
  if (!root || !own) return false;
  if (root.regex || own.regex) return true;
  if (root.exact) return own.exact !== root.exact || Boolean(own.prefix);
  return !(root.prefix && (own.exact || own.prefix)?.startsWith(root.prefix));
}
