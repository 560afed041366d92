// Runs the steps of a case against a proxy.
import { pause, until } from '../until.ts';
import { caseHeader, Recorder } from './backend/record.ts';
import { Services } from './backend/service.ts';
import { type ClientConnection, open, type Target } from './client/connect.ts';
import { type ClientRequest, type ClientResult, clientRequest, isHttp2 } from './client/exchange.ts';
import { exchangeHttp1 } from './client/http1.ts';
import { Http2Connection } from './client/http2.ts';
import { type Awaited, exchangeTcp, type TcpResult } from './client/tcp.ts';
import type { CaseStep, Observation, RoutingCase, Upstream } from './corpus.ts';
import { type Layout, layOut } from './layout.ts';
import { isMirrored, repeated, repeatedTcp, type Seen, type SeenTcp, single, singleTcp, upstreamOf } from './observe.ts';
import { type Engine, isRunning, type Place, ports, type RunningProxy } from './place/engine.ts';
import type { AccessLog, LogLine } from './place/log.ts';

/** What came of a case. */
export interface Outcome {
  observed: Observation[];
  /** The proxy refused the manifests, with this output. */
  rejected: string | undefined;
  /** Something outside of the steps went wrong. */
  broken: string | undefined;
  layout: Layout;
}

/** A line of the log is written when a request is done, or the connection closed; so long after the client has its answer it may come. */
const logMs = 20_000;
/** Time for a line that is not expected. */
const noLogMs = 300;
/** Time for what goes on behind the response: copies for mirrors, streams that are reset, connections that are closed. */
const settleMs = 25;
const mirrorMs = 80;
/** What has not come by then does not come. */
const settledMs = 5_000;

/** After this many requests without an answer a case is given up. */
const mostUnanswered = 2;

/** How often a request is sent again of which weights decide where it goes. */
const mostDraws = 40;

/** Runs a case from its start to its end: services, proxy, steps. */
export async function runCase(routingCase: RoutingCase, engine: Engine, place: Place): Promise<Outcome> {
  const layout = layOut(routingCase, place.captured);
  const recorder = new Recorder();
  const services = new Services(recorder, routingCase.folder);
  const outcome: Outcome = { observed: [], rejected: undefined, broken: undefined, layout };
  let proxy: RunningProxy | undefined;
  try {
    await services.listen(layout.backends);
    const started = await engine.start(routingCase, layout, place);
    if (!isRunning(started)) {
      if (started.refused) outcome.rejected = started.output;
      else outcome.broken = `the proxy did not start: ${started.output}`;
      return outcome;
    }
    proxy = started;
    const run = new CaseRun(routingCase, layout, recorder, proxy, place.captured);
    let unanswered = 0;
    for (const [index, step] of routingCase.steps.entries()) {
      let observed = await run.step(step, index);
      for (let again = 1; again <= mostDraws && run.drewAnother(step, observed, index); again++) observed = await run.step(step, index, again);
      outcome.observed.push(observed);
      if (observed.error === 'client-timeout' && routingCase.observed[index]?.error !== 'client-timeout') unanswered++;
      if (unanswered < mostUnanswered) continue;
      outcome.broken = `${unanswered} requests were not answered, the last one in step ${index}: the rest was not tried`;
      break;
    }
  } catch (error) {
    outcome.broken = error instanceof Error ? (error.stack ?? error.message) : String(error);
  } finally {
    await proxy?.stop();
    await services.close();
    recorder.close();
  }
  return outcome;
}

class CaseRun {
  private readonly routingCase: RoutingCase;
  private readonly layout: Layout;
  private readonly recorder: Recorder;
  private readonly proxy: RunningProxy;
  private readonly log: AccessLog;
  private readonly proxyAddresses: ReadonlySet<string>;
  private readonly captured: boolean;
  private manifests: string;

  constructor(routingCase: RoutingCase, layout: Layout, recorder: Recorder, proxy: RunningProxy, captured: boolean) {
    this.routingCase = routingCase;
    this.layout = layout;
    this.recorder = recorder;
    this.proxy = proxy;
    this.log = proxy.log;
    this.captured = captured;
    this.proxyAddresses = new Set([layout.address, '127.0.0.1']);
    this.manifests = routingCase.manifests;
  }

