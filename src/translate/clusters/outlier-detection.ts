import type { OutlierDetection } from '../../ir/cluster.ts';
import type { OutlierDetection as OutlierSettings } from '../../manifest/istio/networking.gen.ts';
import { milliseconds } from '../durations.ts';

const defaultConsecutive = 5;
const defaults = { intervalMs: 10_000, baseEjectionTimeMs: 30_000, maxEjectionTimeMs: 300_000, maxEjectionPercent: 10 };
const defaultPanicPercent = 50;

/** DR-R60, DR-R65; undefined where nothing is detected. */
export function outlierDetection(settings: OutlierSettings | undefined): OutlierDetection | undefined {
  if (!settings) return undefined;
  const baseEjectionTimeMs = milliseconds(settings.baseEjectionTime) ?? defaults.baseEjectionTimeMs;
  const splitLocalOrigin = settings.splitExternalLocalOriginErrors === true;
  return {
    // 0 turns a counter off; not set, that of gateway errors counts without an effect.
    ...counter('consecutive5xx', settings.consecutive5xxErrors ?? defaultConsecutive),
    ...counter('consecutiveGatewayErrors', settings.consecutiveGatewayErrors ?? 0),
    ...(splitLocalOrigin ? { consecutiveLocalOrigin: settings.consecutiveLocalOriginFailures || defaultConsecutive } : {}),
    splitLocalOrigin,
    intervalMs: milliseconds(settings.interval) ?? defaults.intervalMs,
    baseEjectionTimeMs,
    maxEjectionTimeMs: Math.max(defaults.maxEjectionTimeMs, baseEjectionTimeMs),
    maxEjectionPercent: positive(settings.maxEjectionPercent) ? Math.min(settings.maxEjectionPercent, 100) : defaults.maxEjectionPercent,
  };
}

function counter<Name extends string>(name: Name, value: number): { [Key in Name]?: number } {
  return (value > 0 ? { [name]: value } : {}) as { [Key in Name]?: number };
}

function positive(value: number | undefined): value is number {
  return value !== undefined && value > 0;
}

/** Envoy's own threshold, or what is written beside outlier detection, where not to panic is the default (DR-R24, DR-R12). */
export function panicPercent(settings: OutlierSettings | undefined): number {
  if (!settings) return defaultPanicPercent;
  const written = settings.minHealthPercent ?? 0;
  return written >= 0 ? Math.min(written, 100) : defaultPanicPercent;
}
