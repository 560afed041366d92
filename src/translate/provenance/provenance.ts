import type { Cluster } from '../../ir/cluster.ts';
import { type ClusterField, type ExpectedEndpoints, type Provenance, type RouteField, type Source, written } from '../../ir/provenance.ts';
import type { Route, VirtualHost } from '../../ir/route.ts';
import type { ProxyIdentity } from '../../ir/table.ts';
import type { MeshConfig } from '../../manifest/istio/mesh.gen.ts';
import { endpointCount, podCount } from '../../model/endpoint-count.ts';
import type { Labels } from '../../model/label-index.ts';
import type { Mesh } from '../../model/mesh.ts';
import { workloadsSelected } from '../../model/selection.ts';
import type { Workload } from '../../model/workloads.ts';
import { originOf } from '../statuses.ts';
import { ClusterFields } from './cluster-fields.ts';
import { destinationAt, fieldOf, headerAt, mirrorAt, type PlacedRule, rulesOf, unweighted } from './rule-fields.ts';

/** Where the values of the table of a proxy are written, down to the field. Looked up when it is asked for. */
export function provenanceOf(mesh: Mesh, proxy: ProxyIdentity): Provenance {
  return new MeshProvenance(mesh, proxy);
}

/** Fields of the mesh configuration that stand in for fields that nobody wrote. */
const meshDefaults: { readonly [Field in ClusterField]?: keyof MeshConfig } = {
  connectTimeout: 'connectTimeout',
  tcpKeepalive: 'tcpKeepalive',
  protocol: 'h2UpgradePolicy',
};

const noSource: Source = { kind: 'default' };

class MeshProvenance implements Provenance {
  private readonly mesh: Mesh;
  private readonly clusters: ClusterFields;
  private readonly rules = new Map<Route, PlacedRule[]>();

  constructor(mesh: Mesh, proxy: ProxyIdentity) {
    this.mesh = mesh;
    this.clusters = new ClusterFields(mesh, proxy);
  }

  route(route: Route, host: VirtualHost, field: RouteField): Source {
    if (field === 'hash') return this.hash(route);
    const rules = this.rulesOf(route, host);
    const found = fieldOf(rules, field);
    if (found) return written(found);
    if (!field.startsWith('retries')) return noSource;
    // Written retries stand alone: what they do not say is nobody's.
    return fieldOf(rules, 'retries') || !this.mesh.meshConfig.defaultHttpRetryPolicy ? noSource : { kind: 'mesh', field: 'defaultHttpRetryPolicy' };
  }

  destination(route: Route, host: VirtualHost, index: number): Source {
    return written(destinationAt(this.rulesOf(route, host), index) ?? route.origin ?? host.origin);
  }

  mirror(route: Route, host: VirtualHost, index: number): Source {
    return written(mirrorAt(this.rulesOf(route, host), index) ?? route.origin);
  }

  unweighted(route: Route, host: VirtualHost): readonly { cluster: string; source: Source }[] {
    const { action } = route;
    const [first] = action.kind === 'forward' ? action.clusters : [];
    return unweighted(this.rulesOf(route, host), Number(first?.cluster.split('|')[1] ?? 0));
  }

  header(route: Route, host: VirtualHost, operation: Parameters<Provenance['header']>[2]): Source {
    return written(headerAt(this.rulesOf(route, host), operation) ?? route.origin);
  }

  cluster(cluster: Cluster, field: ClusterField): Source {
    const found = this.clusters.fieldOf(cluster, field);
    if (found) return written(found);
    const ofMesh = meshDefaults[field];
    return ofMesh && this.mesh.meshConfig[ofMesh] !== undefined ? { kind: 'mesh', field: ofMesh } : noSource;
  }

  expected(cluster: Cluster): ExpectedEndpoints | undefined {
    const { mesh } = this;
    const service = this.clusters.serviceOf(cluster);
    if (!service) return undefined;
    // A cluster tells of every endpoint that there is.
    if (mesh.options.known) return service.selector && this.toCome(service.namespace, { ...service.selector, ...this.clusters.subsetOf(cluster) });
    if (mesh.list('EndpointSlice').length + mesh.list('Endpoints').length > 0) return undefined;
    // Endpoints of a Service without a selector are made by someone else; those of a ServiceEntry are in it.
    if (!service.selector) return service.source === 'kubernetes' ? {} : undefined;
    if (mesh.allWorkloads().length === 0) return mesh.list('WorkloadEntry').length > 0 ? undefined : {};
    const subset = this.clusters.subsetOf(cluster) ?? {};
    const workloads = workloadsSelected(mesh, service.namespace, { ...service.selector, ...subset });
    const entry = mesh.hosts.lookup(service.namespace, undefined, service.host);
    const pods = entry && endpointCount(mesh, entry, subset);
    return { workloads: workloads.map(({ resource }) => originOf(resource)), ...(pods === undefined ? {} : { pods }) };
  }

  /** Of files that are laid over a cluster, which has no pods for them yet. */
  private toCome(namespace: string, labels: Labels): ExpectedEndpoints | undefined {
    const workloads = workloadsSelected(this.mesh, namespace, labels);
    const isThere = ({ isPod, resource }: Workload): boolean => isPod && resource.document === undefined;
    const coming = workloads.filter(({ resource, replicas }) => resource.document !== undefined && replicas !== 0);
    if (coming.length === 0 || workloads.some(isThere)) return undefined;
    const pods = podCount(coming);
    return { workloads: coming.map(({ resource }) => originOf(resource)), ...(pods === undefined ? {} : { pods }) };
  }

  private hash({ action }: Route): Source {
    if (action.kind !== 'forward') return noSource;
    for (const { cluster } of action.clusters) {
      const found = this.clusters.hashOf(cluster);
      if (found) return written(found);
    }
    return noSource;
  }

  private rulesOf(route: Route, host: VirtualHost): PlacedRule[] {
    let found = this.rules.get(route);
    if (!found) {
      found = rulesOf(this.mesh, route, host);
      this.rules.set(route, found);
    }
    return found;
  }
}
