// What came of tests: plain data, for every form of output.
import type { Origin, ProxyIdentity } from '../ir/table.ts';
import type { SimulatedHttpRequest } from '../simulate/request.ts';
import type { AnyTest } from './route-test.ts';

/** An expectation that does not hold. */
export interface Mismatch {
  /** `destinations`, `headers.request.x-user`. */
  field: string;
  /** One line each; several lines are compared line by line. */
  expected: string;
  got: string;
  /** Why, where the two alone do not say it. */
  note?: string;
}

/** The rule that took a request. */
export interface TakenRule {
  /** As in the access log; may be empty. */
  name: string;
  /** Undefined: no object of the user's, such as the default route of a service. */
  origin: Origin | undefined;
}

export interface Failure {
  /** As it was sent. */
  request: SimulatedHttpRequest;
  client: TestClient | undefined;
  /** The workload that the request comes to as it is; absent: where the proxy of the client has it go. */
  to?: string;
  mismatches: readonly Mismatch[];
  /** Undefined: none did. */
  rule: TakenRule | undefined;
  /** What became of it, in a few words: `redirect 301 to https://…`. */
  outcome: string;
}

/** Who sends requests. */
export interface TestClient {
  /** `deploy/cart.shop` */
  text: string;
  /** By which `weft route explain` asks for the same one; undefined: it cannot. */
  flags: readonly string[] | undefined;
  identity: ProxyIdentity;
}

export interface TestResult {
  test: AnyTest;
  /** Requests that were tried, those of every client. */
  requests: number;
  failures: readonly Failure[];
  /** The test cannot be run: what is wrong with it. */
  problem?: string;
}

export interface RunResult {
  results: TestResult[];
  /** Rules that took a request, as `keyOfOrigin` writes them. */
  reached: ReadonlySet<string>;
}

/** Whether a test is as it should be. */
export function passes({ failures, problem }: TestResult): boolean {
  return failures.length === 0 && problem === undefined;
}
