// Where the settings of a cluster are written: in the destination rules that apply to it.
import type { Cluster } from '../../ir/cluster.ts';
import type { ClusterField } from '../../ir/provenance.ts';
import type { Origin, ProxyIdentity } from '../../ir/table.ts';
import type { Path } from '../../manifest/problem.ts';
import type { Mesh } from '../../model/mesh.ts';
import { type MeshService, Services } from '../../model/services.ts';
import { levelsOf } from '../clusters/cluster-policy.ts';
import { effectiveRule } from '../clusters/effective-rule.ts';
import { originOf } from '../statuses.ts';
import { blockFor, type PortBlock, portEntry } from '../traffic-policy.ts';
import { placedItems, valueAt } from './written-fields.ts';

/** What a cluster is of. */
type Key = Pick<Cluster, 'host' | 'namespace' | 'subset' | 'port' | 'direction'>;

interface Place {
  block: PortBlock;
  /** Below the block; the first that is written counts. */
  fields: readonly Path[];
}

const pool = (...fields: Path[]): Place => ({ block: 'connectionPool', fields });
const outlier = (...names: string[]): Place => ({ block: 'outlierDetection', fields: names.map((name) => [name]) });

const places: { readonly [Field in Exclude<ClusterField, 'retryBudget'>]: Place } = {
  maxConnections: pool(['tcp', 'maxConnections']),
  maxPendingRequests: pool(['http', 'http1MaxPendingRequests']),
  maxRequests: pool(['http', 'http2MaxRequests']),
  maxRetries: pool(['http', 'maxRetries']),
  connectTimeout: pool(['tcp', 'connectTimeout']),
  idleTimeout: pool(['http', 'idleTimeout'], ['tcp', 'idleTimeout']),
  maxRequestsPerConnection: pool(['http', 'maxRequestsPerConnection']),
  maxConnectionDuration: pool(['tcp', 'maxConnectionDuration']),
  maxConcurrentStreams: pool(['http', 'maxConcurrentStreams']),
  tcpKeepalive: pool(['tcp', 'tcpKeepalive']),
  preserveHeaderCase: pool(),
  protocol: pool(['http', 'useClientProtocol'], ['http', 'h2UpgradePolicy']),
  'outlier.consecutive5xx': outlier('consecutive5xxErrors'),
  'outlier.consecutiveGatewayErrors': outlier('consecutiveGatewayErrors'),
  'outlier.consecutiveLocalOrigin': outlier('consecutiveLocalOriginFailures'),
  'outlier.splitLocalOrigin': outlier('splitExternalLocalOriginErrors'),
  'outlier.interval': outlier('interval'),
  'outlier.baseEjectionTime': outlier('baseEjectionTime'),
  'outlier.maxEjectionTime': outlier('baseEjectionTime'),
  'outlier.maxEjectionPercent': outlier('maxEjectionPercent'),
  'outlier.minHealthPercent': outlier('minHealthPercent'),
  loadBalancer: { block: 'loadBalancer', fields: [['simple'], ['consistentHash']] },
  tls: { block: 'tls', fields: [['mode']] },
};

/** Places of one proxy's clusters. */
export class ClusterFields {
  private readonly mesh: Mesh;
  private readonly proxy: ProxyIdentity;

  constructor(mesh: Mesh, proxy: ProxyIdentity) {
    this.mesh = mesh;
    this.proxy = proxy;
  }

  /** Undefined: no destination rule says it. */
  fieldOf(cluster: Cluster, field: ClusterField): Origin | undefined {
    const { host, own } = this.levels(cluster);
    if (field === 'retryBudget') {
      const from = [own, host].find((placed) => placed?.policy.retryBudget && !portEntry(placed.policy, cluster.port));
      return from && originOf(from.rule, ...from.path, 'retryBudget');
    }
    const { block, fields } = places[field];
    const found = blockFor(block, cluster.port, host, own);
    const written = found && fields.find((path) => valueAt(found.value, path) !== undefined);
    if (found && written) return originOf(found.from.rule, ...found.path, ...written);
    return field === 'protocol' ? this.portOf(cluster) : undefined;
  }

  /**
   * Of the consistent hash of a destination.
   *
   * @param name of its cluster
   */
  hashOf(name: string): Origin | undefined {
    const [, number, subset = '', host = ''] = name.split('|');
    const port = Number(number);
    for (const { namespace } of Services.of(this.mesh).byHost(host)) {
      const found = this.hashAt({ host, namespace, subset, port, direction: 'outbound' });
      if (found) return found;
    }
    return undefined;
  }

  private hashAt(cluster: Key): Origin | undefined {
    const { host, own } = this.levels(cluster);
    const found = blockFor('loadBalancer', cluster.port, host, own);
    return found && valueAt(found.value, ['consistentHash']) !== undefined ? originOf(found.from.rule, ...found.path, 'consistentHash') : undefined;
  }

  /** Labels of the cluster's subset; none for the whole service, undefined where the subset is unknown. */
  subsetOf(cluster: Cluster): Readonly<Record<string, string>> | undefined {
    if (cluster.subset === '') return {};
    const found = this.ruleOf(cluster)?.subsets.find(({ subset }) => subset.name === cluster.subset);
    return found && (found.subset.labels ?? {});
  }

  /** The service of a cluster, as the proxy sees it. */
  serviceOf({ host, namespace }: Cluster): MeshService | undefined {
    return Services.of(this.mesh)
      .byHost(host)
      .find((service) => service.namespace === namespace);
  }

  private portOf(cluster: Cluster): Origin | undefined {
    const service = this.serviceOf(cluster);
    const { resource } = service ?? {};
    const port =
      resource && placedItems(resource, ['spec', 'ports']).find(({ value }) => [valueAt(value, ['port']), valueAt(value, ['number'])].includes(cluster.port));
    return resource && port && originOf(resource, ...port.path);
  }

  private ruleOf({ host, namespace, direction }: Key) {
    return host === '' ? undefined : effectiveRule(this.mesh, this.proxy, { host, namespace }, direction);
  }

  private levels(cluster: Key): ReturnType<typeof levelsOf> {
    const rule = this.ruleOf(cluster);
    return levelsOf(
      rule,
      rule?.subsets.find(({ subset }) => subset.name === cluster.subset),
    );
  }
}
