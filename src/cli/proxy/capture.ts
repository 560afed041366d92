import { spawnSync } from 'node:child_process';
import { type CaptureArguments, captureOptions } from '../../inject/capture/options.ts';
import { captureScript, cleanScript } from '../../inject/capture/script.ts';
import { uncaptured } from '../../inject/capture/validate.ts';
import { InjectionError } from '../../inject/error.ts';
import { CliError, exitCode, usageError } from '../exit.ts';
import { write } from '../terminal.ts';
import { parseChoice } from './flags.ts';

/** Flags of `weft proxy capture` as commander gives them. */
export interface CaptureFlags extends CaptureArguments {
  mode: string;
  dryRun?: boolean;
  clean?: boolean;
  runValidation?: boolean;
  skipRuleApply?: boolean;
}

/** By this code of the init container the reference's plug-in knows a pod that it has to repair. */
const notRedirected = 126;

const validationMs = 5_000;

/**
 * Redirects the connections of the network namespace that this process is in.
 *
 * @returns 0; 126 where --run-validation finds connections that are not redirected
 * @throws CliError for flags that make no sense, and where the rules cannot be set
 */
export async function runCapture(flags: CaptureFlags): Promise<number> {
  const mode = parseChoice('mode', flags.mode.toUpperCase(), ['REDIRECT', 'NONE', 'TPROXY']);
  if (mode === 'TPROXY') throw usageError('--mode TPROXY is not there: the sidecar takes connections that are redirected', 'Use --mode REDIRECT.');
  if (flags.clean && flags.runValidation) throw usageError('--clean and --run-validation do not go together');
  const options = optionsOf(flags);
  if (mode === 'NONE' && !flags.clean) return exitCode.ok;
  const script = flags.clean ? cleanScript() : captureScript(options);
  if (flags.dryRun) {
    write('stdout', script);
    return exitCode.ok;
  }
  if (process.platform !== 'linux')
    throw new CliError('connections are redirected by iptables, which only Linux has', undefined, '--dry-run prints the script.');
  if (!flags.skipRuleApply || flags.clean) run(script);
  return flags.runValidation ? validate(options.inboundPort, options.uids) : exitCode.ok;
}

function optionsOf(flags: CaptureFlags): ReturnType<typeof captureOptions> {
  try {
    return captureOptions(flags);
  } catch (error) {
    throw error instanceof InjectionError ? usageError(error.message, error.help) : error;
  }
}

function run(script: string): void {
  const { status, stderr, error } = spawnSync('/bin/sh', ['-s'], { input: script, encoding: 'utf8' });
  if (error) throw new CliError(`cannot run /bin/sh: ${error.message}`);
  if (status === 0) {
    write('stderr', stderr);
    return;
  }
  const said = stderr.trim().replace(/^weft proxy capture: /gm, '');
  throw new CliError(
    said === '' ? `the script of the rules ended with ${status}` : said,
    undefined,
    'weft proxy capture --dry-run prints the script that was run.',
  );
}

async function validate(inboundPort: number, uids: readonly number[]): Promise<number> {
  const uid = process.getuid?.();
  if (uid === undefined || !uids.includes(uid))
    throw new CliError(
      `--run-validation has to run as the user of the sidecar (${uids.join(', ')}), not as ${uid}: the rules lead only the connections of that user back to the pod`,
    );
  let left: string[];
  try {
    left = await uncaptured(inboundPort, validationMs);
  } catch (error) {
    throw new CliError(`the redirection of this pod cannot be checked: ${(error as Error).message}`);
  }
  if (left.length === 0) return exitCode.ok;
  const text = `Error: connections to ${left.join(', ')} are not redirected to port ${inboundPort}: the CNI plug-in of this node has not set this pod up`;
  write('stderr', `${text}\nIs the plug-in running on this node, and was it when the pod was made? Without a plug-in: proxy.capture=init.\n`);
  return notRedirected;
}
