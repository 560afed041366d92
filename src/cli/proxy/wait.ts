import { CliError, exitCode, usageError } from '../exit.ts';
import { write } from '../terminal.ts';
import { askSidecar, sidecarUrl } from './ask-sidecar.ts';
import { parseMilliseconds } from './flags.ts';

/** Flags of `weft proxy wait` as commander gives them. */
export interface WaitFlags {
  timeout: string;
  period: string;
  url: string;
}

/** One answer takes no longer, in milliseconds. */
const answerMs = 500;

/**
 * Waits until the sidecar of this pod, or of this machine, is ready.
 *
 * @throws CliError when it is not within the time, or (usage) for flags that make no sense
 */
export async function runWait(flags: WaitFlags): Promise<number> {
  const url = sidecarUrl(flags.url);
  const timeoutMs = parseMilliseconds('timeout', flags.timeout);
  const periodMs = parseMilliseconds('period', flags.period);
  if (periodMs < 1) throw usageError('--period is at least 1ms');
  const began = performance.now();
  let last = '';
  for (;;) {
    const asked = performance.now();
    try {
      const { status, body } = await askSidecar('GET', url, answerMs);
      if (status === 200) {
        write('stderr', `the sidecar is ready, after ${((performance.now() - began) / 1000).toFixed(1)} s\n`);
        return exitCode.ok;
      }
      last = body === '' ? `status ${status}` : body;
    } catch (error) {
      last = (error as Error).message;
    }
    const left = began + timeoutMs - performance.now();
    if (left <= 0) break;
    await new Promise((resolve) => setTimeout(resolve, Math.min(left, Math.max(0, asked + periodMs - performance.now()))));
  }
  throw new CliError(
    `the sidecar is not ready after ${flags.timeout}: ${last}`,
    undefined,
    'Its log says what it waits for: the control plane, usually. A longer time is taken with --timeout.',
  );
}
