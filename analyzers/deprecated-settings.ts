import { type Context, defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0002 } from '../src/analysis/catalogue/deprecation.ts';
import { type Deprecated, deprecatedAlgorithm, deprecatedErrors, deprecatedRingSize } from '../src/manifest/istio/deprecated.ts';
import type { DestinationRule, TrafficPolicy_PortTrafficPolicy } from '../src/manifest/istio/networking.gen.ts';
import type { Path } from '../src/manifest/problem.ts';
import type { Resource } from '../src/manifest/resource.ts';

const messages = { IST0002 };

/** What the reference accepts without a word. */
export default defineAnalyzer({
  name: 'weft.DeprecatedSettingAnalyzer',
  summary: 'destination rules use no deprecated settings, also for single ports and subsets',
  reads: ['DestinationRule'],
  preset: 'recommended',
  messages,
  check(context) {
    for (const rule of context.mesh.list('DestinationRule')) checkRule(rule, context);
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
