// Who may do what, as AuthorizationPolicies say, resolved for one proxy: trust domains, service accounts and namespaces are matchers
// on identities, and what does not hold for a protocol is left out already.
import type { StringMatcher } from './string-matcher.ts';
import type { Origin } from './table.ts';

/** Policies match ends of texts, too (SEC-R27). */
export type TextMatcher = StringMatcher | { kind: 'suffix'; value: string; ignoreCase?: boolean };

/** What a rule asks of a request or a connection. What is not there (no peer certificate, no token, no header) matches nothing. */
export type AuthorizationCondition =
  | { kind: 'any' }
  | { kind: 'never' }
  | { kind: 'all' | 'some'; of: readonly AuthorizationCondition[] }
  | { kind: 'not'; of: AuthorizationCondition }
  /**
   * On a name of the certificate that a TLS peer proved to have (SEC-R24): a URI name such as `spiffe://cluster.local/ns/shop/sa/cart`;
   * of a certificate without one its DNS names, else its subject.
   */
  | { kind: 'peer'; match: TextMatcher }
  /** CIDR blocks. `source`: the peer of the connection; `remote`: the client, by x-forwarded-for (SEC-R25). */
  | { kind: 'source-ip' | 'remote-ip' | 'destination-ip'; cidr: string }
  | { kind: 'destination-port'; port: number }
  | { kind: 'method' | 'server-name'; match: TextMatcher }
  /** On the authority as it was sent, with its port. */
  | { kind: 'host'; match: TextMatcher }
  /** On the path without its query, normalised. */
  | { kind: 'path'; match: TextMatcher }
  /** `*` is one segment, `**` the rest (SEC-R27). */
  | { kind: 'path-template'; template: string }
  /** Lower case; `:path` and the like are those of HTTP/2. */
  | { kind: 'header'; name: string; match: TextMatcher }
  /** On a claim of the token's payload, by its path: a text, or unless `textOnly` a list with such a text (SEC-R26). */
  | { kind: 'claim'; path: readonly string[]; match: TextMatcher; textOnly?: true }
  /**
   * On what another filter of Envoy tells: `experimental.envoy.filters.*`, a text, or with `list` a list with such a text. Only Envoy
   * can; elsewhere nobody knows, and nobody is let in by it.
   */
  | { kind: 'metadata'; filter: string; path: readonly string[]; match: TextMatcher; list: boolean };

/** One rule of a policy: one of the permissions and one of the principals hold. */
export interface AuthorizationRule {
  /**
   * As in response code details: `ns[shop]-policy[deny-post]-rule[0]`; of CUSTOM policies with `istio-ext-authz-` in front, and with
   * `-deny-due-to-bad-CUSTOM-action` behind where there is nobody to ask.
   */
  name: string;
  /** What is asked for. */
  permissions: readonly AuthorizationCondition[];
  /** Who asks. */
  principals: readonly AuthorizationCondition[];
  /** Of the rule: `spec.rules[i]`. */
  origin: Origin;
}

/** A service that is asked (ext_authz). */
export interface ExternalAuthorizer {
  protocol: 'http' | 'grpc';
  cluster: string;
  authority: string;
  timeoutMs: number;
  /** Where it cannot be asked: the request goes on. */
  failOpen: boolean;
  /** Where it cannot be asked and the request does not go on. */
  statusOnError: number;
  /** In front of the path (http). */
  pathPrefix: string;
  /** Of the request that the check has (http): besides method, path, host, content-length and authorization. */
  requestHeaders: readonly TextMatcher[];
  additionalHeaders: readonly { name: string; value: string }[];
  /** Headers of the answer that go on with the request that is allowed: they replace those of the client. */
  upstreamHeaders: readonly TextMatcher[];
  /** Headers of the answer that are added to the response: of a denial; and of a request that is allowed. */
  denialHeaders: readonly TextMatcher[];
  responseHeaders: readonly TextMatcher[];
  /** Of the request, up to so many bytes. */
  body?: { maxBytes: number; allowPartial: boolean; packAsBytes: boolean };
  clearRouteCache: boolean;
}

/** Policies with the action CUSTOM of one provider. */
export interface CustomAuthorization {
  /** Name of the provider; empty: the policies name none. */
  provider: string;
  /** By name; of those that match, the first is told. */
  rules: readonly AuthorizationRule[];
  /** Absent: there is no such provider, or no one provider for the proxy, and what the rules match is denied (SEC-R31). */
  authorizer?: ExternalAuthorizer;
}

/** In the order in which they are asked (SEC-R21); of several rules that match, the first by name is told. */
export interface AuthorizationStages {
  custom: readonly CustomAuthorization[];
  /** Only logged. */
  audit: readonly AuthorizationRule[];
  /** By name. */
  deny: readonly AuthorizationRule[];
  /** By name. Absent: there is no ALLOW policy, and everything is allowed. Empty: nothing is. */
  allow?: readonly AuthorizationRule[];
  /** Of policies with `istio.io/dry-run`: told, and not done. */
  dryRun?: { deny: readonly AuthorizationRule[]; allow?: readonly AuthorizationRule[] };
}

/** For chains with HTTP, and with bytes (SEC-R29). */
export interface Authorization {
  http: AuthorizationStages;
  tcp: AuthorizationStages;
}

/** The policy of a rule with this name, and its number there; undefined for a text that is no name of a rule. */
export function ruleOfName(name: string): { namespace: string; policy: string; rule: number } | undefined {
  const [, namespace = '', policy, rule] = /ns\[(.*)\]-policy\[(.*)\]-rule\[(\d+)\]/.exec(name) ?? [];
  return policy === undefined ? undefined : { namespace, policy, rule: Number(rule) };
}
