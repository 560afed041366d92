import { CliError, exitCode } from '../exit.ts';
import { write } from '../terminal.ts';
import { askSidecar, sidecarUrl } from './ask-sidecar.ts';
import { parseMilliseconds } from './flags.ts';

/** Flags of `weft proxy drain` as commander gives them. */
export interface DrainFlags {
  url: string;
  wait: string;
}

/** One answer takes no longer, in milliseconds. */
const answerMs = 5_000;

/**
 * Lets the sidecar of this pod, or of this machine, say that it is not ready.
 *
 * @throws CliError where it does not answer, or (usage) for flags that make no sense
 */
export async function runDrain(flags: DrainFlags): Promise<number> {
  const url = new URL('/drain', sidecarUrl(flags.url));
  const waitMs = parseMilliseconds('wait', flags.wait);
  const { status, body } = await askSidecar('POST', url, answerMs).catch((error: Error) => {
    throw new CliError(`the sidecar cannot be told to drain: ${error.message}`, undefined, 'Name its agent port with --url http://127.0.0.1:PORT.');
  });
  if (status !== 200) throw new CliError(`${url.href} answers with status ${status}: ${body}`, undefined, 'Is that the agent port of a sidecar of weft?');
  write('stderr', 'the sidecar is not ready any more; traffic goes on\n');
  await new Promise((resolve) => setTimeout(resolve, waitMs));
  return exitCode.ok;
}
