// Differences between two configurations of Envoy by meaning: order counts only where Envoy reads in order, and a default may be absent
// where the protocol cannot tell it from a value.
import { type Field, fieldsOf, type ValueType } from './messages.ts';

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
interface JsonMap {
  [key: string]: Json;
}

export interface Difference {
  /** `listeners[0.0.0.0_80].filter_chains[0].filters[envoy…].typed_config.stat_prefix` */
  path: string;
  expected: Json | undefined;
  actual: Json | undefined;
}

/** Lists whose order Envoy does not read. */
const unordered: ReadonlySet<string> = new Set([
  'Listener.filter_chains',
  'Listener.additional_addresses',
  'FilterChainMatch.server_names',
  'FilterChainMatch.prefix_ranges',
  'FilterChainMatch.application_protocols',
  'ListenerFilterChainMatchPredicate.MatchSet.rules',
  'ResponseFlagFilter.flags',
  'HttpConnectionManager.upgrade_configs',
  'HttpConnectionManager.Tracing.custom_tags',
  'TcpProxy.WeightedCluster.clusters',
  'CertificateValidationContext.match_subject_alt_names',
  'CertificateValidationContext.match_typed_subject_alt_names',
  'RouteConfiguration.virtual_hosts',
  'VirtualHost.domains',
  'RouteMatch.headers',
  'RouteMatch.query_parameters',
  'WeightedCluster.clusters',
  'RetryPolicy.retriable_status_codes',
  'CircuitBreakers.thresholds',
  'ClusterLoadAssignment.endpoints',
  'LocalityLbEndpoints.lb_endpoints',
]);

/** Messages that say nothing more than their absence where none of their fields says anything. */
const emptyIsAbsent: ReadonlySet<string> = new Set([
  'Cluster.common_lb_config',
  'ClusterLoadAssignment.policy',
  'Endpoint.health_check_config',
  'FilterChain.filter_chain_match',
  'HttpConnectionManager.http_protocol_options',
  'SubstitutionFormatString.json_format_options',
]);

/** What Envoy does without a field whose absence the protocol can tell from a value, as the comments of its API say. */
const defaults: Readonly<Record<string, Json>> = {
  'ClusterLoadAssignment.Policy.overprovisioning_factor': 140,
  // Unknown endpoints get requests as healthy ones.
  'LbEndpoint.health_status': 'HEALTHY',
  'OutlierDetection.base_ejection_time': '30s',
  'OutlierDetection.consecutive_5xx': 5,
  'OutlierDetection.enforcing_consecutive_5xx': 100,
  'OutlierDetection.enforcing_consecutive_gateway_failure': 0,
  'OutlierDetection.interval': '10s',
  'OutlierDetection.max_ejection_percent': 10,
  'RedirectAction.path_redirect': '',
  'RouteMatch.case_sensitive': true,
};

const isMap = (value: Json | undefined): value is JsonMap => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * @param message name of the type of the list's members
 * @param path of the list
 */
export function differences(expected: Json[], actual: Json[], message: string, path: string): Difference[] {
  return listDiff(expected, actual, { kind: 'message', name: message }, path, true);
}

function valueDiff(expected: Json | undefined, actual: Json | undefined, type: ValueType | undefined, path: string): Difference[] {
  const differ = (): Difference[] => [{ path, expected, actual }];
  if (expected === undefined || actual === undefined) return expected === actual ? [] : differ();
  if (type?.kind === 'message' && isMap(expected) && isMap(actual)) {
    if (type.name === 'google.protobuf.Any') return anyDiff(expected, actual, path);
    const fields = type.name === 'envoy.type.v3.FractionalPercent' ? undefined : fieldsOf(type.name);
    if (fields) return messageDiff(expected, actual, type.name, fields, path);
  }
  return canonical(normal(expected, type)) === canonical(normal(actual, type)) ? [] : differ();
}

