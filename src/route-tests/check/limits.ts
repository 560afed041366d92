// Circuit breakers, connection pools and outlier detection of a destination.
import type { Fact, UpstreamFacts } from '../../simulate/simulation.ts';
import type { ExpectedOutlier, ExpectedPool } from '../format/test-format.ts';
import type { Mismatch } from '../result.ts';
import { durationText, percentText } from './text.ts';

type Values = Readonly<Record<string, number | undefined>>;

const durations: ReadonlySet<string> = new Set(['connectTimeout', 'idleTimeout', 'maxConnectionDuration', 'interval', 'baseEjectionTime']);
const percents: ReadonlySet<string> = new Set(['maxEjectionPercent', 'minHealthPercent']);

/** @param label of the destination, where there are several */
export function checkLimits(
  pool: ExpectedPool | undefined,
  outlier: ExpectedOutlier | undefined,
  upstream: UpstreamFacts | undefined,
  label: string,
): Mismatch[] {
  return [
    ...compare(pool, `${label}connectionPool`, upstream ? poolOf(upstream) : {}, 'no limit'),
    ...compare(outlier, `${label}outlierDetection`, upstream ? outlierOf(upstream) : {}, 'does not eject'),
  ];
}

function numberOf(fact: Fact<number> | undefined): number | undefined {
  return fact?.value;
}

function poolOf({ breakers, pool }: UpstreamFacts): Values {
  return {
    maxConnections: numberOf(breakers.maxConnections),
    http1MaxPendingRequests: numberOf(breakers.maxPendingRequests),
    http2MaxRequests: numberOf(breakers.maxRequests),
    maxRetries: numberOf(breakers.maxRetries),
    maxRequestsPerConnection: numberOf(pool.maxRequestsPerConnection),
    maxConcurrentStreams: numberOf(pool.maxConcurrentStreams),
    connectTimeout: numberOf(pool.connectTimeoutMs),
    idleTimeout: numberOf(pool.idleTimeoutMs),
    maxConnectionDuration: numberOf(pool.maxConnectionDurationMs),
  };
}

function outlierOf({ outlier, panicPercent }: UpstreamFacts): Values {
  return {
    consecutive5xxErrors: numberOf(outlier?.consecutive5xx),
    consecutiveGatewayErrors: numberOf(outlier?.consecutiveGatewayErrors),
    interval: numberOf(outlier?.intervalMs),
    baseEjectionTime: numberOf(outlier?.baseEjectionTimeMs),
    maxEjectionPercent: numberOf(outlier?.maxEjectionPercent),
    minHealthPercent: panicPercent.value,
  };
}

function compare(expected: Values | undefined, field: string, got: Values, without: string): Mismatch[] {
  return Object.entries(expected ?? {}).flatMap(([name, wanted]) => {
    const value = got[name];
    if (wanted === undefined || value === wanted) return [];
    return [{ field: `${field}.${name}`, expected: shown(name, wanted), got: value === undefined ? without : shown(name, value) }];
  });
}

function shown(name: string, value: number): string {
  return durations.has(name) ? durationText(value) : percents.has(name) ? percentText(value) : String(value);
}
