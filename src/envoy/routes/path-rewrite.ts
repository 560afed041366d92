// Rewrites of paths (RT-R10 to RT-R12, MAP-R30, MAP-R31): what Envoy's prefix rewrite does not do is done by an expression.
import type { PathRewrite } from '../../ir/route.ts';
import type { PathMatcher } from '../../ir/route-match.ts';
import type { JsonObject } from '../json.ts';
import { isSegments, quoted } from './segments.ts';

/** `prefix_rewrite` or `regex_rewrite` of a forwarded request or of a redirect. */
export function pathRewrite(rewrite: PathRewrite, path: PathMatcher | undefined): JsonObject {
  switch (rewrite.kind) {
    case 'prefix':
      return prefixRewrite(rewrite.value, path);
    case 'whole':
      return isWhole(path) && rewrite.value !== '' ? { prefix_rewrite: rewrite.value } : regexRewrite('^.*', literal(rewrite.value));
    case 'regex':
      return regexRewrite(rewrite.pattern, rewrite.substitution);
  }
}

/** Exact and regex matches are of the whole path: so is what is replaced. */
function isWhole(path: PathMatcher | undefined): boolean {
  return path?.kind === 'exact' || path?.kind === 'regex';
}

function prefixRewrite(value: string, path: PathMatcher | undefined): JsonObject {
  if (path?.kind === 'segments') return segmentsRewrite(value, path.value);
  return value === '' ? withoutPrefix(matched(path)) : { prefix_rewrite: value };
}

/** What is left is a path of its own: Envoy would leave the path as it is where nothing is left. */
function withoutPrefix(expression: string): JsonObject {
  return regexRewrite(`^${expression}(/?)(.*)`, '/\\2');
}

/** The slash behind whole segments is neither doubled nor lost (SEL-R83). */
function segmentsRewrite(value: string, prefix: string): JsonObject {
  if (value === '') return withoutPrefix(quoted(prefix));
  if (value.endsWith('/')) return regexRewrite(`^${quoted(prefix)}(/?)(.*)`, `${literal(value)}\\2`);
  return isSegments(prefix) ? { prefix_rewrite: value } : regexRewrite(`^${quoted(prefix)}`, literal(value));
}

/** What a match takes of the path, as an expression. */
function matched(path: PathMatcher | undefined): string {
  if (isWhole(path)) return '.*';
  return path?.kind === 'prefix' ? `${path.ignoreCase ? '(?i)' : ''}${quoted(path.value)}` : '/';
}

/** Envoy refuses the empty expression. */
function regexRewrite(pattern: string, substitution: string): JsonObject {
  return { regex_rewrite: { pattern: { regex: pattern === '' ? '(?:)' : pattern }, substitution } };
}

/** A text as a substitution for itself. */
function literal(text: string): string {
  return text.replaceAll('\\', '\\\\');
}
