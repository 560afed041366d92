/** Members of a JSON web key that only its owner has; of a symmetric key `k` (RFC 7518, 6.2.2, 6.3.2, 6.4.1). */
export const privateJwk: ReadonlySet<string> = new Set(['d', 'dp', 'dq', 'k', 'oth', 'p', 'q', 'qi']);

const mark = '[redacted]';

/**
 * A set of keys for people to read: whoever has the private part of one, or a symmetric one, can make tokens. One without such is the same text;
 * what is no JSON may be one with a mistake in it, and is not shown.
 */
export function publicWebKeys(jwks: string): string {
  let found = false;
  const without = (_: string, value: unknown): unknown => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const entries = Object.entries(value).map(([name, member]) => {
      if (!privateJwk.has(name) || member === mark) return [name, member];
      found = true;
      return [name, mark];
    });
    return Object.fromEntries(entries);
  };
  try {
    const text = JSON.stringify(JSON.parse(jwks), without);
    return found ? text : jwks;
  } catch {
    return mark;
  }
}
