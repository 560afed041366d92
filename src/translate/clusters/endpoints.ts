// Which endpoints a cluster has: those of the service with the labels of the subset (DR-R13), or what stands in for them.
import type { Endpoint, LocalityEndpoints } from '../../ir/cluster.ts';
import type { ProxyIdentity } from '../../ir/table.ts';
import { isIp } from '../../manifest/ip.ts';
import type { PlacedSubset } from '../../model/destination-rules.ts';
import { type EndpointOverride, overridesFor } from '../../model/endpoint-overrides.ts';
import { Endpoints, type ServiceEndpoint } from '../../model/endpoints.ts';
import type { Labels } from '../../model/label-index.ts';
import type { Mesh } from '../../model/mesh.ts';
import { matchesLabels } from '../../model/selectors.ts';
import type { MeshPort, MeshService } from '../../model/services.ts';
import { text } from '../../model/untyped.ts';
import { withPlace } from '../../model/workload-endpoints.ts';
import { originOf } from '../statuses.ts';
import type { EffectiveRule } from './effective-rule.ts';
import type { Client, Group } from './localities.ts';
import { takesMtls } from './upstream-tls.ts';

/** Endpoints of a port of a service, and of its subsets. */
export class PortEndpoints {
  /** Addresses of this machine stand in for those of the manifests. */
  readonly overridden: boolean;
  /** As the manifests say. */
  readonly written: readonly ServiceEndpoint[];
  private readonly rule: EffectiveRule | undefined;
  private readonly overrides: readonly EndpointOverride[];
  private readonly place: string;
  private readonly resource: MeshService['resource'];
  private readonly namespace: string;

  constructor(mesh: Mesh, proxy: ProxyIdentity, service: MeshService, port: MeshPort, rule: EffectiveRule | undefined, overrides: readonly EndpointOverride[]) {
    this.written = ofNode(mesh, proxy, service, Endpoints.of(mesh).at(service, port));
    this.rule = rule;
    this.overrides = overridesFor(overrides, service, port.number, proxy.namespace);
    this.overridden = this.overrides.length > 0;
    // As near as can be: it is this machine.
    this.place = localityText(proxy);
    this.resource = service.resource;
    this.namespace = service.namespace;
  }

  /**
   * Of a subset, or of the whole service. An override of the whole service replaces everything, and serves every subset that has
   * none of its own; one of a subset replaces what has the subset's labels.
   */
  of(subset: PlacedSubset | undefined): readonly ServiceEndpoint[] {
    const labels = subset?.subset.labels ?? {};
    if (!this.overridden) return subset ? this.written.filter(({ workload }) => matchesLabels(labels, workload.labels)) : this.written;
    const name = subset?.subset.name ?? '';
    const whole = this.overrides.filter((override) => override.subset === undefined);
    const bySubset = this.overrides.flatMap((override) => {
      const named = override.subset === undefined ? undefined : this.rule?.subsets.find(({ subset: { name } }) => name === override.subset);
      return named ? [{ override, labels: named.subset.labels ?? {} }] : [];
    });
    const replaced = ({ workload }: ServiceEndpoint): boolean => whole.length > 0 || bySubset.some((other) => matchesLabels(other.labels, workload.labels));
    const kept = this.written.filter((endpoint) => !replaced(endpoint));
    if (!subset) return [...kept, ...whole.map((override) => this.local(override, {})), ...bySubset.map((other) => this.local(other.override, other.labels))];
    const own = bySubset.filter(({ override }) => override.subset === name);
    if (own.length > 0) return own.map(({ override }) => this.local(override, labels));
    const carrying = bySubset.filter((other) => matchesLabels(labels, other.labels)).map((other) => this.local(other.override, other.labels));
    return [...kept.filter(({ workload }) => matchesLabels(labels, workload.labels)), ...whole.map((override) => this.local(override, labels)), ...carrying];
  }

  private local({ address, targetPort }: EndpointOverride, labels: Labels): ServiceEndpoint {
    const workload = {
      labels: withPlace(labels, this.place, ''),
      locality: this.place,
      mtls: false,
      name: '',
      namespace: this.namespace,
      serviceAccount: '',
      node: '',
    };
    return { address, port: targetPort, weight: 1, workload, resource: this.resource, path: [] };
  }
}

/** Addresses at which a port of a service is answered, each once. */
export function addressesOfService(mesh: Mesh, service: MeshService, port: MeshPort): string[] {
  return [
    ...new Set(
      Endpoints.of(mesh)
        .at(service, port)
        .map(({ address }) => address),
    ),
  ];
}

/** A service whose traffic stays on its node has the endpoints there only. */
function ofNode(mesh: Mesh, proxy: ProxyIdentity, service: MeshService, endpoints: readonly ServiceEndpoint[]): readonly ServiceEndpoint[] {
  if (service.source !== 'kubernetes' || (service.resource.spec as { internalTrafficPolicy?: unknown }).internalTrafficPolicy !== 'Local') return endpoints;
  const node = nodeOf(mesh, proxy);
  return node === '' ? endpoints : endpoints.filter(({ workload }) => workload.node === node);
}

function nodeOf(mesh: Mesh, { namespace, name }: ProxyIdentity): string {
  return text(mesh.find('Pod', namespace, name)?.spec.nodeName);
}

function localityText({ locality: { region, zone, subzone } }: ProxyIdentity): string {
  return `${region}/${zone}/${subzone}`.replace(/\/+$/, '');
}

/** The proxy as locality settings see it. */
export function clientOf(mesh: Mesh, proxy: ProxyIdentity): Client {
  return { locality: proxy.locality, labels: withPlace(proxy.labels, localityText(proxy), nodeOf(mesh, proxy)) };
}

/** Names are looked up by clusters of DNS only: elsewhere they are left out. */
export function withoutNames(endpoints: readonly ServiceEndpoint[]): readonly ServiceEndpoint[] {
  return endpoints.filter(({ address, port }) => port === 0 || isIp(address));
}

export function localityEndpoints(mesh: Mesh, groups: readonly Group<ServiceEndpoint>[]): LocalityEndpoints[] {
  return groups.map(({ locality, priority, weight, endpoints }) => ({
    locality,
    priority,
    weight,
    endpoints: endpoints.map((endpoint) => endpointOf(mesh, endpoint)),
  }));
}

function endpointOf(mesh: Mesh, endpoint: ServiceEndpoint): Endpoint {
  const { address, port, weight, workload, resource, path } = endpoint;
  return {
    address,
    port,
    weight,
    labels: workload.labels,
    tlsMode: takesMtls(mesh, endpoint) ? 'istio' : 'disabled',
    workload: workload.name,
    namespace: workload.namespace,
    serviceAccount: workload.serviceAccount,
    healthy: true,
    origin: originOf(resource, ...path),
  };
}
