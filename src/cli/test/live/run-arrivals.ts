// Requests that come to workloads, sent to proxies that guard them: over mTLS as who a test says, with tokens that are signed for it.
import type { RoutingTable } from '../../../ir/table.ts';
import type { Mismatch } from '../../../route-tests/result.ts';
import type { TokenKnowledge } from '../../../simulate/admission/tokens.ts';
import { type Approach, type Arrival, arrivalOf, simulateArrival } from '../../../simulate/arrivals.ts';
import type { SimulatedHttpRequest } from '../../../simulate/request.ts';
import type { Simulation } from '../../../simulate/simulation.ts';
import { Backends } from './backends.ts';
import { compareArrival } from './compare-arrival.ts';
import { detailsOf } from './details.ts';
import type { StartProxy } from './engines.ts';
import { arrivalTable } from './live-table.ts';
import { type Place, placeFor, sourceFor } from './places.ts';
import type { RunAuthority } from './run-authority.ts';
import type { RunIssuer } from './run-issuer.ts';
import { type Answer, Client, type Via } from './send.ts';
import { whyNotArriving } from './sendable.ts';

/** A request on its way to a workload. */
export interface Approaching<T> {
  /** Whose it is. */
  of: T;
  approach: Approach;
}

export interface ArrivalRun {
  /** `embedded` */
  name: string;
  start: StartProxy;
  tokens: TokenKnowledge;
  authority: RunAuthority;
  issuer: RunIssuer;
}

export interface Told<T> {
  fail(of: T, mismatches: Mismatch[]): void;
  /** It was not sent: why. */
  left(of: T, why: string): void;
  sent(of: T, times: number): void;
}

/** What happens every time is tried with a token that is new to the proxy, and with one that it knows. */
export const sendsToWorkload = 2;
/** Requests under way at a time. */
const concurrency = 8;

/** As it is to come, and as the routing table says of that. */
interface Ready<T> extends Approaching<T> {
  inside: SimulatedHttpRequest;
  there: Simulation;
}

/** @throws CliError where a proxy does not start */
export async function runArrivals<T>(approaching: readonly Approaching<T>[], run: ArrivalRun, told: Told<T>): Promise<void> {
  const ready: Ready<T>[] = [];
  for (const one of approaching) {
    const there = simulateArrival(one.approach, run.tokens);
    const why = whyNotArriving(one.approach, there);
    if (why === undefined) ready.push({ ...one, inside: one.approach.inside as SimulatedHttpRequest, there });
    else told.left(one.of, why);
  }
  const keyOf = ({ approach: { server }, inside }: Ready<T>): string => JSON.stringify([server.table.proxy, server.address, inside.claims !== undefined]);
  for (const same of Map.groupBy(ready, keyOf).values()) await atOneWorkload(same, run, told);
}

async function atOneWorkload<T>(ready: readonly Ready<T>[], run: ArrivalRun, told: Told<T>): Promise<void> {
  const [
    {
      approach: { server },
      inside: first,
    },
  ] = ready as readonly [Ready<T>];
  const trusted = run.issuer.trustedBy(server.table, first.claims !== undefined);
  const backends = new Backends();
  const client = new Client(concurrency);
  try {
    const protocols = new Map(trusted.clusters.map(({ name, protocol }) => [name, protocol]));
    for (const { cluster } of ready.flatMap(({ there }) => there.destinations))
      if (protocols.has(cluster)) await backends.add(cluster, protocols.get(cluster) === 'http2');
    const places = new Map<number, Place>();
    for (const { approach } of ready) {
      const { port, address } = approach.server;
      if (!places.has(port)) places.set(port, await placeFor(address, port));
    }
    const table = arrivalTable(trusted, backends.ports, places);
    const { namespace, serviceAccount } = table.proxy;
    const identity = await run.authority.of(`spiffe://${table.mesh.trustDomain}/ns/${namespace}/sa/${serviceAccount || 'default'}`);
    const proxy = await run.start(table, 0, { identity, logsDetails: true });
    try {
      const seen: Seen<T>[] = [];
      const rest = ready.entries();
      const worker = async (): Promise<void> => {
        for (const [index, one] of rest) {
          const place = places.get(one.approach.server.port) as Place;
          const found = await sendOne(one, { table, place, index, backends, client }, run, told);
          if (found) seen.push(found);
        }
      };
      await Promise.all(Array.from({ length: concurrency }, worker));
      const own = seen.flatMap(({ answers }) => answers.flatMap(({ id, answer, arrived }) => (answer instanceof Error || arrived ? [] : [id])));
      const details = await detailsOf(proxy, own);
      for (const { of, expected, answers } of seen) {
        const mismatches = answers
          .map((answer) => compareArrival(run.name, expected, { ...answer, details: details.get(answer.id) }))
          .find((list) => list.length > 0);
        if (mismatches) told.fail(of, mismatches);
      }
    } finally {
      await proxy.close();
    }
  } finally {
    client.close();
    backends.close();
  }
}

interface At {
  table: RoutingTable;
  place: Place;
  index: number;
  backends: Backends;
  client: Client;
}

/** What came of a request, each time. */
interface Seen<T> {
  of: T;
  expected: Arrival;
  answers: { id: string; answer: Answer | Error; arrived: boolean }[];
}

/** Undefined: it was not sent. */
async function sendOne<T>(
  { of, approach, inside }: Ready<T>,
  { table, place, index, backends, client }: At,
  run: ArrivalRun,
  told: Told<T>,
): Promise<Seen<T> | undefined> {
  const { server, tls } = approach;
  const expected = arrivalOf(approach, run.tokens);
  const source = await sourceFor(inside.client);
  const moved = { ...approach, inside: { ...inside, client: source }, server: { ...server, ...place, table } };
  if (!isAlike(expected, arrivalOf(moved, run.tokens))) {
    told.left(of, 'policies decide about them by addresses or ports that this machine has not');
    return undefined;
  }
  const { namespace, serviceAccount } = table.proxy;
  // Of who is not known nothing hinges on who it is.
  const principal = approach.principal ?? `spiffe://${table.mesh.trustDomain}/ns/${namespace}/sa/${serviceAccount || 'default'}`;
  const via: Via = {
    ...place,
    source,
    ...(tls
      ? {
          tls: {
            serverName: tls.serverName,
            applicationProtocols: tls.applicationProtocols,
            ...(approach.sends === 'mTLS' ? { pair: await run.authority.of(principal) } : {}),
          },
        }
      : {}),
  };
  const request = run.issuer.withToken(inside, table);
  const answers: Seen<T>['answers'] = [];
  for (let i = 0; i < sendsToWorkload; i++) {
    const id = `${index}-${i}`;
    const answer = await client.send(request, request.authority ?? '', via, id).catch((error: Error): Answer | Error => error);
    answers.push({ id, answer, arrived: backends.of(id).length > 0 });
  }
  told.sent(of, sendsToWorkload);
  return { of, expected, answers };
}

/** The same decision, by the same rule. */
function isAlike(a: Arrival, b: Arrival): boolean {
  const decisionOf = ({ verdict, admission }: Arrival): string => JSON.stringify([verdict, admission?.by, admission?.rule?.name]);
  return decisionOf(a) === decisionOf(b);
}
