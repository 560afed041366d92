// The destination rules of a service as its clients merge them, and what is lost in that.
import { isDeepStrictEqual } from 'node:util';
import type { Origin } from '../ir/table.ts';
import type { TrafficPolicy, TrafficPolicy_PortTrafficPolicy } from '../manifest/istio/networking.gen.ts';
import { DestinationRules, type Rule } from '../model/destination-rules.ts';
import type { MeshService } from '../model/services.ts';
import { type EffectiveRule, effectiveRule } from '../translate/clusters/effective-rule.ts';
import { originOf } from '../translate/statuses.ts';
import type { Caller } from './caller.ts';
import type { DestinationRuleSection, TrafficPolicySection } from './description.ts';
import { matchesSubject, type Subject } from './subject.ts';

export function destinationRuleSection(subject: Subject, { mesh, proxy }: Caller, service: MeshService): DestinationRuleSection | undefined {
  const rule = effectiveRule(mesh, proxy, service);
  if (!rule) return undefined;
  const { policy } = rule;
  return {
    rules: rule.rules.map((one) => ({ origin: originOf(one), host: one.spec.host ?? '' })),
    subsets: rule.subsets.map((placed) => ({
      name: placed.subset.name ?? '',
      labels: placed.subset.labels ?? {},
      origin: originOf(placed.rule, ...placed.path),
      matches: matchesSubject(subject, placed.subset.labels ?? {}),
    })),
    ...(policy
      ? {
          policy: {
            origin: originOf(policy.rule, ...policy.path),
            ...partsOf(policy.policy),
            ports: (policy.policy.portLevelSettings ?? []).flatMap((entry) => (entry?.port?.number ? [{ port: entry.port.number, ...partsOf(entry) }] : [])),
          },
        }
      : {}),
    lost: [...lostInMerge(rule), ...notUsed(subject, { mesh, proxy }, service, rule)],
  };
}

function partsOf({ tls, loadBalancer, connectionPool, outlierDetection }: TrafficPolicy | TrafficPolicy_PortTrafficPolicy): TrafficPolicySection {
  return {
    ...(tls ? { tlsMode: tls.mode ?? 'DISABLE' } : {}),
    parts: [...(loadBalancer ? ['load balancer'] : []), ...(connectionPool ? ['connection pool'] : []), ...(outlierDetection ? ['outlier detection'] : [])],
  };
}

type Lost = DestinationRuleSection['lost'][number];

/** Of rules that are merged the first traffic policy counts, and the first subset of each name (DR-R4). */
function lostInMerge({ rules, policy, subsets }: EffectiveRule): Lost[] {
  const lost: Lost[] = [];
  for (const rule of rules) {
    const { trafficPolicy } = rule.spec;
    if (trafficPolicy && policy && policy.rule !== rule && !isDeepStrictEqual(trafficPolicy, policy.policy)) {
      const what = `traffic policy (${Object.keys(trafficPolicy).join(', ')})`;
      lost.push({
        origin: originOf(rule, 'spec', 'trafficPolicy'),
        what,
        why: 'an older rule for the host has one',
        by: originOf(policy.rule, ...policy.path),
      });
    }
    for (const [i, subset] of (rule.spec.subsets ?? []).entries()) {
      const used = subset && subsets.find((placed) => placed.subset.name === subset.name);
      if (!used || used.subset === subset || isDeepStrictEqual(used.subset, subset)) continue;
      const what = `subset ${subset.name ?? ''}`;
      lost.push({
        origin: originOf(rule, 'spec', 'subsets', i),
        what,
        why: 'an older rule for the host has one of this name',
        by: originOf(used.rule, ...used.path),
      });
    }
  }
  return lost;
}

/** Rules for the host of which nothing is taken over, because another one is nearer (DR-R1 to DR-R3). */
function notUsed({ mesh }: Subject, { proxy }: Pick<Caller, 'mesh' | 'proxy'>, { host, namespace }: MeshService, used: EffectiveRule): Lost[] {
  const index = DestinationRules.of(mesh);
  const by: Origin | undefined = used.rules[0] && originOf(used.rules[0]);
  const seen = new Set<Rule>(used.rules);
  const lost: Lost[] = [];
  for (const from of new Set([proxy.namespace, namespace, mesh.rootNamespace])) {
    for (const rule of index.inNamespace(from, host)) {
      if (seen.has(rule)) continue;
      seen.add(rule);
      lost.push({ origin: originOf(rule), what: 'the whole rule', why: whyNot(rule, used), ...(by ? { by } : {}) });
    }
  }
  return lost;
}

function whyNot({ namespace, spec }: Rule, { rules: [winner] }: EffectiveRule): string {
  if (spec.workloadSelector) return 'it is for some clients only';
  if (namespace === winner?.namespace) return 'rules with different exportTo are not merged, and another one of its namespace counts';
  return 'a rule in a nearer namespace counts, and nothing is taken over';
}
