// A recorded step as the expectation of a route test. What a recording has only as a sample (shares of what is drawn) is taken from what
// `weft route explain` said, which was found likely by the recording before.
import type { Simulation } from '../../src/simulate/simulation.ts';
import { type Observation, textOf, type Upstream } from '../routing/corpus.ts';
import type { HeaderList } from '../routing/wire/http1.ts';
import type { Stage } from './case-files.ts';

/** `expect` of a test, as it is written. */
export type WrittenExpectation = Record<string, unknown>;

type Counts = Readonly<Record<string, number>>;

/** Values that a recorded field had, of one request or of several, with how often. */
function valuesOf(expected: Observation, field: string): Counts {
  const several = expected[`${field}_counts`] as Counts | undefined;
  if (several) return several;
  const one = expected[field];
  return one === undefined || one === null ? {} : { [String(one)]: 1 };
}

/** The only value of a field; undefined where there are none or several. */
function only(expected: Observation, field: string): string | undefined {
  const [first, ...more] = Object.keys(valuesOf(expected, field));
  return more.length === 0 ? first : undefined;
}

/** What has to come of the step; undefined: the format has no words for any of it. */
export function expectationOf({ layout }: Stage, { step, expected }: Stage['steps'][number], explained: Simulation): WrittenExpectation | undefined {
  const out: WrittenExpectation = {};
  const cluster = only(expected, 'upstream_cluster');
  const routeName = expected.route_name;
  if (cluster === 'PassthroughCluster') out.passthrough = true;
  else if (cluster === 'BlackHoleCluster' || routeName === 'block_all') out.blocked = true;
  else Object.assign(out, answerOf(expected), isDenied(expected) ? {} : destinationsOf(expected, explained));
  if (typeof routeName === 'string') out.route = routeName;
  const faults = faultOf(expected, explained);
  if (faults) out.fault = faults;
  const copies = mirrorsOf(expected, explained);
  if (copies) out.mirrors = copies;
  const retries = retriesOf(expected);
  if (retries !== undefined) out.retries = { attempts: retries };
  // Of several destinations each may see something else.
  const [first] = (expected.upstream ?? []) as Upstream[];
  const single = out.destinations !== undefined && explained.destinations.filter(({ percent }) => percent > 0).length === 1;
  if (first && single) {
    out.rewrite = { path: first.path, ...(first.authority ? { authority: first.authority } : {}) };
    const seen = first.headers ?? [];
    // A proxy tells it wherever there is a timeout.
    if (!seen.some(([name]) => name === 'x-envoy-expected-rq-timeout-ms')) out.timeout = 0;
    const sent = (step.request?.headers ?? []).map(([name, value]): [string, string] => [name, textOf(value)]);
    const set = seen.filter(([name, value]) => !ofTheConnection.has(name.toLowerCase()) && !isPlaceholder(value));
    const removed = sent.map(([name]) => name).filter((name) => !ofTheConnection.has(name.toLowerCase()) && !has(seen, name));
    const answered = layout.endpoints.find((one) => one.identity === first.identity);
    const response = expected.response_flags === '-' ? responseOf(expected, explained, answered?.behaviour?.response_headers, sent) : {};
    out.headers = { request: changes(set, removed), ...(Object.keys(response).length > 0 ? { response } : {}) };
  }
  return Object.keys(out).length === 0 ? undefined : out;
}

/** Answers of the proxy itself, where it gave nothing else. */
function answerOf(expected: Observation): WrittenExpectation {
  const status = only(expected, 'status');
  const details = only(expected, 'response_code_details');
  if (status === undefined || details === undefined || !(answers.has(details) || isDenied(expected))) return {};
  const headers = (expected.response_headers ?? expected.local_response_headers ?? []) as HeaderList;
  const [, location] = headers.find(([name]) => name === 'location') ?? [];
  const body = expected.body ?? (expected.local_bodies as { body: string }[] | undefined)?.[0]?.body;
  const set = headers.filter(([name, value]) => !ofTheConnection.has(name.toLowerCase()) && !isPlaceholder(value));
  return {
    status: Number(status),
    ...(location === undefined || !/^3/.test(status) ? {} : { redirect: { status: Number(status), location } }),
    ...(typeof body === 'string' && body !== '' ? { body } : {}),
    ...(details === 'route_not_found' ? { noRoute: true } : {}),
    headers: { response: changes(set, []) },
  };
}

/** The request has a route, and does not get there. */
function isDenied(expected: Observation): boolean {
  return /^(?:rbac_access_denied|jwt_authn_access_denied)/.test(only(expected, 'response_code_details') ?? '');
}

/** Details of answers that a test can be about. */
const answers: ReadonlySet<string> = new Set([
  'direct_response',
  'route_not_found',
  'cluster_not_found',
  'fault_filter_abort',
  'cors_response',
  'missing_host_header',
]);

