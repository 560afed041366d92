// Names of HTTP headers (RFC 9110, field-name) and what Envoy lets a mesh do with them.
import type { Path } from '../../manifest/problem.ts';
import type { ProblemSink } from './validator.ts';

const token = /^[!#$%&'*+\-.^_`|~A-Za-z0-9]+$/;
const pseudoHeaders: ReadonlySet<string> = new Set([':method', ':scheme', ':authority', ':path', ':status']);
const claimsPrefix = '@request.auth.claims';

/** `@request.auth.claims.group` or `@request.auth.claims[group]`: a match on a claim of the request's token. */
export function isJwtClaim(name: string): boolean {
  if (!name.toLowerCase().startsWith(claimsPrefix)) return false;
  const rest = name.slice(claimsPrefix.length);
  return /^(?:\..+|\[.+\])$/s.test(rest);
}

/** `:authority` of HTTP/2 is `Host` of HTTP/1.1. */
export function isAuthorityHeader(name: string): boolean {
  return name.toLowerCase() === ':authority' || name.toLowerCase() === 'host';
}

function checkToken(sink: ProblemSink, path: Path, name: string): void {
  if (name === '') sink.error(path, 'a header name is empty');
  else if (!token.test(name)) sink.error(path, `header name ${name} is not valid: it has letters, digits and !#$%&'*+-.^_\`|~ only`);
}

/** A header that a route matches on: a header, a pseudo header, or a claim of the token. */
export function checkMatchedHeaderName(sink: ProblemSink, path: Path, name: string): void {
  if (!isJwtClaim(name) && !pseudoHeaders.has(name)) checkToken(sink, path, name);
}

/** A header of a CORS policy; `*` is all. */
export function checkCorsHeaderName(sink: ProblemSink, path: Path, name: string): void {
  if (name !== '*') checkToken(sink, path, name);
}

/** A header that is added to or set in requests: pseudo headers cannot be, but the authority can. */
export function checkRequestHeaderName(sink: ProblemSink, path: Path, name: string): void {
  if (name === '') sink.error(path, 'a header name is empty');
  else if (name.startsWith(':') && !isAuthorityHeader(name)) reportPseudoHeader(sink, path, name);
}

/** A header that is removed, or changed in responses: neither a pseudo header nor the authority. */
export function checkChangedHeaderName(sink: ProblemSink, path: Path, name: string): void {
  if (name === '') sink.error(path, 'a header name is empty');
  else if (name.toLowerCase() === 'host') sink.error(path, `header "${name}" cannot be changed here: it is the authority of the request`);
  else if (name.startsWith(':')) reportPseudoHeader(sink, path, name);
}

function reportPseudoHeader(sink: ProblemSink, path: Path, name: string): void {
  sink.error(path, `header "${name}" cannot be changed: names with ":" in front are pseudo headers`);
}
