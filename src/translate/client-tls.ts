import type { ClientTLSSettings, ClientTLSSettings_TLSmode, TrafficPolicy } from '../manifest/istio/networking.gen.ts';
import type { Path } from '../manifest/problem.ts';
import type { MergedRule, Rule } from '../model/destination-rules.ts';

/** The TLS that clients are told to use, and where it is written. */
export interface ClientTls {
  mode: ClientTLSSettings_TLSmode;
  settings: ClientTLSSettings;
  rule: Rule;
  path: Path;
}

/** What a policy says of TLS for a port: nothing is not the same as not to be asked, because a port's entry stands for all of it. */
interface Said {
  ofPort: boolean;
  tls: ClientTls | undefined;
}

/**
 * The TLS settings of the cluster for one port of a service and one of its subsets; undefined where mTLS is automatic.
 *
 * @param subset index in `merged.subsets`; undefined for the whole service
 */
export function clientTls(merged: MergedRule, port: number, subset: number | undefined): ClientTls | undefined {
  const { policy } = merged;
  // DR-R10: an entry for the port takes the place of everything above it.
  const base = policy ? said(policy.rule, policy.policy, policy.path, port).tls : undefined;
  const chosen = subset === undefined ? undefined : merged.subsets[subset];
  if (!chosen?.subset.trafficPolicy) return base;
  // DR-R11: what a subset does not set stays, but for a subset's entry for the port, which clears what it does not set.
  const own = said(chosen.rule, chosen.subset.trafficPolicy, [...chosen.path, 'trafficPolicy'], port);
  return own.ofPort ? own.tls : (own.tls ?? base);
}

function said(rule: Rule, policy: TrafficPolicy, path: Path, port: number): Said {
  const entries = policy.portLevelSettings ?? [];
  const i = entries.findIndex((entry) => entry?.port?.number === port);
  const [settings, at] = i < 0 ? [policy.tls, [...path, 'tls']] : [entries[i]?.tls, [...path, 'portLevelSettings', i, 'tls']];
  return { ofPort: i >= 0, tls: settings && { mode: settings.mode ?? 'DISABLE', settings, rule, path: at } };
}
