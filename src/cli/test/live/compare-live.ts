// What a live proxy did with a request, against what the routing table says.
import { serviceText } from '../../../route-tests/check/expected-service.ts';
import { type ResponseChange, responseChanges } from '../../../route-tests/check/headers.ts';
import { percentText } from '../../../route-tests/check/text.ts';
import type { Mismatch } from '../../../route-tests/result.ts';
import type { SimulatedDestination, Simulation, UpstreamHead } from '../../../simulate/simulation.ts';
import type { Arrival } from './backends.ts';
import type { Answer } from './send.ts';

const otherwise = 'the routing table says otherwise than the proxy does';

/** One request that was sent. */
export interface Observation {
  answer: Answer;
  /** Where the answer is from; undefined: from the proxy itself. */
  arrival: Arrival | undefined;
  copies: readonly Arrival[];
}

/** Deviations from the mean that chance has in one case of 150,000. */
const deviations = 4.5;

/** How far, in percent of all, a share may be from the one that is meant. Nothing is left to chance of what never or always happens. */
export function tolerance(percent: number, sends: number): number {
  const share = percent / 100;
  return share <= 0 || share >= 1 ? 0 : deviations * Math.sqrt((share * (1 - share)) / sends) * 100;
}

/**
 * @param engine name for the output
 * @param host Host header that was sent
 */
export function compareLive(engine: string, simulation: Simulation, host: string, seen: readonly Observation[]): Mismatch[] {
  const out: Mismatch[] = [];
  const add = (field: string, expected: string, got: string): void => {
    if (!out.some((one) => one.field === `${engine}: ${field}`)) out.push({ field: `${engine}: ${field}`, expected, got, note: otherwise });
  };
  const { outcome, fault } = simulation;
  const aborted = fault?.abort;
  const abortPercent = aborted?.value.percent ?? 0;
  const forwarded = outcome.kind === 'routed' ? 100 - abortPercent : 0;
  compareAnswers(simulation, seen, forwarded, add);
  if (outcome.kind === 'routed') {
    compareShares(simulation, seen, forwarded, add);
    compareCopies(simulation, host, seen, add);
    for (const { arrival, answer } of seen) {
      const [to, ...others] = simulation.destinations.filter(({ cluster }) => cluster === arrival?.cluster);
      // Of two with one cluster nothing tells which it was.
      if (!arrival || !to?.sees || others.length > 0) continue;
      compareHead(sentWith(host, to.sees, simulation), arrival, add);
      compareResponse(responseChanges(simulation, to), answer, add);
    }
  }
  return out;
}

/** By which rule a request was denied. @param details of each answer, as in the access log; undefined: it has no line */
export function compareDenial(engine: string, { outcome }: Simulation, details: readonly (string | undefined)[]): Mismatch[] {
  const other = outcome.kind === 'denied' ? details.find((one) => one !== outcome.details) : undefined;
  if (outcome.kind !== 'denied' || details.every((one) => one === outcome.details)) return [];
  return [{ field: `${engine}: denied`, expected: outcome.details, got: other ?? 'no line in the access log', note: otherwise }];
}

type Add = (field: string, expected: string, got: string) => void;

/** Statuses that the proxy itself gives, with their shares. */
function expectedReplies({ outcome, destinations, fault }: Simulation, forwarded: number): Map<number, number> {
  const shares = new Map<number, number>();
  const add = (status: number | undefined, percent: number): void => {
    if (status !== undefined && percent > 0) shares.set(status, (shares.get(status) ?? 0) + percent);
  };
  if (outcome.kind === 'routed') {
    add(fault?.abort?.reply.status, fault?.abort?.value.percent ?? 0);
    for (const destination of destinations) if (isUnknown(destination)) add(destination.failure?.reply?.status, (destination.percent * forwarded) / 100);
  } else if ('reply' in outcome) {
    add(fault?.abort && outcome.kind !== 'fault' ? fault.abort.reply.status : undefined, fault?.abort?.value.percent ?? 0);
    add(outcome.reply?.status, 100 - (outcome.kind === 'fault' ? 0 : (fault?.abort?.value.percent ?? 0)));
  }
  return shares;
}

/** It has a server of its own here, whatever endpoints it has. */
function isThere(failure: SimulatedDestination['failure']): boolean {
  return failure === undefined || failure.reason === 'no-endpoints' || failure.reason === 'no-usable-endpoints';
}

function isUnknown({ failure }: SimulatedDestination): boolean {
  return !isThere(failure);
}

function compareAnswers(simulation: Simulation, seen: readonly Observation[], forwarded: number, add: Add): void {
  const expected = expectedReplies(simulation, forwarded);
  const own = seen.filter(({ arrival }) => arrival === undefined);
  for (const status of new Set([...expected.keys(), ...own.map(({ answer }) => answer.status)])) {
    const wanted = expected.get(status) ?? 0;
    const got = percentOf(own.filter(({ answer }) => answer.status === status).length, seen.length);
    if (Math.abs(got - wanted) > tolerance(wanted, seen.length)) add(`status ${status}`, `${percentText(wanted)} of the answers`, measured(got, seen.length));
  }
  const { outcome } = simulation;
  if (outcome.kind !== 'redirect' && outcome.kind !== 'tls-redirect') return;
  for (const { answer } of own) {
    if (answer.status !== outcome.reply.status || answer.headers.location === outcome.location) continue;
    add('redirect.location', outcome.location, answer.headers.location ?? 'none');
  }
}

