// Where the fields of a rule are written: of a virtual service, its delegate, or a route of the Gateway API.
import { outboundClusterName } from '../../ir/cluster.ts';
import type { HeaderOperation, RouteField, Source } from '../../ir/provenance.ts';
import type { Route, VirtualHost } from '../../ir/route.ts';
import type { Origin } from '../../ir/table.ts';
import type { Destination } from '../../manifest/istio/networking.gen.ts';
import type { Path } from '../../manifest/problem.ts';
import type { Resource } from '../../manifest/resource.ts';
import type { Mesh } from '../../model/mesh.ts';
import { isMap } from '../../model/untyped.ts';
import { completeHost } from '../complete-names.ts';
import { originOf } from '../statuses.ts';
import { placedItems, valueAt, writtenAt } from './written-fields.ts';

/** A rule and where it is. */
export interface PlacedRule {
  resource: Resource;
  path: Path;
}

type Fields = { readonly [Field in RouteField]?: readonly Path[] };

/** Of a rule of a virtual service; the first that is written counts. */
const fieldsOfVirtualService: Fields = {
  timeout: [['timeout']],
  retries: [['retries']],
  'retries.attempts': [['retries', 'attempts']],
  'retries.retryOn': [['retries', 'retryOn']],
  'retries.perTryTimeout': [['retries', 'perTryTimeout']],
  'retries.backoff': [['retries', 'backoff']],
  'retries.hosts': [['retries', 'retryIgnorePreviousHosts']],
  'retries.priorities': [['retries', 'retryRemoteLocalities']],
  rewrite: [['rewrite']],
  'fault.delay': [['fault', 'delay']],
  'fault.abort': [['fault', 'abort']],
  cors: [['corsPolicy']],
  redirect: [['redirect']],
  directResponse: [['directResponse']],
};

/** Of a rule of the Gateway API, its filters apart. */
const fieldsOfGatewayApi: Fields = {
  timeout: [
    ['timeouts', 'request'],
    ['timeouts', 'backendRequest'],
  ],
  retries: [['retry']],
  'retries.attempts': [['retry', 'attempts']],
  'retries.retryOn': [['retry', 'codes']],
  'retries.perTryTimeout': [['timeouts', 'backendRequest']],
  'retries.backoff': [['retry', 'backoff']],
};

const filterTypes: { readonly [Field in RouteField]?: string } = { rewrite: 'URLRewrite', cors: 'CORS', redirect: 'RequestRedirect' };

/** The rules that a route is made of: its own, and the root's that delegates to it. */
export function rulesOf(mesh: Mesh, { origin }: Route, host: VirtualHost): PlacedRule[] {
  const own = origin && ruleAt(mesh, origin);
  if (!own) return [];
  const root = host.origin;
  if (origin.kind !== 'VirtualService' || root?.kind !== 'VirtualService' || (root.name === origin.name && root.namespace === origin.namespace)) return [own];
  const resource = mesh.object(root);
  const delegating = (resource ? placedItems(resource, ['spec', 'http']) : []).filter(({ value }) => {
    const to = isMap(value) && isMap(value.delegate) ? value.delegate : undefined;
    return to?.name === origin.name && (to.namespace || root.namespace) === origin.namespace;
  });
  // Of several rules that delegate to the same one nobody knows which it was.
  const [only] = delegating;
  return only && delegating.length === 1 && resource ? [own, { resource, path: only.path }] : [own];
}

function ruleAt(mesh: Mesh, origin: Origin): PlacedRule | undefined {
  const { path } = origin;
  const resource = mesh.object(origin);
  return resource && path.length >= 3 ? { resource, path: path.slice(0, 3) } : undefined;
}

export function isOfGatewayApi({ resource }: PlacedRule): boolean {
  return resource.kindName.startsWith('gateway-api/');
}

/** Undefined: no rule says it. */
export function fieldOf(rules: readonly PlacedRule[], field: RouteField): Origin | undefined {
  for (const rule of rules) {
    const { resource, path } = rule;
    const filter = isOfGatewayApi(rule) ? filterOf(rule, filterTypes[field]) : undefined;
    if (filter) return originOf(resource, ...filter);
    for (const own of (isOfGatewayApi(rule) ? fieldsOfGatewayApi : fieldsOfVirtualService)[field] ?? []) {
      const found = writtenAt(resource, ...path, ...own);
      if (found) return found;
    }
  }
  return undefined;
}

function filterOf({ resource, path }: PlacedRule, type: string | undefined): Path | undefined {
  return type === undefined ? undefined : filtersOf(resource, path, type)[0];
}

function filtersOf(resource: Resource, path: Path, type: string): Path[] {
  return placedItems(resource, [...path, 'filters']).flatMap(({ value, path: at }) => (isMap(value) && value.type === type ? [at] : []));
}

