// The requests of tests, sent to a proxy that runs.
import { blackHoleCluster, passthroughCluster } from '../../../ir/cluster.ts';
import type { ProxyIdentity } from '../../../ir/table.ts';
import type { Mesh } from '../../../model/mesh.ts';
import { outcomeText } from '../../../route-tests/check/outcome.ts';
import type { Failure, Mismatch, TestClient, TestResult } from '../../../route-tests/result.ts';
import type { RouteTest } from '../../../route-tests/route-test.ts';
import { takenRule } from '../../../route-tests/run-tests.ts';
import type { SimulatedHttpRequest } from '../../../simulate/request.ts';
import type { Simulation } from '../../../simulate/simulation.ts';
import { routingTable } from '../../../translate/table.ts';
import { answerHeader, Backends } from './backends.ts';
import { compareLive, isThere, type Observation } from './compare-live.ts';
import { freePorts, type StartProxy } from './engines.ts';
import { liveTable } from './live-table.ts';
import { type Answer, Client, hostHeader } from './send.ts';
import { sendsOf, whyNotSent } from './sendable.ts';

/** A request of a test, and what the routing table says of it. */
export interface Tried {
  test: RouteTest;
  client: TestClient;
  request: SimulatedHttpRequest;
  simulation: Simulation;
}

export interface LiveOptions {
  /** `embedded` */
  name: string;
  start: StartProxy;
  /** How many requests measure a share. */
  samples: number;
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
/** Copies come after the answer: so long nothing has to come before they count as complete; less where none is foreseen. */
const quietMs = { foreseen: 200, unforeseen: 50 };
const longestQuietMs = 2_000;

/** @throws CliError where the proxy does not start */
export async function runLive(mesh: Mesh, tried: readonly Tried[], options: LiveOptions): Promise<LiveResult> {
  const failures = new Map<RouteTest, Failure[]>();
  const left = new Map<string, number>();
  const toSend: Tried[] = [];
  for (const one of tried) {
    const why = whyNotSent(one.request, one.simulation);
    if (why === undefined) toSend.push(one);
    else left.set(why, (left.get(why) ?? 0) + 1);
  }
  let sent = 0;
  for (const same of Map.groupBy(toSend, ({ client }) => JSON.stringify(client.identity)).values()) {
    sent += await ofOneProxy(mesh, same, options, (one, mismatches) => {
      const { test, client, request, simulation } = one;
      const failure: Failure = { request, client, mismatches, rule: takenRule(simulation), outcome: outcomeText(simulation) };
      const list = failures.get(test);
      if (list) list.push(failure);
      else failures.set(test, [failure]);
    });
  }
  return { failures, tried: toSend.length, sent, left };
}

/** @returns how many requests were sent */
async function ofOneProxy(
  mesh: Mesh,
  tried: readonly Tried[],
  { name, start, samples }: LiveOptions,
  fail: (one: Tried, mismatches: Mismatch[]) => void,
): Promise<number> {
  const identity = (tried[0] as Tried).client.identity;
  const table = routingTable(mesh, identity);
  const backends = new Backends();
  const client = new Client(concurrency);
  try {
    const protocols = new Map(table.clusters.map(({ name: cluster, protocol }) => [cluster, protocol]));
    for (const { simulation } of tried) {
      for (const { cluster } of [...simulation.destinations, ...simulation.mirrors]) {
        if (protocols.has(cluster) && cluster !== passthroughCluster && cluster !== blackHoleCluster)
          await backends.add(cluster, protocols.get(cluster) === 'http2');
      }
    }
    const ports = await portsOf(identity, tried);
    const live = liveTable(table, { backends: backends.ports, listeners: ports.listeners });
    const proxy = await start(live, ports.outbound);
    try {
      const sends = tried.map(({ simulation }) => sendsOf(simulation, samples));
      const own = (one: Tried): number | undefined => ports.listeners.get(listenerOf(one));
      const hostOf = (one: Tried): string => hostHeader(one.request, own(one) !== undefined);
      const answers = await sendAll(tried, sends, (one, id) => client.send(one.request, hostOf(one), own(one) ?? ports.outbound, id));
      await quiet(backends, tried, answers);
      for (const [index, one] of tried.entries()) {
        const got = answers[index] ?? [];
        const broken = got.find((answer) => answer instanceof Error);
        if (broken) fail(one, [{ field: `${name}: answer`, expected: 'an answer', got: broken.message }]);
        else {
          const seen = got.flatMap((answer, i): Observation[] => {
            if (answer instanceof Error) return [];
            const arrivals = backends.of(idOf(index, i));
            const number = answer.headers[answerHeader];
            const arrival = arrivals.find((arrived) => String(arrived.number) === number);
            return [{ answer, arrival, copies: arrivals.filter((arrived) => arrived !== arrival) }];
          });
          const mismatches = compareLive(name, one.simulation, hostOf(one), seen);
          if (mismatches.length > 0) fail(one, mismatches);
        }
      }
      return sends.reduce((sum, count) => sum + count, 0);
    } finally {
      await proxy.close();
    }
  } finally {
    client.close();
    backends.close();
  }
}

/** One for each listener that a request comes to; at a sidecar another for what no listener of a port takes. */
async function portsOf({ role }: ProxyIdentity, tried: readonly Tried[]): Promise<{ outbound: number; listeners: Map<string, number> }> {
  const all = new Set(tried.map(listenerOf));
  if (role === 'sidecar') all.delete(virtualOutbound);
  const names = [...all].filter((name) => name !== '');
  const [outbound = 0, ...ports] = await freePorts(names.length + 1);
  return { outbound: role === 'sidecar' ? outbound : 0, listeners: new Map(names.map((own, i) => [own, ports[i] as number])) };
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

/** Until no more copies come: those that are made of every request are waited for longer. */
async function quiet(backends: Backends, tried: readonly Tried[], answers: readonly (readonly (Answer | Error)[])[]): Promise<void> {
  const foreseen = tried.some(({ simulation }) => simulation.mirrors.length > 0);
  const certain = tried.reduce((sum, { simulation: { mirrors } }, index) => {
    const answered = (answers[index] ?? []).filter((answer) => !(answer instanceof Error) && answer.headers[answerHeader] !== undefined).length;
    return sum + answered * (1 + mirrors.filter(({ percent, failure }) => percent >= 100 && isThere(failure)).length);
  }, 0);
  const until = performance.now() + longestQuietMs;
  for (let before = -1; (before !== backends.total || before < certain) && performance.now() < until; ) {
    before = backends.total;
    await new Promise((resolve) => setTimeout(resolve, foreseen ? quietMs.foreseen : quietMs.unforeseen));
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
