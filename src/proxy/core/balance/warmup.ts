import type { LoadBalancer } from '../../../ir/cluster.ts';
import type { Host } from './host.ts';

/** How new endpoints get their share bit by bit (DR-R25). */
export type Warmup = NonNullable<LoadBalancer['warmup']>;

/** Share of its weight that an endpoint of this age has: 1 when it is warm. */
export function warmupFactor({ durationMs, minimumPercent, aggression }: Warmup, ageMs: number): number {
  if (ageMs >= durationMs) return 1;
  const elapsed = Math.min(1, Math.max(ageMs / 1000, 1) / (durationMs / 1000));
  const factor = aggression > 0 && aggression !== 1 ? elapsed ** (1 / aggression) : elapsed;
  return Math.max(minimumPercent / 100, factor);
}

/** When the last of the endpoints is warm; 0: they all are. */
export function warmAt(warmup: Warmup | undefined, hosts: readonly Host[], now: number): number {
  if (warmup === undefined) return 0;
  let last = 0;
  for (const host of hosts) last = Math.max(last, host.addedAt + warmup.durationMs);
  return last > now ? last : 0;
}
