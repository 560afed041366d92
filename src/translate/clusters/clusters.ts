import { type Cluster, outboundClusterName } from '../../ir/cluster.ts';
import type { ProxyIdentity } from '../../ir/table.ts';
import { isIp } from '../../manifest/ip.ts';
import type { MeshConfig } from '../../manifest/istio/mesh.gen.ts';
import type { TrafficPolicy } from '../../manifest/istio/networking.gen.ts';
import type { PlacedSubset } from '../../model/destination-rules.ts';
import type { EndpointOverride } from '../../model/endpoint-overrides.ts';
import type { ServiceEndpoint } from '../../model/endpoints.ts';
import type { Mesh } from '../../model/mesh.ts';
import type { MeshPort, MeshService } from '../../model/services.ts';
import { sortedByName } from '../by-name.ts';
import { milliseconds } from '../durations.ts';
import { originOf, type Statuses } from '../statuses.ts';
import { policyFor } from './cluster-policy.ts';
import { circuitBreakers, connectionPool, upstreamProtocol } from './connection-pool.ts';
import { type EffectiveRule, EffectiveRules } from './effective-rule.ts';
import { clientOf, localityEndpoints, PortEndpoints, withoutNames } from './endpoints.ts';
import { blackHole, passthrough } from './fixed-clusters.ts';
import { KnownClusters } from './known-clusters.ts';
import { isPassthrough, loadBalancer } from './load-balancer.ts';
import { applyLocalities, byLocality, type Client, isLocalityWeighted, localitySettings } from './localities.ts';
import { outlierDetection, panicPercent } from './outlier-detection.ts';
import { upstreamTls } from './upstream-tls.ts';

export interface ClusterOptions {
  /** Addresses that stand in for endpoints. */
  overrides?: readonly EndpointOverride[];
  statuses?: Statuses;
}

/**
 * The outbound clusters of a proxy by name: for every port of every service one, and one for each subset (DR-R7), with those that
 * take what belongs to no service.
 *
 * @param services each host once
 */
export function clustersFor(mesh: Mesh, proxy: ProxyIdentity, services: readonly MeshService[], options: ClusterOptions = {}): Cluster[] {
  const { overrides = [], statuses } = options;
  const client = clientOf(mesh, proxy);
  const rules = new EffectiveRules(mesh, proxy);
  const known = new KnownClusters(mesh, proxy, client);
  const clusters = [blackHole(mesh.meshConfig), ...(proxy.role === 'sidecar' ? [passthrough(mesh.meshConfig)] : [])];
  for (const service of services) {
    // Routes to another name of a service go to that service (SEL-R55).
    if (service.aliasOf !== undefined) continue;
    if (service.resolution === 'dynamic-dns') {
      statuses?.add(
        originOf(service.resource, 'spec', 'resolution'),
        'unsupported',
        `${service.host}: names that are looked up at each request have no cluster`,
      );
      continue;
    }
    const rule = rules.of(service);
    const make = (): Cluster[] => service.ports.flatMap((port) => new PortClusters({ mesh, proxy, client, service, port, rule, overrides }).all());
    clusters.push(...(overrides.length > 0 ? make() : known.clusters(service, rule, make)));
  }
  return sortedByName(mesh, `clusters of ${proxy.role} ${proxy.namespace}`, clusters);
}

interface PortContext {
  mesh: Mesh;
  proxy: ProxyIdentity;
  client: Client;
  service: MeshService;
  port: MeshPort;
  rule: EffectiveRule | undefined;
  overrides: readonly EndpointOverride[];
}

type Discovery = Cluster['discovery'];

/** Gateways have no original destination: they use the endpoints that are known. */
function discoveryOf({ resolution }: MeshService, role: ProxyIdentity['role']): Discovery {
  switch (resolution) {
    case 'dns':
      return 'dns';
    case 'dns-round-robin':
      return 'logical-dns';
    case 'none':
      return role === 'gateway' ? 'static' : 'original-destination';
    default:
      return 'static';
  }
}

const defaultRefreshMs = 60_000;

/** Names stand for addresses of the family that the proxy has: IPv4 where it has both (TCP-R14). */
function lookup(discovery: Discovery, { dnsRefreshRate }: MeshConfig, { addresses }: ProxyIdentity): Pick<Cluster, 'dns'> {
  if (discovery !== 'dns' && discovery !== 'logical-dns') return {};
  const family = addresses.length > 0 && addresses.every((address) => address.includes(':')) ? 'ipv6' : 'ipv4';
  return { dns: { refreshMs: milliseconds(dnsRefreshRate) || defaultRefreshMs, family } };
}

