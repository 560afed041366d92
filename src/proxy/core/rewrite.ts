// Rewriting of paths (RT-R10 to R12), for forwarded requests and redirects.

import type { Route } from '../../ir/route.ts';
import type { PathMatcher } from '../../ir/route-match.ts';
import { compileRegex } from './regex.ts';

/** The path and query that a target becomes; `pathEnd`: where its query begins. Undefined: nothing is left of the path, so it stays. */
export type Rewrite = (target: string, pathEnd: number) => string | undefined;

/** Length of what a match took of the path: a prefix counts as long as it is written (RT-R10); without one the slash (RT-R11). */
function matchedLength(path: PathMatcher | undefined): number {
  return path?.kind === 'prefix' || path?.kind === 'segments' ? path.value.length : 1;
}

/** A prefix match replaces its prefix; exact and regex matches are of the whole path. */
export function prefixRewrite(path: PathMatcher | undefined, value: string): Rewrite {
  if (path?.kind === 'exact' || path?.kind === 'regex') return (target, pathEnd) => value + target.slice(pathEnd);
  const length = matchedLength(path);
  if (path?.kind === 'segments') return (target, pathEnd) => joinSegments(value, target.slice(length, pathEnd)) + target.slice(pathEnd);
  return (target, pathEnd) => value + target.slice(Math.min(length, pathEnd));
}

/** A prefix of whole segments is replaced without doubling or losing the slash (SEL-R83). */
function joinSegments(value: string, rest: string): string {
  const joined = value.endsWith('/') && rest.startsWith('/') ? value + rest.slice(1) : value + rest;
  return joined === '' ? '/' : joined;
}

/** Every match in the path without its query (RT-R12); undefined: the expression is none. */
export function regexRewrite(pattern: string, substitution: string): Rewrite | undefined {
  const regex = compileRegex(pattern);
  return (
    regex &&
    ((target, pathEnd) => {
      const path = regex.replaceAll(target.slice(0, pathEnd), substitution);
      return path === '' ? undefined : path + target.slice(pathEnd);
    })
  );
}

/** What a route does to the path of a request; undefined: nothing. */
export function compileRewrite(route: Route, problems: string[]): Rewrite | undefined {
  const { action, match } = route;
  if (action.kind === 'redirect') {
    if (action.prefix !== undefined) return prefixRewrite(match.path, action.prefix);
    return action.regex && checked(regexRewrite(action.regex.pattern, action.regex.substitution), action.regex.pattern, problems);
  }
  if (action.kind !== 'forward' || !action.rewrite) return undefined;
  const { rewrite } = action;
  switch (rewrite.kind) {
    case 'prefix':
      return prefixRewrite(match.path, rewrite.value);
    case 'whole':
      return (target, pathEnd) => rewrite.value + target.slice(pathEnd);
    case 'regex':
      return checked(regexRewrite(rewrite.pattern, rewrite.substitution), rewrite.pattern, problems);
  }
}

function checked(rewrite: Rewrite | undefined, pattern: string, problems: string[]): Rewrite | undefined {
  if (!rewrite) problems.push(`rewrite: ${pattern} is no RE2 expression`);
  return rewrite;
}
