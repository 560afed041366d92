import type { Headers, Headers_HeaderOperations, HTTPRewrite } from '../../../manifest/istio/networking.gen.ts';
import type { Path } from '../../../manifest/problem.ts';
import { checkChangedHeaderName, checkRequestHeaderName, isAuthorityHeader } from '../header-names.ts';
import { checkHeaderValue } from '../header-value.ts';
import type { ProblemSink } from '../validator.ts';

/** `headers` of a rule or of a destination: what is set, added and removed. */
export function checkHeaders(sink: ProblemSink, path: Path, headers: Headers | undefined): void {
  checkOperations(sink, [...path, 'request'], headers?.request, checkRequestHeaderName);
  checkOperations(sink, [...path, 'response'], headers?.response, checkChangedHeaderName);
}

function checkOperations(sink: ProblemSink, path: Path, operations: Headers_HeaderOperations | undefined, checkName: typeof checkRequestHeaderName): void {
  for (const operation of ['add', 'set'] as const) {
    for (const [name, value] of Object.entries(operations?.[operation] ?? {})) {
      const at = [...path, operation, name];
      checkName(sink, at, name);
      checkHeaderValue(sink, at, value);
    }
  }
  for (const [i, name] of (operations?.remove ?? []).entries()) checkChangedHeaderName(sink, [...path, 'remove', i], name);
}

/** The authority of a request can be rewritten in one place only: `rewrite.authority`, or one header. */
export function checkAuthorityOnce(sink: ProblemSink, path: Path, rewrite: HTTPRewrite | undefined, headers: Headers | undefined): void {
  let current = rewrite?.authority ?? '';
  for (const operation of ['set', 'add'] as const) {
    for (const [name, value] of Object.entries(headers?.request?.[operation] ?? {})) {
      if (!isAuthorityHeader(name)) continue;
      if (current !== '') {
        const twice = `${JSON.stringify(current)} and ${JSON.stringify(value)}`;
        sink.error([...path, 'headers', 'request', operation, name], `the authority of the request is set twice: ${twice}`, {
          help: 'keep one of rewrite.authority and the headers "host" and ":authority"',
        });
        return;
      }
      current = value;
    }
  }
}
