import type { AuthorizationRule, AuthorizationStages } from '../../ir/authorization.ts';
import type { Origin, Security } from '../../ir/table.ts';
import { inOrder, type PolicyInForce } from '../../proxy-config/policies.ts';

/** A policy as a routing table has it. */
export interface TablePolicy extends PolicyInForce {
  origin: Origin;
  /** Of CUSTOM: who is asked; empty: it names nobody. */
  provider?: string;
}

/** All policies of a workload, in the order in which they are asked. */
export function tablePolicies(security: Security | undefined): TablePolicy[] {
  const found = new Map<string, TablePolicy & { names: Set<string> }>();
  for (const stages of [security?.authorization?.http, security?.authorization?.tcp]) {
    for (const { action, dryRun, rules, provider } of stages ? listsOf(stages) : []) {
      for (const { name: rule, origin } of rules) {
        const key = JSON.stringify([action, dryRun, origin.namespace, origin.name]);
        const { namespace, name } = origin;
        const policy = found.get(key) ?? {
          action,
          dryRun,
          namespace,
          name,
          rules: 0,
          origin: { ...origin, path: [] },
          ...(provider === undefined ? {} : { provider }),
          names: new Set<string>(),
        };
        found.set(key, policy);
        policy.names.add(rule);
      }
    }
  }
  const policies = [...found.values()].map(({ names, ...policy }) => ({ ...policy, rules: names.size }));
  return inOrder(policies) as TablePolicy[];
}

interface RuleList extends Pick<PolicyInForce, 'action' | 'dryRun'> {
  rules: readonly AuthorizationRule[];
  provider?: string;
}

function listsOf({ custom, audit, deny, allow = [], dryRun }: AuthorizationStages): RuleList[] {
  return [
    ...custom.map(({ rules, provider }): RuleList => ({ action: 'CUSTOM', dryRun: false, rules, provider })),
    { action: 'AUDIT', dryRun: false, rules: audit },
    { action: 'DENY', dryRun: false, rules: deny },
    { action: 'DENY', dryRun: true, rules: dryRun?.deny ?? [] },
    { action: 'ALLOW', dryRun: false, rules: allow },
    { action: 'ALLOW', dryRun: true, rules: dryRun?.allow ?? [] },
  ];
}
