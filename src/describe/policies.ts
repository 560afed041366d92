// Policies that apply to a workload.
import type { AuthorizationPolicy, Rule } from '../manifest/istio/security.gen.ts';
import type { Resource } from '../manifest/resource.ts';
import { byCreation } from '../model/creation.ts';
import type { Mesh, ResourceOf } from '../model/mesh.ts';
import { WorkloadPolicies, type WorkloadPolicyKind } from '../model/workload-policies.ts';
import type { Workload } from '../model/workloads.ts';
import { isDryRun } from '../translate/security/authorization.ts';
import { originOf } from '../translate/statuses.ts';
import type { Caller } from './caller.ts';
import type { AuthorizationSection, PolicySection, Scope, SelectingSection } from './description.ts';
import { originKey } from './origins.ts';

/** @param proxies of the workloads */
export function policySection(mesh: Mesh, workloads: readonly Workload[], proxies: readonly Caller[]): PolicySection {
  const of = <K extends WorkloadPolicyKind>(kind: K): { policy: ResourceOf<K>; scope: Scope }[] => selecting(mesh, kind, workloads);
  const simple = (kind: WorkloadPolicyKind): SelectingSection[] => of(kind).map(({ policy, scope }) => ({ origin: originOf(policy as Resource), scope }));
  return {
    authorization: of('AuthorizationPolicy').map(({ policy, scope }) => authorization(policy, scope)),
    requestAuthentication: of('RequestAuthentication').map(({ policy, scope }) => ({
      origin: originOf(policy),
      scope,
      issuers: (policy.spec.jwtRules ?? []).flatMap((rule) => rule?.issuer || []),
    })),
    telemetry: simple('Telemetry'),
    proxyConfig: simple('ProxyConfig'),
    wasmPlugins: simple('WasmPlugin'),
    envoyFilters: envoyFilters(proxies),
  };
}

const scopes: readonly Scope[] = ['mesh', 'namespace', 'workload'];

/** Those for the mesh first, then for the namespace, then for the workload. */
function selecting<K extends WorkloadPolicyKind>(mesh: Mesh, kind: K, workloads: readonly Workload[]): { policy: ResourceOf<K>; scope: Scope }[] {
  const policies = WorkloadPolicies.of(mesh, kind);
  return [...new Set(workloads.flatMap((workload) => policies.appliedTo(workload)))]
    .map((policy) => ({ policy, scope: policies.scopeOf(policy) }))
    .sort((a, b) => scopes.indexOf(a.scope) - scopes.indexOf(b.scope) || byCreation(a.policy, b.policy));
}

function authorization(policy: Resource<AuthorizationPolicy>, scope: Scope): AuthorizationSection {
  const { action = 'ALLOW', rules = [], provider } = policy.spec;
  const named = rules.map(portsOf);
  const ports = named.some((list) => list === undefined) ? undefined : [...new Set(named.flatMap((list) => list ?? []))].sort((a, b) => a - b);
  return {
    origin: originOf(policy),
    scope,
    action,
    rules: rules.length,
    dryRun: isDryRun(policy),
    ...(provider?.name ? { provider: provider.name } : {}),
    ...(ports && ports.length > 0 ? { ports } : {}),
  };
}

/** Ports that a rule is for; undefined: any. */
function portsOf(rule: Rule | null): number[] | undefined {
  const operations = rule?.to?.map((to) => to?.operation?.ports) ?? [];
  if (operations.length === 0 || operations.some((ports) => !ports?.length)) return undefined;
  return operations.flatMap((ports) => ports ?? []).map(Number);
}

/** Names that the rules of policies have in the sidecar, of those that are asked at a port of the workload. */
export function rbacNames({ authorization: policies }: Pick<PolicySection, 'authorization'>, targetPort: number | undefined): string[] {
  return policies
    .filter(
      ({ action, ports, dryRun }) => !dryRun && (action === 'ALLOW' || action === 'DENY') && (!ports || targetPort === undefined || ports.includes(targetPort)),
    )
    .flatMap(({ origin, rules }) => Array.from({ length: rules }, (_, i) => `ns[${origin.namespace}]-policy[${origin.name}]-rule[${i}]`));
}

function envoyFilters(proxies: readonly Caller[]): PolicySection['envoyFilters'] {
  const found = new Map<string, PolicySection['envoyFilters'][number]>();
  for (const { table } of proxies) {
    const own = new Map<string, number>();
    for (const { origin } of table.envoyPatches) own.set(originKey(origin), (own.get(originKey(origin)) ?? 0) + 1);
    for (const { origin } of table.envoyPatches) {
      const key = originKey(origin);
      if (!found.has(key)) found.set(key, { origin: { ...origin, path: [] }, patches: own.get(key) ?? 0 });
    }
  }
  return [...found.values()];
}
