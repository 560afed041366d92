import { parseDuration } from '../../../manifest/duration.ts';
import type { CorsPolicy } from '../../../manifest/istio/networking.gen.ts';
import type { Path } from '../../../manifest/problem.ts';
import { checkCorsHeaderName } from '../header-names.ts';
import { checkDuration, itemsOf } from '../primitives.ts';
import { checkRegexMatch } from '../string-match.ts';
import type { ProblemSink } from '../validator.ts';

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', '*']);

export function checkCors(sink: ProblemSink, path: Path, policy: CorsPolicy | undefined): void {
  if (!policy) return;
  for (const [i, origin] of itemsOf(policy.allowOrigins).entries()) {
    const at = [...path, 'allowOrigins', i];
    if (!(origin.exact ?? origin.prefix ?? origin.regex)) sink.error(at, 'an allowed origin is empty: it needs an exact, prefix or regex that is not empty');
    else checkRegexMatch(sink, at, origin, 'corsPolicy.allowOrigins');
  }
  for (const [i, method] of (policy.allowMethods ?? []).entries()) {
    if (!methods.has(method))
      sink.error([...path, 'allowMethods', i], `${JSON.stringify(method)} is not an HTTP method that CORS can allow; there are ${[...methods].join(', ')}`);
  }
  for (const field of ['allowHeaders', 'exposeHeaders'] as const) {
    for (const [i, name] of (policy[field] ?? []).entries()) checkCorsHeaderName(sink, [...path, field, i], name);
  }
  const at = [...path, 'maxAge'];
  checkDuration(sink, at, policy.maxAge);
  if ((parseDuration(policy.maxAge ?? '') ?? 0) % 1e9 > 0) {
    sink.error(at, `maxAge ${policy.maxAge} has fractions of a second, and browsers know whole seconds only`, { same: 'maxAge precision' });
  }
}
