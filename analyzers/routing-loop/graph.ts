import { coverageOf } from '../../src/ir/witness.ts';
import type { Gateway, HTTPRoute, VirtualService } from '../../src/manifest/istio/networking.gen.ts';
import { matchesRegex } from '../../src/manifest/re2.ts';
import type { Resource } from '../../src/manifest/resource.ts';
import { byCreation } from '../../src/model/creation.ts';
import { DestinationRules } from '../../src/model/destination-rules.ts';
import { resolveGatewayName } from '../../src/model/gateway-names.ts';
import { serversTaking } from '../../src/model/gateway-servers.ts';
import { parseFqdn, toFqdn } from '../../src/model/hosts.ts';
import type { Mesh } from '../../src/model/mesh.ts';
import { isSeenIn, scopesOf } from '../../src/model/visibility.ts';
import { mirrorDestinations, type ResolvedDestination, routeDestinations } from '../../src/translate/destinations.ts';
import { entranceOf, isEntranceOf } from '../../src/translate/gateway-entrances.ts';
import { type GatewayMatch, matchesAtGateway } from '../../src/translate/gateway-routes.ts';
import { writtenBlocks } from '../../src/translate/traffic-policy.ts';

type Service = Resource<VirtualService>;

/** A host at a gateway. */
export interface Node {
  gateway: Resource<Gateway>;
  host: string;
  /** Those that route it there, in the order in which they are merged. */
  services: Service[];
}

/** A destination that is a gateway, to which requests certainly come as they were. */
export interface Hop {
  from: Node;
  to: Node;
  service: Service;
  destination: ResolvedDestination;
  match: GatewayMatch;
  /** Index of the server of `to` that takes the requests. */
  server: number;
}

export class GatewayGraph {
  readonly hops: readonly Hop[];
  private readonly matches: (node: Node) => readonly GatewayMatch[];

  constructor(hops: readonly Hop[], matches: (node: Node) => readonly GatewayMatch[]) {
    this.hops = hops;
    this.matches = matches;
  }

  /** Ways over several gateways that end where they began, each once, for requests that no specific rule on the way takes. */
  cycles(): Hop[][] {
    const next = Map.groupBy(
      this.hops.filter((hop) => hop.match.takesAll && hop.to !== hop.from),
      (hop) => hop.from,
    );
    const found: Hop[][] = [];
    const done = new Set<Node>();
    for (const start of next.keys()) {
      const way: Hop[] = [];
      const onWay = new Map<Node, number>();
      // One hop for each node is enough to find a loop, and keeps this linear.
      for (let node: Node | undefined = start; node && !done.has(node); ) {
        const since = onWay.get(node);
        if (since !== undefined) {
          if (this.isTaken(way.slice(since))) found.push(way.slice(since));
          break;
        }
        onWay.set(node, way.length);
        const hop: Hop | undefined = next.get(node)?.[0];
        if (hop) way.push(hop);
        node = hop?.to;
      }
      for (const node of onWay.keys()) done.add(node);
    }
    return found.map(fromSmallest);
  }

  /** Whether some request is taken by none of the rules that stand before those of the way. */
  private isTaken(way: readonly Hop[]): boolean {
    const specific = way.flatMap(({ from }) =>
      this.matches(from)
        .filter((m) => !m.takesAll)
        .map((m) => m.route),
    );
    const [first] = way as [Hop];
    return !coverageOf(first.match.route, specific, { gateways: ['mesh'], regex: matchesRegex }).covered;
  }
}

/** A loop has no beginning: the same one, wherever it was found. */
function fromSmallest(way: Hop[]): Hop[] {
  const names = way.map((hop) => hop.from.gateway.fullName);
  const at = names.indexOf(names.toSorted()[0] as string);
  return [...way.slice(at), ...way.slice(0, at)];
}

export function graphOf(mesh: Mesh): GatewayGraph {
  const nodes = nodesOf(mesh);
  const byHost = Map.groupBy(nodes, (node) => node.host);
  const known = new Map<Node, readonly GatewayMatch[]>();
  const matches = (node: Node): readonly GatewayMatch[] => {
    const found = known.get(node) ?? matchesAtGateway(node.services, node.gateway.fullName);
    known.set(node, found);
    return found;
  };
  const hops = nodes.flatMap((from) => hopsFrom(mesh, from, matches, byHost.get(from.host) ?? []));
  return new GatewayGraph(hops, matches);
}

