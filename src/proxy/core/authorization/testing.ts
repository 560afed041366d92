// Policies for tests.
import type { AuthorizationCondition, AuthorizationRule, AuthorizationStages } from '../../../ir/authorization.ts';

const any: AuthorizationCondition = { kind: 'any' };

/** A rule with these permissions and principals; any where there are none. */
export function rule(
  name: string,
  permissions: readonly AuthorizationCondition[] = [any],
  principals: readonly AuthorizationCondition[] = [any],
): AuthorizationRule {
  return { name, permissions, principals, origin: { kind: 'AuthorizationPolicy', namespace: 'shop', name, path: ['spec', 'rules', 0] } };
}

export function policies(more: Partial<AuthorizationStages> = {}): AuthorizationStages {
  return { custom: [], audit: [], deny: [], ...more };
}

export const exactly = (value: string) => ({ kind: 'exact' as const, value });
export const path = (value: string): AuthorizationCondition => ({ kind: 'path', match: exactly(value) });
export const method = (value: string): AuthorizationCondition => ({ kind: 'method', match: exactly(value) });
export const peer = (value: string): AuthorizationCondition => ({ kind: 'peer', match: exactly(value) });
