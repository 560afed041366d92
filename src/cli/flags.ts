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

const truth: Readonly<Record<string, boolean>> = {};
for (const word of ['1', 't', 'T', 'true', 'TRUE', 'True']) Object.assign(truth, { [word]: true });
for (const word of ['0', 'f', 'F', 'false', 'FALSE', 'False']) Object.assign(truth, { [word]: false });

/**
 * Boolean flags with a value, as scripts for the reference have them: `--use-kube=false` becomes `--no-use-kube`.
 *
 * @throws CliError (usage) for a value that is no boolean
 */
export function normalizeBooleans(argv: readonly string[], names: ReadonlySet<string>): string[] {
  const out: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i] as string;
    if (arg === '--') return [...out, ...argv.slice(i)];
    const match = /^--([\w-]+)=(.*)$/s.exec(arg);
    const name = match?.[1] ?? '';
    if (!match || !names.has(name)) {
      out.push(arg);
      continue;
    }
    const value = truth[match[2] as string];
    if (value === undefined) throw usageError(`--${name} takes true or false, not "${match[2]}"`);
    out.push(value ? `--${name}` : `--no-${name}`);
  }
  return out;
}