function nodesOf(mesh: Mesh): Node[] {
  const nodes = new Map<string, Node>();
  for (const service of mesh.list('VirtualService').toSorted(byCreation)) {
    const { gateways = [], hosts = [], exportTo, http } = service.spec;
    if (!http?.length) continue;
    const scopes = scopesOf(exportTo, service.namespace, mesh.meshConfig.defaultVirtualServiceExportTo);
    for (const name of new Set(gateways.map((g) => resolveGatewayName(service.namespace, g)))) {
      const [namespace, short] = name.split('/', 2) as [string, string | undefined];
      const gateway = short === undefined ? undefined : mesh.find('Gateway', namespace, short);
      if (!gateway || !isSeenIn(scopes, gateway.namespace)) continue;
      for (const host of new Set(hosts.map((h) => toFqdn(service.namespace, h).toLowerCase()))) {
        if (serversTaking(mesh, gateway, host, service.namespace).length === 0) continue;
        const key = `${name} ${host}`;
        const node = nodes.get(key);
        if (node) node.services.push(service);
        else nodes.set(key, { gateway, host, services: [service] });
      }
    }
  }
  return [...nodes.values()];
}

function hopsFrom(mesh: Mesh, from: Node, matchesOf: (node: Node) => readonly GatewayMatch[], nodes: readonly Node[]): Hop[] {
  const matches = matchesOf(from);
  return matches.flatMap((match, i) => {
    const { service } = match;
    const route = service.spec.http?.[match.match.rule] as HTTPRoute;
    const found = destinationsOf(route, match.match.rule, service.namespace).flatMap((destination): Hop[] => {
      const entrance = entranceOf(mesh, service.namespace, destination);
      if (!entrance || mayUseTls(mesh, from.gateway.namespace, destination)) return [];
      return nodes.flatMap((to) => {
        const server = isEntranceOf(entrance, to.gateway) ? serverAt(mesh, to, entrance.ports, match.route.proxy.port) : undefined;
        return server === undefined ? [] : [{ from, to, service, destination, match, server }];
      });
    });
    if (found.length === 0 || !passesUnchanged(route, matches)) return [];
    const earlier = matches.slice(0, i).map((m) => m.route);
    return found.filter(({ to, server }) => {
      const port = to.gateway.spec.servers?.[server]?.port?.number ?? 0;
      const again = { ...match.route, proxy: { ...match.route.proxy, port } };
      return !coverageOf(again, earlier, { gateways: ['mesh'], regex: matchesRegex }).covered;
    });
  });
}

/** Without those that never get anything (RT-R2, RT-R110). */
function destinationsOf(route: HTTPRoute, rule: number, namespace: string): ResolvedDestination[] {
  const routed = routeDestinations(route, rule, namespace);
  const percent = (path: ResolvedDestination['path']): number | undefined =>
    path[3] === 'mirrors' ? route.mirrors?.[path[4] as number]?.percentage?.value : (route.mirrorPercentage?.value ?? route.mirrorPercent);
  return [...routed.filter((d) => routed.length === 1 || d.weight), ...mirrorDestinations(route, rule, namespace).filter((d) => percent(d.path) !== 0)];
}

/** The server of a node that takes requests without TLS at one of the ports. */
function serverAt(mesh: Mesh, { gateway, host, services }: Node, ports: readonly number[], only: number): number | undefined {
  return serversTaking(mesh, gateway, host, (services[0] as Service).namespace).find((i) => {
    const { port, tls } = gateway.spec.servers?.[i] ?? {};
    const number = port?.number ?? 0;
    return (
      ports.includes(number) &&
      (only === 0 || only === number) &&
      !tls?.httpsRedirect &&
      ['HTTP', 'HTTP2', 'GRPC', 'GRPC-WEB'].includes(port?.protocol?.toUpperCase() ?? '')
    );
  });
}

/** What comes over TLS to a server without it fails; and a subset that is not defined is no cluster. */
function mayUseTls(mesh: Mesh, client: string, { host, subset }: ResolvedDestination): boolean {
  const namespaces = new Set([client, parseFqdn(client, host).namespace, mesh.rootNamespace]);
  const rules = [...namespaces].flatMap((namespace) => DestinationRules.of(mesh).inNamespace(namespace, host.toLowerCase()));
  if (subset !== '' && !rules.some(({ spec }) => spec.subsets?.some((s) => s?.name === subset))) return true;
  return rules.some(({ spec }) => writtenBlocks(spec, 'tls').some(({ value }) => (value.mode ?? 'DISABLE') !== 'DISABLE'));
}

/** Whether a request leaves with the host, the path and the headers by which rules choose. */
function passesUnchanged({ rewrite, redirect, directResponse, fault, headers, route = [] }: HTTPRoute, matches: readonly GatewayMatch[]): boolean {
  if (rewrite || redirect || directResponse || fault?.abort) return false;
  const changed = new Set<string>();
  for (const operations of [headers?.request, ...route.map((r) => r?.headers?.request)]) {
    for (const name of [...Object.keys(operations?.set ?? {}), ...Object.keys(operations?.add ?? {}), ...(operations?.remove ?? [])])
      changed.add(name.toLowerCase());
  }
  if (changed.has('host') || changed.has(':authority')) return false;
  return !matches.some((m) => m.route.headers.some((h) => changed.has(h.name)));
}
