// What a case shows against what was recorded.
import type { CaseStep, Observation, RoutingCase, Upstream } from '../corpus.ts';
import type { Layout } from '../layout.ts';
import type { HeaderList } from '../wire/http1.ts';
import { Choices } from './choices.ts';
import { bucketDistance } from './distribution.ts';
import { compareRepeated } from './repeated.ts';
import { StepComparison } from './step.ts';
import { closing, headersDiffer, shown, upstreamDiffers } from './values.ts';

/** Something that is not as recorded. */
export interface Difference {
  /** Index of the step. */
  step: number;
  what: string;
  /** The step depends on which of several different endpoints was chosen. */
  choice: boolean;
  /** It is about how long something took. */
  timing: boolean;
}

/** Fields of a single request that are compared as they are; a field that the recording does not have must not be there either. */
const singleFields = [
  ...['error', 'status', 'stream_reset', 'body', 'interim_responses', 'response_trailers', 'upgrade_echo', 'tls'],
  ...['response_flags', 'response_code_details', 'upstream_cluster', 'route_name', 'attempts', 'upstream_failure', 'no_access_log'],
];

/** @param unheard nobody may have answered by then */
function identity(comparison: StepComparison, cluster: string | null | undefined, unheard = false): void {
  const { expected, actual, choices } = comparison;
  const [wanted, got] = [expected.served_by as string | null | undefined, actual.served_by as string | null | undefined];
  if (wanted === got) return;
  if (typeof wanted === 'string' && typeof got === 'string' && choices.instead(cluster, wanted).has(got)) return;
  if ((unheard || comparison.varies('served_by')) && (wanted === null || got === null)) return;
  comparison.unequal('served_by');
}

function upstreams(comparison: StepComparison, field: 'upstream' | 'mirrored', cluster: string | null | undefined): void {
  const { choices } = comparison;
  const expected = (comparison.expected[field] ?? []) as Upstream[];
  const actual = (comparison.actual[field] ?? []) as Upstream[];
  const varies = comparison.varies(field);
  if (expected.length !== actual.length) {
    // How many there are depends on the choices where the outcome does.
    if (varies && (comparison.varies('attempts') || comparison.varies('status') || comparison.varies('response_flags'))) return;
    comparison.differs(field, `expected ${shown(expected.map((one) => one.identity))}, got ${shown(actual.map((one) => one.identity))}`);
    return;
  }
  for (const [i, wanted] of expected.entries()) {
    const got = actual[i] as Upstream;
    const instead = field === 'mirrored' ? choices.ofSameHost(wanted.identity) : choices.instead(cluster, wanted.identity);
    if (!instead.has(got.identity)) comparison.differs(`${field}[${i}].identity`, `expected ${shown(wanted.identity)}, got ${shown(got.identity)}`);
    const named = wanted.received === undefined ? wanted : { ...wanted, received: wanted.received.replaceAll(wanted.identity, got.identity) };
    for (const what of upstreamDiffers(named, got, { varies, later: i > 0 })) comparison.differs(`${field}[${i}]`, what);
  }
}

/** Times are compared by bucket, and the neighbours of a bucket are as good. */
function timing(comparison: StepComparison): void {
  const [wanted, got] = [comparison.expected.elapsed_bucket, comparison.actual.elapsed_bucket] as [string | undefined, string | undefined];
  if (wanted === undefined || got === undefined) return;
  if (bucketDistance(Number.parseInt(wanted, 10), Number.parseInt(got, 10)) > 1) {
    comparison.differs('elapsed_bucket', `expected ${wanted}, got ${got} (${comparison.actual.elapsed_ms} ms)`, true);
  }
}

function single(comparison: StepComparison): void {
  const { expected, actual, step } = comparison;
  const cluster = (expected.upstream_cluster ?? null) as string | null;
  comparison.exactly(singleFields);
  identity(comparison, cluster);
  if (expected.response_headers !== undefined || actual.response_headers !== undefined) {
    const rules = { varies: comparison.varies('response_headers'), later: false };
    const what = headersDiffer((expected.response_headers ?? []) as HeaderList, (actual.response_headers ?? []) as HeaderList, rules);
    if (what) comparison.differs('response_headers', what);
  }
  bodyLength(comparison, step);
  for (const field of ['goaway', 'connection_log']) if (expected[field] !== undefined) comparison.exactly([field]);
  upstreams(comparison, 'upstream', cluster);
  upstreams(comparison, 'mirrored', cluster);
  timing(comparison);
}

