// What a test expects, against what becomes of a request.
import type { Arrival } from '../../simulate/arrivals.ts';
import type { SimulatedDestination, Simulation } from '../../simulate/simulation.ts';
import type { Expectation, ExpectedDestination, ExpectedMirror } from '../format/test-format.ts';
import type { Mismatch } from '../result.ts';
import { checkAccess } from './access.ts';
import { type Naming, parseService, serviceText } from './expected-service.ts';
import { checkReplyHeaders, checkRequestHeaders, checkResponseChanges, responseChanges } from './headers.ts';
import { checkLimits } from './limits.ts';
import { outcomeText, replyOf } from './outcome.ts';
import { claimsOf, compareShares, type Share } from './shares.ts';
import { durationText, percentText, samePercent } from './text.ts';

type Check = (expect: Expectation, simulation: Simulation, naming: Naming) => Mismatch[];

/**
 * All that does not hold; empty: the request is as expected.
 *
 * @param arrivals at the workloads that it goes to, where somebody asks for them
 * @param isDirect it comes to a workload as it is, and is simulated there
 */
export function checkRequest(expect: Expectation, simulation: Simulation, naming: Naming, arrivals?: readonly Arrival[], isDirect = false): Mismatch[] {
  const out = checkAccess(expect, simulation, arrivals, isDirect);
  for (const check of checks) {
    const found = check(expect, simulation, naming);
    if (found.length > 0) out.push(...found);
  }
  return out;
}

/** One value against another. */
function compare(field: string, expected: string | undefined, got: string, same = expected === got): Mismatch[] {
  return expected === undefined || same ? [] : [{ field, expected, got }];
}

/** As an expectation, which may be written as a text. */
export function destinationOf(written: string | ExpectedDestination): ExpectedDestination {
  return typeof written === 'string' ? parseService(written) : written;
}

function mirrorOf(written: string | ExpectedMirror): ExpectedMirror {
  return typeof written === 'string' ? parseService(written) : written;
}

/** Where requests go; nothing else than services has a place in tests. */
function destinationsOf({ destinations, outcome }: Simulation): readonly SimulatedDestination[] {
  return outcome.kind === 'passthrough' || outcome.kind === 'blocked' || outcome.kind === 'denied' ? [] : destinations;
}

const checkDestinations: Check = ({ destinations }, simulation, naming) => {
  if (!destinations) return [];
  const got = destinationsOf(simulation);
  const claims = claimsOf(destinations.map(destinationOf), got, naming);
  const mismatch = compareShares('destinations', claims, naming);
  if (mismatch) return [got.length > 0 ? mismatch : { ...mismatch, got: outcomeText(simulation) }];
  return claims.list.flatMap(({ expected: one, got: shares }) => {
    if (!one.connectionPool && !one.outlierDetection && !one.headers) return [];
    const label = destinations.length > 1 ? `${serviceText(one)} ` : '';
    return shares.flatMap((destination) => [
      ...checkLimits(one.connectionPool, one.outlierDetection, destination.upstream, label),
      ...(one.headers?.request && destination.sees ? checkRequestHeaders(one.headers.request, destination.sees, label) : []),
      ...(one.headers?.response ? checkResponseChanges(one.headers.response, responseChanges(simulation, destination), label) : []),
    ]);
  });
};

const checkMirrors: Check = ({ mirrors }, simulation, naming) => {
  if (!mirrors) return [];
  const got = simulation.mirrors.map(
    ({ host, subset, port, percent, failure }): Share => ({ host, subset, port, percent, weight: undefined, ...(failure ? { failure } : {}) }),
  );
  const mismatch = compareShares('mirrors', claimsOf(mirrors.map(mirrorOf), got, naming), naming);
  return mismatch ? [mismatch] : [];
};

/** Destinations that requests really go to, for what all of them have to see. */
function used(simulation: Simulation): SimulatedDestination[] {
  return destinationsOf(simulation).filter(({ percent }) => percent > 0);
}

const checkRewrite: Check = ({ rewrite }, simulation) => {
  if (!rewrite) return [];
  const to = used(simulation).flatMap(({ sees }) => sees ?? []);
  const seen = (of: 'path' | 'authority'): string => [...new Set(to.map((head) => head[of]))].join(', ');
  return (['path', 'authority'] as const).flatMap((part) => compare(`rewrite.${part}`, rewrite[part], to.length > 0 ? seen(part) : outcomeText(simulation)));
};

const checkHeaders: Check = ({ headers }, simulation) => {
  if (!headers) return [];
  const to = used(simulation);
  const reply = replyOf(simulation);
  const label = (destination: SimulatedDestination): string => (to.length > 1 ? `${serviceText({ host: destination.host, subset: destination.subset })} ` : '');
  const { request, response } = headers;
  return [
    ...(request ? to.flatMap((one) => (one.sees ? checkRequestHeaders(request, one.sees, label(one)) : [])) : []),
    ...(request && to.length === 0 ? [{ field: 'headers.request', expected: 'a destination that sees them', got: outcomeText(simulation) }] : []),
    ...(response && reply ? checkReplyHeaders(response, reply.headers) : []),
    ...(response && !reply ? to.flatMap((one) => checkResponseChanges(response, responseChanges(simulation, one), label(one))) : []),
    ...(response && !reply && to.length === 0 ? [{ field: 'headers.response', expected: 'a response', got: outcomeText(simulation) }] : []),
  ];
};

