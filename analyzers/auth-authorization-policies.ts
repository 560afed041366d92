import { type Context, defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0101 } from '../src/analysis/catalogue/references.ts';
import { IST0127 } from '../src/analysis/catalogue/selectors.ts';
import type { AuthorizationPolicy } from '../src/manifest/istio/security.gen.ts';
import type { Resource } from '../src/manifest/resource.ts';
import { inMesh, isAmbient } from '../src/model/injection.ts';
import type { Namespace } from '../src/model/kubernetes.ts';
import { LabelIndex } from '../src/model/label-index.ts';
import { formatSelector } from '../src/model/selectors.ts';
import type { Workload } from '../src/model/workloads.ts';

const messages = { IST0101, IST0127 };
type Policy = Resource<AuthorizationPolicy>;

/** spec/analyze/messages.md, auth.AuthorizationPoliciesAnalyzer */
export default defineAnalyzer({
  name: 'auth.AuthorizationPoliciesAnalyzer',
  summary: 'authorization policies apply to workloads that exist, and name namespaces that exist',
  reads: ['MeshConfig', 'AuthorizationPolicy', 'Namespace', 'Pod'],
  preset: 'reference',
  messages,
  check(context) {
    const policies = context.mesh.list('AuthorizationPolicy');
    checkWorkloads(context, policies);
    checkNamespaces(context, policies);
  },
});

function checkWorkloads({ mesh, knows, knowsWorkloads, report }: Context<typeof messages>, policies: readonly Policy[]): void {
  if (policies.length === 0 || !knowsWorkloads()) return;
  // Without its namespace it is unknown whether a pod is injected, and then its policies may well have a workload.
  const unknownInjection = !knows('Namespace');
  const counted = mesh.allWorkloads().filter((workload) => {
    const namespace = mesh.find('Namespace', '', workload.namespace);
    return inMesh(workload, namespace) || isAmbient(workload, namespace) || (unknownInjection && !namespace);
  });
  const labels = (workload: Workload) => workload.labels;
  const everywhere = new LabelIndex(counted, labels);
  const byNamespace = new Map([...Map.groupBy(counted, (w) => w.namespace)].map(([name, list]) => [name, new LabelIndex(list, labels)]));
  for (const policy of policies) {
    const { selector } = policy.spec;
    const meshWide = policy.namespace === mesh.rootNamespace;
    if (meshWide && !selector) continue;
    const candidates = meshWide ? everywhere : byNamespace.get(policy.namespace);
    const wanted = selector?.matchLabels ?? {};
    if ((candidates?.matching(wanted).length ?? 0) > 0) continue;
    report('IST0127', policy, selector ? ['spec', 'selector'] : ['metadata', 'name'], { selector: formatSelector(wanted) });
  }
}

function checkNamespaces({ mesh, preset, knows, report }: Context<typeof messages>, policies: readonly Policy[]): void {
  const exists = namespaceMatcher(mesh.list('Namespace'));
  for (const policy of policies) {
    policy.spec.rules?.forEach((rule, r) => {
      rule?.from?.forEach((from, f) => {
        const source = ['spec', 'rules', r, 'from', f, 'source'];
        const { namespaces = [], notNamespaces = [] } = from?.source ?? {};
        namespaces.forEach((name, n) => {
          if (!exists(name) && knows('Namespace'))
            report('IST0101', policy, [...source, 'namespaces', n], { what: 'namespace', name }, { help: 'correct the name: no request comes from there' });
        });
        notNamespaces.forEach((name, n) => {
          if (exists(name) || !knows('Namespace')) return;
          // The reference looks for the line under `namespaces`, and has none when there are fewer of them.
          const other = n < namespaces.length;
          const path = [...source, other && preset === 'reference' ? 'namespaces' : 'notNamespaces', n];
          report(
            'IST0101',
            policy,
            path,
            { what: 'namespace', name, same: other ? undefined : `namespace ${name}` },
            { help: 'correct the name: it excludes nothing' },
          );
        });
      });
    });
  }
}

/** Whether a namespace has the name, or one of the names that `*`, `*-suffix` or `prefix-*` stands for; letters' case does not count. */
function namespaceMatcher(namespaces: readonly Namespace[]): (pattern: string) => boolean {
  const names = namespaces.map((namespace) => namespace.name);
  const folded = new Set(names.map((name) => name.toLowerCase()));
  const known = new Map<string, boolean>();
  const match = (pattern: string): boolean => {
    if (pattern === '*') return names.length > 0;
    if (pattern.startsWith('*')) return names.some((name) => name.endsWith(pattern.slice(1)));
    if (pattern.endsWith('*')) return names.some((name) => name.startsWith(pattern.slice(0, -1)));
    return folded.has(pattern.toLowerCase());
  };
  return (pattern) => {
    let found = known.get(pattern);
    if (found === undefined) {
      found = match(pattern);
      known.set(pattern, found);
    }
    return found;
  };
}
