// Faults that are injected on purpose (RT-R90 to R94).
import type { FaultPolicy, Millionths } from '../../ir/route.ts';
import type { Random } from './clock.ts';
import { faultAbort, type LocalReply } from './local-reply.ts';

/** One draw of a share; nothing is drawn for none and for all. */
export function drawShare(share: Millionths, random: Random): boolean {
  return share > 0 && (share >= 1_000_000 || Math.floor(random() * 1_000_000) < share);
}

/** Milliseconds that a request is held back; -1: it is not. Drawn first, and on its own (RT-R91). */
export function drawDelayMs(fault: FaultPolicy, random: Random): number {
  return fault.delay && drawShare(fault.delay.share, random) ? fault.delay.durationMs : -1;
}

/** The answer instead of the upstream's; drawn when a delay is over (RT-R91). */
export function drawAbort(fault: FaultPolicy, random: Random): LocalReply | undefined {
  return fault.abort && drawShare(fault.abort.share, random) ? faultAbort(fault.abort) : undefined;
}