const checkReply: Check = ({ redirect, status, body }, simulation) => {
  if (!redirect && status === undefined && body === undefined) return [];
  const reply = replyOf(simulation);
  const { outcome } = simulation;
  const location = outcome.kind === 'redirect' || outcome.kind === 'tls-redirect' ? outcome.location : undefined;
  const out = compare('status', status === undefined ? undefined : String(status), reply ? String(reply.status) : outcomeText(simulation));
  out.push(...compare('body', body, reply ? reply.body : outcomeText(simulation)));
  if (!redirect) return out;
  if (location === undefined || !reply) return [...out, { field: 'redirect', expected: redirectText(redirect), got: outcomeText(simulation) }];
  out.push(...compare('redirect.status', redirect.status === undefined ? undefined : String(redirect.status), String(reply.status)));
  out.push(...compare('redirect.location', redirect.location, location));
  return out;
};

function redirectText({ status, location }: NonNullable<Expectation['redirect']>): string {
  return `redirected${status === undefined ? '' : ` with ${status}`}${location === undefined ? '' : ` to ${location}`}`;
}

const checkForwarding: Check = ({ timeout, retries }, simulation) => {
  if (timeout === undefined && !retries) return [];
  const { forwarding } = simulation;
  if (!forwarding)
    return [{ field: timeout === undefined ? 'retries' : 'timeout', expected: 'a request that is forwarded as HTTP', got: outcomeText(simulation) }];
  const { timeoutMs, perTryTimeoutMs, retry } = forwarding;
  const out = timeout === undefined ? [] : compare('timeout', durationText(timeout), durationText(timeoutMs.value), timeout === timeoutMs.value);
  if (!retries) return out;
  const { attempts, perTryTimeout, retryOn } = retries;
  const tried = retry && !retry.never ? retry.attempts.value : 0;
  if (attempts !== undefined) out.push(...compare('retries.attempts', String(attempts), String(tried)));
  if (perTryTimeout !== undefined)
    out.push(...compare('retries.perTryTimeout', durationText(perTryTimeout), durationText(perTryTimeoutMs.value), perTryTimeout === perTryTimeoutMs.value));
  if (retryOn)
    out.push(
      ...compare(
        'retries.retryOn',
        conditionsText(retryOn),
        retry ? conditionsText([...retry.on.value, ...retry.statusCodes.value.map(String)]) : 'no retries',
      ),
    );
  return out;
};

/** A status code stands for its condition, too. */
function conditionsText(conditions: readonly string[]): string {
  const parts = new Set(conditions.flatMap((part) => part.split(',').map((one) => one.trim())));
  if ([...parts].some((part) => /^\d+$/.test(part))) parts.delete('retriable-status-codes');
  return [...parts].sort().join(', ');
}

const checkFault: Check = ({ fault }, simulation) => {
  if (!fault) return [];
  const { delay, abort } = simulation.fault ?? {};
  const text = [
    ...(delay ? [`a delay of ${durationText(delay.value.durationMs)} for ${percentText(delay.value.percent)}`] : []),
    ...(abort
      ? [
          `an abort with ${abort.reply.grpcStatus === undefined ? abort.reply.status : `gRPC ${abort.reply.grpcStatus}`} for ${percentText(abort.value.percent)}`,
        ]
      : []),
  ].join(', ');
  if (!fault.delay && !fault.abort) return compare('fault', 'none', text === '' ? 'none' : text);
  const out: Mismatch[] = [];
  if (fault.delay) {
    const { duration, percent } = fault.delay;
    if (!delay) out.push({ field: 'fault.delay', expected: 'a delay', got: text === '' ? 'none' : text });
    else {
      if (duration !== undefined) out.push(...compare('fault.delay.duration', durationText(duration), durationText(delay.value.durationMs)));
      out.push(...percentMismatch('fault.delay.percent', percent, delay.value.percent));
    }
  }
  if (fault.abort) {
    const { status, grpcStatus, percent } = fault.abort;
    if (!abort) out.push({ field: 'fault.abort', expected: 'an abort', got: text === '' ? 'none' : text });
    else {
      const { httpStatus, grpcStatus: gotGrpc } = abort.value;
      if (status !== undefined) out.push(...compare('fault.abort.status', String(status), String(httpStatus ?? abort.reply.status)));
      if (grpcStatus !== undefined) out.push(...compare('fault.abort.grpcStatus', String(grpcStatus), gotGrpc === undefined ? 'none' : String(gotGrpc)));
      out.push(...percentMismatch('fault.abort.percent', percent, abort.value.percent));
    }
  }
  return out;
};

function percentMismatch(field: string, expected: number | undefined, got: number): Mismatch[] {
  return expected === undefined || samePercent(expected, got) ? [] : [{ field, expected: percentText(expected), got: percentText(got) }];
}

const flags = { noRoute: 'no-route', blocked: 'blocked', passthrough: 'passthrough' } as const;

const checkOutcome: Check = (expect, simulation) => {
  const out: Mismatch[] = [];
  for (const [field, kind] of Object.entries(flags) as [keyof typeof flags, string][]) {
    const wanted = expect[field];
    if (wanted === undefined || (simulation.outcome.kind === kind) === wanted) continue;
    out.push({ field, expected: String(wanted), got: outcomeText(simulation) });
  }
  if (expect.route === undefined) return out;
  const { trail } = simulation;
  const route = trail?.routes.at(-1);
  const name = trail && trail.chosen >= 0 ? (route?.name ?? '') : undefined;
  return [...out, ...compare('route', expect.route, name === undefined ? outcomeText(simulation) : name === '' ? 'a rule without a name' : name)];
};

/** Where a request goes comes first: what follows from it is read with that in mind. */
const checks: readonly Check[] = [checkOutcome, checkReply, checkDestinations, checkMirrors, checkRewrite, checkHeaders, checkForwarding, checkFault];
