import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { effectOfDeadValue } from '../src/analysis/dead-value.ts';
import { message } from '../src/analysis/message.ts';
import type { AuthorizationPolicy } from '../src/manifest/istio/security.gen.ts';
import type { Path } from '../src/manifest/problem.ts';
import type { Resource } from '../src/manifest/resource.ts';
import { pushTo } from '../src/model/push-to.ts';
import { WorkloadPolicies } from '../src/model/workload-policies.ts';
import { byName, type Workload } from '../src/model/workloads.ts';

const WFT1034 = message<{ attribute: string; workloads: readonly string[] }>({
  name: 'TokenUnverified',
  level: 'Warning',
  summary: 'an authorization policy asks about tokens that nobody verifies',
  text: ({ attribute, workloads: [first = '', ...more] }) =>
    `no request has ${attribute}: no RequestAuthentication is for ${first}${more.length === 0 ? '' : ` and ${more.length} more workload${more.length === 1 ? '' : 's'}`}`,
  help: 'add a RequestAuthentication for the workload, with the issuer of the tokens',
});

/** requestPrincipals and request.auth.* of AuthorizationPolicies: they are of tokens that a RequestAuthentication has verified (SEC-R26). */
export default defineAnalyzer({
  name: 'weft.AuthorizationTokenAnalyzer',
  summary: 'workloads verify the tokens that their authorization policies ask about',
  reads: ['AuthorizationPolicy', 'RequestAuthentication', 'Pod', 'gateway-api/Gateway', 'MeshConfig'],
  preset: 'recommended',
  messages: { WFT1034 },
  check({ mesh, knows, report }) {
    const asking = new Map(mesh.list('AuthorizationPolicy').map((policy): [Resource, Question[]] => [policy, questionsOf(policy.spec)]));
    if ([...asking.values()].every((questions) => questions.length === 0)) return;
    const policies = WorkloadPolicies.of(mesh, 'AuthorizationPolicy');
    const authentications = WorkloadPolicies.of(mesh, 'RequestAuthentication');
    const without = new Map<Resource, Workload[]>();
    for (const workload of mesh.allWorkloads().sort(byName)) {
      const isVerified = authentications.appliedTo(workload).length > 0;
      for (const policy of policies.appliedTo(workload)) {
        if (!asking.get(policy)?.length) continue;
        // For one of its workloads it means something: what it says may be for that one.
        if (isVerified) asking.delete(policy);
        else pushTo(without, policy, workload);
      }
    }
    for (const policy of mesh.list('AuthorizationPolicy')) {
      const workloads = [...new Set((without.get(policy) ?? []).map(({ name, namespace }) => `${name}.${namespace}`))];
      for (const { attribute, path, isNegated } of workloads.length > 0 ? (asking.get(policy) ?? []) : []) {
        if (!knows('RequestAuthentication')) return;
        report('WFT1034', policy, path, { attribute, workloads }, { effect: effectOfDeadValue(policy.spec, isNegated) });
      }
    }
  },
});

/** A place that asks about a token. */
interface Question {
  attribute: string;
  path: Path;
  isNegated: boolean;
}

function questionsOf(spec: AuthorizationPolicy): Question[] {
  const found: Question[] = [];
  for (const [r, rule] of (spec.rules ?? []).entries()) {
    for (const [f, from] of (rule?.from ?? []).entries()) {
      for (const field of ['requestPrincipals', 'notRequestPrincipals'] as const) {
        if (!from?.source?.[field]?.length) continue;
        found.push({ attribute: 'a request principal', path: ['spec', 'rules', r, 'from', f, 'source', field], isNegated: field === 'notRequestPrincipals' });
      }
    }
    for (const [w, when] of (rule?.when ?? []).entries()) {
      if (!when?.key?.startsWith('request.auth.')) continue;
      found.push({ attribute: when.key, path: ['spec', 'rules', r, 'when', w, 'key'], isNegated: !when.values?.length });
    }
  }
  return found;
}
