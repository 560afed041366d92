// Policies that apply to a workload.
import type { Authorization, AuthorizationCondition, AuthorizationRule, AuthorizationStages } from '../ir/authorization.ts';
import type { AuthorizationPolicy } from '../manifest/istio/security.gen.ts';
import type { Resource } from '../manifest/resource.ts';
import { byCreation } from '../model/creation.ts';
import type { Mesh, ResourceOf } from '../model/mesh.ts';
import { WorkloadPolicies, type WorkloadPolicyKind } from '../model/workload-policies.ts';
import type { Workload } from '../model/workloads.ts';
import { isDryRun } from '../translate/security/authorization.ts';
import { originOf } from '../translate/statuses.ts';
import { securityOf } from '../translate/table.ts';
import { sidecarOf } from '../translate/workload-identity.ts';
import type { Caller } from './caller.ts';
import type { AuthorizationSection, PolicySection, Scope, SelectingSection } from './description.ts';
import { isSameObject, originKey } from './origins.ts';

/** @param proxies of the workloads */
export function policySection(mesh: Mesh, workloads: readonly Workload[], proxies: readonly Caller[]): PolicySection {
  const of = <K extends WorkloadPolicyKind>(kind: K): { policy: ResourceOf<K>; scope: Scope }[] => selecting(mesh, kind, workloads);
  const tables = eachOnce(workloads.map(({ namespace, name }) => authorizationOf(mesh, namespace, name)));
  const simple = (kind: WorkloadPolicyKind): SelectingSection[] => of(kind).map(({ policy, scope }) => ({ origin: originOf(policy as Resource), scope }));
  return {
    authorization: of('AuthorizationPolicy').map(({ policy, scope }) => authorization(policy, scope, tables)),
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

function authorizationOf(mesh: Mesh, namespace: string, name: string): Authorization | undefined {
  const proxy = sidecarOf(mesh, namespace, name);
  return proxy && securityOf(mesh, proxy)?.authorization;
}

function eachOnce<T>(list: readonly (T | undefined)[]): T[] {
  return [...new Set(list)].filter((one) => one !== undefined);
}

const scopes: readonly Scope[] = ['mesh', 'namespace', 'workload'];

/** Those for the mesh first, then for the namespace, then for the workload. */
function selecting<K extends WorkloadPolicyKind>(mesh: Mesh, kind: K, workloads: readonly Workload[]): { policy: ResourceOf<K>; scope: Scope }[] {
  const policies = WorkloadPolicies.of(mesh, kind);
  return [...new Set(workloads.flatMap((workload) => policies.appliedTo(workload)))]
    .map((policy) => ({ policy, scope: policies.scopeOf(policy) }))
    .sort((a, b) => scopes.indexOf(a.scope) - scopes.indexOf(b.scope) || byCreation(a.policy, b.policy));
}

/** What a policy comes to in the tables of the workloads: all of them have the same of it. */
function authorization(policy: Resource<AuthorizationPolicy>, scope: Scope, tables: readonly Authorization[]): AuthorizationSection {
  const origin = originOf(policy);
  for (const { http } of tables) {
    for (const { rules, ...known } of ruleLists(http)) {
      const own = rules.filter((rule) => isSameObject(rule.origin, origin));
      if (own.length === 0) continue;
      const asking = own.filter(({ permissions }) => !permissions.every(({ kind }) => kind === 'never'));
      const named = asking.map(({ permissions }) => portsOf({ kind: 'some', of: permissions }));
      const ports = named.some((list) => list === undefined) ? [] : [...new Set(named.flatMap((list) => list ?? []))].sort((a, b) => a - b);
      return { origin, scope, ...known, rules: asking.length, names: asking.map(({ name }) => name), ...(ports.length > 0 ? { ports } : {}) };
    }
  }
  // It allows nothing: nothing of it is left.
  return { origin, scope, action: policy.spec.action ?? 'ALLOW', rules: 0, names: [], dryRun: isDryRun(policy) };
}

function ruleLists({ custom, audit, deny, allow = [], dryRun }: AuthorizationStages): (Pick<AuthorizationSection, 'action' | 'dryRun' | 'provider'> & {
  rules: readonly AuthorizationRule[];
})[] {
  return [
    ...custom.map(({ rules, provider }) => ({ action: 'CUSTOM' as const, dryRun: false, rules, ...(provider === '' ? {} : { provider }) })),
    { action: 'AUDIT', dryRun: false, rules: audit },
    { action: 'DENY', dryRun: false, rules: deny },
    { action: 'ALLOW', dryRun: false, rules: allow },
    { action: 'DENY', dryRun: true, rules: dryRun?.deny ?? [] },
    { action: 'ALLOW', dryRun: true, rules: dryRun?.allow ?? [] },
  ];
}

/** Ports of the workload that a condition is for; undefined: any. */
export function portsOf(condition: AuthorizationCondition): number[] | undefined {
  switch (condition.kind) {
    case 'destination-port':
      return [condition.port];
    case 'all':
      return condition.of.map(portsOf).find((ports) => ports !== undefined);
    case 'some': {
      const each = condition.of.map(portsOf);
      return each.length === 0 || each.includes(undefined) ? undefined : each.flatMap((ports) => ports ?? []);
    }
    default:
      return undefined;
  }
}

/** Names that the rules of policies have in the sidecar, of those that are asked at a port of the workload. */
export function rbacNames({ authorization: policies }: Pick<PolicySection, 'authorization'>, targetPort: number | undefined): string[] {
  return policies
    .filter(
      ({ action, ports, dryRun }) => !dryRun && (action === 'ALLOW' || action === 'DENY') && (!ports || targetPort === undefined || ports.includes(targetPort)),
    )
    .flatMap(({ names }) => names);
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
