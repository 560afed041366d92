// The requests of tests, sent to a proxy that runs.
import { blackHoleCluster, passthroughCluster } from '../../../ir/cluster.ts';
import type { RoutingTable } from '../../../ir/table.ts';
import type { Mesh } from '../../../model/mesh.ts';
import { outcomeText } from '../../../route-tests/check/outcome.ts';
import type { Failure, TestResult } from '../../../route-tests/result.ts';
import type { RouteTest } from '../../../route-tests/route-test.ts';
import { type ObservedRun, takenRule } from '../../../route-tests/run-tests.ts';
import { nothingVerified, type TokenKnowledge } from '../../../simulate/admission/tokens.ts';
import type { SimulatedHttpRequest } from '../../../simulate/request.ts';
import { Simulator } from '../../../simulate/simulate.ts';
import type { Simulation } from '../../../simulate/simulation.ts';
import { routingTable } from '../../../translate/table.ts';
import { answerHeader, Backends } from './backends.ts';
import { compareDenial, compareLive, type Observation } from './compare-live.ts';
import { detailsOf } from './details.ts';
import { freePorts, type LiveProxy, type StartProxy } from './engines.ts';
import { liveTable } from './live-table.ts';
import { type Place, placeFor, sourceFor } from './places.ts';
import { runArrivals, type Told } from './run-arrivals.ts';
import { RunAuthority } from './run-authority.ts';
import { RunIssuer } from './run-issuer.ts';
import { Client, hostHeader, type Via } from './send.ts';
import { sendsOf, whyNotSent } from './sendable.ts';

/** A request of a test, and what the routing table says of it. */
export type Tried = ObservedRun;

export interface LiveOptions {
  /** `embedded` */
  name: string;
  start: StartProxy;
  /** How many requests measure a share. */
  samples: number;
  /** As the routing tables were asked with. */
  tokens?: TokenKnowledge;
}

export interface LiveResult {
  failures: ReadonlyMap<RouteTest, readonly Failure[]>;
  /** Requests of tests that were sent, and how many that made in all. */
  tried: number;
  sent: number;
  /** How many were not, by the reason. */
  left: ReadonlyMap<string, number>;
}

/** Requests under way at a time. */
const concurrency = 16;
/** Copies may come after the answer: they are complete when the proxy waits for none of them, and none has come for so long. */
const quietMs = 50;
const longestQuietMs = 20_000;

/** Who makes what clients and workloads prove with. */
interface Run extends LiveOptions {
  tokens: TokenKnowledge;
  issuer: RunIssuer;
}

/** @throws CliError where the proxy does not start */
export async function runLive(mesh: Mesh, tried: readonly Tried[], options: LiveOptions): Promise<LiveResult> {
  const run: Run = { tokens: nothingVerified, ...options, issuer: new RunIssuer() };
  const failures = new Map<RouteTest, Failure[]>();
  const left = new Map<string, number>();
  const sent = new Map<Tried, number>();
  const told: Told<Tried> = {
    fail: ({ test, client, request, simulation }, mismatches) => {
      const to = typeof test.to === 'string' ? test.to : test.to?.workload;
      const common = { request, client, ...(to === undefined ? {} : { to }) };
      const failure: Failure = { ...common, mismatches, rule: takenRule(simulation), outcome: outcomeText(simulation) };
      const list = failures.get(test);
      if (list) list.push(failure);
      else failures.set(test, [failure]);
    },
    left: (_, why) => void left.set(why, (left.get(why) ?? 0) + 1),
    sent: (one, times) => void sent.set(one, (sent.get(one) ?? 0) + times),
  };
  const toSend: Tried[] = [];
  for (const one of tried) {
    // At a workload there is nothing in front of its policies.
    if (one.test.to !== undefined) continue;
    const why = whyNotSent(one.request, one.simulation);
    if (why === undefined) toSend.push(one);
    else told.left(one, why);
  }
  const groupOf = ({ client, request }: Tried): string => JSON.stringify([client.identity, request.claims !== undefined]);
  for (const same of Map.groupBy(toSend, groupOf).values()) await ofOneProxy(mesh, same, run, told);
  const approaching = tried.flatMap((of) => of.approaches.map((approach) => ({ of, approach })));
  if (approaching.length > 0) await runArrivals(approaching, { ...run, authority: new RunAuthority() }, told);
  return { failures, tried: sent.size, sent: [...sent.values()].reduce((sum, times) => sum + times, 0), left };
}

