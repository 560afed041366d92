// Repeated requests: counts, of which some are decided by chance.
import type { HeaderList } from '../wire/http1.ts';
import { byRank, type Counts, equalCounts, isRotation, neighbours, total, unlike } from './distribution.ts';
import type { StepComparison } from './step.ts';
import { closing, headersDiffer, shown } from './values.ts';

/** From this many requests on, one value for all of them is no coincidence. */
const certain = 8;
/** From this many requests on, a mixture of outcomes is the work of a percentage or of weights. */
const many = 100;

function counts(value: unknown): Counts {
  return (value ?? {}) as Counts;
}

/** Endpoints that may answer where one of those that the recording names did. */
function possible({ expected, choices }: StepComparison, named: Counts): Set<string> {
  const clusters = Object.keys(counts(expected.upstream_cluster_counts));
  const all = new Set(Object.keys(named));
  for (const identity of Object.keys(named)) for (const cluster of clusters) for (const one of choices.instead(cluster, identity)) all.add(one);
  return all;
}

/** Counts by endpoint: chosen by the balancer. */
function identities(comparison: StepComparison, field: string): void {
  const expected = counts(comparison.expected[field]);
  const actual = counts(comparison.actual[field]);
  if (equalCounts(expected, actual)) return;
  const { choices } = comparison;
  const allowed = field === 'mirrored_counts' ? new Set(Object.keys(expected).flatMap((one) => [...choices.ofSameHost(one)])) : possible(comparison, expected);
  const wrong = Object.keys(actual).filter((one) => !allowed.has(one));
  const kind = (one: string): string => choices.kind(one);
  const named = Object.keys(expected);
  const fixed = named.length <= 1 && total(expected) >= certain && !comparison.varies(field) && field !== 'mirrored_counts';
  if (wrong.length > 0) comparison.unequal(field);
  else if (fixed && choices.hashes) {
    if (Object.keys(actual).length !== named.length || total(actual) !== total(expected)) comparison.unequal(field);
  } else if (fixed) {
    if (!equalCounts(byRank(expected, kind), byRank(actual, kind))) comparison.unequal(field);
  } else if (unlike(expected, actual).length > 0 && unlike(byRank(expected, kind), byRank(actual, kind)).length > 0) comparison.unequal(field);
}

/** Counts by outcome. */
function outcomes(comparison: StepComparison, field: string): void {
  const expected = counts(comparison.expected[field]);
  const actual = counts(comparison.actual[field]);
  if (equalCounts(expected, actual)) return;
  if (!byChance(comparison, field, expected) || unlike(expected, actual).length > 0) comparison.unequal(field);
}

/** Whether chance decides how often each outcome comes. */
function byChance(comparison: StepComparison, field: string, expected: Counts): boolean {
  if (comparison.varies(field)) return true;
  if (Object.keys(expected).length < 2) return false;
  if (field === 'upstream_cluster_counts' || total(expected) >= many) return true;
  const { choices } = comparison;
  const clusters = Object.keys(counts(comparison.expected.upstream_cluster_counts));
  return !choices.rotates && !choices.hashes && clusters.some((cluster) => choices.differ(cluster));
}

function localAnswers(comparison: StepComparison): void {
  const bodies = (value: unknown): Counts =>
    Object.fromEntries(((value ?? []) as { status: number; body: string; count: number }[]).map(({ status, body, count }) => [`${status} ${body}`, count]));
  const expected = bodies(comparison.expected.local_bodies);
  const actual = bodies(comparison.actual.local_bodies);
  if (!equalCounts(expected, actual) && (!byChance(comparison, 'local_bodies', { ...expected, other: 0 }) || unlike(expected, actual).length > 0)) {
    comparison.unequal('local_bodies');
  }
  const [wanted, got] = [comparison.expected.local_response_headers, comparison.actual.local_response_headers] as (HeaderList | undefined)[];
  if (!wanted || !got) return;
  const what = headersDiffer(wanted, got, { varies: comparison.varies('local_response_headers'), later: false });
  if (what) comparison.differs('local_response_headers', what);
}

/** The order of outcomes, where it is not a matter of choice. */
function sequence(comparison: StepComparison): void {
  const expected = comparison.expected.sequence as string[] | undefined;
  const actual = comparison.actual.sequence as string[] | undefined;
  if (!expected || !actual) return;
  if (isRotation(expected)) {
    if (!isRotation(actual)) comparison.differs('sequence', `expected each in turn, got ${shown(actual)}`);
    return;
  }
  if (comparison.varies('sequence')) return;
  const clusters = Object.keys(counts(comparison.expected.upstream_cluster_counts));
  const one = clusters.length === 1 && comparison.choices.ofCluster(clusters[0]).length === 1;
  if (one && expected.join() !== actual.join()) comparison.unequal('sequence');
}

function opened(comparison: StepComparison): void {
  if (comparison.expected.upstream_connections_opened === undefined) return;
  const expected = counts(comparison.expected.upstream_connections_opened);
  const actual = counts(comparison.actual.upstream_connections_opened);
  const chosen = Object.keys(counts(comparison.expected.upstream_cluster_counts)).some((cluster) => comparison.choices.ofCluster(cluster).length > 1);
  if (equalCounts(expected, actual) || comparison.varies('upstream_connections_opened')) return;
  if (!chosen || total(expected) !== total(actual)) comparison.unequal('upstream_connections_opened');
}

function closings(value: unknown): Counts {
  const merged: Record<string, number> = {};
  for (const [how, count] of Object.entries(counts(value))) {
    const key = String(closing(how));
    merged[key] = (merged[key] ?? 0) + count;
  }
  return merged;
}

/** Compares a step with `repeat`. */
export function compareRepeated(comparison: StepComparison): void {
  const { expected, actual, step } = comparison;
  comparison.exactly(['count']);
  identities(comparison, 'served_by_counts');
  outcomes(comparison, 'response_flags_counts');
  outcomes(comparison, 'upstream_cluster_counts');
  if (step.tcp) {
    if (!equalCounts(closings(expected.closed_counts), closings(actual.closed_counts))) comparison.unequal('closed_counts');
    return;
  }
  for (const field of ['status_counts', 'response_code_details_counts', 'attempts_counts']) outcomes(comparison, field);
  if (expected.grpc_status_counts !== undefined) outcomes(comparison, 'grpc_status_counts');
  for (const field of ['upstream_request_counts', 'mirrored_counts']) identities(comparison, field);
  localAnswers(comparison);
  sequence(comparison);
  opened(comparison);
  const buckets = counts(expected.elapsed_bucket_counts);
  if (expected.elapsed_bucket_counts !== undefined && !neighbours(buckets, counts(actual.elapsed_bucket_counts))) {
    comparison.differs('elapsed_bucket_counts', `expected ${shown(buckets)}, got ${shown(actual.elapsed_bucket_counts)}`, true);
  }
}
