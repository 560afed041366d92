import { type CircuitBreakers, type Cluster, type ConnectionPool, outboundClusterName } from '../../ir/cluster.ts';
import type { ProxyIdentity, Status } from '../../ir/table.ts';
import { isIp } from '../../manifest/ip.ts';
import type { MeshConfig } from '../../manifest/istio/mesh.gen.ts';
import type { TrafficPolicy } from '../../manifest/istio/networking.gen.ts';
import type { PlacedSubset } from '../../model/destination-rules.ts';
import type { EndpointOverride } from '../../model/endpoint-overrides.ts';
import type { ServiceEndpoint } from '../../model/endpoints.ts';
import type { Mesh } from '../../model/mesh.ts';
import { PeerPolicies } from '../../model/peer-authentication.ts';
import type { Protocol } from '../../model/protocols.ts';
import type { MeshPort, MeshService } from '../../model/services.ts';
import { milliseconds } from '../durations.ts';
import type { ProxyView } from '../proxy-view.ts';
import { originOf, Statuses } from '../statuses.ts';
import { policyFor } from './cluster-policy.ts';
import { circuitBreakers, connectionPool, upstreamProtocol } from './connection-pool.ts';
import type { EffectiveRule } from './effective-rule.ts';
import { clientOf, localityEndpoints, PortEndpoints, withoutNames } from './endpoints.ts';
import { blackHole, passthrough } from './fixed-clusters.ts';
import { isPassthrough, loadBalancer } from './load-balancer.ts';
import { applyLocalities, byLocality, type Client, isLocalityWeighted, localitySettings } from './localities.ts';
import { outlierDetection, panicPercent } from './outlier-detection.ts';
import { identities, upstreamTls } from './upstream-tls.ts';

/** What the clusters of a proxy depend on, beside services, their endpoints and their destination rules. */
export interface ClusterContext {
  view: ProxyView;
  client: Client;
  meshConfig: MeshConfig;
  policies: PeerPolicies;
  /** Addresses that stand in for endpoints. */
  overrides: readonly EndpointOverride[];
}

export function clusterContext(mesh: Mesh, view: ProxyView, overrides: readonly EndpointOverride[]): ClusterContext {
  return { view, client: clientOf(view), meshConfig: mesh.meshConfig, policies: PeerPolicies.of(mesh), overrides };
}

/** Those that take what belongs to no service. */
export function fixedClusters({ view, meshConfig }: ClusterContext): Cluster[] {
  return [blackHole(meshConfig), ...(view.role === 'sidecar' ? [passthrough(meshConfig)] : [])];
}

/**
 * The clusters of a service: for every port one, and one for each subset (DR-R7). None for another name of a service: routes to it go
 * to that service (SEL-R55).
 *
 * @param endpoints of each of its ports
 */
export function clustersOf(
  context: ClusterContext,
  service: MeshService,
  rule: EffectiveRule | undefined,
  endpoints: readonly (readonly ServiceEndpoint[])[],
): Cluster[] {
  if (service.aliasOf !== undefined || service.resolution === 'dynamic-dns') return [];
  return service.ports.flatMap((port, i) => new PortClusters({ ...context, service, port, rule }, endpoints[i] ?? []).all());
}

/** Whether the clusters of a service depend on where the client is. */
export function dependsOnClient({ meshConfig }: ClusterContext, service: MeshService, rule: EffectiveRule | undefined): boolean {
  return service.ports.some((port) =>
    [undefined, ...(rule?.subsets ?? [])].some((subset) => {
      const { loadBalancer: balancer, outlierDetection: outlier } = policyFor(rule, port.number, subset);
      const { setting, forceFailover } = localitySettings(balancer?.localityLbSetting, service, meshConfig);
      return setting !== undefined && (forceFailover || outlier !== undefined || (setting.distribute?.length ?? 0) > 0);
    }),
  );
}

/** Of services that can have no cluster. */
export function clusterStatuses(service: MeshService): readonly Status[] {
  const statuses = new Statuses();
  if (service.aliasOf === undefined && service.resolution === 'dynamic-dns') {
    const message = `${service.host}: names that are looked up at each request have no cluster`;
    statuses.add(originOf(service.resource, 'spec', 'resolution'), 'unsupported', message);
  }
  return statuses.list();
}

