import { type Context, defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0002 } from '../src/analysis/catalogue/deprecation.ts';
import { type Deprecated, deprecatedAlgorithm, deprecatedDelayPercent, deprecatedErrors, deprecatedRingSize } from '../src/manifest/istio/deprecated.ts';
import type { DestinationRule, TrafficPolicy_PortTrafficPolicy } from '../src/manifest/istio/networking.gen.ts';
import type { Path } from '../src/manifest/problem.ts';
import type { Resource } from '../src/manifest/resource.ts';
import { isMap, text } from '../src/model/untyped.ts';

const messages = { IST0002 };

/** Kinds of `rbac.istio.io`, which Istio removed in 1.6. */
const removed = new Set(['ClusterRbacConfig', 'RbacConfig', 'ServiceRole', 'ServiceRoleBinding']);

/** spec/analyze/messages.md, deprecation. The reference says nothing of destination rules, and of definitions that it reads from files. */
export default defineAnalyzer({
  name: 'deprecation.DeprecationAnalyzer',
  summary: 'deprecated fields and removed kinds are not used',
  reads: ['VirtualService', 'Sidecar', 'DestinationRule', 'CustomResourceDefinition'],
  preset: 'reference',
  messages,
  check(context) {
    const { mesh, preset, report } = context;
    for (const service of mesh.list('VirtualService')) {
      for (const [i, route] of (service.spec.http ?? []).entries()) {
        const path = ['spec', 'http', i, 'fault', 'delay'];
        const found = route?.fault?.delay && deprecatedDelayPercent(route.fault.delay, path);
        if (found) report('IST0002', service, [...path, 'percent'], { detail: found.text, same: 'percent' }, found);
      }
    }
    for (const sidecar of mesh.list('Sidecar')) {
      if (!sidecar.spec.outboundTrafficPolicy?.egressProxy) continue;
      const detail = 'the field OutboundTrafficPolicy.EgressProxy (outboundTrafficPolicy.egressProxy) is ignored';
      report(
        'IST0002',
        sidecar,
        ['spec', 'outboundTrafficPolicy', 'egressProxy'],
        { detail },
        { help: 'remove it; an egress host in the Sidecar leads to an egress gateway' },
      );
    }
    if (preset === 'reference') return;
    for (const rule of mesh.list('DestinationRule')) checkRule(rule, context);
    for (const definition of mesh.list('CustomResourceDefinition')) {
      const { group, names } = definition.spec;
      const kind = text(isMap(names) ? names.kind : undefined);
      if (group !== 'rbac.istio.io' || !removed.has(kind)) continue;
      const detail = `the kind ${kind} of ${group} was removed from Istio`;
      report('IST0002', definition, ['spec', 'names', 'kind'], { detail }, { help: 'use AuthorizationPolicy, and remove this definition' });
    }
  },
});

/** Of the policy for the whole host validation says already what is deprecated, and of others it does not. */
function checkRule(rule: Resource<DestinationRule>, { report }: Context<typeof messages>): void {
  for (const { policy, path, validated } of settingsOf(rule.spec)) {
    const { loadBalancer, outlierDetection } = policy;
    const balancer = [...path, 'loadBalancer'];
    const say = (at: Path, found: Deprecated | undefined): void => {
      if (found) report('IST0002', rule, at, { detail: found.text }, found);
    };
    if (loadBalancer) say([...balancer, 'simple'], deprecatedAlgorithm(loadBalancer, balancer));
    if (validated) continue;
    const hash = [...balancer, 'consistentHash'];
    const outlier = [...path, 'outlierDetection'];
    if (loadBalancer?.consistentHash) say([...hash, 'minimumRingSize'], deprecatedRingSize(loadBalancer.consistentHash, hash));
    if (outlierDetection) say([...outlier, 'consecutiveErrors'], deprecatedErrors(outlierDetection, outlier));
  }
}

interface Settings {
  policy: Pick<TrafficPolicy_PortTrafficPolicy, 'loadBalancer' | 'outlierDetection'>;
  path: Path;
  validated: boolean;
}

/** The settings of a rule for all ports and for single ones, of the whole host and of its subsets. */
function* settingsOf({ trafficPolicy, subsets = [] }: DestinationRule): Generator<Settings> {
  const policies = [
    { policy: trafficPolicy, path: ['spec', 'trafficPolicy'], validated: true },
    ...subsets.map((subset, i) => ({ policy: subset?.trafficPolicy, path: ['spec', 'subsets', i, 'trafficPolicy'], validated: false })),
  ];
  for (const { policy, path, validated } of policies) {
    if (!policy) continue;
    yield { policy, path, validated };
    for (const [i, port] of (policy.portLevelSettings ?? []).entries()) {
      if (port) yield { policy: port, path: [...path, 'portLevelSettings', i], validated: false };
    }
  }
}
