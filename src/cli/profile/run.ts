import { existsSync } from 'node:fs';
import { commentedYaml } from '../../install/commented-yaml.ts';
import { profileNames, profileSummaries, profileValues } from '../../install/profiles.ts';
import { toYaml } from '../../install/render/yaml.ts';
import type { ProfileName, Values } from '../../install/values.ts';
import { nearest } from '../../manifest/nearest.ts';
import { exitCode, usageError } from '../exit.ts';
import { readValues } from '../install/read-values.ts';
import { changedLines } from '../manifest/changed-lines.ts';
import { styleFor, wantsColour, write } from '../terminal.ts';

/** @throws CliError (usage) for another format */
export function listProfiles(output: string): number {
  if (output !== 'text' && output !== 'json') throw usageError(`--output takes text or json, not "${output}"`);
  const width = Math.max(...profileNames.map((name) => name.length));
  const rows = profileNames.map((name) => ({ name, summary: profileSummaries[name] }));
  write('stdout', output === 'json' ? `${JSON.stringify(rows, null, 2)}\n` : rows.map(({ name, summary }) => `${name.padEnd(width)}  ${summary}\n`).join(''));
  return exitCode.ok;
}

/** @throws CliError (usage) for names and formats that there are not */
export function dumpProfile(name: string, { output, comments }: { output: string; comments: boolean }): number {
  if (output !== 'yaml' && output !== 'json') throw usageError(`--output takes yaml or json, not "${output}"`);
  const profile = profileNames.find((known) => known === name);
  if (!profile) throw unknownProfile(name);
  const values = profileValues(profile);
  write('stdout', output === 'json' ? `${JSON.stringify(values, null, 2)}\n` : comments ? commentedYaml(values) : toYaml(values));
  return exitCode.ok;
}

/**
 * @returns the exit code: 1 where they differ
 * @throws CliError for what is neither a profile nor a file, and for wrong values in files
 */
export async function diffProfiles(before: string, after: string, color: boolean | undefined): Promise<number> {
  const [old, now] = [before, after].map((name) => toYaml(valuesOf(name))) as [string, string];
  const style = await styleFor(wantsColour(color, 'stdout'));
  const lines = changedLines(old, now, style);
  write('stdout', lines.map((line) => `${line}\n`).join(''));
  if (lines.length > 0) return exitCode.error;
  write('stderr', `The values of ${before} and ${after} are the same.\n`);
  return exitCode.ok;
}

function valuesOf(name: string): Values {
  const profile: ProfileName | undefined = profileNames.find((known) => known === name);
  if (profile) return profileValues(profile);
  if (name !== '-' && !existsSync(name)) throw unknownProfile(name);
  return readValues({ filename: [name] }).values;
}

function unknownProfile(name: string): Error {
  const near = nearest(name, profileNames);
  return usageError(`there is no profile ${name}`, near ? `Did you mean ${near}?` : `There are: ${profileNames.join(', ')}.`);
}
