import { dump } from 'js-yaml';
import { usageError } from './exit.ts';
import { write } from './terminal.ts';
import { referenceVersion, version } from './version.ts';

/** @throws CliError (usage) for an unknown format */
export function printVersion(flags: { short?: boolean; output?: string }): void {
  const data = { clientVersion: { version, reference: `Istio ${referenceVersion}`, node: process.version } };
  if (flags.output === 'json') write('stdout', `${JSON.stringify(data, null, 2)}\n`);
  else if (flags.output === 'yaml') write('stdout', dump(data));
  else if (flags.output !== undefined) throw usageError(`--output takes json or yaml, not "${flags.output}"`);
  else if (flags.short) write('stdout', `${version}\n`);
  else write('stdout', `client version: ${version} (follows Istio ${referenceVersion})\n`);
}
