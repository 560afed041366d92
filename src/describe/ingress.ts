// How requests come in from outside of the mesh: through every gateway that has a route here.
import { chainsOf, type FilterChain, type Listener, type TcpFilter } from '../ir/listener.ts';
import type { RouteConfig, VirtualHost } from '../ir/route.ts';
import type { Origin } from '../ir/table.ts';
import { gatewayWorkloads } from '../model/gateway-workloads.ts';
import type { ServiceSpec } from '../model/kubernetes.ts';
import type { Mesh } from '../model/mesh.ts';
import { matchesLabels } from '../model/selectors.ts';
import { targetPortOf } from '../model/service-ports.ts';
import { isMap, items, text } from '../model/untyped.ts';
import type { Workload } from '../model/workloads.ts';
import { originOf } from '../translate/statuses.ts';
import { Caller } from './caller.ts';
import type { IngressPath, IngressSection } from './description.ts';
import { type GatewayProxy, gatewayProxies } from './gateway-proxies.ts';
import { destinationSection, hostSection, leadsTo } from './routes.ts';
import type { Subject } from './subject.ts';

export interface Ingress {
  section: IngressSection;
  callers: Caller[];
}

export function ingressSection(subject: Subject): Ingress {
  const { mesh, services } = subject;
  const proxies = gatewayProxies(mesh, new Set(services.map(({ host }) => host)));
  const callers = proxies.map(({ proxy }) => new Caller(mesh, proxy));
  const paths = callers.flatMap((caller, i) => pathsAt(subject, caller, proxies[i] as GatewayProxy)).sort((a, b) => a.port - b.port);
  const running = proxies.filter(({ workload }) => workload).length;
  return { section: { gateways: running || gatewayWorkloads(mesh, { istio: 'ingressgateway' }).length, paths }, callers };
}

function pathsAt(subject: Subject, caller: Caller, { workload }: GatewayProxy): IngressPath[] {
  const found: IngressPath[] = [];
  const configs = new Map(caller.table.routes.map((config) => [config.name, config]));
  for (const listener of caller.table.listeners) {
    for (const chain of chainsOf(listener)) {
      const base = {
        ...(workload ? { workload: { kind: workload.resource.kind, namespace: workload.namespace, name: workload.name } } : {}),
        addresses: workload ? addressesOf(caller.mesh, workload, listener.port) : [],
        port: listener.port,
      };
      const { filter } = chain;
      if (filter.kind === 'http') {
        const config = configs.get(filter.routes);
        for (const host of config?.virtualHosts ?? []) found.push(...httpPath(subject, caller, { listener, chain, config: config as RouteConfig }, host, base));
      } else found.push(...tcpPath(subject, caller, { listener, chain }, filter, base));
    }
  }
  return found;
}

interface At {
  listener: Listener;
  chain: FilterChain;
}

type Base = Pick<IngressPath, 'workload' | 'addresses' | 'port'>;

function httpPath(subject: Subject, caller: Caller, { listener, chain, config }: At & { config: RouteConfig }, host: VirtualHost, base: Base): IngressPath[] {
  if (!host.routes.some((route) => leadsTo(subject, route))) return [];
  const section = hostSection(subject, caller, host, base.port);
  return [
    {
      gateway: gatewayOf(caller, config, host) ?? listener.origin ?? { kind: 'Gateway', namespace: caller.proxy.namespace, name: '', path: [] },
      ...base,
      protocol: chain.tls ? 'https' : 'http',
      ...tlsOf(caller, chain),
      tlsRedirect: host.requireTls && !chain.tls,
      host: { ...section, routes: section.routes.filter(({ index }) => leadsTo(subject, host.routes[index] as VirtualHost['routes'][number])) },
    },
  ];
}

/** The Gateway that a route configuration of TLS is named after; of plain HTTP the one whose server has the host. */
function gatewayOf({ mesh }: Caller, { name }: RouteConfig, { name: hostName }: VirtualHost): Origin | undefined {
  const [, gateway = '', namespace = ''] = /^https\.\d+\.[^.]*\.(.+)\.([^.]+)$/.exec(name) ?? [];
  const named = gateway === '' ? undefined : mesh.find('Gateway', namespace, gateway);
  if (named) return originOf(named);
  const port = Number(/:(\d+)$/.exec(hostName)?.[1] ?? 0);
  const domain = hostName.slice(0, hostName.lastIndexOf(':'));
  for (const candidate of mesh.list('Gateway')) {
    for (const [i, server] of (candidate.spec.servers ?? []).entries()) {
      const hosts = (server?.hosts ?? []).map((host) => host.slice(host.indexOf('/') + 1).toLowerCase());
      if (server?.port?.number === port && hosts.includes(domain)) return originOf(candidate, 'spec', 'servers', i);
    }
  }
  return undefined;
}

