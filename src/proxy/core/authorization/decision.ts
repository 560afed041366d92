import type { AuthorizationRule, CustomAuthorization } from '../../../ir/authorization.ts';

/** What the policies of actions DENY and ALLOW say, and those of CUSTOM that can be decided without asking anybody. */
export interface Verdict {
  allowed: boolean;
  /** Whose word it is; `none`: nothing forbids it, and there is no ALLOW policy. */
  stage: 'custom' | 'deny' | 'allow' | 'none';
  /** That decided; undefined where no ALLOW rule holds, and for `none`. */
  rule: AuthorizationRule | undefined;
  /** Of a denial, as in `%RESPONSE_CODE_DETAILS%` and `%CONNECTION_TERMINATION_DETAILS%`; empty for what is allowed. */
  details: string;
}

/** What policies with `istio.io/dry-run` would do (SEC-R31). */
export interface DryRun {
  /** Undefined: there are no such policies, or the request was denied before they are asked. */
  deny: { denied: boolean; rule: AuthorizationRule | undefined } | undefined;
  allow: { allowed: boolean; rule: AuthorizationRule | undefined } | undefined;
}

/** Everything that is said about one request or connection, in the order of the stages (SEC-R21). */
export interface Decision extends Verdict {
  /** Providers that are asked before anything else, with the first rule that says so; those with an authorizer decide on their own. */
  asked: readonly { custom: CustomAuthorization; rule: AuthorizationRule }[];
  /** First AUDIT rule that holds. */
  audit: AuthorizationRule | undefined;
  dryRun: DryRun | undefined;
}

export const deniedDetails = (policy: string): string => `rbac_access_denied_matched_policy[${policy}]`;
