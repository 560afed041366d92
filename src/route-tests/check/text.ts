// How values are said in the output of tests.
import { formatDuration } from '../../manifest/duration.ts';

/** `none` for 0. */
export function durationText(ms: number): string {
  return ms === 0 ? 'none' : ms < 1 ? `${ms}ms` : formatDuration(ms * 1e6);
}

/** `33.33 %` */
export function percentText(percent: number): string {
  return `${Number(percent.toFixed(2))} %`;
}

/** Thirds cannot be written down. */
export function samePercent(a: number, b: number): boolean {
  return Math.abs(a - b) < 0.0051;
}

/** `cart.shop` of `cart.shop.svc.cluster.local`. */
export function shortHost(host: string): string {
  return host.replace(/\.svc\.cluster\.local$/, '');
}
