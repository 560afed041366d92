import type { HashPolicy } from '../ir/route.ts';
import type { Destination, LoadBalancerSettings_ConsistentHashLB, TrafficPolicy } from '../manifest/istio/networking.gen.ts';
import type { MergedRule } from '../model/destination-rules.ts';
import { milliseconds, notNegative } from './durations.ts';
import { isHeaderText } from './header-text.ts';
import { portEntry } from './traffic-policy.ts';

type ConsistentHash = LoadBalancerSettings_ConsistentHashLB;

/**
 * How requests for a destination are hashed: as its subset says for the port, the subset, the host for the port, the host; a port's
 * settings count where the destination names the port (DR-R39).
 */
export function hashOfDestination(rule: MergedRule | undefined, { subset = '', port }: Destination): HashPolicy | undefined {
  if (!rule) return undefined;
  const number = port?.number ?? 0;
  const ofSubset = subset === '' ? undefined : rule.subsets.find((own) => own.subset.name === subset)?.subset.trafficPolicy;
  return hashPolicy(atPort(ofSubset, number) ?? atTop(ofSubset) ?? atPort(rule.policy?.policy, number) ?? atTop(rule.policy?.policy));
}

/** As above, for a service that no virtual service routes. */
export function hashOfService(rule: MergedRule | undefined, port: number): HashPolicy | undefined {
  return hashOfDestination(rule, { port: { number: port } });
}

function atTop(policy: TrafficPolicy | undefined): ConsistentHash | undefined {
  return policy?.loadBalancer?.consistentHash ?? undefined;
}

function atPort(policy: TrafficPolicy | undefined, port: number): ConsistentHash | undefined {
  return port === 0 ? undefined : (portEntry(policy, port)?.entry.loadBalancer?.consistentHash ?? undefined);
}

function hashPolicy(hash: ConsistentHash | undefined): HashPolicy | undefined {
  if (hash?.httpHeaderName && isHeaderText(hash.httpHeaderName)) return { kind: 'header', name: hash.httpHeaderName.toLowerCase() };
  if (hash?.httpCookie) {
    const { name = '', path = '', ttl, attributes } = hash.httpCookie;
    // A cookie that nobody can send: any endpoint will do.
    if (name === '') return undefined;
    const ttlMs = notNegative(milliseconds(ttl));
    const written = (attributes ?? []).flatMap((a) => (a && isAttribute(a) ? [{ name: a.name ?? '', value: a.value ?? '' }] : []));
    return { kind: 'cookie', name, path, ...(ttlMs === undefined ? {} : { ttlMs }), ...(written.length > 0 ? { attributes: written } : {}) };
  }
  if (hash?.useSourceIp) return { kind: 'source-ip' };
  return hash?.httpQueryParameterName ? { kind: 'query', name: hash.httpQueryParameterName } : undefined;
}

function isAttribute({ name = '', value = '' }: { name?: string; value?: string }): boolean {
  return name !== '' && isHeaderText(name) && isHeaderText(value);
}