function destinationsOf(expected: Observation, explained: Simulation): WrittenExpectation {
  const seen = Object.keys(valuesOf(expected, 'upstream_cluster')).map(serviceOf);
  if (seen.length === 0) return {};
  const all = explained.destinations.filter(({ percent }) => percent > 0);
  const shares =
    all.length > 1 ? all.map(({ host, subset, port, percent }) => ({ host, subset, port, percent })) : seen.map((one) => ({ ...one, percent: 100 }));
  return { destinations: shares };
}

/** `outbound|8080|v1|reviews.shop.svc.cluster.local` */
function serviceOf(cluster: string): { host: string; port: number; subset: string } {
  const [, port = '', subset = '', host = ''] = cluster.split('|');
  return { host, port: Number(port), subset };
}

function faultOf(expected: Observation, explained: Simulation): WrittenExpectation | undefined {
  const { delay, abort } = explained.fault ?? {};
  const flags = Object.keys(valuesOf(expected, 'response_flags')).flatMap((text) => text.split(','));
  const aborted = valuesOf(expected, 'response_code_details').fault_filter_abort ?? 0;
  const status = Number(Object.keys(valuesOf(expected, 'status')).find((one) => one !== '200'));
  const grpc = Number((expected.response_headers as HeaderList | undefined)?.find(([name]) => name === 'grpc-status')?.[1]);
  const out = {
    ...(flags.includes('DI') && delay ? { delay: { percent: delay.value.percent } } : {}),
    // Of gRPC the status of HTTP is 200, and the one of gRPC is in a header.
    ...(aborted > 0 && abort
      ? {
          abort: {
            percent: abort.value.percent,
            ...(Number.isNaN(status) ? (Number.isNaN(grpc) || abort.value.grpcStatus === undefined ? {} : { grpcStatus: grpc }) : { status }),
          },
        }
      : {}),
  };
  return Object.keys(out).length > 0 ? out : undefined;
}

/** Undefined: no copy was made, and whether one is to be made is not known. */
function mirrorsOf(expected: Observation, { mirrors }: Simulation): unknown[] | undefined {
  const seen = expected.mirrored !== undefined || expected.mirrored_counts !== undefined;
  if (!seen && mirrors.length > 0) return undefined;
  return mirrors.map(({ host, subset, port, percent }) => ({ host, subset, port, percent }));
}

/** Tries after the first one, where they were used up. */
function retriesOf(expected: Observation): number | undefined {
  const attempts = only(expected, 'attempts');
  const flags = only(expected, 'response_flags');
  return attempts !== undefined && flags?.split(',').includes('URX') ? Number(attempts) - 1 : undefined;
}

/**
 * Headers of the answer that the service did not give, and those that it gave and the client did not get.
 *
 * @param own headers that the endpoint gives by itself
 */
function responseOf(expected: Observation, explained: Simulation, own: Record<string, string | string[]> | undefined, sent: HeaderList): WrittenExpectation {
  const asked = sent.find(([name]) => name === 'x-echo-resp-headers')?.[1];
  const given = { ...own, ...(asked === undefined ? {} : (JSON.parse(asked) as Record<string, string | string[]>)) };
  const got = (expected.response_headers ?? []) as HeaderList;
  const ofService = (name: string, value: string): boolean => [given[name] ?? []].flat().includes(value);
  // What the response itself decides (`%RESPONSE_CODE%`) is in a test as it is written in the rule.
  const changed = [...explained.responseHeaders, ...explained.destinations.flatMap(({ responseHeaders }) => responseHeaders)];
  const later = new Set(changed.filter(({ op, value }) => op !== 'remove' && value === undefined).map(({ name }) => name));
  const usual = (name: string): boolean => ofTheService.has(name) || ofTheConnection.has(name) || later.has(name);
  const set = got.filter(([name, value]) => !usual(name) && !isPlaceholder(value) && !ofService(name, value));
  return changes(
    set,
    Object.keys(given).filter((name) => !ofTheService.has(name) && !has(got, name)),
  );
}

function changes(set: HeaderList, removed: readonly string[]): WrittenExpectation {
  return { ...(set.length > 0 ? { set: Object.fromEntries(set) } : {}), ...(removed.length > 0 ? { removed } : {}) };
}

function has(headers: HeaderList, name: string): boolean {
  return headers.some(([own]) => own.toLowerCase() === name.toLowerCase());
}

/** `<uuid>`, `<400 bytes>` */
function isPlaceholder(value: string): boolean {
  return /^<.*>$/.test(value);
}

/** Of a message on its connection. */
const ofTheConnection: ReadonlySet<string> = new Set(
  'host connection content-length transfer-encoding date server upgrade te trailer expect cookie x-forwarded-for x-envoy-external-address x-envoy-internal'.split(
    ' ',
  ),
);

/** That the services of the recording write, or the proxy writes or takes away in every response. */
const ofTheService: ReadonlySet<string> = new Set(
  'content-type x-envoy-upstream-service-time x-envoy-attempt-count x-request-id grpc-status grpc-message x-envoy-decorator-operation sec-websocket-accept set-cookie vary'.split(
    ' ',
  ),
);
