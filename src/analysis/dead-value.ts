import type { AuthorizationPolicy } from '../manifest/istio/security.gen.ts';

/** Who is hurt by a value of an authorization policy that matches nothing, by the policy's action (SEC-R21, SEC-R23, SEC-R30). */
export function effectOfDeadValue({ action = 'ALLOW' }: AuthorizationPolicy, negated: boolean): string {
  switch (action) {
    case 'ALLOW':
      return negated
        ? 'it leaves nobody out: the requests that were meant are allowed'
        : 'it lets nobody in: the requests that were meant get 403 (RBAC: access denied)';
    case 'DENY':
      return negated
        ? 'it spares nobody: the requests that were meant get 403 (RBAC: access denied), too'
        : 'it denies nothing: the requests that were meant go through';
    case 'CUSTOM':
      return negated
        ? 'it spares nobody: the requests that were meant go to the external authorizer, too'
        : 'the requests that were meant do not go to the external authorizer';
    default:
      return negated ? 'it leaves nobody out of the audit' : 'the requests that were meant are not audited';
  }
}