  /** Whether a single request went to another of several weighted destinations than in the recording. */
  drewAnother({ request, repeat = 1 }: CaseStep, observed: Observation, index: number): boolean {
    const expected = this.routingCase.observed[index]?.upstream_cluster;
    const actual = observed.upstream_cluster;
    return request !== undefined && repeat === 1 && /\bweight:/.test(this.manifests) && Boolean(expected) && Boolean(actual) && expected !== actual;
  }

  /** @param again how often the step was done before */
  async step(step: CaseStep, index: number, again = 0): Promise<Observation> {
    if (step.sleep_ms !== undefined) {
      await pause(step.sleep_ms);
      return { slept: true };
    }
    if (step.apply !== undefined) {
      await this.proxy.apply(step.apply);
      this.manifests = step.apply;
      return { applied: true };
    }
    this.recorder.takeOpened();
    this.recorder.requests = [];
    this.recorder.connections = [];
    if (step.tcp) return this.tcp(step, this.routingCase.observed[index] ?? {});
    if (step.request) return this.http(step, index, again);
    throw new Error(`a step of no known kind: ${Object.keys(step).join(', ')}`);
  }

  private target(step: CaseStep): Target {
    const inHost = /:(\d+)$/.exec(step.request?.host ?? '')?.[1];
    return {
      address: step.destination ?? this.layout.destination,
      // Where nothing is redirected, the client is told to use the proxy.
      port: this.captured ? (step.port ?? Number(inHost ?? 8080)) : ports.outbound,
      source: step.source ?? this.layout.source,
      tls: step.tls,
      folder: this.routingCase.folder,
    };
  }

  private async http(step: CaseStep, index: number, again: number): Promise<Observation> {
    const { request = {}, repeat = 1 } = step;
    const requests = Array.from({ length: repeat }, (_, i) => {
      const id = `${index}.${again}.${i}`;
      return clientRequest(request, id, caseHeader, { sent: () => this.recorder.sent(), headCame: () => this.recorder.headCame(id) });
    });
    const target = this.target(step);
    this.recorder.together(Math.min(step.concurrency ?? 1, repeat));
    const results = isHttp2(request) ? await this.sendHttp2(step, target, requests) : await this.sendHttp1(step, target, requests);
    const expected = this.routingCase.observed[index];
    await this.settle(expected);
    const seen: Seen[] = [];
    for (const [i, { id, headers }] of requests.entries()) {
      const result = results[i] as ClientResult;
      const log = await this.log.ofRequest(id, expected?.no_access_log ? noLogMs : logMs);
      seen.push({ result, log, connectionLog: log ? [] : await this.linesOf(result.local, expected), ...this.received(id, { headers }) });
    }
    const timing = step.timing ?? false;
    const [first] = seen;
    if (repeat === 1 && first) return single(first, timing);
    return repeated(seen, (step.concurrency ?? 1) === 1, timing, step.connections ? this.recorder.takeOpened() : undefined);
  }

  /** What services received of a request, its copies apart. */
  private received(id: string, sent: { headers: [string, string][] }): Pick<Seen, 'upstream' | 'mirrored'> {
    const all = this.recorder.requests.filter((request) => request.id === id);
    const entry = (request: (typeof all)[number]) => upstreamOf(request, sent, this.proxyAddresses);
    const copies = all.filter((request) => isMirrored(request, sent, this.proxyAddresses));
    const mirrored = copies.map(entry).sort((a, b) => (a.identity < b.identity ? -1 : 1));
    return { upstream: all.filter((request) => !copies.includes(request)).map(entry), mirrored };
  }

  /** Waits for what comes after the response: copies for mirrors, and streams that the proxy gives up. */
  private async settle(expected: Observation = {}): Promise<void> {
    const { recorder } = this;
    await pause(/\bmirrors?:/.test(this.manifests) ? mirrorMs : settleMs);
    const [upstream, mirrored] = [expected.upstream ?? [], expected.mirrored ?? []] as [Upstream[], Upstream[]];
    const are = upstream.length + mirrored.length;
    const isComplete = async (): Promise<boolean> => {
      if (recorder.requests.some(({ open: stillOpen }) => stillOpen)) return false;
      // How many of a percentage come is not known before.
      return expected.count === undefined ? recorder.requests.length >= are : this.proxy.isIdle();
    };
    await until(isComplete, 'all requests', settledMs).catch(() => {});
  }

