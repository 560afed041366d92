// What no proxy takes of a route. Envoy would refuse a whole configuration for it: the route is left out instead.
import type { RouteMatch } from '../ir/route-match.ts';
import type { HTTPRewrite } from '../manifest/istio/networking.gen.ts';
import { isHeaderText } from './header-text.ts';
import { isRe2 } from './regexes.ts';
import type { StatusReason } from './statuses.ts';

/** Longest name of a query parameter, in bytes. */
const longestParameter = 1024;

export function routeProblem(match: RouteMatch, rewrite: HTTPRewrite | undefined): { reason: StatusReason; message: string } | undefined {
  const regex = invalidRegex(match, rewrite);
  if (regex !== undefined) return { reason: 'invalid-regex', message: `"${regex}" is no RE2 expression, or too large: the route is left out` };
  const condition = invalidCondition(match);
  if (condition !== undefined) return { reason: 'invalid-match', message: `${condition}: the route is left out` };
  const texts = [rewrite?.uri, rewrite?.authority, rewrite?.uriRegexRewrite?.rewrite];
  if (texts.every((text) => isHeaderText(text ?? ''))) return undefined;
  return { reason: 'invalid-header', message: 'a rewrite has a line break or is too long: the route is left out' };
}

function invalidRegex({ path, headers, query, claims = [] }: RouteMatch, rewrite: HTTPRewrite | undefined): string | undefined {
  const matchers = [path, ...headers.map((h) => h.matcher), ...query.map((q) => q.matcher), ...claims.map((c) => c.matcher)];
  const expressions = matchers.flatMap((matcher) => (matcher?.kind === 'regex' ? [matcher.value] : []));
  if (rewrite?.uriRegexRewrite?.match) expressions.push(rewrite.uriRegexRewrite.match);
  return expressions.find((expression) => !isRe2(expression));
}

function invalidCondition({ headers, query, claims = [] }: RouteMatch): string | undefined {
  const header = headers.find(({ name }) => name === '' || !isHeaderText(name));
  if (header) return `${JSON.stringify(header.name)} is no name of a header`;
  const parameter = query.find(({ name }) => name === '' || new TextEncoder().encode(name).length > longestParameter);
  if (parameter) return `the name of a query parameter has 1 to ${longestParameter} bytes`;
  return claims.some(({ path }) => path.includes('')) ? 'the path of a claim has an empty name in it' : undefined;
}
