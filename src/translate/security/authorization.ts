// All AuthorizationPolicies for a proxy together (SEC-R20, SEC-R21, SEC-R31).
import type { Authorization, AuthorizationRule, AuthorizationStages, CustomAuthorization } from '../../ir/authorization.ts';
import type { Status } from '../../ir/table.ts';
import { byName } from '../by-name.ts';
import { originOf } from '../statuses.ts';
import type { AskedProviders } from './external-authorizers.ts';
import { type Action, type Policy, type PolicyRules, rulesOf } from './policy-rules.ts';

export interface MadeAuthorization {
  authorization: Authorization;
  statuses: readonly Status[];
}

/** What all policies of a mesh are read with. */
export interface AuthorizationSettings {
  /** Of the mesh: its own, then its aliases. */
  trustDomains: readonly string[];
  providers: AskedProviders;
}

const dryRunAnnotation = 'istio.io/dry-run';
/** As Go reads a truth value. */
const truths: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);

/** Whether what a policy says is only told, and not done. */
export function isDryRun({ annotations }: Policy): boolean {
  return truths.has(annotations[dryRunAnnotation] ?? '');
}

/** Rules of CUSTOM policies that nobody can be asked about have it behind their names. */
const deniedSuffix = '-deny-due-to-bad-CUSTOM-action';

interface Read extends PolicyRules {
  policy: Policy;
  dryRun: boolean;
}

/** @param policies at least one */
export function authorizationOf(policies: readonly Policy[], { trustDomains, providers }: AuthorizationSettings): MadeAuthorization {
  const read = policies.map((policy): Read => ({ policy, dryRun: isDryRun(policy), ...rulesOf(policy, trustDomains) }));
  const { custom, statuses } = customOf(
    read.filter(({ action, dryRun }) => action === 'CUSTOM' && !dryRun),
    providers,
  );
  return {
    authorization: {
      http: { custom: custom('http'), ...stages(read, 'http') },
      // Only over gRPC something can be asked about a connection.
      tcp: { custom: custom('tcp').filter(({ authorizer }) => authorizer?.protocol !== 'http'), ...stages(read, 'tcp') },
    },
    statuses: [...read.flatMap((one) => one.statuses), ...statuses],
  };
}

type View = 'http' | 'tcp';

function stages(read: readonly Read[], view: View): Omit<AuthorizationStages, 'custom'> {
  const of = (action: Action, dryRun: boolean): AuthorizationRule[] | undefined => {
    const found = read.filter((one) => one.action === action && one.dryRun === dryRun);
    return found.length > 0 ? found.flatMap((one) => one[view]).sort(byName) : undefined;
  };
  const allow = of('ALLOW', false);
  const dryDeny = of('DENY', true);
  const dryAllow = of('ALLOW', true);
  return {
    audit: of('AUDIT', false) ?? [],
    deny: of('DENY', false) ?? [],
    ...(allow ? { allow } : {}),
    ...(dryDeny || dryAllow ? { dryRun: { deny: dryDeny ?? [], ...(dryAllow ? { allow: dryAllow } : {}) } } : {}),
  };
}

interface Custom {
  custom(view: View): CustomAuthorization[];
  statuses: Status[];
}

/** A proxy asks one provider; where its policies name several, or one that cannot be asked, what they are for is denied. */
function customOf(read: readonly Read[], providers: AskedProviders): Custom {
  const byProvider = [...Map.groupBy(read, ({ policy }) => policy.spec.provider?.name ?? '')].sort(([a], [b]) => (a < b ? -1 : 1));
  const statuses: Status[] = [];
  const authorizers = new Map(
    byProvider.map(([name, own]) => {
      const found = Object.hasOwn(providers, name) ? providers[name] : undefined;
      const report = (reason: Status['reason'], message: string): undefined => {
        for (const { policy } of own)
          statuses.push({ origin: originOf(policy, 'spec', 'provider'), reason, message: `${message}, so what the policy is for is denied` });
      };
      if (byProvider.length > 1) return [name, report('conflicting-providers', `policies of one workload name the providers ${quoted(byProvider)}`)];
      if (name === '') return [name, report('unknown-provider', 'the policy names no provider')];
      if (!found) return [name, report('unknown-provider', `the mesh configuration has no provider ${name} that authorizes (extensionProviders)`)];
      return [name, found.authorizer ?? report('invalid-provider', `the provider ${name} cannot be asked: ${found.problem}`)];
    }),
  );
  return {
    statuses,
    custom: (view) =>
      byProvider.map(([provider, own]) => {
        const authorizer = authorizers.get(provider);
        const rules = own.flatMap((one) => one[view]).sort(byName);
        return authorizer ? { provider, rules, authorizer } : { provider, rules: rules.map((rule) => ({ ...rule, name: rule.name + deniedSuffix })) };
      }),
  };
}

function quoted(byProvider: readonly (readonly [string, unknown])[]): string {
  return byProvider.map(([name]) => name || '(none)').join(' and ');
}
