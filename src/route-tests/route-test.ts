// Tests as they are run, whatever format they were written in.

import type { Path } from '../manifest/problem.ts';
import type { SourceDocument } from '../manifest/resource.ts';
import type { SimulatedHttpRequest } from '../simulate/request.ts';
import type { TestRequest } from './format/requests.ts';
import type { Expectation, WrittenClient, WrittenTarget } from './format/test-format.ts';
import type { ValidatorExpectation } from './validator/validator-format.ts';

/** Where something of a test is written. */
export interface TestPlace {
  document: SourceDocument;
  path: Path;
}

interface CommonTest {
  name: string;
  place: TestPlace;
}

/** A test in weft's own format. */
export interface RouteTest extends CommonTest {
  format: 'weft';
  /** Empty: a workload of the namespace that the mesh is about. */
  from: readonly WrittenClient[];
  /** Absent: the requests go where the proxy of who sends them has them go. */
  to?: WrittenTarget;
  /** Every combination of what is written, in the order in which it is written. */
  requests: readonly TestRequest[];
  expect: Expectation;
}

/** A test case of istio-config-validator: a rule of a virtual service is compared, not what a proxy makes of it. */
export interface ValidatorTest extends CommonTest {
  format: 'istio-config-validator';
  requests: readonly SimulatedHttpRequest[];
  /** False: what is expected must not be there. */
  wantMatch: boolean;
  expect: ValidatorExpectation;
}

export type AnyTest = RouteTest | ValidatorTest;