  /** Lines of a connection: as many as were recorded. */
  private linesOf(local: string, { connection_log: recorded, response_flags_counts: flags, count }: Observation = {}): Promise<LogLine[]> {
    const each = Object.values((flags ?? {}) as Record<string, number>).reduce((sum, often) => sum + often, 0) / Number(count ?? 1);
    const lines = Array.isArray(recorded) ? recorded.length : Math.floor(each);
    return this.log.ofConnection(local, Math.max(1, lines), lines > 0 ? logMs : noLogMs);
  }

  /** K workers, each with its own connection, take the requests as they become free. */
  private async workers(step: CaseStep, count: number, one: (worker: number, index: number) => Promise<void>): Promise<void> {
    const concurrency = Math.min(step.concurrency ?? 1, count);
    let next = 0;
    const work = async (worker: number): Promise<void> => {
      if (worker > 0 && step.stagger_ms) await pause(worker * step.stagger_ms);
      while (next < count) {
        const index = next++;
        await one(worker, index);
        if (step.interval_ms && next < count) await pause(step.interval_ms);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, (_, worker) => work(worker)));
  }

  private async sendHttp1(step: CaseStep, target: Target, requests: readonly ClientRequest[]): Promise<ClientResult[]> {
    const results: ClientResult[] = [];
    const connections = new Map<number, ClientConnection>();
    await this.workers(step, requests.length, async (worker, index) => {
      let connection = connections.get(worker);
      if (!connection || connection.reader.ending !== undefined || connection.socket.destroyed) {
        connection = await open(target);
        connections.set(worker, connection);
      }
      const result = await exchangeHttp1(connection, requests[index] as ClientRequest);
      results[index] = result;
      const closes = result.headers.some(([name, value]) => name.toLowerCase() === 'connection' && value.toLowerCase() === 'close');
      if (step.new_connection || closes || result.error !== undefined) {
        connection.close();
        connections.delete(worker);
      }
    });
    for (const connection of connections.values()) connection.close();
    return results;
  }

  private async sendHttp2(step: CaseStep, target: Target, requests: readonly ClientRequest[]): Promise<ClientResult[]> {
    const results: ClientResult[] = [];
    const connections = new Map<number, Promise<Http2Connection>>();
    await this.workers(step, requests.length, async (worker, index) => {
      const slot = step.one_connection ? 0 : worker;
      const before = connections.get(slot);
      if (!before || !(await before).usable)
        connections.set(
          slot,
          open(target).then((connection) => new Http2Connection(connection)),
        );
      const connection = (await connections.get(slot)) as Http2Connection;
      results[index] = await connection.exchange(requests[index] as ClientRequest);
      if (step.new_connection) {
        connection.close();
        connections.delete(slot);
      }
    });
    for (const connection of connections.values()) (await connection).close();
    return results;
  }

  private async tcp(step: CaseStep, expected: Observation): Promise<Observation> {
    const { repeat = 1, tcp = {} } = step;
    const results: TcpResult[] = [];
    const target = this.target(step);
    await this.workers(step, repeat, async (_, index) => {
      results[index] = await exchangeTcp(await open(target), tcp, awaitedOf(expected));
    });
    const seen: SeenTcp[] = [];
    for (const result of results) {
      const connectionLog: LogLine[] = await this.linesOf(result.local, expected);
      seen.push({ result, connectionLog });
    }
    await pause(settleMs);
    const upstream = (expected.upstream ?? []) as Upstream[];
    const isComplete = (): boolean =>
      this.recorder.connections.length >= upstream.length && upstream.every(({ eof }, i) => !eof || this.recorder.connections[i]?.eof === true);
    await until(isComplete, 'all connections', settledMs).catch(() => {});
    const [first] = seen;
    return repeat === 1 && first ? singleTcp(first, this.recorder.connections, step.timing ?? false) : repeatedTcp(seen);
  }
}

/** What the recording has of a connection; of several only whether each was answered or closed. */
function awaitedOf({ received, closed, served_by_counts: servedBy }: Observation): Awaited {
  const text = typeof received === 'string' ? received : '';
  const long = /^<(\d+) bytes>$/.exec(text)?.[1];
  const each = servedBy !== undefined && !('(none)' in (servedBy as object)) ? 1 : 0;
  return { bytes: long === undefined ? Math.max(text.length, each) : 1, end: typeof closed === 'string', echoes: (sent) => text.includes(`: ${sent}`) };
}
