// Tokens of requests, as RequestAuthentications say, of one proxy.
import type { Origin } from './table.ts';

/** Where the keys of an issuer are. */
export type KeySource =
  | { kind: 'inline'; jwks: string }
  | { kind: 'remote'; uri: string; timeoutMs: number }
  /** By the issuer's `.well-known/openid-configuration`; each of the two requests may take so long. */
  | { kind: 'discovery'; issuer: string; timeoutMs: number };

/** A place of a token in a request. */
export interface TokenHeader {
  /** Lower case. */
  name: string;
  /** In front of the token: `Bearer `. */
  prefix: string;
}

/** One rule of a RequestAuthentication. */
export interface JwtProvider {
  /** `origins-0`, in the order of the rules. */
  name: string;
  /** Empty: of any issuer. */
  issuer: string;
  /** One of them; empty: any. */
  audiences: readonly string[];
  keys: KeySource;
  /** Where tokens are looked for (SEC-R41); all three empty: `Authorization: Bearer`, and the query parameter `access_token`. */
  headers: readonly TokenHeader[];
  params: readonly string[];
  cookies: readonly string[];
  /** The token stays in the request (SEC-R42). */
  forward: boolean;
  /** Header that gets the payload, base64url. */
  payloadHeader?: string;
  /** `claim` is the path of one, with dots between the names: `user.name`. */
  claimHeaders: readonly { header: string; claim: string }[];
  /** Claims whose texts are lists with spaces between the items: `permission`, `scope` and what the rule names. By name. */
  spaceDelimitedClaims: readonly string[];
  /** The rule: `spec.jwtRules[i]`. */
  origin: Origin;
}

/** All rules for a proxy together (SEC-R40): a request without a token passes. */
export interface RequestAuthentication {
  /** By issuer; those of one issuer in the order of their policies. */
  providers: readonly JwtProvider[];
  /** A route is chosen once more after the token was read, by its claims and the headers made of them: at gateways. */
  routesByClaims: boolean;
}
