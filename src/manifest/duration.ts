/** The longest duration that Go can hold: about 292 years. */
const maximum = 2 ** 63;

const units: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/**
 * Nanoseconds of a duration as Go writes it: `1h30m`, `1.5s`, `-2ms`, `0`.
 *
 * @returns undefined for what is no duration
 */
export function parseDuration(text: string): number | undefined {
  const plain = parsePlain(text);
  if (plain !== undefined) return plain;
  const match = /^([-+]?)((?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.exec(text);
  if (!match) return /^[-+]?0$/.test(text) ? 0 : undefined;
  let total = 0;
  for (const [, whole = '', fraction = '', unit = ''] of text.matchAll(/(\d*)\.?(\d*)(ns|us|µs|μs|ms|s|m|h)/g)) {
    const size = units[unit] as number;
    // Whole and fraction apart: 0.067 * 1e9 is not a whole number of nanoseconds in binary.
    total += Number(whole) * size + Math.trunc(Number(fraction) * (size / 10 ** fraction.length));
  }
  return inRange(text.startsWith('-') ? -total : total);
}

/** Up to nine digits and one of the usual units, which nearly every duration is. */
function parsePlain(text: string): number | undefined {
  let amount = 0;
  let i = 0;
  for (; i < 9; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (!(digit >= 0 && digit <= 9)) break;
    amount = amount * 10 + digit;
  }
  if (i === 0) return undefined;
  const unit = text.slice(i);
  return unit === 's' || unit === 'ms' || unit === 'm' || unit === 'h' ? inRange(amount * (units[unit] as number)) : undefined;
}

function inRange(nanoseconds: number): number | undefined {
  return Math.abs(nanoseconds) < maximum ? nanoseconds : undefined;
}

/** `1m30s`, `1.5s`, `250ms` of nanoseconds. */
export function formatDuration(nanoseconds: number): string {
  if (nanoseconds < 1e9) return `${Math.round(nanoseconds / 1e6)}ms`;
  const hours = Math.floor(nanoseconds / 3600e9);
  const minutes = Math.floor((nanoseconds % 3600e9) / 60e9);
  const seconds = Math.round((nanoseconds % 60e9) / 1e6) / 1000;
  return `${hours > 0 ? `${hours}h` : ''}${minutes > 0 ? `${minutes}m` : ''}${seconds > 0 || hours + minutes === 0 ? `${seconds}s` : ''}`;
}
