import type { HTTPMatchRequest } from '../../manifest/istio/networking.gen.ts';

/** What decides which of several matches is tried first, most important first; higher numbers go first. */
export type Precedence = readonly number[];

const kinds = { exact: 3, prefix: 2, regex: 1 } as const;

/** Exact paths, then prefixes, then expressions; longer ones; those with a method, more headers, more query parameters (SEL-R81). */
export function precedenceOf({ uri, method, headers, queryParams }: HTTPMatchRequest): Precedence {
  const kind = uri?.exact !== undefined ? 'exact' : uri?.prefix !== undefined ? 'prefix' : 'regex';
  const path = uri?.[kind] ?? '';
  return [kinds[kind], path.length, method ? 1 : 0, Object.keys(headers ?? {}).length, Object.keys(queryParams ?? {}).length];
}

/** For a sort that keeps the order of what is equal. */
export function byPrecedence(a: Precedence, b: Precedence): number {
  for (const [i, own] of a.entries()) if (own !== b[i]) return (b[i] ?? 0) - own;
  return 0;
}