async function ofOneProxy(mesh: Mesh, group: readonly Tried[], { name, start, samples, tokens, issuer }: Run, told: Told<Tried>): Promise<void> {
  const {
    client: { identity },
    request: { claims },
  } = group[0] as Tried;
  const table = issuer.trustedBy(routingTable(mesh, identity), claims !== undefined);
  const backends = new Backends();
  const client = new Client(concurrency);
  try {
    const protocols = new Map(table.clusters.map(({ name: cluster, protocol }) => [cluster, protocol]));
    for (const { simulation } of group) {
      for (const { cluster } of [...simulation.destinations, ...simulation.mirrors]) {
        if (protocols.has(cluster) && cluster !== passthroughCluster && cluster !== blackHoleCluster)
          await backends.add(cluster, protocols.get(cluster) === 'http2');
      }
    }
    const ports = await portsOf(table, group);
    const live = liveTable(table, { backends: backends.ports, listeners: ports.listeners });
    const isGuarded = identity.role === 'gateway' && live.security !== undefined;
    const simulator = isGuarded ? new Simulator(live, { chosenOnly: true, tokens }) : undefined;
    const asSent = ({ request }: Tried): SimulatedHttpRequest => (isGuarded ? issuer.withToken(request, live) : request);
    const sources = new Map<string | undefined, string>();
    for (const { request } of group) if (!sources.has(request.client)) sources.set(request.client, await sourceFor(request.client));
    const sourceOf = ({ request }: Tried): string => sources.get(request.client) ?? '127.0.0.1';
    const tried = group.filter((one) => {
      const why = simulator && whyOtherwise(one, ports.listeners.get(listenerOf(one)), { simulator, sent: asSent(one), source: sourceOf(one) });
      if (why !== undefined) told.left(one, why);
      return why === undefined;
    });
    const proxy = await start(live, ports.outbound, { logsDetails: isGuarded });
    try {
      const sends = tried.map(({ simulation }) => sendsOf(simulation, samples));
      const placeOf = (one: Tried): Place | undefined => ports.listeners.get(listenerOf(one));
      const hostOf = (one: Tried): string => hostHeader(one.request, placeOf(one) !== undefined);
      const viaOf = (one: Tried): Via => ({
        ...(placeOf(one) ?? { address: '127.0.0.1', port: ports.outbound }),
        ...(isGuarded ? { source: sourceOf(one) } : {}),
      });
      const answers = await sendAll(tried, sends, (one, id) => client.send(asSent(one), hostOf(one), viaOf(one), id));
      await quiet(backends, proxy);
      const denied = tried.flatMap(({ simulation }, index) => (simulation.outcome.kind === 'denied' ? [index] : []));
      const details = await detailsOf(
        proxy,
        denied.flatMap((index) => (answers[index] ?? []).flatMap((answer, i) => (answer instanceof Error ? [] : [idOf(index, i)]))),
      );
      for (const [index, one] of tried.entries()) {
        told.sent(one, sends[index] ?? 0);
        const got = answers[index] ?? [];
        const broken = got.find((answer) => answer instanceof Error);
        if (broken) told.fail(one, [{ field: `${name}: answer`, expected: 'an answer', got: broken.message }]);
        else {
          const seen = got.flatMap((answer, i): Observation[] => {
            if (answer instanceof Error) return [];
            const arrivals = backends.of(idOf(index, i));
            const number = answer.headers[answerHeader];
            const arrival = arrivals.find((arrived) => String(arrived.number) === number);
            return [{ answer, arrival, copies: arrivals.filter((arrived) => arrived !== arrival) }];
          });
          const why = seen.map((_, i) => details.get(idOf(index, i)));
          const mismatches = [...compareLive(name, one.simulation, hostOf(one), seen), ...compareDenial(name, one.simulation, why)];
          if (mismatches.length > 0) told.fail(one, mismatches);
        }
      }
    } finally {
      await proxy.close();
    }
  } finally {
    client.close();
    backends.close();
  }
}

