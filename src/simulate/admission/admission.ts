// Whether those who come in may: plain data (JSON in, JSON out) with the rule of each decision.
import type { Origin } from '../../ir/table.ts';
import type { Unmet } from '../../proxy/core/authorization/explain.ts';

/** A part of a request that policies may ask for, and that nobody has told: what hinges on it is not decided. */
export type UnknownPart = 'peer' | 'source-ip' | 'remote-ip' | 'destination-ip' | 'claim';

/** What a proxy makes of the tokens of a request (SEC-R40). */
export type TokenJudgement =
  /** There is none, or it is a preflight: it passes, and has no claims. */
  | { kind: 'none' }
  /** `assumed`: nobody has verified it, the claims were given. */
  | { kind: 'accepted'; origin: Origin; issuer: string; subject: string; assumed: boolean }
  | { kind: 'refused'; status: number; text: string }
  /** Its signature was not verified: the keys are somewhere else. */
  | { kind: 'unverified'; origin: Origin; issuer: string };

export type Verdict =
  | 'allowed'
  | 'denied'
  /** It is as the services say that are asked (CUSTOM): nobody can tell without them. */
  | 'asked'
  /** It hinges on what is not known. */
  | 'unknown';

export interface AdmissionRule {
  /** As in response code details: `ns[shop]-policy[deny-post]-rule[0]`. */
  name: string;
  /** `spec.rules[i]` of the policy. */
  origin: Origin;
  holds: 'yes' | 'no' | 'unknown';
  /** Of `unknown`: what it asks for that is not known. */
  unknown: UnknownPart[];
  /** Of `no`: why what it permits, and whom, is not what is there. */
  permissions: readonly Unmet[];
  principals: readonly Unmet[];
}

export interface AdmissionStage {
  action: 'CUSTOM' | 'AUDIT' | 'DENY' | 'ALLOW';
  /** It is only logged what it would do. */
  dryRun: boolean;
  /** Of CUSTOM: who is asked; `known`: there is such a provider. */
  provider?: { name: string; known: boolean; failOpen: boolean };
  /** The decision has not fallen before. */
  reached: boolean;
  /** By name. */
  rules: AdmissionRule[];
}

/** What the policies of one proxy say of a request or a connection, in the order in which they are asked (SEC-R7, SEC-R21). */
export interface Admission {
  protocol: 'http' | 'tcp';
  /** Names of the certificate that the peer showed; empty: none, or not known. */
  peer: readonly string[];
  /** What is not known, of all that is asked for. */
  unknown: UnknownPart[];
  /** Absent: no RequestAuthentication applies. */
  token?: TokenJudgement;
  verdict: Verdict;
  /** Of a denial: who says so. `allow`: no ALLOW rule holds. */
  by?: 'custom' | 'token' | 'deny' | 'allow';
  /** Of the rule that decided; absent where none holds, and where there is no policy. */
  rule?: { name: string; origin: Origin };
  /** Of a denial, as in the access log. */
  details?: string;
  /** Rules by which providers are asked. */
  asked: { provider: string; rule: { name: string; origin: Origin } }[];
  /** Absent: no AuthorizationPolicy applies. */
  stages?: AdmissionStage[];
}
