// What a sidecar does with traffic for its own workload (SEC-R1 to SEC-R6): virtual services never apply to it.
import { blackHoleCluster, type Cluster, inboundPassthroughCluster } from '../../ir/cluster.ts';
import type { DownstreamTls, FilterChain, HttpFilter, Listener, TcpFilter } from '../../ir/listener.ts';
import type { RouteConfig } from '../../ir/route.ts';
import type { ProxyIdentity } from '../../ir/table.ts';
import type { Mesh } from '../../model/mesh.ts';
import { PeerPolicies } from '../../model/peer-authentication.ts';
import type { Protocol } from '../../model/protocols.ts';
import { byName } from '../by-name.ts';
import { listenerKind } from '../port-protocols.ts';
import { sidecarOf } from '../proxy-scope.ts';
import { clientCertDetails, proxySettings } from '../proxy-settings.ts';
import { policyFor } from './cluster-policy.ts';
import { circuitBreakers, connectionPool, declaredProtocol } from './connection-pool.ts';
import { effectiveRule } from './effective-rule.ts';
import { inboundPassthrough, inboundSource, inboundSourceIpv6 } from './fixed-clusters.ts';
import { chainKinds } from './inbound-chains.ts';
import { type InboundPort, inboundPorts } from './inbound-ports.ts';

export interface InboundTraffic {
  /** By name. */
  listeners: Listener[];
  routes: RouteConfig[];
  clusters: Cluster[];
}

/** Port that captured connections go to, unless the mesh configuration says otherwise. */
const defaultInboundPort = 15006;
const everyAddress = '0.0.0.0';
/** Tries after the first (MAP-R66). */
const retries = 2;
const retryBackoffMs = 25;

/** MAP-R2 */
export function inboundClusterName(targetPort: number): string {
  return `inbound|${targetPort}||`;
}

/** Nothing for gateways: they have no workload. */
export function inboundFor(mesh: Mesh, proxy: ProxyIdentity): InboundTraffic {
  if (proxy.role === 'gateway') return { listeners: [], routes: [], clusters: [] };
  const ports = inboundPorts(mesh, proxy, sidecarOf(mesh, proxy));
  const builder = new InboundBuilder(mesh, proxy);
  for (const port of ports) builder.addPort(port);
  builder.addPassthrough(new Set(ports.map(({ targetPort }) => targetPort)));
  return builder.finish();
}

class InboundBuilder {
  private readonly mesh: Mesh;
  private readonly proxy: ProxyIdentity;
  private readonly settings: ReturnType<typeof proxySettings>;
  private readonly chains: FilterChain[] = [];
  private readonly ownListeners: Listener[] = [];
  private readonly routes = new Map<string, RouteConfig>();
  private readonly clusters: Cluster[] = [];
  private readonly inboundPort: number;

  constructor(mesh: Mesh, proxy: ProxyIdentity) {
    this.mesh = mesh;
    this.proxy = proxy;
    this.settings = proxySettings(mesh);
    this.inboundPort = mesh.meshConfig.proxyInboundListenPort || defaultInboundPort;
  }

  addPort(port: InboundPort): void {
    const cluster = inboundClusterName(port.targetPort);
    const name = `${port.bind}_${port.targetPort}`;
    const chains = this.chainsOf(port.targetPort, port.protocol, cluster, () => name);
    if (port.ownSocket) this.ownListeners.push({ ...this.listener(name, port.bind, port.targetPort, chains), origin: port.origin });
    else this.chains.push(...chains);
    if (chains.some(({ filter }) => filter.kind === 'http')) this.addRoutes(cluster, port.number, port.host, port.protocol !== 'grpc');
    this.clusters.push(this.cluster(port, cluster));
  }

