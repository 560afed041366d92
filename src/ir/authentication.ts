// Tokens of requests, as RequestAuthentications say, of one proxy.
import type { Origin } from './table.ts';

/** Where the keys of an issuer are. */
export type KeySource =
  | { kind: 'inline'; jwks: string }
  | { kind: 'remote'; uri: string; timeoutMs: number }
  /** By the issuer's `.well-known/openid-configuration`. */
  | { kind: 'discovery'; issuer: string };

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
  claimHeaders: readonly { header: string; claim: string }[];
  origin: Origin;
}

/** All rules for a proxy together (SEC-R40): a request without a token passes. */
export interface RequestAuthentication {
  providers: readonly JwtProvider[];
  /** Routes are chosen by claims: once more, after the token was read. */
  routesByClaims: boolean;
}
