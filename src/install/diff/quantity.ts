/** 10^-9 of one: what the API server rounds to. */
const nano = 1_000_000_000n;

const suffixes: Readonly<Record<string, readonly [bigint, bigint]>> = {
  n: [1n, nano],
  u: [1_000n, nano],
  m: [1_000_000n, nano],
  '': [1n, 1n],
  k: [1_000n, 1n],
  M: [10n ** 6n, 1n],
  G: [10n ** 9n, 1n],
  T: [10n ** 12n, 1n],
  P: [10n ** 15n, 1n],
  E: [10n ** 18n, 1n],
  Ki: [2n ** 10n, 1n],
  Mi: [2n ** 20n, 1n],
  Gi: [2n ** 30n, 1n],
  Ti: [2n ** 40n, 1n],
  Pi: [2n ** 50n, 1n],
  Ei: [2n ** 60n, 1n],
};

/** Numerator and denominator of a quantity such as `1500m`, `0.5`, `1e3` or `128Mi`; undefined for anything else. */
function parse(value: unknown): readonly [bigint, bigint] | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i)?)$/.exec(String(value));
  if (!match) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0', suffix = ''] = match;
  const [by, over] = suffixes[suffix] ?? [1n, 1n];
  if (whole === '' && fraction === '') return undefined;
  const power = Number(exponent);
  const numerator = BigInt(`${whole}${fraction}`) * by * (power > 0 ? 10n ** BigInt(power) : 1n);
  const denominator = 10n ** BigInt(fraction.length) * over * (power < 0 ? 10n ** BigInt(-power) : 1n);
  return [sign === '-' ? -numerator : numerator, denominator];
}

/** Whether two quantities are one: the API server keeps `1000m` as `1`. False where one is no quantity. */
export function sameQuantity(a: unknown, b: unknown): boolean {
  const left = parse(a);
  const right = parse(b);
  return left !== undefined && right !== undefined && left[0] * right[1] === right[0] * left[1];
}
