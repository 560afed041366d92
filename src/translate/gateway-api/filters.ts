import type { Headers, HTTPRedirect, HTTPRewrite } from '../../manifest/istio/networking.gen.ts';
import { isMap, numberIn, text } from '../../model/untyped.ts';
import { prefixToken } from '../redirects.ts';
import { type Fields, maps } from './backends.ts';

function fieldsOf(value: unknown): Fields {
  return isMap(value) ? value : {};
}

/** Header filters of a rule or of a backend; undefined where there are none. */
export function headersOf(filters: readonly Fields[]): Headers | undefined {
  let out: Headers | undefined;
  for (const { type, requestHeaderModifier, responseHeaderModifier } of filters) {
    if (type === 'RequestHeaderModifier') out = { ...out, request: operations(fieldsOf(requestHeaderModifier)) };
    if (type === 'ResponseHeaderModifier') out = { ...out, response: operations(fieldsOf(responseHeaderModifier)) };
  }
  return out;
}

function operations({ set, add, remove }: Fields): NonNullable<Headers['request']> {
  const values = (list: unknown): Record<string, string> => Object.fromEntries(maps(list).map(({ name, value }) => [text(name), String(value ?? '')]));
  return { set: values(set), add: values(add), remove: Array.isArray(remove) ? remove.filter((name): name is string => typeof name === 'string') : [] };
}

/** Temporary unless another code is written; the port of the request stays unless a port or a scheme is written (SEL-R83). */
export function redirectOf(filters: readonly Fields[]): HTTPRedirect | undefined {
  const filter = filters.find(({ type }) => type === 'RequestRedirect');
  if (!filter) return undefined;
  const { scheme, hostname, port, statusCode, path } = fieldsOf(filter.requestRedirect);
  const { type, replaceFullPath, replacePrefixMatch } = fieldsOf(path);
  const number = numberIn(port);
  return {
    redirectCode: numberIn(statusCode) ?? 302,
    ...(text(scheme) === '' ? {} : { scheme: text(scheme) }),
    ...(text(hostname) === '' ? {} : { authority: text(hostname) }),
    ...(number !== undefined ? { port: number } : { derivePort: text(scheme) === '' ? 'FROM_REQUEST_PORT' : 'FROM_PROTOCOL_DEFAULT' }),
    ...(type === 'ReplaceFullPath'
      ? { uri: text(replaceFullPath) }
      : type === 'ReplacePrefixMatch'
        ? { uri: `${prefixToken}${text(replacePrefixMatch)}` }
        : {}),
  };
}

export function rewriteOf(filters: readonly Fields[]): HTTPRewrite | undefined {
  const filter = filters.find(({ type }) => type === 'URLRewrite');
  if (!filter) return undefined;
  const { hostname, path } = fieldsOf(filter.urlRewrite);
  const { type, replaceFullPath, replacePrefixMatch } = fieldsOf(path);
  return {
    ...(text(hostname) === '' ? {} : { authority: text(hostname) }),
    // A slash alone takes the prefix away.
    ...(type === 'ReplacePrefixMatch' ? { uri: text(replacePrefixMatch).replace(/\/$/, '') || '/' } : {}),
    ...(type === 'ReplaceFullPath' ? { uriRegexRewrite: { match: '/.*', rewrite: text(replaceFullPath) } } : {}),
  };
}

/** Percent of the requests that a mirror gets. */
export function mirrorPercent({ percent, fraction }: Fields): number {
  const written = numberIn(percent);
  if (written !== undefined) return written;
  if (!isMap(fraction)) return 100;
  return (100 * (numberIn(fraction.numerator) ?? 0)) / (numberIn(fraction.denominator) ?? 100);
}

const known: ReadonlySet<unknown> = new Set(['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestRedirect', 'URLRewrite', 'RequestMirror', 'CORS']);

/** Types of filters that are not understood. */
export function unknownFilters(filters: readonly Fields[]): string[] {
  return filters.flatMap(({ type }) => (known.has(type) ? [] : [text(type)]));
}