/** What is inside of the two, if that has a type. */
function anyDiff(expected: JsonMap, actual: JsonMap, path: string): Difference[] {
  const { '@type': from, ...expectedRest } = expected;
  const { '@type': to, ...actualRest } = actual;
  if (from !== to) return [{ path, expected, actual }];
  return valueDiff(expectedRest, actualRest, { kind: 'message', name: String(from).replace(/^.*\//, '') }, path);
}

function messageDiff(expected: JsonMap, actual: JsonMap, message: string, fields: ReadonlyMap<string, Field>, path: string): Difference[] {
  const names = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  return [...names].flatMap((name) => {
    const field = fields.get(name);
    const full = `${shortName(message)}.${name}`;
    const at = `${path}.${name}`;
    if (field?.rule === 'list') return listDiff(listOf(expected[name]), listOf(actual[name]), field.type, at, unordered.has(full));
    if (field?.rule === 'map') return mapDiff(expected[name], actual[name], field.type, at);
    const [a, b] = [expected[name], actual[name]].map((value) => (isAbsent(value, field, full) ? undefined : value));
    return valueDiff(a, b, field?.type, at);
  });
}

/** `envoy.config.listener.v3.FilterChainMatch` as `FilterChainMatch`. */
function shortName(message: string): string {
  return message.replace(/^.*?\.v\d[^.]*\./, '');
}

function listOf(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
}

/** @param full name of the field with that of its message */
function isAbsent(value: Json | undefined, field: Field | undefined, full: string): boolean {
  if (value === undefined || value === null) return true;
  const usual = defaults[full];
  if (usual !== undefined && canonical(normal(usual, field?.type)) === canonical(normal(value, field?.type))) return true;
  if (emptyIsAbsent.has(full) && field?.type.kind === 'message') return isMap(value) && saysNothing(value, field.type.name);
  if (field?.rule !== 'plain') return false;
  if (field.type.kind === 'enum') return enumNumber(value, field.type.numbers) === 0;
  return field.type.kind === 'scalar' && (value === false || value === '' || value === 0 || value === '0');
}

function saysNothing(value: JsonMap, message: string): boolean {
  return Object.entries(value).every(([name, one]) => isAbsent(one, fieldsOf(message)?.get(name), `${shortName(message)}.${name}`));
}

function mapDiff(expected: Json | undefined, actual: Json | undefined, type: ValueType, path: string): Difference[] {
  const [from, to] = [expected, actual].map((value) => (isMap(value) ? value : {})) as [JsonMap, JsonMap];
  return [...new Set([...Object.keys(from), ...Object.keys(to)])].flatMap((key) => valueDiff(from[key], to[key], type, `${path}[${key}]`));
}

function listDiff(expected: Json[], actual: Json[], type: ValueType, path: string, anyOrder: boolean): Difference[] {
  const [from, to] = [byKey(expected, !anyOrder), byKey(actual, !anyOrder)];
  if (from && to) {
    const found = [...new Set([...from.keys(), ...to.keys()])].flatMap((key) => valueDiff(from.get(key), to.get(key), type, `${path}[${key}]`));
    const order = (of: Map<string, Json>, other: Map<string, Json>): string[] => [...of.keys()].filter((key) => other.has(key));
    const [a, b] = [order(from, to), order(to, from)];
    if (!anyOrder && canonical(a) !== canonical(b)) found.push({ path: `${path}[order]`, expected: a, actual: b });
    return found;
  }
  const sorted = anyOrder ? matched(expected, actual, type) : expected;
  return Array.from({ length: Math.max(sorted.length, actual.length) }).flatMap((_, i) => valueDiff(sorted[i], actual[i], type, `${path}[${i}]`));
}

/**
 * Members by what they are known by; undefined where one has nothing of that kind.
 *
 * @param repeated whether several may be known by the same: they are counted then
 */
function byKey(list: readonly Json[], repeated: boolean): Map<string, Json> | undefined {
  const members = new Map<string, Json>();
  for (const member of list) {
    const key = keyOf(member);
    if (key === undefined || (members.has(key) && !repeated)) return undefined;
    let own = key;
    for (let n = 2; members.has(own); n++) own = `${key} #${n}`;
    members.set(own, member);
  }
  return members;
}

function keyOf(member: Json): string | undefined {
  if (!isMap(member)) return undefined;
  // A filter chain: several may have one name.
  if (Array.isArray(member.filters)) return [member.name, ...conditions(member.filter_chain_match)].filter(Boolean).join(' ');
  return ['name', 'cluster_name', 'upgrade_type', 'tag'].map((field) => member[field]).find((value) => typeof value === 'string');
}

function conditions(match: Json | undefined): string[] {
  return Object.entries(isMap(match) ? match : {})
    .map(([field, value]) => `${field}=${canonical(Array.isArray(value) ? value.toSorted() : value).replaceAll(/[[\]"]/g, '')}`)
    .sort();
}

/** Beside members of the other list that are equal, the rest in their own order. */
function matched(list: readonly Json[], like: readonly Json[], type: ValueType): Json[] {
  const left = [...list];
  const placed = like.map((wanted) => {
    const at = left.findIndex((one) => valueDiff(one, wanted, type, '').length === 0);
    return at < 0 ? undefined : left.splice(at, 1)[0];
  });
  return [...placed.map((one) => one ?? (left.shift() as Json)).filter((one) => one !== undefined), ...left];
}

/** One form for what can be written in several. */
function normal(value: Json, type: ValueType | undefined): Json {
  if (type?.kind === 'enum') return enumNumber(value, type.numbers) ?? value;
  if (type?.kind === 'scalar') return /int|fixed/.test(type.name) ? String(value) : value;
  if (type?.name === 'google.protobuf.Duration') return `${Number(String(value).slice(0, -1))}s`;
  if (type?.name === 'envoy.type.v3.FractionalPercent' && isMap(value)) return Number(value.numerator ?? 0) / (shares[String(value.denominator)] ?? 100);
  return /^google\.protobuf\.U?Int\d+Value$/.test(type?.name ?? '') ? String(value) : value;
}

const shares: Readonly<Record<string, number>> = { HUNDRED: 100, TEN_THOUSAND: 10_000, MILLION: 1_000_000 };

function enumNumber(value: Json, numbers: ReadonlyMap<string, number>): number | undefined {
  return typeof value === 'number' ? value : numbers.get(String(value));
}

/** With the keys in order, so that equal values have equal texts. */
function canonical(value: Json): string {
  return JSON.stringify(value, (_, one: Json) => (isMap(one) ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1))) : one));
}