  /** Ports that nobody names, with those that only a peer policy names (SEC-R11). */
  addPassthrough(declared: ReadonlySet<number>): void {
    const named = PeerPolicies.of(this.mesh)
      .namedPorts(this.proxy)
      .filter((port) => !declared.has(port));
    const blackHole: FilterChain = {
      name: 'virtualInbound-blackhole',
      // Else it would connect to itself without an end.
      match: { destinationPort: this.inboundPort },
      filter: tcpFilter(blackHoleCluster, undefined),
    };
    const nameOf = (filter: 'http' | 'tcp'): string => (filter === 'http' ? 'virtualInbound-catchall-http' : 'virtualInbound');
    this.chains.unshift(blackHole, ...[0, ...named.sort((a, b) => a - b)].flatMap((port) => this.chainsOf(port, undefined, inboundPassthroughCluster, nameOf)));
    this.addRoutes(inboundPassthroughCluster, 0, '', true);
    this.clusters.push({ ...inboundPassthrough(this.mesh.meshConfig), sourceAddress: this.source() });
  }

  finish(): InboundTraffic {
    const captured = this.mesh.meshConfig.defaultConfig?.interceptionMode !== 'NONE';
    const virtual: Listener = {
      ...this.listener('virtualInbound', everyAddress, this.inboundPort, this.chains),
      ...(this.settings.transparent ? { transparent: true } : {}),
    };
    const listeners = [...(captured ? [virtual] : []), ...this.ownListeners];
    return { listeners: listeners.sort(byName), routes: [...this.routes.values()].sort(byName), clusters: this.clusters.toSorted(byName) };
  }

  private listener(name: string, address: string, port: number, chains: readonly FilterChain[]): Listener {
    return {
      name,
      direction: 'inbound',
      address,
      port,
      bind: true,
      chains,
      inspectHttp: chains.some(({ match }) => match.applicationProtocols?.includes('http/1.1')),
      inspectTls: chains.some(({ match }) => match.transport === 'tls'),
      detectionTimeoutMs: this.settings.detectionTimeoutMs,
    };
  }

  /** @param port 0: any */
  private chainsOf(port: number, protocol: Protocol | undefined, cluster: string, nameOf: (filter: 'http' | 'tcp') => string): FilterChain[] {
    const mode = PeerPolicies.of(this.mesh).modeAt(this.proxy, port);
    return chainKinds(mode, listenerKind(protocol) ?? 'tcp').map(({ filter, match, tls }) => ({
      name: nameOf(filter),
      match: { ...(port === 0 ? {} : { destinationPort: port }), ...match },
      ...(tls ? { tls: { ...tls, ...this.meshTls() } } : {}),
      filter: filter === 'http' ? this.httpFilter(cluster, protocol) : tcpFilter(cluster, this.settings.sidecarHttp.idleTimeoutMs),
    }));
  }

  /** What the mesh asks of TLS between its own (`meshMTLS`). */
  private meshTls(): Pick<DownstreamTls, 'minVersion' | 'ecdhCurves'> {
    const { minProtocolVersion, ecdhCurves } = this.mesh.meshConfig.meshMTLS ?? {};
    return { ...(minProtocolVersion === 'TLSV1_3' ? { minVersion: 'TLSv1.3' } : {}), ...(ecdhCurves?.length ? { ecdhCurves } : {}) };
  }

  private httpFilter(routes: string, protocol: Protocol | undefined): HttpFilter {
    const { sidecarHttp, gatewayHttp } = this.settings;
    const headers = this.mesh.meshConfig.defaultConfig?.proxyHeaders;
    const { server, forwardedClientCert } = headers ?? {};
    const written = forwardedClientCert && forwardedClientCert !== 'UNDEFINED';
    return {
      ...sidecarHttp,
      kind: 'http',
      routes,
      serverName: server?.value || 'istio-envoy',
      forwardClientCert: written ? gatewayHttp.forwardClientCert : 'append-forward',
      clientCertDetails: clientCertDetails(headers, ['subject', 'dns', 'uri']),
      ...(protocol === 'grpc-web' ? { grpcWeb: true } : {}),
    };
  }

