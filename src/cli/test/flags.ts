import type { ClusterFlags } from '../cluster.ts';
import { usageError } from '../exit.ts';

/** Flags of `weft test` as commander gives them. */
export interface TestFlags extends ClusterFlags {
  filename?: string[];
  useKube?: boolean;
  namespace?: string;
  istioNamespace: string;
  meshConfigFile?: string;
  only?: string;
  coverage?: true | string;
  output?: string[];
  verbose?: boolean;
  engine: string;
  envoyPath?: string;
  samples: string;
  color?: boolean;
}

export interface CoverageWish {
  /** The rules that are not reached are listed. */
  listed: boolean;
  /** Percent of the rules that have to be reached. */
  least: number;
  /** What was taken for the value of the flag: `--coverage tests/`. */
  path: string | undefined;
}

/** @throws CliError (usage) */
export function parseCoverage(written: TestFlags['coverage']): CoverageWish {
  if (written === undefined || written === true) return { listed: written === true, least: 0, path: undefined };
  const [, number] = /^(\d+(?:\.\d+)?)%?$/.exec(written) ?? [];
  if (number === undefined) {
    if (/[/\\.]|\D{2}/.test(written)) return { listed: true, least: 0, path: written };
    throw usageError(`--coverage takes a percentage, not "${written}"`, 'Write --coverage=80.');
  }
  if (Number(number) > 100) throw usageError(`--coverage takes a percentage from 0 to 100, not "${written}"`);
  return { listed: true, least: Number(number), path: undefined };
}

/** @throws CliError (usage) */
export function parseOnly(written: string | undefined): RegExp | undefined {
  if (written === undefined) return undefined;
  try {
    return new RegExp(written, 'u');
  } catch (error) {
    throw usageError(`--only takes a regular expression, and "${written}" is none: ${(error as Error).message}`);
  }
}
