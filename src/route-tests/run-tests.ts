// Runs tests against the routing tables of a mesh: nothing is sent anywhere.
import type { Cluster } from '../ir/cluster.ts';
import type { ProxyIdentity } from '../ir/table.ts';
import type { Mesh } from '../model/mesh.ts';
import { nothingVerified, type TokenKnowledge } from '../simulate/admission/tokens.ts';
import {
  type Approach,
  type Arrival,
  type ArrivalOptions,
  type ArrivalServer,
  approaches,
  arrivalOf,
  directApproach,
  simulateArrival,
} from '../simulate/arrivals.ts';
import { portIn, TableHosts } from '../simulate/hosts.ts';
import type { SimulatedHttpRequest } from '../simulate/request.ts';
import { Simulator } from '../simulate/simulate.ts';
import type { Simulation } from '../simulate/simulation.ts';
import { provenanceOf } from '../translate/provenance/provenance.ts';
import { callerSidecar, principalOf, serverAt, serversOf } from '../translate/servers.ts';
import { routingTable } from '../translate/table.ts';
import { AddressError, asSent } from './addresses.ts';
import { checkRequest } from './check/check.ts';
import type { Naming } from './check/expected-service.ts';
import { outcomeText } from './check/outcome.ts';
import { ClientError, clientOf, targetOf } from './clients.ts';
import type { TestRequest } from './format/requests.ts';
import type { Failure, RunResult, TakenRule, TestClient, TestResult } from './result.ts';
import type { AnyTest, RouteTest, ValidatorTest } from './route-test.ts';
import { keyOfRule, ruleOf } from './rules.ts';
import { compareRule } from './validator/compare.ts';
import { RuleBook } from './validator/rule-book.ts';

export interface RunOptions {
  /** Sends the requests of tests that say nothing of who does; names without a namespace are in its one. */
  client: ProxyIdentity;
  /** What is known of tokens; absent: nothing of signatures. */
  tokens?: TokenKnowledge;
  /** Is told what the routing table says of each request of a test in weft's own format. */
  observe?: (run: ObservedRun) => void;
}

export interface ObservedRun {
  test: RouteTest;
  client: TestClient;
  /** As it is sent. */
  request: SimulatedHttpRequest;
  /** At the proxy that it comes to first: of a test with `to` that of the workload. */
  simulation: Simulation;
  /** To the workloads whose policies the test asks about. */
  approaches: readonly Approach[];
}

/** The same mesh and tests give the same results, in the order of the tests. */
export function runTests(mesh: Mesh, tests: readonly AnyTest[], { client, observe, tokens = nothingVerified }: RunOptions): RunResult {
  const reached = new Set<string>();
  const results = new Map<AnyTest, TestResult>();
  const { runs, problems } = runsOf(mesh, tests, client);
  for (const [test, problem] of problems) results.set(test, { test, requests: 0, failures: [], problem });
  const ofRuns = new Map<Run, Failure[]>();
  // Client by client, so that what is made of a table is made once, and not kept.
  for (const same of Map.groupBy(runs, ({ client: { identity } }) => JSON.stringify(identity)).values()) {
    const { identity } = (same[0] as Run).client;
    const simulator = new Simulator(routingTable(mesh, identity), { chosenOnly: true, tokens });
    const there = serversFor(mesh, identity);
    for (const run of same) {
      const ask = run.target ? directly(mesh, run, run.target, tokens) : throughProxy(run, simulator, there, tokens);
      ofRuns.set(run, runOne(run, ask, reached, observe));
    }
  }
  const byTest = Map.groupBy(runs, ({ test }) => test);
  let book: RuleBook | undefined;
  for (const test of tests) {
    if (test.format === 'weft') {
      const own = byTest.get(test);
      if (own) results.set(test, { test, requests: own.length * test.requests.length, failures: own.flatMap((run) => ofRuns.get(run) ?? []) });
    } else {
      book ??= new RuleBook(mesh);
      results.set(test, runCase(test, book, reached));
    }
  }
  return { results: tests.flatMap((test) => results.get(test) ?? []), reached };
}

/** A test with one of its clients. */
interface Run {
  test: RouteTest;
  client: TestClient;
  /** That the requests come to as they are. */
  target?: ProxyIdentity;
}

/** What is known of one request. */
interface Asked {
  request: SimulatedHttpRequest;
  simulation: Simulation;
  approaches: readonly Approach[];
  /** Absent: nobody asked. */
  arrivals?: readonly Arrival[];
  naming: Naming;
}

function runsOf(mesh: Mesh, tests: readonly AnyTest[], fallback: ProxyIdentity): { runs: Run[]; problems: Map<AnyTest, string> } {
  const { namespace } = fallback;
  const ofNobody: TestClient = { text: `namespace/${namespace}`, flags: ['-n', namespace], identity: fallback };
  const clients = new Map<string, TestClient>();
  const problems = new Map<AnyTest, string>();
  const runs = tests.flatMap((test): Run[] => {
    if (test.format !== 'weft') return [];
    try {
      const written = typeof test.to === 'string' ? test.to : test.to?.workload;
      const target = written === undefined ? {} : { target: named('to', () => targetOf(mesh, written, namespace)) };
      if (test.from.length === 0) return [{ test, client: ofNobody, ...target }];
      return test.from.map((from) => {
        const key = JSON.stringify(from);
        const client = clients.get(key) ?? named('from', () => clientOf(mesh, from, namespace));
        clients.set(key, client);
        return { test, client, ...target };
      });
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      problems.set(test, error.message);
      return [];
    }
  });
  return { runs, problems };
}

