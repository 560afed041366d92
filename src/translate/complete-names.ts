import { isIp } from '../manifest/ip.ts';
import type {
  Destination,
  HTTPMatchRequest,
  HTTPRoute,
  L4MatchAttributes,
  RouteDestination,
  TCPRoute,
  TLSMatchAttributes,
  TLSRoute,
} from '../manifest/istio/networking.gen.ts';
import { resolveGatewayName } from '../model/gateway-names.ts';
import { toFqdn } from '../model/hosts.ts';

/** The full name of a host in lower case (SEL-R1, SEL-R4); addresses and names with a dot stay. */
export function completeHost(namespace: string, host: string): string {
  if (host === '' || isIp(host)) return host;
  return toFqdn(namespace, host).toLowerCase();
}

/**
 * A rule with all its names complete. They are names in the namespace of the object that holds the rule, so this comes before rules
 * of several objects are merged. Items that are `null` are left out, but in `match`, where an index is part of a place.
 */
export function completeHttpRule(rule: HTTPRoute, namespace: string): HTTPRoute {
  const { match, route, mirror, mirrors } = rule;
  const out: HTTPRoute = { ...rule };
  if (match) out.match = match.map((m) => (m ? completeMatch(m, namespace) : m));
  if (route) out.route = route.filter(Boolean).map((to) => ({ ...to, destination: completeDestination(to.destination, namespace) }));
  if (mirror) out.mirror = completeDestination(mirror, namespace);
  if (mirrors) out.mirrors = mirrors.filter(Boolean).map((to) => ({ ...to, destination: completeDestination(to.destination, namespace) }));
  return out;
}

export function completeTcpRule(rule: TCPRoute, namespace: string): TCPRoute {
  return { match: completeMatches(rule.match, namespace), route: completeRoute(rule.route, namespace) };
}

export function completeTlsRule(rule: TLSRoute, namespace: string): TLSRoute {
  return { match: completeMatches(rule.match, namespace), route: completeRoute(rule.route, namespace) };
}

function completeRoute(route: readonly (RouteDestination | null)[] | undefined, namespace: string): RouteDestination[] {
  return (route ?? []).flatMap((to) => (to ? [{ ...to, destination: completeDestination(to.destination, namespace) }] : []));
}

function completeMatches<M extends L4MatchAttributes | TLSMatchAttributes>(matches: readonly (M | null)[] | undefined, namespace: string): M[] {
  return (matches ?? []).flatMap((m) => (m ? [completeMatch(m, namespace)] : []));
}

function completeMatch<M extends HTTPMatchRequest | L4MatchAttributes | TLSMatchAttributes>(match: M, namespace: string): M {
  const out: M & Partial<TLSMatchAttributes> = { ...match };
  if (out.gateways) out.gateways = texts(out.gateways).map((name) => resolveGatewayName(namespace, name));
  if (out.sniHosts) out.sniHosts = texts(out.sniHosts);
  if (out.destinationSubnets) out.destinationSubnets = texts(out.destinationSubnets);
  return out;
}

/** A list of texts without its `null` items. */
export function texts(list: readonly (string | null)[] | undefined): string[] {
  return (list ?? []).filter((item) => item !== null);
}

function completeDestination(destination: Destination | undefined, namespace: string): Destination {
  return { ...destination, host: completeHost(namespace, destination?.host ?? '') };
}
