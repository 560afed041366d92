import { dump } from 'js-yaml';
import { usageError } from './exit.ts';
import { referenceVersion, version } from './version.ts';

/** @throws CliError (usage) for an unknown format */
export function printVersion(flags: { short?: boolean; output?: string }): void {
  const data = { clientVersion: { version, reference: `Istio ${referenceVersion}`, node: process.version } };
  if (flags.output === 'json') process.stdout.write(`${JSON.stringify(data, null, 2)}\n`);
  else if (flags.output === 'yaml') process.stdout.write(dump(data));
  else if (flags.output !== undefined) throw usageError(`--output takes json or yaml, not "${flags.output}"`);
  else if (flags.short) process.stdout.write(`${version}\n`);
  else process.stdout.write(`client version: ${version} (follows Istio ${referenceVersion})\n`);
}