  /** SEC-R5 */
  private addRoutes(cluster: string, number: number, host: string, retried: boolean): void {
    const on = ['reset-before-request'];
    const retry = {
      on,
      statusCodes: [],
      attempts: retries,
      backoffBaseMs: retryBackoffMs,
      backoffMaxMs: retryBackoffMs * 10,
      previousHosts: false,
      hostSelectionAttempts: 1,
      previousPriorities: false,
    };
    this.routes.set(cluster, {
      name: cluster,
      ignorePortInHost: false,
      virtualHosts: [
        {
          name: `inbound|http|${number}`,
          domains: ['*'],
          includeAttemptCount: false,
          requireTls: false,
          routes: [
            {
              name: 'default',
              match: { path: { kind: 'prefix', value: '/', ignoreCase: false }, headers: [], query: [] },
              decorator: `${host}:${number}/*`,
              action: {
                kind: 'forward',
                clusters: [{ cluster, weight: 1 }],
                appendForwardedHost: false,
                timeoutMs: 0,
                // RT-R64
                maxStreamDurationFromGrpcTimeout: true,
                ...(retried ? { retry } : {}),
                mirrors: [],
                hash: [],
                missingClusterStatus: 503,
              },
            },
          ],
        },
      ],
    });
  }

  /** Of what clients are told only the connection pool holds for the workload itself, too (SEC-R5). */
  private cluster({ targetPort, number, protocol, service, endpoint, connectionPool: ofSidecar, origin }: InboundPort, name: string): Cluster {
    const { meshConfig } = this.mesh;
    const rule = service && effectiveRule(this.mesh, this.proxy, service, 'inbound');
    const policy = policyFor(rule, number, undefined);
    const pool = ofSidecar ?? policy.connectionPool ?? {};
    const local = endpoint && (endpoint.address === '127.0.0.1' || endpoint.address === '::1' || endpoint.port === 0);
    return {
      name,
      direction: 'inbound',
      host: service?.host ?? '',
      port: targetPort,
      subset: '',
      namespace: service?.namespace ?? this.proxy.namespace,
      discovery: endpoint ? 'static' : 'original-destination',
      protocol: pool.http?.useClientProtocol ? 'downstream' : declaredProtocol(protocol, 'sidecar'),
      loadBalancer: { policy: endpoint ? 'round-robin' : 'original-destination' },
      panicPercent: 50,
      localityWeighted: false,
      breakers: circuitBreakers(pool, policy.retryBudget),
      pool: connectionPool(pool, meshConfig, protocol),
      tls: { mode: 'disable' },
      ...(local ? {} : { sourceAddress: this.source() }),
      localities: endpoint
        ? [
            {
              locality: { region: '', zone: '', subzone: '' },
              priority: 0,
              weight: 1,
              endpoints: [
                {
                  ...endpoint,
                  weight: 1,
                  labels: this.proxy.labels,
                  tlsMode: 'disabled',
                  workload: this.proxy.name,
                  namespace: this.proxy.namespace,
                  serviceAccount: this.proxy.serviceAccount,
                  healthy: true,
                  origin,
                },
              ],
            },
          ]
        : [],
      origins: policy.connectionPool && !ofSidecar ? policy.origins : [],
    };
  }

  /** Connections to the workload are made from an address by which the capture knows that they are not to be captured. */
  private source(): string {
    const { addresses } = this.proxy;
    return addresses.length > 0 && addresses.every((address) => address.includes(':')) ? inboundSourceIpv6 : inboundSource;
  }
}

function tcpFilter(cluster: string, idleTimeoutMs: number | undefined): TcpFilter {
  return {
    kind: 'tcp',
    clusters: [{ cluster, weight: 1 }],
    statPrefix: cluster,
    ...(idleTimeoutMs === undefined ? {} : { idleTimeoutMs }),
    hashSourceIp: false,
  };
}
