// The filters that let requests and connections in, or not, by authorization rules (MAP-R69).
import type { AuthorizationRule, AuthorizationStages } from '../../ir/authorization.ts';
import { defined, type JsonObject } from '../json.ts';
import { permission, principal } from './rbac-conditions.ts';

/** Filters for requests, and for connections without HTTP. */
export type FilterLevel = 'http' | 'network';

export type RbacAction = 'ALLOW' | 'DENY' | 'LOG';

/** What rules that are only told are told under, in the metadata of the filter. */
export const shadowPrefixes = { ALLOW: 'istio_dry_run_allow_', DENY: 'istio_dry_run_deny_', CUSTOM: 'istio_ext_authz_' } as const;

export interface Rbac {
  rules?: JsonObject | undefined;
  shadowRules?: JsonObject | undefined;
  shadowPrefix?: string;
}

export function rbacName(level: FilterLevel): string {
  return `envoy.filters.${level}.rbac`;
}

export function rbacFilter(level: FilterLevel, { rules, shadowRules, shadowPrefix }: Rbac): JsonObject {
  return {
    name: rbacName(level),
    typed_config: defined({
      '@type': `type.googleapis.com/envoy.extensions.filters.${level}.rbac.v3.RBAC`,
      rules,
      shadow_rules: shadowRules,
      shadow_rules_stat_prefix: shadowPrefix,
      stat_prefix: level === 'network' ? 'tcp.' : undefined,
    }),
  };
}

export function rbacRules(action: RbacAction, rules: readonly AuthorizationRule[]): JsonObject {
  return defined({
    action: action === 'ALLOW' ? undefined : action,
    policies: rules.length > 0 ? Object.fromEntries(rules.map((rule) => [rule.name, policyOf(rule)])) : undefined,
  });
}

// A rule is in the listeners of all proxies that its policy is for.
const policies = new WeakMap<AuthorizationRule, JsonObject>();

function policyOf(rule: AuthorizationRule): JsonObject {
  const found = policies.get(rule) ?? { permissions: rule.permissions.map(permission), principals: rule.principals.map(principal) };
  policies.set(rule, found);
  return found;
}

/** What is logged, denied and allowed, in this order; each in a filter of its own (SEC-R7). */
export function rbacFilters(level: FilterLevel, { audit, deny, allow, dryRun }: AuthorizationStages): JsonObject[] {
  const shadowDeny = dryRun && dryRun.deny.length > 0 ? rbacRules('DENY', dryRun.deny) : undefined;
  const shadowAllow = dryRun?.allow && rbacRules('ALLOW', dryRun.allow);
  const filters: JsonObject[] = [];
  if (audit.length > 0) filters.push(rbacFilter(level, { rules: rbacRules('LOG', audit), shadowPrefix: shadowPrefixes.ALLOW }));
  if (deny.length > 0 || shadowDeny) {
    const rules = deny.length > 0 ? rbacRules('DENY', deny) : undefined;
    filters.push(rbacFilter(level, { rules, shadowRules: shadowDeny, shadowPrefix: shadowDeny ? shadowPrefixes.DENY : shadowPrefixes.ALLOW }));
  }
  if (allow || shadowAllow) {
    filters.push(rbacFilter(level, { rules: allow && rbacRules('ALLOW', allow), shadowRules: shadowAllow, shadowPrefix: shadowPrefixes.ALLOW }));
  }
  return filters;
}
