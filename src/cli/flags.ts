import { Option } from 'commander';
import { type Level, levels } from '../analysis/message.ts';
import { usageError } from './exit.ts';

/** Error, Warning or Info in any case, as the reference takes them. */
export function parseLevel(flag: string): (value: string) => Level {
  return (value) => {
    const level = levels.find((l) => l.toLowerCase() === value.toLowerCase());
    if (!level) throw usageError(`--${flag} takes Error, Warning or Info, not "${value}"`);
    return level;
  };
}

/** Collects a flag that may be given several times. */
export function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/** Accepted for scripts that pass it to the reference, with no effect here. */
export function ignored(flags: string): Option {
  return new Option(flags).hideHelp();
}

const truth: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((word) => [word, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((word) => [word, false] as const),
]);

export interface BooleanFlag {
  /** Without the hyphens; of one letter for a short one. */
  name: string;
  /** `--no-NAME` exists, since the flag is on by default, or has a default that is neither. */
  negatable?: boolean;
  /** Of a short one, the long flag that says no. */
  no?: string;
}

/**
 * Boolean flags with a value, as scripts for the reference have them: `--use-kube=false` becomes `--no-use-kube`, `-A=true`
 * becomes `-A`, and `--fix=false` is left out.
 *
 * @throws CliError (usage) for a value that is no boolean
 */
export function normalizeBooleans(argv: readonly string[], flags: readonly BooleanFlag[]): string[] {
  const byName = new Map(flags.map((flag) => [flag.name, flag]));
  const end = argv.indexOf('--');
  const words = end < 0 ? argv : argv.slice(0, end);
  const out = words.flatMap((word) => {
    const match = /^(--[\w-]{2,}|-\w)=(.*)$/s.exec(word);
    const written = match?.[1] ?? '';
    const flag = byName.get(written.replace(/^--?/, ''));
    if (!match || !flag) return [word];
    const value = truth.get(match[2] as string);
    if (value === undefined) throw usageError(`${written} takes true or false, not "${match[2]}"`);
    if (value) return [written];
    if (flag.no !== undefined) return [flag.no];
    return flag.negatable ? [`--no-${flag.name}`] : [];
  });
  return end < 0 ? out : [...out, ...argv.slice(end)];
}