function tcpPath(subject: Subject, caller: Caller, { listener, chain }: At, filter: TcpFilter, base: Base): IngressPath[] {
  const hosts = new Set(subject.services.map(({ host }) => host));
  const ofPort = filter.clusters.filter(({ cluster }) => cluster.startsWith('outbound|') && hosts.has(cluster.slice(cluster.lastIndexOf('|') + 1)));
  if (ofPort.length === 0) return [];
  const total = filter.clusters.reduce((sum, { weight }) => sum + weight, 0);
  const source = filter.origin ? { kind: 'written' as const, origin: filter.origin } : { kind: 'default' as const };
  const destinations = filter.clusters.map(({ cluster, weight }) =>
    destinationSection(subject, caller, cluster, total > 0 ? (weight * 100) / total : 100, source),
  );
  const passes = !chain.tls && chain.match.serverNames !== undefined;
  return [
    {
      gateway: listener.origin ?? { kind: 'Gateway', namespace: caller.proxy.namespace, name: '', path: [] },
      ...base,
      protocol: chain.tls || passes ? 'tls' : 'tcp',
      ...(passes ? { tls: { mode: 'PASSTHROUGH' as const, serverNames: chain.match.serverNames ?? [] } } : tlsOf(caller, chain)),
      tlsRedirect: false,
      tcp: { destinations, ...(filter.origin ? { origin: filter.origin } : {}) },
    },
  ];
}

function tlsOf({ mesh, proxy }: Caller, { tls, match }: FilterChain): Pick<IngressPath, 'tls'> {
  if (!tls) return {};
  const { credentialName, mode, minVersion = lowestVersion } = tls;
  const named = credentialName === undefined ? [] : secretOf(credentialName, proxy.namespace);
  const found = named.length === 2 && mesh.find('Secret', ...(named as [string, string])) !== undefined;
  return {
    tls: {
      mode,
      ...(credentialName ? { credentialName } : {}),
      ...(found ? { credentialFound: true } : {}),
      minVersion,
      serverNames: match.serverNames ?? ['*'],
    },
  };
}

/** Of TLS, where nothing else is written. */
const lowestVersion = 'TLSv1.2';

/** Namespace and name: `shop-tls` is in that of the gateway, `kubernetes-gateway://edge/shop-tls` in its own. */
function secretOf(credential: string, own: string): string[] {
  const bare = credential.replace(/^kubernetes(?:-gateway)?:\/\//, '');
  const slash = bare.indexOf('/');
  return slash < 0 ? [own, bare] : [bare.slice(0, slash), bare.slice(slash + 1)];
}

/** Where Services in front of the workload take connections for one of its ports; without an address of theirs that of its node. */
function addressesOf(mesh: Mesh, workload: Workload, port: number): IngressPath['addresses'] {
  const found: IngressPath['addresses'] = [];
  for (const service of mesh.listIn('Service', workload.namespace)) {
    const { selector, ports } = service.spec as ServiceSpec;
    if (!selector || Object.keys(selector).length === 0 || !matchesLabels(selector, workload.labels)) continue;
    for (const one of items(ports)) {
      if (targetPortOf(one, workload.spec) !== port) continue;
      const outside = outsideOf(service.raw);
      const node = text((workload.resource.raw.status as { hostIP?: unknown } | undefined)?.hostIP);
      for (const address of outside) found.push({ address, port: one.port });
      if (outside.length === 0 && node !== '' && one.nodePort) found.push({ address: node, port: one.nodePort, nodePort: one.nodePort });
      else if (outside.length === 0) found.push({ address: node, port: one.port, ...(one.nodePort ? { nodePort: one.nodePort } : {}) });
    }
  }
  return found;
}

/** Addresses and names that the load balancer of a Service has, and those that are written. */
function outsideOf({ status, spec }: { status?: unknown; spec?: unknown }): string[] {
  const balancer = isMap(status) && isMap(status.loadBalancer) ? status.loadBalancer : {};
  const given = items(balancer.ingress as { ip?: unknown; hostname?: unknown }[]).flatMap(({ ip, hostname }) => text(ip) || text(hostname) || []);
  const written = isMap(spec) && Array.isArray(spec.externalIPs) ? spec.externalIPs.filter((ip): ip is string => typeof ip === 'string') : [];
  return [...new Set([...given, ...written])];
}
