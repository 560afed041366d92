// All RequestAuthentications for a proxy together (SEC-R40 to R42).

import type { JwtProvider, KeySource, RequestAuthentication } from '../../ir/authentication.ts';
import type { ProxyIdentity, Status } from '../../ir/table.ts';
import { compareText } from '../../manifest/compare-text.ts';
import type { JWTRule, RequestAuthentication as Written } from '../../manifest/istio/security.gen.ts';
import type { Resource } from '../../manifest/resource.ts';
import { items } from '../../model/untyped.ts';
import { milliseconds } from '../durations.ts';
import { originOf } from '../statuses.ts';

export type JwtPolicy = Resource<Written>;

export interface MadeAuthentication {
  /** Absent: the policies have no rules. */
  authentication?: RequestAuthentication;
  statuses: readonly Status[];
}

/** How long a request for keys may take, where nothing is written. */
const defaultTimeoutMs = 5000;

/** Claims that are lists with spaces in every token. */
const spaceDelimited = ['permission', 'scope'];

export function authenticationOf(policies: readonly JwtPolicy[], role: ProxyIdentity['role']): MadeAuthentication {
  const statuses: Status[] = [];
  const rules = policies
    .flatMap((policy) => items(policy.spec.jwtRules).map((rule, i) => ({ rule, origin: originOf(policy, 'spec', 'jwtRules', i) })))
    .sort((a, b) => compareText(a.rule.issuer ?? '', b.rule.issuer ?? ''));
  if (rules.length === 0) return { statuses };
  const providers = rules.map(({ rule, origin }, i): JwtProvider => {
    if (!rule.issuer && !rule.jwksUri && !rule.jwks) {
      statuses.push({
        origin,
        reason: 'invalid-policy',
        message: 'the rule names neither an issuer nor keys, so it verifies no token: one that it would be for is refused',
      });
    }
    const outputs = [rule.outputPayloadToHeader ?? '', ...items(rule.outputClaimToHeaders).map(({ header = '' }) => header)];
    for (const header of new Set(outputs.filter(isOfTheMessage))) {
      statuses.push({
        origin,
        reason: 'invalid-policy',
        message: `the header ${header} says how the request is read and for whom it is: a token does not get to set it, and it is left as it is`,
      });
    }
    return {
      name: `origins-${i}`,
      issuer: rule.issuer ?? '',
      audiences: filled(rule.audiences),
      keys: keysOf(rule),
      headers: items(rule.fromHeaders).flatMap(({ name = '', prefix = '' }) => (isToken(name) ? [{ name: name.toLowerCase(), prefix }] : [])),
      params: filled(rule.fromParams),
      cookies: filled(rule.fromCookies),
      forward: rule.forwardOriginalToken === true,
      ...(isToken(rule.outputPayloadToHeader ?? '') && !isOfTheMessage(rule.outputPayloadToHeader ?? '') ? { payloadHeader: rule.outputPayloadToHeader } : {}),
      claimHeaders: items(rule.outputClaimToHeaders).flatMap(({ header = '', claim = '' }) =>
        isHeaderName(header) && !isOfTheMessage(header) && claim !== '' ? [{ header, claim }] : [],
      ),
      spaceDelimitedClaims: [...new Set([...spaceDelimited, ...filled(rule.spaceDelimitedClaims)])].sort(compareText),
      origin,
    };
  });
  return { authentication: { providers, routesByClaims: role === 'gateway' }, statuses };
}

/** Where the keys of a rule are. */
export function keysOf({ jwks, jwksUri, issuer = '', timeout }: JWTRule): KeySource {
  if (jwks) return { kind: 'inline', jwks };
  const written = milliseconds(timeout) ?? 0;
  const timeoutMs = written > 0 ? written : defaultTimeoutMs;
  return jwksUri ? { kind: 'remote', uri: jwksUri, timeoutMs } : { kind: 'discovery', issuer, timeoutMs };
}

/** A name that HTTP has for headers (RFC 9110, 5.6.2). */
function isToken(name: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name);
}

/** As Istio takes them. */
function isHeaderName(name: string): boolean {
  return /^[-_A-Za-z0-9]+$/.test(name);
}

const ofTheMessage: ReadonlySet<string> = new Set([
  ...['connection', 'content-length', 'expect', 'host', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
]);

/** Framing, the connection, and whom a request is for: who has a token could slip a second request into the first. */
function isOfTheMessage(header: string): boolean {
  return ofTheMessage.has(header.toLowerCase());
}

function filled(list: readonly string[] | undefined): string[] {
  return (list ?? []).filter((value) => typeof value === 'string' && value !== '');
}
