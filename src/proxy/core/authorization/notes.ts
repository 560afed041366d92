import type { DryRun } from './decision.ts';

/** What policies say of a request besides its denial, for the access log. Names of rules; empty: none holds. */
export interface AuthorizationNotes {
  /** Undefined: there are no AUDIT policies, or it was denied before. */
  audit: string | undefined;
  dryRun: DryRun | undefined;
}

/**
 * A value of `%DYNAMIC_METADATA(NAMESPACE:KEY)%`, under the names that Envoy's filters have for it: `envoy.common:access_log_hint` of
 * AUDIT policies, and `envoy.filters.http.rbac:istio_dry_run_deny_shadow_engine_result` and the like of those that are tried out.
 */
export function authorizationMetadata(notes: AuthorizationNotes | undefined, namespace: string, key: string): string | boolean | undefined {
  if (notes === undefined) return undefined;
  if (namespace === 'envoy.common') return key === 'access_log_hint' && notes.audit !== undefined ? notes.audit !== '' : undefined;
  if (namespace !== 'envoy.filters.http.rbac' && namespace !== 'envoy.filters.network.rbac') return undefined;
  const { deny, allow } = notes.dryRun ?? {};
  switch (key) {
    case 'istio_dry_run_deny_shadow_engine_result':
      return deny && (deny.denied ? 'denied' : 'allowed');
    case 'istio_dry_run_deny_shadow_effective_policy_id':
      return deny?.rule?.name;
    case 'istio_dry_run_allow_shadow_engine_result':
      return allow && (allow.allowed ? 'allowed' : 'denied');
    case 'istio_dry_run_allow_shadow_effective_policy_id':
      return allow?.rule?.name;
    default:
      return undefined;
  }
}
