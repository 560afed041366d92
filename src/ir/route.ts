import type { RouteMatch } from './route-match.ts';
import type { StringMatcher } from './string-matcher.ts';
import type { Origin } from './table.ts';

/** What one level does to headers: removes first, then sets, then adds, each sorted by name (RT-R30). Values are formats (RT-R35). */
export interface HeaderOps {
  remove: readonly string[];
  /** `set`: replaces all occurrences; else one more. In the order in which they are applied. */
  add: readonly { name: string; value: string; set: boolean }[];
}

export interface HeaderPolicy {
  request: HeaderOps;
  response: HeaderOps;
}

/** `prefix`: replaces the matched prefix; `whole`: the whole path; `regex`: every match of an RE2 expression (RT-R10 to R12). */
export type PathRewrite =
  | { kind: 'prefix'; value: string }
  | { kind: 'whole'; value: string }
  /** `\1` … `\9` in the substitution are groups, `\0` the whole match. */
  | { kind: 'regex'; pattern: string; substitution: string };

export interface RouteCluster {
  /** Name of a cluster; it may not exist (RT-R5). */
  cluster: string;
  /** Share among the sum of the weights. */
  weight: number;
  /** Replaces the authority when no route-level one does (RT-R14). */
  authority?: string;
  /** Evaluated before those of the route (RT-R33). */
  headers?: HeaderPolicy;
}

export interface RetryPolicy {
  /** Conditions, as in `x-envoy-retry-on`: `5xx`, `connect-failure`, `unavailable` … */
  on: readonly string[];
  statusCodes: readonly number[];
  /** Retries, the first try not counted. */
  attempts: number;
  perTryTimeoutMs?: number;
  /** Base of the back-off; the cap is ten times it (RT-R75). */
  backoffBaseMs: number;
  backoffMaxMs: number;
  /** Hosts that were tried are avoided while there are others (RT-R73). */
  previousHosts: boolean;
  hostSelectionAttempts: number;
  /** Priorities that were tried are avoided (RT-R74). */
  previousPriorities: boolean;
}

/** A share in millionths (RT-R90, RT-R110). */
export type Millionths = number;

export interface Mirror {
  cluster: string;
  share: Millionths;
  origin?: Origin;
}

export type HashPolicy =
  | { kind: 'header'; name: string }
  /** `ttlMs` undefined: no cookie is made (DR-R32). */
  | { kind: 'cookie'; name: string; path: string; ttlMs?: number; attributes?: readonly { name: string; value: string }[] }
  | { kind: 'source-ip' }
  | { kind: 'query'; name: string };

export interface CorsPolicy {
  allowOrigins: readonly StringMatcher[];
  allowMethods: string;
  allowHeaders: string;
  exposeHeaders: string;
  maxAgeSeconds?: number;
  allowCredentials: boolean;
  /** RT-R102 */
  forwardUnmatchedPreflights: boolean;
}

export interface FaultPolicy {
  delay?: { durationMs: number; share: Millionths };
  abort?: { share: Millionths; httpStatus?: number; grpcStatus?: number };
}

export interface ForwardAction {
  kind: 'forward';
  /** One: plain; several: weighted, drawn once a request (RT-R2, RT-R3). Never empty. */
  clusters: readonly RouteCluster[];
  rewrite?: PathRewrite;
  /** Replaces the authority (RT-R14). */
  authority?: string;
  /** `x-forwarded-host` gets the authority that was replaced (RT-R13). */
  appendForwardedHost: boolean;
  /** 0: none (RT-R60). */
  timeoutMs: number;
  /** Caps `grpc-timeout`; 0: no cap (RT-R63). Undefined: grpc-timeout is not honoured. */
  maxGrpcTimeoutMs?: number;
  /** grpc-timeout as the limit of the whole stream (RT-R64). */
  maxStreamDurationFromGrpcTimeout?: boolean;
  retry?: RetryPolicy;
  mirrors: readonly Mirror[];
  hash: readonly HashPolicy[];
  cors?: CorsPolicy;
  /** Status where a cluster does not exist: 503, of the Gateway API 500 (RT-R5, SEL-R83). */
  missingClusterStatus: 500 | 503;
}

export interface RedirectAction {
  kind: 'redirect';
  status: number;
  scheme?: string;
  host?: string;
  port?: number;
  /** Replaces the path; the query stays unless this has one (RT-R16). */
  path?: string;
  /** Replaces the matched prefix (Gateway API). */
  prefix?: string;
  /** Replaces the path by an RE2 expression. */
  regex?: { pattern: string; substitution: string };
}

export interface DirectAction {
  kind: 'direct';
  status: number;
  /** Text, or base64 where `binary`. */
  body: string;
  binary?: boolean;
}

export type RouteAction = ForwardAction | RedirectAction | DirectAction;

export interface Route {
  /** As in the access log (MAT-R3); empty: unnamed. */
  name: string;
  match: RouteMatch;
  /** Undefined: a rule without an effect, answered as if it had no action. */
  action: RouteAction;
  headers?: HeaderPolicy;
  /** Applies to every action (RT-R1). */
  fault?: FaultPolicy;
  /** Value of `x-envoy-decorator-operation` and name of spans (TEL-R31). */
  decorator?: string;
  statPrefix?: string;
  /** The rule of a virtual service or of an HTTPRoute, and the match of it. */
  origin?: Origin;
}

export interface VirtualHost {
  /** `<host>:<port>`, `allow_any`, `block_all` (SEL-R51). */
  name: string;
  /** Lower case, without a port: exact, `*.suffix`, `prefix.*`, `*` (SEL-R59). */
  domains: readonly string[];
  /** The first that matches is taken (MAT-R1). */
  routes: readonly Route[];
  /** `x-envoy-attempt-count` is sent (RT-R40). */
  includeAttemptCount: boolean;
  /** Plain requests are redirected to https (Gateway httpsRedirect). */
  requireTls: boolean;
  origin?: Origin;
}

export interface RouteConfig {
  /** `<port>`, `<fqdn>:<port>` (SEL-R50). */
  name: string;
  /** Sorted by name, the one for everything else last. */
  virtualHosts: readonly VirtualHost[];
  /** The port of the Host header does not matter. */
  ignorePortInHost: boolean;
}
