const nanoseconds: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** A duration as Go writes it (`1m30s`, `500ms`, `0`) as the JSON form of protocol buffers has it: `90s`, `0.5s`, `0s`. Undefined for what is none. */
export function secondsOf(text: string): string | undefined {
  if (/^-?\d+(?:\.\d{1,9})?s$/.test(text)) return text;
  if (/^[-+]?0$/.test(text)) return '0s';
  const [, sign, parts] = /^([-+]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/.exec(text) ?? [];
  if (parts === undefined) return undefined;
  let total = 0;
  for (const [, amount, unit = ''] of parts.matchAll(/([\d.]+)(ns|us|µs|μs|ms|s|m|h)/g)) total += Math.round(Number(amount) * (nanoseconds[unit] ?? 0));
  const seconds = (total / 1e9).toFixed(9).replace(/\.?0+$/, '');
  return `${sign === '-' && total > 0 ? '-' : ''}${seconds}s`;
}
