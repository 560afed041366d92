import type { LoadBalancer } from '../../ir/cluster.ts';
import type { LoadBalancerSettings, LoadBalancerSettings_ConsistentHashLB } from '../../manifest/istio/networking.gen.ts';
import { milliseconds } from '../durations.ts';

const defaultRingSize = 1024;
const defaultTableSize = 65537;
const tableSizeEnd = 5000011;

/** Envoy's values where a warm-up names none (DR-R25). */
const defaultWarmup = { minimumPercent: 10, aggression: 1 };

/** Of a cluster with endpoints (DR-R20, DR-R25, DR-R36, DR-R37). */
export function loadBalancer(settings: LoadBalancerSettings | undefined): LoadBalancer {
  if (settings?.consistentHash) return consistentHash(settings.consistentHash);
  switch (settings?.simple) {
    case 'ROUND_ROBIN':
      return { policy: 'round-robin', ...warmup(settings) };
    case 'RANDOM':
      return { policy: 'random' };
    case 'PASSTHROUGH':
      return { policy: 'original-destination' };
    default:
      return { policy: 'least-request', ...warmup(settings) };
  }
}

/** Whether connections go to the address that the client wanted. */
export function isPassthrough(settings: LoadBalancerSettings | undefined): boolean {
  return settings?.simple === 'PASSTHROUGH';
}

function consistentHash({ maglev, ringHash, minimumRingSize }: LoadBalancerSettings_ConsistentHashLB): LoadBalancer {
  if (maglev) {
    const size = maglev.tableSize ?? 0;
    // Other sizes make no table.
    return { policy: 'maglev', tableSize: size < tableSizeEnd && isPrime(size) ? size : defaultTableSize };
  }
  return { policy: 'ring-hash', minimumRingSize: (ringHash ? ringHash.minimumRingSize : minimumRingSize) || defaultRingSize };
}

function warmup(settings: LoadBalancerSettings | undefined): { warmup?: NonNullable<LoadBalancer['warmup']> } {
  const written = settings?.warmup ?? (settings?.warmupDurationSecs ? { duration: settings.warmupDurationSecs } : undefined);
  const durationMs = milliseconds(written?.duration) ?? 0;
  if (!written || durationMs <= 0) return {};
  return {
    warmup: { durationMs, minimumPercent: written.minimumPercent ?? defaultWarmup.minimumPercent, aggression: written.aggression ?? defaultWarmup.aggression },
  };
}

function isPrime(number: number): boolean {
  if (!Number.isInteger(number) || number < 2) return false;
  for (let factor = 2; factor * factor <= number; factor++) if (number % factor === 0) return false;
  return true;
}