function compareShares({ destinations }: Simulation, seen: readonly Observation[], forwarded: number, add: Add): void {
  const wanted = new Map<string, number>();
  for (const destination of destinations) {
    if (!isUnknown(destination)) wanted.set(destination.cluster, (wanted.get(destination.cluster) ?? 0) + (destination.percent * forwarded) / 100);
  }
  const got = Map.groupBy(
    seen.flatMap(({ arrival }) => (arrival ? [arrival.cluster] : [])),
    (cluster) => cluster,
  );
  for (const cluster of new Set([...wanted.keys(), ...got.keys()])) {
    const percent = wanted.get(cluster) ?? 0;
    const share = percentOf(got.get(cluster)?.length ?? 0, seen.length);
    if (Math.abs(share - percent) > tolerance(percent, seen.length)) add(`destinations ${nameOf(cluster)}`, percentText(percent), measured(share, seen.length));
  }
}

/** Copies are made of what is forwarded. */
function compareCopies(simulation: Simulation, host: string, seen: readonly Observation[], add: Add): void {
  const { mirrors } = simulation;
  const sent = seen.filter(({ arrival }) => arrival !== undefined);
  if (sent.length === 0) return;
  const wanted = new Map<string, number>();
  for (const { cluster, percent, failure } of mirrors) {
    if (isThere(failure)) wanted.set(cluster, (wanted.get(cluster) ?? 0) + percent);
  }
  const copies = sent.flatMap((one) => one.copies);
  for (const cluster of new Set([...wanted.keys(), ...copies.map((copy) => copy.cluster)])) {
    const percent = wanted.get(cluster) ?? 0;
    const share = percentOf(copies.filter((copy) => copy.cluster === cluster).length, sent.length);
    // Several mirrors to one cluster draw apart from each other.
    if (Math.abs(share - percent) > tolerance(Math.min(percent, 100), sent.length))
      add(`mirrors ${nameOf(cluster)}`, percentText(percent), measured(share, sent.length));
  }
  for (const { cluster, sees } of mirrors) {
    const copy = copies.find((one) => one.cluster === cluster);
    if (!copy || !sees) continue;
    const { path, authority } = sentWith(host, sees, simulation);
    if (copy.path !== path) add(`mirrors ${nameOf(cluster)} path`, path, copy.path);
    if (copy.authority !== authority) add(`mirrors ${nameOf(cluster)} authority`, authority, copy.authority);
  }
}

/** An authority that nothing rewrites is the one that was sent. */
function sentWith<H extends Pick<UpstreamHead, 'authority'>>(host: string, head: H, { request }: Simulation): H {
  return request.kind === 'http' && head.authority === request.authority ? { ...head, authority: host } : head;
}

function compareHead({ method, path, authority, changes }: UpstreamHead, arrival: Arrival, add: Add): void {
  if (arrival.method !== method) add('method', method, arrival.method);
  if (arrival.path !== path) add('rewrite.path', path, arrival.path);
  if (arrival.authority !== authority) add('rewrite.authority', authority, arrival.authority);
  for (const [name, value] of lastValues(changes)) {
    const got = arrival.headers[name];
    if (value === undefined ? got !== undefined : got === undefined || !got.split(', ').includes(value))
      add(`headers.request ${name}`, value ?? 'not there', got ?? 'not there');
  }
}

/** Headers that a proxy writes itself, after all operations. */
const ofTheProxy: ReadonlySet<string> = new Set(['server', 'date', 'x-envoy-upstream-service-time', 'connection', 'transfer-encoding', 'content-length']);

function compareResponse(changes: readonly ResponseChange[], answer: Answer, add: Add): void {
  for (const [name, value] of lastValues(changes)) {
    if (ofTheProxy.has(name)) continue;
    const got = answer.headers[name];
    if (value === undefined ? got !== undefined : got === undefined || !got.split(', ').includes(value))
      add(`headers.response ${name}`, value ?? 'not there', got ?? 'not there');
  }
}

/** What the operations come to, where that is known; undefined: the header is removed. */
function lastValues(changes: readonly ResponseChange[]): Map<string, string | undefined> {
  const out = new Map<string, string | undefined>();
  for (const { op, name, value } of changes) {
    if (op === 'remove') out.set(name, undefined);
    // A header is not set to nothing.
    else if (value === undefined || value === '') out.delete(name);
    else out.set(name, value);
  }
  return out;
}

function percentOf(count: number, all: number): number {
  return all === 0 ? 0 : (count * 100) / all;
}

function measured(percent: number, sends: number): string {
  return `${percentText(percent)} of ${sends}`;
}

/** `outbound|80|v1|cart.shop.svc.cluster.local` → `cart.shop:80/v1` */
function nameOf(cluster: string): string {
  const [, port, subset = '', host = ''] = cluster.split('|');
  return serviceText({ host, subset, ...(port === undefined ? {} : { port: Number(port) }) });
}