interface PortContext extends ClusterContext {
  service: MeshService;
  port: MeshPort;
  rule: EffectiveRule | undefined;
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

const unlimited: CircuitBreakers = {};
const pools = new WeakMap<MeshConfig, Map<Protocol | undefined, ConnectionPool>>();

/** Of clusters that no rule says anything about: one object for all of them. */
function defaultPool(meshConfig: MeshConfig, protocol: Protocol | undefined): ConnectionPool {
  const known = pools.get(meshConfig) ?? new Map<Protocol | undefined, ConnectionPool>();
  pools.set(meshConfig, known);
  const found = known.get(protocol) ?? connectionPool({}, meshConfig, protocol);
  known.set(protocol, found);
  return found;
}

const defaultRefreshMs = 60_000;

/** Names stand for addresses of the family that the proxy has (TCP-R14). */
function lookup(discovery: Discovery, { dnsRefreshRate }: MeshConfig, { family }: ProxyView): Pick<Cluster, 'dns'> {
  if (discovery !== 'dns' && discovery !== 'logical-dns') return {};
  return { dns: { refreshMs: milliseconds(dnsRefreshRate) || defaultRefreshMs, family } };
}

/** The clusters of one port of a service. */
class PortClusters {
  private readonly context: PortContext;
  private readonly endpoints: PortEndpoints;
  private names: readonly string[] | undefined;

  constructor(context: PortContext, endpoints: readonly ServiceEndpoint[]) {
    const { view, service, port, rule, overrides } = context;
    this.context = context;
    this.endpoints = new PortEndpoints(view, service, port, endpoints, rule, overrides);
  }

  all(): Cluster[] {
    const { service, view, rule } = this.context;
    const whole = this.cluster(undefined, discoveryOf(service, view.role));
    if (!whole) return [];
    return [whole, ...(rule?.subsets ?? []).flatMap((subset) => this.cluster(subset, whole.discovery) ?? [])];
  }

  /**
   * @param base how endpoints are found before the policy says otherwise: for a subset as for the whole service
   * @returns undefined where names have to be looked up, and there are none
   */
  private cluster(subset: PlacedSubset | undefined, base: Discovery): Cluster | undefined {
    const { meshConfig, policies, view, service, port, rule } = this.context;
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
      ...lookup(discovery, meshConfig, view),
      protocol: upstreamProtocol(pool, meshConfig, port.protocol, view.role),
      loadBalancer: originalDestination ? { policy: 'original-destination' } : balancer.policy === 'original-destination' ? loadBalancer(undefined) : balancer,
      panicPercent: panicPercent(policy.outlierDetection),
      localityWeighted: isLocalityWeighted(setting, failover),
      breakers: policy.connectionPool || policy.retryBudget ? circuitBreakers(pool, policy.retryBudget) : unlimited,
      pool: policy.connectionPool ? connectionPool(pool, meshConfig, port.protocol) : defaultPool(meshConfig, port.protocol),
      ...(outlier ? { outlier } : {}),
      tls: this.endpoints.overridden
        ? { mode: 'disable' }
        : upstreamTls(policy.tls, {
            meshConfig,
            policies,
            service,
            role: view.role,
            port: port.number,
            subset: name,
            selective: rule?.selective === true,
            written,
            endpoints: this.endpoints.written,
            identities: () => this.identities(),
            originalDestination,
          }),
      ...(policy.proxyProtocol ? { proxyProtocol: policy.proxyProtocol.version === 'V2' ? (2 as const) : (1 as const) } : {}),
      ...(policy.tunnel
        ? { tunnel: { protocol: policy.tunnel.protocol || 'CONNECT', targetHost: policy.tunnel.targetHost ?? '', targetPort: policy.tunnel.targetPort ?? 0 } }
        : {}),
      localities: localityEndpoints(policies, this.located(known, setting, failover, discovery)),
      ...(rule?.rules[0] ? { rule: originOf(rule.rules[0]) } : {}),
      origins: policy.origins,
    };
  }

  /** Of all endpoints of the port, whatever the subset. */
  private identities(): readonly string[] {
    const { meshConfig, service } = this.context;
    this.names ??= identities(meshConfig, service, this.endpoints.written);
    return this.names;
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
    const seen = discovery === 'static' ? client : { ...client, labels: {}, labelled: false };
    return applyLocalities(byLocality(endpoints), seen, setting, failover);
  }
}