/** The clusters of one port of a service. */
class PortClusters {
  private readonly context: PortContext;
  private readonly endpoints: PortEndpoints;

  constructor(context: PortContext) {
    const { mesh, proxy, service, port, rule, overrides } = context;
    this.context = context;
    this.endpoints = new PortEndpoints(mesh, proxy, service, port, rule, overrides);
  }

  all(): Cluster[] {
    const { service, proxy, rule } = this.context;
    const whole = this.cluster(undefined, discoveryOf(service, proxy.role));
    if (!whole) return [];
    return [whole, ...(rule?.subsets ?? []).flatMap((subset) => this.cluster(subset, whole.discovery) ?? [])];
  }

  /**
   * @param base how endpoints are found before the policy says otherwise: for a subset as for the whole service
   * @returns undefined where names have to be looked up, and there are none
   */
  private cluster(subset: PlacedSubset | undefined, base: Discovery): Cluster | undefined {
    const { mesh, proxy, service, port, rule } = this.context;
    const { meshConfig } = mesh;
    const policy = policyFor(rule, port.number, subset);
    const pool = policy.connectionPool ?? {};
    const written = subset ? subset.subset.trafficPolicy : rule?.policy?.policy;
    const endpoints = this.endpoints.of(subset);
    const discovery = this.discovery(base, policy.loadBalancer, subset && written, endpoints);
    const originalDestination = discovery === 'original-destination';
    const known = originalDestination ? [] : discovery === 'static' ? withoutNames(endpoints) : endpoints;
    if (known.length === 0 && (discovery === 'dns' || discovery === 'logical-dns')) return undefined;
    const { setting, forceFailover } = localitySettings(policy.loadBalancer?.localityLbSetting, service, meshConfig);
    const failover = forceFailover || policy.outlierDetection !== undefined;
    const outlier = outlierDetection(policy.outlierDetection);
    const name = subset?.subset.name ?? '';
    const balancer = loadBalancer(policy.loadBalancer);
    return {
      name: outboundClusterName(port.number, name, service.host),
      direction: 'outbound',
      host: service.host,
      port: port.number,
      subset: name,
      namespace: service.namespace,
      discovery,
      ...lookup(discovery, meshConfig, proxy),
      protocol: upstreamProtocol(pool, meshConfig, port.protocol, proxy.role),
      loadBalancer: originalDestination ? { policy: 'original-destination' } : balancer.policy === 'original-destination' ? loadBalancer(undefined) : balancer,
      panicPercent: panicPercent(policy.outlierDetection),
      localityWeighted: isLocalityWeighted(setting, failover),
      breakers: circuitBreakers(pool, policy.retryBudget),
      pool: connectionPool(pool, meshConfig, port.protocol),
      ...(outlier ? { outlier } : {}),
      tls: this.endpoints.overridden
        ? { mode: 'disable' }
        : upstreamTls(policy.tls, {
            mesh,
            service,
            role: proxy.role,
            port: port.number,
            subset: name,
            selective: rule?.selective === true,
            written,
            endpoints: this.endpoints.written,
            originalDestination,
          }),
      ...(policy.proxyProtocol ? { proxyProtocol: policy.proxyProtocol.version === 'V2' ? (2 as const) : (1 as const) } : {}),
      ...(policy.tunnel
        ? { tunnel: { protocol: policy.tunnel.protocol || 'CONNECT', targetHost: policy.tunnel.targetHost ?? '', targetPort: policy.tunnel.targetPort ?? 0 } }
        : {}),
      localities: localityEndpoints(mesh, this.located(known, setting, failover, discovery)),
      origins: policy.origins,
    };
  }

  /** Addresses that stand in for the endpoints are connected to whatever the manifests say. */
  private discovery(
    base: Discovery,
    balancer: TrafficPolicy['loadBalancer'],
    ofSubset: TrafficPolicy | undefined,
    endpoints: readonly ServiceEndpoint[],
  ): Discovery {
    if (this.endpoints.overridden) return endpoints.every(({ address, port }) => port === 0 || isIp(address)) ? 'static' : 'dns';
    return isPassthrough(balancer) || isPassthrough(ofSubset?.loadBalancer) ? 'original-destination' : base;
  }

  /** Labels of endpoints that are looked up are not compared (DR-R48). */
  private located(endpoints: readonly ServiceEndpoint[], setting: Parameters<typeof applyLocalities>[2], failover: boolean, discovery: Discovery) {
    const { client } = this.context;
    const seen = discovery === 'static' ? client : { ...client, labels: {} };
    return applyLocalities(byLocality(endpoints), seen, setting, failover);
  }
}
