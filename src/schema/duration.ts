const units: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/**
 * Nanoseconds of a duration as Go writes it: `1h30m`, `1.5s`, `-2ms`, `0`.
 *
 * @returns undefined for what is no duration
 */
export function parseDuration(text: string): number | undefined {
  const match = /^([-+]?)((?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.exec(text);
  if (!match) return /^[-+]?0$/.test(text) ? 0 : undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) total += Number(amount) * (units[unit as string] as number);
  return text.startsWith('-') ? -total : total;
}
