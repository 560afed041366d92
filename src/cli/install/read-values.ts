import { readFileSync } from 'node:fs';
import { mergeValues } from '../../install/merge.ts';
import { problemText, type ValueProblem } from '../../install/problem.ts';
import type { ValueFile } from '../../install/value-file.ts';
import type { Values } from '../../install/values.ts';
import { CliError } from '../exit.ts';
import { readStdinSync } from '../stdin.ts';
import { write } from '../terminal.ts';

/** The flags that give values, as commander has them. */
export interface ValueFlags {
  filename?: string[];
  set?: string[];
  profile?: string;
  revision?: string;
  /** Given on the command line; the default is that of the values. */
  istioNamespace?: string;
  force?: boolean;
}

export interface ReadValues {
  values: Values;
  /** What the user gave of it, to be kept with the installation. */
  overrides: Record<string, unknown>;
}

/**
 * Reads and checks all values that flags give.
 *
 * @param before values that lie under those of the flags: what was given at an earlier installation
 * @throws CliError with everything that is wrong. `--force` goes on without settings of the reference that have no meaning here
 */
export function readValues(flags: ValueFlags, before?: ValueFile): ReadValues {
  const files = [...(before ? [before] : []), ...valueFiles(flags.filename ?? [])];
  const { filename: _, set = [], profile, revision, istioNamespace: namespace, force } = flags;
  const { values, overrides, problems } = mergeValues({ files, set, profile, revision: revision || undefined, namespace });
  const [ignored, serious] = split(problems, (problem) => problem.ignorable === true && force === true);
  if (serious.length > 0) throw new CliError(valuesText(serious), undefined, helpOf(serious));
  for (const problem of ignored) write('stderr', `Warning: ${problemText(problem)}\n`);
  return { values, overrides };
}

function split<T>(list: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] {
  return [list.filter(isFirst), list.filter((item) => !isFirst(item))];
}

function valuesText(problems: readonly ValueProblem[]): string {
  const [first, second] = problems;
  if (first && !second) return problemText(first);
  return `the values have ${problems.length} mistakes:\n${problems.map((problem) => `  ${problemText(problem)}`).join('\n')}`;
}

function helpOf(problems: readonly ValueProblem[]): string | undefined {
  if (problems.every(({ ignorable }) => ignorable)) return '--force goes on without what has no meaning here.';
  return 'weft profile dump shows all values, with what they are for.';
}

function valueFiles(names: readonly string[]): ValueFile[] {
  if (names.filter((name) => name === '-').length > 1) throw new CliError('standard input (-f -) can be read once');
  return names.map((name) => {
    if (name === '-') return { name, text: readStdinSync() };
    try {
      return { name, text: readFileSync(name, 'utf8') };
    } catch (error) {
      throw new CliError(`cannot read the values of ${name}: ${reasonOf(error as NodeJS.ErrnoException)}`);
    }
  });
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a directory';
  return code === 'EACCES' ? 'permission denied' : message;
}
