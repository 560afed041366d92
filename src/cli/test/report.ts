import type { TestResult } from '../../route-tests/result.ts';
import type { Coverage } from '../../route-tests/rules.ts';
import type { Places } from '../route/places.ts';

/** What was sent to a proxy that runs. */
export interface LiveSummary {
  engine: string;
  /** Requests of tests that were sent, and how many that made in all. */
  tried: number;
  sent: number;
  /** How many were not, by the reason. */
  left: ReadonlyMap<string, number>;
  samples: number;
}

/** What every format of output is made of. */
export interface TestReport {
  results: readonly TestResult[];
  coverage: Coverage;
  /** Percent. */
  leastCoverage: number;
  /** The rules that no test reaches are listed. */
  listCoverage: boolean;
  /** Of an engine. */
  live: LiveSummary | undefined;
  places: Places;
  /** Flags of the input, for commands that read the same: `-f mesh/`. */
  given: readonly string[];
}
