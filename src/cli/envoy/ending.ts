import type { ProxyLog } from '../../proxy/telemetry/log.ts';
import { exitCode } from '../exit.ts';
import { write } from '../terminal.ts';
import type { Ending, EnvoyProcess } from './envoy-process.ts';
import type { EnvoyReadiness } from './readiness.ts';
import type { Signals } from './signals.ts';

/** Of a program that a signal ended. */
const signalCodes: Readonly<Record<string, number>> = {
  SIGHUP: 129,
  SIGINT: 130,
  SIGQUIT: 131,
  SIGILL: 132,
  SIGABRT: 134,
  SIGBUS: 135,
  SIGKILL: 137,
  SIGSEGV: 139,
  SIGTERM: 143,
};

/**
 * Waits for a signal, and then for requests under way.
 *
 * @returns 0 after a signal; the code of Envoy when it ended by itself
 */
export async function untilTheEnd(
  envoy: EnvoyProcess,
  { signals, readiness, drainDelayMs, log }: { signals: Signals; readiness: EnvoyReadiness; drainDelayMs: number; log: ProxyLog },
): Promise<number> {
  const reason = await Promise.race([signals.first, envoy.ended]);
  if (typeof reason !== 'string') return endedByItself(reason);
  readiness.draining();
  if (drainDelayMs > 0 && reason.startsWith('SIG')) {
    log.info('not ready any more: new connections are still taken', { reason, drainDelayMs });
    let timer: NodeJS.Timeout | undefined;
    const delay = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, drainDelayMs);
    });
    await Promise.race([delay, signals.second, envoy.ended]);
    clearTimeout(timer);
  }
  log.info('draining', { reason, requests: await envoy.active().catch(() => 0) });
  await envoy.stop(signals.second);
  log.info('stopped');
  return exitCode.ok;
}

/** Nobody asked it to: it is not started again, and weft ends as it did. */
export function endedByItself({ code, signal }: Ending): number {
  write('stderr', `Error: Envoy ended by itself, ${signal === null ? `with exit code ${code}` : `by ${signal}`}: nothing is served any more.\n`);
  return signal === null ? (code ?? exitCode.error) : (signalCodes[signal] ?? exitCode.error);
}