/** @throws ClientError that says which field it is about */
function named<T>(field: 'from' | 'to', find: () => T): T {
  try {
    return find();
  } catch (error) {
    throw error instanceof ClientError ? new ClientError(`${field}: ${error.message}`) : error;
  }
}

type There = Omit<ArrivalOptions, 'tokens'>;

/** The workloads behind the destinations of a client: each is looked for once. */
function serversFor(mesh: Mesh, proxy: ProxyIdentity): () => There {
  let options: There | undefined;
  return () => {
    options ??= optionsFor(mesh, proxy);
    return options;
  };
}

function optionsFor(mesh: Mesh, proxy: ProxyIdentity): There {
  const table = routingTable(mesh, proxy);
  const provenance = provenanceOf(mesh, proxy);
  const known = new Map<Cluster, ArrivalServer[]>();
  const servers = (cluster: Cluster): ArrivalServer[] => {
    const found =
      known.get(cluster) ?? serversOf(mesh, cluster, provenance.expected(cluster)).map((server) => ({ ...server, table: routingTable(mesh, server.proxy) }));
    known.set(cluster, found);
    return found;
  };
  return { table, principal: principalOf(mesh, proxy), callerSidecar: callerSidecar(mesh, proxy), servers };
}

/** Where the proxy of the client has them go. */
function throughProxy({ test, client }: Run, simulator: Simulator, there: () => There, tokens: TokenKnowledge): (request: TestRequest) => Asked {
  const naming: Naming = { hosts: simulator.hosts, namespace: client.identity.namespace, known: new Map() };
  return (written) => {
    const request = asSent(written, simulator.table);
    const simulation = simulator.simulate(request);
    if (!asksWhoMay(test)) return { request, simulation, approaches: [], naming };
    const found = approaches(simulation, request, there());
    return { request, simulation, approaches: found, arrivals: found.map((approach) => arrivalOf(approach, tokens)), naming };
  };
}

/** To the workload as they are. */
function directly(mesh: Mesh, { test, client }: Run, target: ProxyIdentity, tokens: TokenKnowledge): (request: TestRequest) => Asked {
  const table = routingTable(mesh, target);
  const naming: Naming = { hosts: new TableHosts(table), namespace: target.namespace, known: new Map() };
  const mtls = typeof test.to === 'string' ? undefined : test.to?.mtls;
  const principal = principalOf(mesh, client.identity);
  const [address] = client.identity.addresses;
  return (written) => {
    const sent = asSent(written, table);
    const port = sent.port ?? portIn(sent.authority ?? '') ?? defaultPort;
    const server: ArrivalServer = { ...serverAt(mesh, target, port), table };
    const secured = mtls ?? server.accepts.mode !== 'DISABLE';
    const request = sent.client === undefined && address !== undefined ? { ...sent, client: address } : sent;
    const approach = directApproach(server, request, secured ? { principal } : undefined);
    const simulation = simulateArrival(approach, tokens);
    return { request, simulation, approaches: [approach], ...(asksWhoMay(test) ? { arrivals: [arrivalOf(approach, tokens)] } : {}), naming };
  };
}

const defaultPort = 80;

function asksWhoMay({ expect }: RouteTest): boolean {
  return expect.allowed !== undefined || expect.denied !== undefined;
}

function runOne({ test, client, target }: Run, ask: (request: TestRequest) => Asked, reached: Set<string>, observe: RunOptions['observe']): Failure[] {
  const failures: Failure[] = [];
  const to = target && { to: typeof test.to === 'string' ? test.to : (test.to?.workload ?? '') };
  for (const written of test.requests) {
    let asked: Asked;
    try {
      asked = ask(written);
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      const mismatch = { field: 'request', expected: 'a request that can be sent', got: error.message };
      failures.push({ request: written, client, ...to, mismatches: [mismatch], rule: undefined, outcome: 'not sent' });
      continue;
    }
    const { request, simulation, arrivals, naming } = asked;
    observe?.({ test, client, request, simulation, approaches: asked.approaches });
    const rule = takenRule(simulation);
    if (rule?.origin) reached.add(keyOfRule(rule.origin));
    const mismatches = checkRequest(test.expect, simulation, naming, arrivals, target !== undefined);
    if (mismatches.length > 0) failures.push({ request, client, ...to, mismatches, rule, outcome: outcomeText(simulation) });
  }
  return failures;
}

function runCase(test: ValidatorTest, book: RuleBook, reached: Set<string>): TestResult {
  const failures: Failure[] = [];
  for (const request of test.requests) {
    const delegated = book.find(request, true);
    const written = book.find(request, false);
    const found = delegated ?? written;
    if (found) reached.add(keyOfRule(found.origin));
    const mismatches = compareRule(test.expect, test.wantMatch, { delegated, written });
    const rule = found && { name: found.route.name ?? '', origin: ruleOf(found.origin) };
    if (mismatches.length > 0) failures.push({ request, client: undefined, mismatches, rule, outcome: found ? 'a rule takes it' : 'no rule takes it' });
  }
  return { test, requests: test.requests.length, failures };
}

/** The rule that took a request; undefined: none did. */
export function takenRule({ trail }: Simulation): TakenRule | undefined {
  const route = trail && trail.chosen >= 0 ? trail.routes.at(-1) : undefined;
  return route && { name: route.name, origin: route.origin && ruleOf(route.origin) };
}
