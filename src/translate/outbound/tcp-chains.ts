// Filter chains of TCP and TLS ports of one service (tcp-tls.md).
import { outboundClusterName } from '../../ir/cluster.ts';
import type { FilterChain, FilterChainMatch, TcpFilter } from '../../ir/listener.ts';
import type { Origin } from '../../ir/table.ts';
import { isCidr, isIp } from '../../manifest/ip.ts';
import type { L4MatchAttributes, RouteDestination, TLSMatchAttributes } from '../../manifest/istio/networking.gen.ts';
import { OverlapIndex } from '../../model/host-overlap.ts';
import type { Protocol } from '../../model/protocols.ts';
import type { MeshService } from '../../model/services.ts';
import { milliseconds } from '../durations.ts';
import { isTls } from '../port-protocols.ts';
import { destinationCluster } from '../routes.ts';
import type { Translation } from '../translation.ts';
import type { RoutingService } from '../virtual-services.ts';

export interface TcpPort {
  service: MeshService;
  /** Of the listener; 0 for a Unix socket. */
  number: number;
  protocol: Protocol | undefined;
  /** Ranges that the listener tells the service by; empty where it has an address of its own, or none. */
  cidrs: readonly string[];
  /** The listener takes every address, and the service has none: a server name tells it (TCP-R10). */
  byName: boolean;
}

/** Virtual services with rules for streams, in their order, by the hosts that they are for. */
export class Streams {
  readonly all: readonly RoutingService[];
  private readonly order = new Map<RoutingService, number>();
  private readonly byHost = new OverlapIndex<RoutingService>();

  constructor(all: readonly RoutingService[]) {
    this.all = all;
    for (const [i, service] of all.entries()) {
      this.order.set(service, i);
      for (const host of service.hosts) this.byHost.add(host, service);
    }
  }

  routing(host: string): readonly RoutingService[] {
    if (this.all.length === 0) return this.all;
    return [...this.byHost.overlapping(host)].sort((a, b) => (this.order.get(a) ?? 0) - (this.order.get(b) ?? 0));
  }
}

/** Chains in the order in which they are made; at most one of them takes everything. */
export function tcpChains(translation: Translation, port: TcpPort, streams: Streams): FilterChain[] {
  const routing = streams.routing(port.service.host);
  return isTls(port.protocol) ? tlsChains(translation, port, routing) : plainChains(translation, port, routing);
}

/** TCP-R8 to TCP-R10 */
function tlsChains(translation: Translation, port: TcpPort, routing: readonly RoutingService[]): FilterChain[] {
  const out: FilterChain[] = [];
  const handled = new Set<string>();
  let cidrs = port.cidrs;
  for (const service of routing) {
    for (const { route, origin } of service.tls) {
      for (const match of route.match ?? []) {
        if (!isForProxy(match, translation, port.number)) continue;
        const subnets = match.destinationSubnets ?? [];
        // Ranges of one match count for later ones without any (TCP-R9).
        if (subnets.length > 0 && port.number > 0) cidrs = subnets;
        const key = JSON.stringify([match.sniHosts ?? [], subnets]);
        if (handled.has(key)) continue;
        handled.add(key);
        const filter = routedFilter(translation, route.route ?? [], port.number, service, origin);
        if (filter) out.push({ name: '', match: { ...serverNames(match.sniHosts), ...ranges(cidrs) }, filter });
      }
    }
  }
  if (out.length > 0) return out;
  const names = port.cidrs.length > 0 || port.byName ? [port.service.host, ...aliasesOf(translation, port.service)] : [];
  return [{ name: '', match: { ...serverNames(names), ...ranges(port.cidrs) }, filter: serviceFilter(translation, port) }];
}

function aliasesOf({ aliases }: Translation, { host }: MeshService): string[] {
  return (aliases.get(host) ?? []).map((alias) => alias.host);
}

/** TCP-R5 */
function plainChains(translation: Translation, port: TcpPort, routing: readonly RoutingService[]): FilterChain[] {
  const out: FilterChain[] = [];
  for (const service of routing) {
    for (const { route, origin } of service.tcp) {
      const filter = routedFilter(translation, route.route ?? [], port.number, service, origin);
      const matches = (route.match ?? []).filter((match) => isForProxy(match, translation, port.number));
      if (!filter || ((route.match ?? []).length > 0 && matches.length === 0)) continue;
      // Without a range it takes all that is left.
      if (matches.length === 0 || port.number === 0 || matches.some(({ destinationSubnets }) => !destinationSubnets?.length)) {
        return [...out, { name: '', match: ranges(port.cidrs), filter }];
      }
      const subnets = matches.flatMap(({ destinationSubnets }) => destinationSubnets ?? []);
      out.push({ name: '', match: ranges(subnets), filter });
      if (isSame(subnets, port.cidrs)) return out;
    }
  }
  return [...out, { name: '', match: ranges(port.cidrs), filter: serviceFilter(translation, port) }];
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return JSON.stringify(a.toSorted()) === JSON.stringify(b.toSorted());
}

