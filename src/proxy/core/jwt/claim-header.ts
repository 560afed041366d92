// Claims as values of headers (SEC-R42).

/**
 * Text of a claim: a number without fraction and sign as integer, others with six digits behind the point; a list or an object as
 * base64 of its JSON; undefined: there is no header for it (absent, null, empty).
 *
 * @param path `sub`, or `org.team` for a claim in an object
 */
export function claimText(claims: unknown, path: string): string | undefined {
  let value = claims;
  for (const key of path.split('.')) {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    value = isObject && Object.hasOwn(value as object, key) ? (value as Record<string, unknown>)[key] : undefined;
  }
  switch (typeof value) {
    case 'string':
      return value === '' ? undefined : value;
    case 'number':
      return numberText(value);
    case 'boolean':
      return String(value);
    case 'object':
      return value === null ? undefined : Buffer.from(JSON.stringify(value)).toString('base64');
    default:
      return undefined;
  }
}

function numberText(value: number): string {
  const whole = Number.isInteger(value);
  if (whole && value >= 0 && value < 2 ** 64) return String(BigInt(value));
  return whole ? `${BigInt(value)}.000000` : sixDigits(value);
}

/** As `printf("%f")`: what lies between two numbers goes to the even one. That is where the seventh digit is a 5 and the last, as in 1/128. */
function sixDigits(value: number): string {
  const size = Math.abs(value);
  const below = Math.floor(size * 1e6);
  const toEven = Number.isInteger(size * 128) && !Number.isInteger(size * 64) && below % 2 === 0;
  return (value < 0 ? '-' : '') + (toEven ? below / 1e6 : size).toFixed(6);
}

/** As bytes of UTF-8, each a character, as headers are held, without white space around; undefined: no header may have it. */
export function headerValue(text: string): string | undefined {
  const value = Buffer.from(text)
    .toString('latin1')
    .replace(/^[ \t]+|[ \t]+$/g, '');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return /[\0-\x08\x0a-\x1f\x7f]/.test(value) ? undefined : value;
}
