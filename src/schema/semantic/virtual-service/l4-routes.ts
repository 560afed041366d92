import type { L4MatchAttributes, TCPRoute, TLSMatchAttributes, TLSRoute, VirtualService } from '../../../manifest/istio/networking.gen.ts';
import type { Path } from '../../../manifest/problem.ts';
import { checkSubnet } from '../address.ts';
import { checkLabelMap, checkPort, checkWildcardDomain, isIp, itemsOf, wildcardDomainProblem } from '../primitives.ts';
import type { ProblemSink } from '../validator.ts';
import { checkRoute } from './destinations.ts';
import { checkGatewayNames, meshGateway } from './gateway-names.ts';
import { checkGeneratedSni, isGeneratedSni } from './hosts.ts';
import { WildcardIndex } from './wildcard-index.ts';

export function checkTcpRoute(sink: ProblemSink, path: Path, rule: TCPRoute): void {
  for (const [i, match] of itemsOf(rule.match).entries()) checkConnectionMatch(sink.errorsOnly(), [...path, 'match', i], match);
  if (!rule.route?.length) sink.error(path, 'the TCP rule has no route');
  checkRoute(sink, [...path, 'route'], rule.route);
}

/** Rules of `tls`: connections are routed by the name that the client asks for (SNI). */
export function checkTlsRoutes(sink: ProblemSink, { tls, hosts = [], gateways = [] }: VirtualService): void {
  const accepts = sniCheck(hosts, gateways);
  for (const [i, rule] of itemsOf<TLSRoute>(tls).entries()) {
    const path = ['tls', i];
    const matches = itemsOf(rule.match);
    if (matches.length === 0) sink.error(path, 'the TLS rule has no match: it needs at least one, with sniHosts');
    for (const [m, match] of matches.entries()) checkTlsMatch(sink, [...path, 'match', m], match, accepts);
    if (!rule.route?.length) sink.error(path, 'the TLS rule has no route');
    checkRoute(sink, [...path, 'route'], rule.route);
  }
}

function checkTlsMatch(sink: ProblemSink, path: Path, match: TLSMatchAttributes, checkSni: SniCheck): void {
  if (!match.sniHosts?.length) sink.error(path, 'the TLS match has no sniHosts: it needs at least one');
  for (const [i, sni] of (match.sniHosts ?? []).entries()) checkSni(sink, [...path, 'sniHosts', i], sni);
  checkConnectionMatch(sink, path, match);
}

/** What TLS and TCP matches have in common. */
function checkConnectionMatch(sink: ProblemSink, path: Path, match: L4MatchAttributes | TLSMatchAttributes): void {
  for (const [i, subnet] of (match.destinationSubnets ?? []).entries()) checkSubnet(sink, [...path, 'destinationSubnets', i], subnet);
  if (match.port) checkPort(sink, [...path, 'port'], match.port);
  checkLabelMap(sink, [...path, 'sourceLabels'], match.sourceLabels);
  checkGatewayNames(sink, [...path, 'gateways'], match.gateways);
}

type SniCheck = (sink: ProblemSink, path: Path, sni: string) => void;

/** An SNI host is one of the hosts of the virtual service, or below one of its wildcards. */
function sniCheck(hosts: readonly string[], gateways: readonly string[]): SniCheck {
  const exact = new Set(hosts);
  const wildcards = new WildcardIndex();
  for (const host of hosts) wildcards.add(host);
  const gatewaysOnly = !gateways.includes(meshGateway);
  return (sink, path, sni) => {
    const before = sink.problems.length;
    if (gatewaysOnly && isGeneratedSni(sni)) checkGeneratedSni(sink, path, sni);
    else if (wildcardDomainProblem(sni)) {
      if (!isIp(sni)) checkWildcardDomain(sink, path, sni);
      else sink.warning(path, `SNI host "${sni}" is an IP address; SNI is for names, and most clients send none for an IP`);
      return;
    }
    if (sink.problems.length > before || exact.has(sni) || wildcards.covers(sni)) return;
    sink.error(path, `SNI host "${sni}" is not among the hosts of the virtual service: [${hosts.join(', ')}]`, {
      help: `add ${sni} to the hosts of the virtual service, or a wildcard above it`,
    });
  };
}