/** The length of an echo on HTTP/1 depends on the headers that the proxy adds. */
function bodyLength(comparison: StepComparison, step: CaseStep): void {
  const { expected, actual } = comparison;
  if (expected.body_length === undefined || expected.body_length === actual.body_length) return;
  const upstream = ((expected.upstream ?? []) as Upstream[]).at(-1);
  const bytes = step.request?.headers?.some(([name]) => name.toLowerCase() === 'x-echo-resp-bytes');
  const echo = !bytes && upstream?.http !== 'HTTP/2';
  // An identity that is longer makes the echo longer.
  const longer = String(actual.served_by ?? '').length - String(expected.served_by ?? '').length;
  if (echo ? Number(actual.body_length) > 0 === Number(expected.body_length) > 0 : Number(actual.body_length) - longer === expected.body_length) return;
  comparison.unequal('body_length');
}

/** A text that is long is given by its length; of the pieces that a service answers separately nothing else is known. */
const pieceBytes = 400;

function sameReceived(expected: string, actual: string): boolean {
  if (expected === actual) return true;
  const lengths = [expected, actual].map((text) => Number(/^<(\d+) bytes>$/.exec(text)?.[1] ?? Number.NaN));
  return Math.abs((lengths[0] ?? 0) - (lengths[1] ?? 0)) <= pieceBytes;
}

function singleTcp(comparison: StepComparison): void {
  const { expected, actual } = comparison;
  const [line] = (expected.connection_log ?? []) as { upstream_cluster?: string | null; connection_termination_details?: string }[];
  const cluster = line?.upstream_cluster;
  if (!comparison.varies('closed') && closing(expected.closed) !== closing(actual.closed)) comparison.unequal('closed');
  // Of a client that is denied at its first byte, the service's greeting comes before that or not at all.
  const denied = line?.connection_termination_details?.startsWith('rbac_access_denied') === true;
  identity(comparison, cluster, denied);
  const [from, to] = [expected.served_by, actual.served_by] as (string | null)[];
  const wanted = String(expected.received ?? '');
  const named = from && to ? wanted.replaceAll(from, to) : wanted;
  const got = String(actual.received ?? '');
  // With `varies` the greeting may have come or not.
  if (!sameReceived(named, got) && !((denied || comparison.varies('received')) && (got === '' || wanted === ''))) comparison.unequal('received');
  comparison.exactly(['tls', 'connection_log']);
  upstreams(comparison, 'upstream', cluster);
  timing(comparison);
}

/** The clusters that the recording names for a step. */
function clustersOf(expected: Observation): (string | null)[] {
  if (expected.upstream_cluster_counts) return Object.keys(expected.upstream_cluster_counts);
  return [(expected.upstream_cluster ?? null) as string | null];
}

/** Everything that is not as recorded. */
export function compareCase(routingCase: RoutingCase, layout: Layout, observed: readonly Observation[]): Difference[] {
  const differences: Difference[] = [];
  let manifests = routingCase.manifests;
  for (const [index, step] of routingCase.steps.entries()) {
    if (step.apply !== undefined) manifests = step.apply;
    if (!step.request && !step.tcp) continue;
    const expected = routingCase.observed[index] ?? {};
    const actual = observed[index] ?? {};
    const choices = new Choices(layout, manifests);
    const listed = (field: string): boolean =>
      [...routingCase.varies].some((path) => path === `observed[${index}].${field}` || path.startsWith(`observed[${index}].${field}.`));
    const comparison = new StepComparison(step, expected, actual, choices, listed);
    if ((step.repeat ?? 1) > 1) compareRepeated(comparison);
    else if (step.tcp) singleTcp(comparison);
    else single(comparison);
    const choice = clustersOf(expected).some((cluster) => choices.differ(cluster));
    // A machine that is busy leaves less time for attempts after the first one.
    const tries = step.timing === true && /\bperTryTimeout\b/.test(manifests);
    for (const { what, timing } of comparison.found)
      differences.push({ step: index, choice, what, timing: timing || (tries && /^(attempts|upstream)\b/.test(what)) });
  }
  return differences;
}
