/**
 * The claims of a token as conditions see them: `scope: 'read write'` is `['read', 'write']` (SEC-R42). Only at the top.
 *
 * @param names claims whose texts are lists, with spaces between
 */
export function splitClaims(claims: Readonly<Record<string, unknown>>, names: readonly string[]): Readonly<Record<string, unknown>> {
  let split: Record<string, unknown> | undefined;
  for (const name of names) {
    const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
    if (typeof value !== 'string') continue;
    const words = value.split(' ').filter((word) => word !== '');
    if (words.length === 0) continue;
    split ??= { ...claims };
    split[name] = words;
  }
  return split ?? claims;
}
