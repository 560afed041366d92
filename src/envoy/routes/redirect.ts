import type { RedirectAction } from '../../ir/route.ts';
import type { PathMatcher } from '../../ir/route-match.ts';
import { defined, type JsonObject } from '../json.ts';
import { pathRewrite } from './path-rewrite.ts';

/** 301 is what Envoy does without one. */
const responseCodes: Readonly<Record<number, string>> = {
  302: 'FOUND',
  303: 'SEE_OTHER',
  307: 'TEMPORARY_REDIRECT',
  308: 'PERMANENT_REDIRECT',
};

/** MAP-R34 */
export function redirectAction({ status, scheme, host, port, ...action }: RedirectAction, match: PathMatcher | undefined): JsonObject {
  return defined({
    scheme_redirect: scheme || undefined,
    host_redirect: host || undefined,
    port_redirect: port || undefined,
    ...target(action, match),
    response_code: responseCodes[status],
  });
}

function target({ path, prefix, regex }: Pick<RedirectAction, 'path' | 'prefix' | 'regex'>, match: PathMatcher | undefined): JsonObject {
  if (prefix !== undefined) return pathRewrite({ kind: 'prefix', value: prefix }, match);
  if (regex) return pathRewrite({ kind: 'regex', ...regex }, match);
  return path ? { path_redirect: path } : {};
}