/** Every condition on the proxy holds (MAT-R5). */
function isForProxy(match: L4MatchAttributes | TLSMatchAttributes, translation: Translation, port: number): boolean {
  if (match.gateways?.length && !match.gateways.includes('mesh')) return false;
  if (match.port && match.port !== port) return false;
  return translation.hasLabels(match.sourceLabels) && translation.isIn(match.sourceNamespace);
}

/** `*` stands for any name, and for connections without one. */
function serverNames(names: readonly string[] | undefined): FilterChainMatch {
  return !names?.length || names.includes('*') ? {} : { serverNames: names.map((name) => name.toLowerCase()) };
}

function ranges(subnets: readonly string[]): FilterChainMatch {
  const destinationCidrs = subnets.flatMap((subnet) => (isCidr(subnet) ? [subnet] : isIp(subnet) ? [`${subnet}/${subnet.includes(':') ? 128 : 32}`] : []));
  return destinationCidrs.length > 0 ? { destinationCidrs } : {};
}

/** To the service itself: its only port, else that of the listener. */
function serviceFilter(translation: Translation, { service, number }: TcpPort): TcpFilter {
  const [only] = service.ports.length === 1 ? service.ports : [];
  const cluster = outboundClusterName(only?.number ?? number, '', service.host);
  return { ...tcpFilter([{ cluster, weight: 1 }], cluster), ...settingsOf(translation, service, ''), ...tunnelOf(translation, service, '') };
}

/** Destinations of a rule, drawn once a connection (TCP-R7); undefined where nothing gets any. */
export function routedFilter(
  translation: Translation,
  written: readonly RouteDestination[],
  port: number,
  { name, namespace }: Pick<RoutingService, 'name' | 'namespace'>,
  origin: Origin,
): TcpFilter | undefined {
  const used = written.length === 1 ? written : written.filter(({ weight = 0 }) => weight > 0);
  const [first] = written;
  if (used.length === 0 || !first) return undefined;
  const clusters = used.map(({ destination = {}, weight = 0 }) => ({
    cluster: destinationCluster(destination, translation.serviceOf(destination.host ?? ''), port),
    weight: written.length === 1 ? 1 : weight,
  }));
  const [only] = clusters;
  const service = translation.serviceOf(first.destination?.host ?? '');
  return {
    ...tcpFilter(clusters, written.length === 1 && only ? only.cluster : `${name}.${namespace}`),
    ...(service ? settingsOf(translation, service, first.destination?.subset ?? '') : {}),
    ...(service && written.length === 1 ? tunnelOf(translation, service, first.destination?.subset ?? '') : {}),
    origin,
  };
}

function tcpFilter(clusters: TcpFilter['clusters'], statPrefix: string): TcpFilter {
  return { kind: 'tcp', clusters, statPrefix, hashSourceIp: false };
}

/** Of the destination rule for the whole host, whatever it says for ports (TCP-R12, TCP-R16). */
function settingsOf(translation: Translation, service: MeshService, subset: string): Partial<TcpFilter> {
  const rule = translation.ruleOf(service);
  const { connectionPool, loadBalancer } = rule?.policy?.policy ?? {};
  const idleTimeoutMs = milliseconds(connectionPool?.tcp?.idleTimeout);
  const maxConnectionDurationMs = milliseconds(connectionPool?.tcp?.maxConnectionDuration);
  const ofSubset = rule?.subsets.find((own) => subset !== '' && own.subset.name === subset)?.subset.trafficPolicy?.loadBalancer;
  return {
    ...(idleTimeoutMs === undefined ? {} : { idleTimeoutMs }),
    ...(maxConnectionDurationMs === undefined ? {} : { maxConnectionDurationMs }),
    hashSourceIp: (ofSubset ?? loadBalancer)?.consistentHash?.useSourceIp === true,
  };
}

/** A subset has the tunnel that it says itself, or none (DR-R73). */
function tunnelOf(translation: Translation, service: MeshService, subset: string): Pick<TcpFilter, 'tunnel'> {
  const rule = translation.ruleOf(service);
  const policy = subset === '' ? rule?.policy?.policy : rule?.subsets.find((own) => own.subset.name === subset)?.subset.trafficPolicy;
  const { protocol, targetHost, targetPort } = policy?.tunnel ?? {};
  return targetHost ? { tunnel: { method: protocol === 'POST' ? 'POST' : 'CONNECT', host: targetHost, port: targetPort ?? 0 } } : {};
}
