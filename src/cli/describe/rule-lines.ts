// Destination rules, and what they come to for each subset.

import type { ClientSection, ClusterSection, DestinationRuleSection, TrafficPolicySection } from '../../describe/description.ts';
import type { UpstreamFacts } from '../../simulate/simulation.ts';
import { counted } from '../counted.ts';
import type { Places } from '../route/places.ts';
import { endpointLines, limitLines, type Said } from '../route/upstream-lines.ts';
import type { Lines } from './lines.ts';

/** @param of `pod` or `service` */
export function ruleLines(lines: Lines, rule: DestinationRuleSection, of: 'pod' | 'service'): void {
  const { rules, subsets, policy, lost } = rule;
  const [first] = rules;
  if (!first) return;
  lines.add(`DestinationRule: ${rules.map(({ origin }) => lines.name(origin)).join(', ')} for ${JSON.stringify(first.host)}`, {
    place: lines.place(first.origin),
  });
  const names = (matching: boolean): string[] => subsets.filter(({ matches }) => matches === matching).map(({ name }) => name);
  const others = names(false);
  if (subsets.length > 0) {
    if (names(true).length === 0)
      lines.warn(`   WARNING ${of === 'pod' ? 'POD DOES' : 'PODS DO'} NOT MATCH ANY SUBSETS.  (Non matching subsets ${others.join(',')})`);
    lines.add(`   Matching subsets: ${names(true).join(',')}`);
    if (others.length > 0) lines.add(`      (Non-matching subsets ${others.join(',')})`);
  }
  if (!policy) lines.add('   No Traffic Policy');
  else {
    policyLines(lines, policy, '   ', 'Traffic Policy TLS Mode', lines.place(policy.origin));
    if (policy.ports.length > 0) lines.add('   Port Level Settings:');
    for (const port of policy.ports) {
      lines.add(`    ${port.port}:`);
      policyLines(lines, port, '      ', 'TLS Mode');
    }
  }
  for (const { origin, what, why, by } of lost) {
    const winner = by ? `, ${lines.name(by)} counts` : '';
    lines.warn(`   Not used: ${what} of ${lines.name(origin)}: ${why}${winner}`, lines.place(origin));
  }
}

function policyLines(lines: Lines, { tlsMode, parts }: TrafficPolicySection, margin: string, label: string, place?: string): void {
  const at = place === undefined ? {} : { place };
  if (tlsMode !== undefined) lines.add(`${margin}${label}: ${tlsMode}`, at);
  if (parts.length > 0) lines.add(`${margin}Policies: ${parts.join('/')}`, tlsMode === undefined ? at : {});
}

/** Endpoints of each subset; limits and the like, once for all that have the same. */
export function clusterLines(lines: Lines, places: Places, { clusters, http }: Pick<ClientSection, 'clusters' | 'http'>, of: 'pod' | 'service'): void {
  const here = of === 'pod' ? clusters.filter(({ reaches }) => reaches) : clusters;
  const shown = here.length > 0 ? here : clusters;
  for (const [i, cluster] of shown.entries()) {
    if (i === 0) lines.add('   Endpoints:');
    const text = `      ${nameOf(cluster)}: ${endpointsText(cluster.facts.endpoints)}`;
    if (cluster.failure) lines.warn(text);
    else lines.add(text);
  }
  for (const group of Map.groupBy(shown, (cluster) => JSON.stringify(limits(cluster, places, http !== undefined))).values()) {
    const [first] = group;
    if (!first) continue;
    lines.add(group.length === shown.length ? '   Limits:' : `   Limits of ${group.map(nameOf).join(', ')}:`);
    for (const { text, place, more } of limits(first, places, http !== undefined)) {
      lines.add(`      ${more ? '  ' : ''}${text}`, place === undefined ? {} : { place });
    }
  }
}

function nameOf({ subset }: ClusterSection): string {
  return subset === '' ? 'the whole service' : `subset ${subset}`;
}

function endpointsText({ total, healthy, panic, expected }: UpstreamFacts['endpoints']): string {
  if (expected?.workloads) {
    const { pods, workloads } = expected;
    if (workloads.length === 0) return 'none, no workload has its labels';
    const names = workloads.map(({ kind, name }) => `${kind} ${name}`).join(', ');
    return `${pods === undefined ? 'the pods' : counted(pods, 'pod')} of ${names}, by the manifests`;
  }
  if (expected) return 'not known, there are no workloads in the input';
  if (healthy === total) return String(total);
  return `${total}, ${healthy} of them healthy${panic ? ': too few, so all are used (panic)' : ''}`;
}

function limits({ facts }: ClusterSection, places: Places, http: boolean): Said[] {
  const { expected: _, ...endpoints } = facts.endpoints;
  // How many there are is said of each.
  return [...endpointLines({ ...facts, endpoints: { ...endpoints, total: 0 } }, places, http), ...limitLines(facts, places)];
}
