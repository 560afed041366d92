// Which endpoints a cluster has: those of the service with the labels of the subset (DR-R13), or what stands in for them.
import type { Endpoint, LocalityEndpoints } from '../../ir/cluster.ts';
import { isIp } from '../../manifest/ip.ts';
import type { PlacedSubset } from '../../model/destination-rules.ts';
import { type EndpointOverride, overridesFor } from '../../model/endpoint-overrides.ts';
import type { ServiceEndpoint } from '../../model/endpoints.ts';
import type { Labels } from '../../model/label-index.ts';
import type { PeerPolicies } from '../../model/peer-authentication.ts';
import { matchesLabels } from '../../model/selectors.ts';
import type { MeshPort, MeshService } from '../../model/services.ts';
import { withPlace } from '../../model/workload-endpoints.ts';
import type { ProxyView } from '../proxy-view.ts';
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

  /** @param endpoints that the manifests say */
  constructor(
    view: ProxyView,
    service: MeshService,
    port: MeshPort,
    endpoints: readonly ServiceEndpoint[],
    rule: EffectiveRule | undefined,
    overrides: readonly EndpointOverride[],
  ) {
    this.written = ofNode(view, service, endpoints);
    this.rule = rule;
    this.overrides = overridesFor(overrides, service, port.number, view.namespace);
    this.overridden = this.overrides.length > 0;
    // As near as can be: it is this machine.
    this.place = localityText(view);
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

/** Whether traffic to a service stays on the node that it comes from. */
export function staysOnNode({ source, resource }: MeshService): boolean {
  return source === 'kubernetes' && (resource.spec as { internalTrafficPolicy?: unknown }).internalTrafficPolicy === 'Local';
}

/** A service whose traffic stays on its node has the endpoints there only. */
function ofNode({ node }: ProxyView, service: MeshService, endpoints: readonly ServiceEndpoint[]): readonly ServiceEndpoint[] {
  return node === '' || !staysOnNode(service) ? endpoints : endpoints.filter(({ workload }) => workload.node === node);
}

function localityText({ locality: { region, zone, subzone } }: ProxyView): string {
  return `${region}/${zone}/${subzone}`.replace(/\/+$/, '');
}

/** The proxy as locality settings see it. */
export function clientOf(view: ProxyView): Client {
  return { locality: view.locality, labels: withPlace(view.labels, localityText(view), view.node), labelled: view.labelled };
}

/** Names are looked up by clusters of DNS only: elsewhere they are left out. */
export function withoutNames(endpoints: readonly ServiceEndpoint[]): readonly ServiceEndpoint[] {
  return endpoints.filter(({ address, port }) => port === 0 || isIp(address));
}

export function localityEndpoints(policies: PeerPolicies, groups: readonly Group<ServiceEndpoint>[]): LocalityEndpoints[] {
  return groups.map(({ locality, priority, weight, endpoints }) => ({
    locality,
    priority,
    weight,
    endpoints: endpoints.map((endpoint) => endpointOf(policies, endpoint)),
  }));
}

// An endpoint is the same object in all of its clusters, for all proxies.
const endpoints = new WeakMap<ServiceEndpoint, { policies: PeerPolicies; made: Endpoint }>();

/** @param policies of the mesh */
export function endpointOf(policies: PeerPolicies, endpoint: ServiceEndpoint): Endpoint {
  const known = endpoints.get(endpoint);
  if (known?.policies === policies) return known.made;
  const { address, port, weight, workload, resource, path } = endpoint;
  const tlsMode = takesMtls(policies, endpoint) ? 'istio' : 'disabled';
  const made: Endpoint =
    known?.made.tlsMode === tlsMode
      ? known.made
      : {
          address,
          port,
          weight,
          labels: workload.labels,
          tlsMode,
          workload: workload.name,
          namespace: workload.namespace,
          serviceAccount: workload.serviceAccount,
          healthy: true,
          origin: originOf(resource, ...path),
        };
  endpoints.set(endpoint, { policies, made });
  return made;
}
