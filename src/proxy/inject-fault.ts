import type { FaultPolicy } from '../ir/route.ts';
import type { Timer } from './core/clock.ts';
import { drawAbort, drawDelayMs } from './core/fault.ts';
import { addFlag, flags } from './core/response-flags.ts';
import type { Exchange } from './exchange.ts';

/**
 * Delays a request, then answers it instead of an endpoint: each as it is drawn.
 *
 * @param passed it is not answered; called with the time when that is
 * @returns the delay, to be cancelled; undefined: there is none
 */
export function injectFault(exchange: Exchange, policy: FaultPolicy, now: number, passed: (now: number) => void): Timer | undefined {
  const { record, scope } = exchange;
  const { random, clock } = scope.deps;
  const afterDelay = (later: number): void => {
    const abort = drawAbort(policy, random);
    if (abort) exchange.reply(abort);
    else passed(later);
  };
  const delay = drawDelayMs(policy, random);
  if (delay < 0) {
    afterDelay(now);
    return undefined;
  }
  record.flags = addFlag(record.flags, flags.delayInjected);
  exchange.pauseRequest();
  return clock.setTimer(delay, () => {
    exchange.resumeRequest();
    afterDelay(clock.now());
  });
}
