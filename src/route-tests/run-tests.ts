// Runs tests against the routing tables of a mesh: nothing is sent anywhere.
import type { Cluster } from '../ir/cluster.ts';
import type { ProxyIdentity } from '../ir/table.ts';
import type { Mesh } from '../model/mesh.ts';
import { nothingVerified, type TokenKnowledge } from '../simulate/admission/tokens.ts';
import { type ArrivalOptions, type ArrivalServer, arrivals } from '../simulate/arrivals.ts';
import type { SimulatedHttpRequest } from '../simulate/request.ts';
import { Simulator } from '../simulate/simulate.ts';
import type { Simulation } from '../simulate/simulation.ts';
import { provenanceOf } from '../translate/provenance/provenance.ts';
import { principalOf, serversOf } from '../translate/servers.ts';
import { routingTable } from '../translate/table.ts';
import { checkRequest } from './check/check.ts';
import type { Naming } from './check/expected-service.ts';
import { outcomeText } from './check/outcome.ts';
import { ClientError, clientOf } from './clients.ts';
import type { Failure, RunResult, TakenRule, TestClient, TestResult } from './result.ts';
import type { AnyTest, RouteTest, ValidatorTest } from './route-test.ts';
import { keyOfRule, ruleOf } from './rules.ts';
import { compareRule } from './validator/compare.ts';
import { RuleBook } from './validator/rule-book.ts';

export interface RunOptions {
  /** Sends the requests of tests that say nothing of who does; names without a namespace are in its one. */
  client: ProxyIdentity;
  /** Is told what the routing table says of each request of a test in weft's own format. */
  /** What is known of tokens; absent: nothing of signatures. */
  tokens?: TokenKnowledge;
  observe?: (run: { test: RouteTest; client: TestClient; request: SimulatedHttpRequest; simulation: Simulation }) => void;
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
    const there = serversFor(mesh, identity, tokens);
    for (const run of same) ofRuns.set(run, runOne(run, simulator, there, reached, observe));
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
}

function runsOf(mesh: Mesh, tests: readonly AnyTest[], fallback: ProxyIdentity): { runs: Run[]; problems: Map<AnyTest, string> } {
  const { namespace } = fallback;
  const ofNobody: TestClient = { text: `namespace/${namespace}`, flags: ['-n', namespace], identity: fallback };
  const clients = new Map<string, TestClient>();
  const problems = new Map<AnyTest, string>();
  const runs = tests.flatMap((test): Run[] => {
    if (test.format !== 'weft') return [];
    if (test.from.length === 0) return [{ test, client: ofNobody }];
    try {
      return test.from.map((written) => {
        const key = JSON.stringify(written);
        const client = clients.get(key) ?? clientOf(mesh, written, namespace);
        clients.set(key, client);
        return { test, client };
      });
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      problems.set(test, `from: ${error.message}`);
      return [];
    }
  });
  return { runs, problems };
}

/** The workloads behind the destinations of a client: each is looked for once. */
function serversFor(mesh: Mesh, proxy: ProxyIdentity, tokens: TokenKnowledge): () => ArrivalOptions {
  let options: ArrivalOptions | undefined;
  return () => {
    options ??= optionsFor(mesh, proxy, tokens);
    return options;
  };
}

function optionsFor(mesh: Mesh, proxy: ProxyIdentity, tokens: TokenKnowledge): ArrivalOptions {
  const table = routingTable(mesh, proxy);
  const provenance = provenanceOf(mesh, proxy);
  const known = new Map<Cluster, ArrivalServer[]>();
  const servers = (cluster: Cluster): ArrivalServer[] => {
    const found =
      known.get(cluster) ?? serversOf(mesh, cluster, provenance.expected(cluster)).map((server) => ({ ...server, table: routingTable(mesh, server.proxy) }));
    known.set(cluster, found);
    return found;
  };
  return { table, principal: principalOf(mesh, proxy), servers, tokens };
}

function runOne({ test, client }: Run, simulator: Simulator, there: () => ArrivalOptions, reached: Set<string>, observe: RunOptions['observe']): Failure[] {
  const failures: Failure[] = [];
  const naming: Naming = { hosts: simulator.hosts, namespace: client.identity.namespace, known: new Map() };
  for (const request of test.requests) {
    const simulation = simulator.simulate(request);
    observe?.({ test, client, request, simulation });
    const rule = takenRule(simulation);
    if (rule?.origin) reached.add(keyOfRule(rule.origin));
    const asksWhoMay = test.expect.allowed !== undefined || test.expect.denied !== undefined;
    const mismatches = checkRequest(test.expect, simulation, naming, asksWhoMay ? arrivals(simulation, request, there()) : undefined);
    if (mismatches.length > 0) failures.push({ request, client, mismatches, rule, outcome: outcomeText(simulation) });
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