/** Why a request to a guarded gateway is not sent; undefined: here it comes to the same. */
function whyOtherwise(
  { request, simulation }: Tried,
  place: Place | undefined,
  { simulator, sent, source }: { simulator: Simulator; sent: SimulatedHttpRequest; source: string },
): string | undefined {
  if (sent.path !== request.path) return 'their tokens are looked for in the path alone';
  if (!place || isAlike(simulation, simulator.simulate({ ...request, port: place.port, client: source }))) return undefined;
  return 'policies decide about them by addresses or ports that this machine has not';
}

/** Policies decide in the same way, by the same rule. */
function isAlike({ admission: a }: Simulation, { admission: b }: Simulation): boolean {
  return a?.verdict === b?.verdict && a?.by === b?.by && a?.rule?.name === b?.rule?.name;
}

/** One for each listener that a request comes to; at a sidecar another for what no listener of a port takes. */
async function portsOf(
  { proxy: { role }, security, listeners }: RoutingTable,
  tried: readonly Tried[],
): Promise<{ outbound: number; listeners: Map<string, Place> }> {
  const all = new Set(tried.map(listenerOf));
  if (role === 'sidecar') all.delete(virtualOutbound);
  const names = [...all].filter((name) => name !== '');
  const [outbound = 0, ...ports] = await freePorts(names.length + 1);
  const places = new Map<string, Place>();
  for (const [i, name] of names.entries()) {
    // Policies may ask for the port.
    const listener = role === 'gateway' && security ? listeners.find((one) => one.name === name) : undefined;
    places.set(name, listener ? await placeFor(undefined, listener.port) : { address: '127.0.0.1', port: ports[i] as number });
  }
  return { outbound: role === 'sidecar' ? outbound : 0, listeners: places };
}

/** Takes what is for no port that a service has: without capture the Host header says where that is for. */
const virtualOutbound = 'virtualOutbound';

function listenerOf({ simulation }: Tried): string {
  return simulation.entry.listener?.name ?? '';
}

function idOf(index: number, send: number): string {
  return `${index}-${send}`;
}

/** A few at a time, so that no request waits for a connection. */
async function sendAll<A>(tried: readonly Tried[], sends: readonly number[], send: (one: Tried, id: string) => Promise<A>): Promise<(A | Error)[][]> {
  const answers: (A | Error)[][] = tried.map(() => []);
  let index = 0;
  let count = 0;
  const worker = async (): Promise<void> => {
    while (index < tried.length) {
      if (count >= (sends[index] ?? 0)) {
        index++;
        count = 0;
        continue;
      }
      const [own, number] = [index, count++];
      const answer = await send(tried[own] as Tried, idOf(own, number)).catch((error: Error) => error);
      (answers[own] as (A | Error)[])[number] = answer;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return answers;
}

/** Until no more copies come. */
async function quiet(backends: Backends, proxy: LiveProxy): Promise<void> {
  const until = performance.now() + longestQuietMs;
  for (let before = -1; performance.now() < until; ) {
    if ((await proxy.isIdle()) && before === backends.total) return;
    before = backends.total;
    await new Promise((resolve) => setTimeout(resolve, quietMs));
  }
}

/** The results of tests with what the live proxy did otherwise. */
export function withLive(results: readonly TestResult[], { failures }: LiveResult): TestResult[] {
  return results.map((result) => {
    const more = result.test.format === 'weft' ? failures.get(result.test) : undefined;
    return more ? { ...result, failures: joined(result.failures, more) } : result;
  });
}

/** A request that fails on the routing table and on the proxy is one failure. */
function joined(failures: readonly Failure[], more: readonly Failure[]): Failure[] {
  const isSame = (a: Failure, b: Failure): boolean => a.request === b.request && a.client === b.client;
  const own = failures.map((failure) => {
    const live = more.find((one) => isSame(one, failure));
    return live ? { ...failure, mismatches: [...failure.mismatches, ...live.mismatches] } : failure;
  });
  return [...own, ...more.filter((one) => !failures.some((failure) => isSame(failure, one)))];
}