/** Destinations of a rule that is written, in the order of the table: those that get anything, or the only one (RT-R2). */
function destinationsOf(rule: PlacedRule): { path: Path; value: Record<string, unknown>; weight: number }[] {
  const api = isOfGatewayApi(rule);
  const list = placedItems(rule.resource, [...rule.path, api ? 'backendRefs' : 'route']);
  return list.flatMap(({ value, path }) => (isMap(value) ? [{ value, path, weight: typeof value.weight === 'number' ? value.weight : api ? 1 : 0 }] : []));
}

function usedDestinations(rule: PlacedRule): ReturnType<typeof destinationsOf> {
  const all = destinationsOf(rule);
  return all.length === 1 ? all : all.filter(({ weight }) => weight > 0);
}

/** @param index as in the table */
export function destinationAt(rules: readonly PlacedRule[], index: number): Origin | undefined {
  const [rule] = rules;
  const found = rule && usedDestinations(rule)[index];
  return rule && found && originOf(rule.resource, ...found.path);
}

/** Those of a virtual service that no request gets to. */
export function unweighted(rules: readonly PlacedRule[], port: number): { cluster: string; source: Source }[] {
  const [rule] = rules;
  if (!rule || isOfGatewayApi(rule)) return [];
  const all = destinationsOf(rule);
  if (all.length < 2) return [];
  return all.flatMap(({ value, path, weight }) => {
    const { host = '', subset = '', port: own } = (isMap(value.destination) ? value.destination : {}) as Destination;
    if (weight > 0 || host === '') return [];
    const cluster = outboundClusterName(own?.number ?? port, subset, completeHost(rule.resource.namespace, host));
    return [{ cluster, source: { kind: 'written', origin: originOf(rule.resource, ...path) } }];
  });
}

/** @param index among those that get anything (RT-R110) */
export function mirrorAt(rules: readonly PlacedRule[], index: number): Origin | undefined {
  const [rule] = rules;
  if (rule && isOfGatewayApi(rule)) {
    const at = filtersOf(rule.resource, rule.path, 'RequestMirror')[index];
    return at && originOf(rule.resource, ...at);
  }
  // Of a delegate and its root the first that has any.
  const [of, field] =
    rules.flatMap((own) => (['mirror', 'mirrors'] as const).flatMap((name) => (writtenAt(own.resource, ...own.path, name) ? [[own, name] as const] : [])))[0] ??
    [];
  if (!of) return undefined;
  const single = valueAt(of.resource.raw, [...of.path, 'mirror']) !== undefined && sharesOf(of, ['mirrorPercentage', 'value']) !== 0;
  if (single && index === 0) return originOf(of.resource, ...of.path, 'mirror');
  const list = placedItems(of.resource, [...of.path, 'mirrors']).filter(({ value }) => valueAt(value, ['percentage', 'value']) !== 0);
  const at = list[index - (single ? 1 : 0)];
  return at ? originOf(of.resource, ...at.path) : originOf(of.resource, ...of.path, field ?? 'mirror');
}

function sharesOf({ resource, path }: PlacedRule, field: Path): unknown {
  return valueAt(resource.raw, [...path, ...field]);
}

/** The header of an operation, in the rule or in one of its destinations. */
export function headerAt(rules: readonly PlacedRule[], { message, op, name, destination }: HeaderOperation): Origin | undefined {
  for (const rule of rules) {
    const places = usedDestinations(rule).map(({ path }) => path);
    // Operations of an only destination are those of the rule (RT-R32).
    const levels: readonly Path[] =
      destination === undefined ? [rule.path, ...(places.length === 1 ? places : [])] : places.slice(destination, destination + 1);
    for (const level of levels) {
      const found = isOfGatewayApi(rule) ? headerOfFilter(rule.resource, level, message, op, name) : headerOf(rule.resource, level, message, op, name);
      if (found) return found;
    }
  }
  return undefined;
}

function headerOf(resource: Resource, level: Path, message: string, op: string, name: string): Origin | undefined {
  const path: Path = [...level, 'headers', message, op];
  const written = valueAt(resource.raw, path);
  if (Array.isArray(written)) {
    const index = written.findIndex((one) => sameName(one, name));
    return index < 0 ? undefined : originOf(resource, ...path, index);
  }
  const key = isMap(written) ? Object.keys(written).find((one) => sameName(one, name)) : undefined;
  return key === undefined ? undefined : originOf(resource, ...path, key);
}

function headerOfFilter(resource: Resource, level: Path, message: string, op: string, name: string): Origin | undefined {
  const field = message === 'request' ? 'requestHeaderModifier' : 'responseHeaderModifier';
  for (const filter of filtersOf(resource, level, field.replace(/^r/, 'R'))) {
    for (const { value, path } of placedItems(resource, [...filter, field, op])) {
      if (sameName(isMap(value) ? value.name : value, name)) return originOf(resource, ...path);
    }
  }
  return undefined;
}

function sameName(written: unknown, name: string): boolean {
  return typeof written === 'string' && written.toLowerCase() === name.toLowerCase();
}
