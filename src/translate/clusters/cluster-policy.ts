import type { Origin } from '../../ir/table.ts';
import type {
  ClientTLSSettings,
  ConnectionPoolSettings,
  LoadBalancerSettings,
  OutlierDetection,
  TrafficPolicy,
  TrafficPolicy_ProxyProtocol,
  TrafficPolicy_RetryBudget,
  TrafficPolicy_TunnelSettings,
} from '../../manifest/istio/networking.gen.ts';
import type { PlacedSubset, Rule } from '../../model/destination-rules.ts';
import { originOf } from '../statuses.ts';
import { blockFor, type PlacedPolicy, type PortBlock, portEntry } from '../traffic-policy.ts';
import type { EffectiveRule } from './effective-rule.ts';

/** What destination rules say about one cluster, of all levels together. */
export interface ClusterPolicy {
  connectionPool?: ConnectionPoolSettings;
  loadBalancer?: LoadBalancerSettings;
  outlierDetection?: OutlierDetection;
  tls?: ClientTLSSettings;
  tunnel?: TrafficPolicy_TunnelSettings;
  proxyProtocol?: TrafficPolicy_ProxyProtocol;
  retryBudget?: TrafficPolicy_RetryBudget;
  /** Where it is written: the policy of the host, then that of the subset. */
  origins: readonly Origin[];
}

interface Placed extends PlacedPolicy {
  rule: Rule;
}

/** Fields that a port's policy cannot say. */
type OwnField = 'tunnel' | 'proxyProtocol' | 'retryBudget';

const noPolicy: ClusterPolicy = { origins: [] };

/** The policies that decide about a cluster: that of the host, and that of its subset. */
export function levelsOf(rule: EffectiveRule | undefined, subset: PlacedSubset | undefined): { host: Placed | undefined; own: Placed | undefined } {
  const policy = subset?.subset.trafficPolicy;
  return { host: rule?.policy, own: subset && policy && { rule: subset.rule, policy, path: [...subset.path, 'trafficPolicy'] } };
}

/** The policy for a port of a service, or of one of its subsets (DR-R10 to DR-R12). */
export function policyFor(rule: EffectiveRule | undefined, port: number, subset: PlacedSubset | undefined): ClusterPolicy {
  if (!rule) return noPolicy;
  const { host, own } = levelsOf(rule, subset);
  const block = (name: PortBlock) => blockFor(name, port, host, own)?.value;
  return {
    connectionPool: block('connectionPool') as ConnectionPoolSettings | undefined,
    loadBalancer: block('loadBalancer') as LoadBalancerSettings | undefined,
    outlierDetection: block('outlierDetection') as OutlierDetection | undefined,
    tls: block('tls') as ClientTLSSettings | undefined,
    tunnel: ownField('tunnel', port, host, own),
    proxyProtocol: ownField('proxyProtocol', port, host, own),
    retryBudget: ownField('retryBudget', port, host, own),
    origins: [...(host ? [originOf(host.rule, ...host.path)] : []), ...(subset ? [originOf(subset.rule, ...subset.path)] : [])],
  };
}

/** What a policy of a port cannot say stands in no policy that has one for this port; of the host's it is then lost (DR-R10). */
function ownField<Name extends OwnField>(name: Name, port: number, host: Placed | undefined, subset: Placed | undefined): TrafficPolicy[Name] | undefined {
  const of = (placed: Placed | undefined): TrafficPolicy[Name] | undefined =>
    placed && !portEntry(placed.policy, port) ? (placed.policy[name] ?? undefined) : undefined;
  return of(subset) ?? of(host);
}
