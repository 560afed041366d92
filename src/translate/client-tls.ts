import type { ClientTLSSettings, ClientTLSSettings_TLSmode } from '../manifest/istio/networking.gen.ts';
import type { Path } from '../manifest/problem.ts';
import type { MergedRule, Rule } from '../model/destination-rules.ts';
import { blockFor } from './traffic-policy.ts';

/** The TLS that clients are told to use, and where it is written. */
export interface ClientTls {
  mode: ClientTLSSettings_TLSmode;
  settings: ClientTLSSettings;
  rule: Rule;
  path: Path;
}

/**
 * The TLS settings of the cluster for one port of a service and one of its subsets; undefined where mTLS is automatic (DR-R71).
 *
 * @param subset index in `merged.subsets`; undefined for the whole service
 */
export function clientTls(merged: MergedRule, port: number, subset: number | undefined): ClientTls | undefined {
  const chosen = subset === undefined ? undefined : merged.subsets[subset];
  const policy = chosen?.subset.trafficPolicy;
  const own = chosen && policy && { rule: chosen.rule, policy, path: [...chosen.path, 'trafficPolicy'] };
  const found = blockFor('tls', port, merged.policy, own);
  return found && { mode: found.value.mode ?? 'DISABLE', settings: found.value, rule: found.from.rule, path: found.path };
}
