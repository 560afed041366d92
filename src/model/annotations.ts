// The annotations that Istio 1.28 knows.
import { nearest } from '../manifest/nearest.ts';

export type FeatureStatus = 'Alpha' | 'Beta' | 'Stable';

export interface AnnotationDefinition {
  name: string;
  status: FeatureStatus;
  deprecated: boolean;
  /** Kinds whose metadata may carry it; `Any` for all. */
  kinds: readonly string[];
}

type Row = readonly [name: string, status: FeatureStatus, kinds: string, deprecated?: true];

const rows: readonly Row[] = [
  ['alpha.istio.io/canonical-serviceaccounts', 'Alpha', 'Service', true],
  ['alpha.istio.io/kubernetes-serviceaccounts', 'Alpha', 'Service', true],
  ['ambient.istio.io/bypass-inbound-capture', 'Alpha', 'Pod'],
  ['ambient.istio.io/dns-capture', 'Alpha', 'Pod'],
  ['ambient.istio.io/redirection', 'Beta', 'Pod'],
  ['ambient.istio.io/waypoint-inbound-binding', 'Alpha', 'GatewayClass Gateway'],
  ['galley.istio.io/analyze-suppress', 'Alpha', 'Any'],
  ['gateway.istio.io/controller-version', 'Alpha', 'Any'],
  ['gateway.istio.io/name-override', 'Alpha', 'Gateway'],
  ['gateway.istio.io/service-account', 'Alpha', 'Gateway'],
  ['inject.istio.io/templates', 'Alpha', 'Pod'],
  ['istio.io/autoRegistrationGroup', 'Alpha', 'WorkloadEntry'],
  ['istio.io/connectedAt', 'Alpha', 'WorkloadEntry'],
  ['istio.io/disconnectedAt', 'Alpha', 'WorkloadEntry'],
  ['istio.io/dry-run', 'Alpha', 'AuthorizationPolicy'],
  ['istio.io/reroute-virtual-interfaces', 'Alpha', 'Pod'],
  ['istio.io/rev', 'Alpha', 'Pod'],
  ['istio.io/workloadController', 'Alpha', 'WorkloadEntry'],
  ['kubernetes.io/ingress.class', 'Stable', 'Ingress'],
  ['networking.istio.io/exportTo', 'Alpha', 'Service'],
  ['networking.istio.io/service-type', 'Alpha', 'Gateway'],
  ['networking.istio.io/traffic-distribution', 'Alpha', 'Service ServiceEntry'],
  ['prometheus.istio.io/merge-metrics', 'Alpha', 'Pod'],
  ['proxy.istio.io/config', 'Beta', 'Pod'],
  ['proxy.istio.io/overrides', 'Alpha', 'Pod'],
  ['readiness.status.sidecar.istio.io/applicationPorts', 'Alpha', 'Pod'],
  ['readiness.status.sidecar.istio.io/failureThreshold', 'Alpha', 'Pod'],
  ['readiness.status.sidecar.istio.io/initialDelaySeconds', 'Alpha', 'Pod'],
  ['readiness.status.sidecar.istio.io/periodSeconds', 'Alpha', 'Pod'],
  ['sidecar.istio.io/agentLogLevel', 'Alpha', 'Pod'],
  ['sidecar.istio.io/bootstrapOverride', 'Alpha', 'Pod'],
  ['sidecar.istio.io/componentLogLevel', 'Alpha', 'Pod'],
  ['sidecar.istio.io/discoveryAddress', 'Alpha', 'Pod', true],
  ['sidecar.istio.io/extraStatTags', 'Alpha', 'Pod', true],
  ['sidecar.istio.io/inject', 'Beta', 'Pod', true],
  ['sidecar.istio.io/interceptionMode', 'Alpha', 'Pod'],
  ['sidecar.istio.io/logLevel', 'Alpha', 'Pod'],
  ['sidecar.istio.io/nativeSidecar', 'Alpha', 'Pod'],
  ['sidecar.istio.io/proxyCPU', 'Alpha', 'Pod'],
  ['sidecar.istio.io/proxyCPULimit', 'Alpha', 'Pod'],
  ['sidecar.istio.io/proxyImage', 'Alpha', 'Pod'],
  ['sidecar.istio.io/proxyImageType', 'Alpha', 'Pod'],
  ['sidecar.istio.io/proxyMemory', 'Alpha', 'Pod'],
  ['sidecar.istio.io/proxyMemoryLimit', 'Alpha', 'Pod'],
  ['sidecar.istio.io/rewriteAppHTTPProbers', 'Alpha', 'Pod'],
  ['sidecar.istio.io/statsCompression', 'Alpha', 'Pod'],
  ['sidecar.istio.io/statsEvictionInterval', 'Alpha', 'Pod'],
  ['sidecar.istio.io/statsFlushInterval', 'Alpha', 'Pod'],
  ['sidecar.istio.io/statsHistogramBins', 'Alpha', 'Pod'],
  ['sidecar.istio.io/statsHistogramBuckets', 'Alpha', 'Pod'],
  ['sidecar.istio.io/statsInclusionPrefixes', 'Alpha', 'Pod', true],
  ['sidecar.istio.io/statsInclusionRegexps', 'Alpha', 'Pod', true],
  ['sidecar.istio.io/statsInclusionSuffixes', 'Alpha', 'Pod', true],
  ['sidecar.istio.io/status', 'Alpha', 'Pod'],
  ['sidecar.istio.io/userVolume', 'Alpha', 'Pod'],
  ['sidecar.istio.io/userVolumeMount', 'Alpha', 'Pod'],
  ['status.sidecar.istio.io/port', 'Alpha', 'Pod'],
  ['topology.istio.io/controlPlaneClusters', 'Alpha', 'Namespace'],
  ['traffic.istio.io/nodeSelector', 'Stable', 'Service'],
  ['traffic.sidecar.istio.io/excludeInboundPorts', 'Alpha', 'Pod'],
  ['traffic.sidecar.istio.io/excludeInterfaces', 'Alpha', 'Pod'],
  ['traffic.sidecar.istio.io/excludeOutboundIPRanges', 'Alpha', 'Pod'],
  ['traffic.sidecar.istio.io/excludeOutboundPorts', 'Alpha', 'Pod'],
  ['traffic.sidecar.istio.io/includeInboundPorts', 'Alpha', 'Pod'],
  ['traffic.sidecar.istio.io/includeOutboundIPRanges', 'Alpha', 'Pod'],
  ['traffic.sidecar.istio.io/includeOutboundPorts', 'Alpha', 'Pod'],
  ['traffic.sidecar.istio.io/kubevirtInterfaces', 'Alpha', 'Pod', true],
];

const definitions: ReadonlyMap<string, AnnotationDefinition> = new Map(
  rows.map(([name, status, kinds, deprecated = false]) => [name, { name, status, deprecated, kinds: kinds.split(' ') }]),
);

/** What Istio knows of an annotation; undefined when it does not know it. */
export function annotationDefinition(name: string): AnnotationDefinition | undefined {
  return definitions.get(name);
}

/** Set by Istio's own controllers, on kinds that the definitions do not name. */
const written: ReadonlySet<string> = new Set(['sidecar.istio.io/status', 'gateway.istio.io/controller-version', 'istio.io/rev']);

/** Whether a name is in a domain of Istio, so that Istio would have to know it. */
export function isIstioAnnotation(name: string): boolean {
  if (written.has(name)) return false;
  return name === 'kubernetes.io/ingress.class' || (name.split('/', 1)[0] as string).endsWith('istio.io');
}

/** The annotation that a person probably meant: the same name in another domain of Istio, or one with a typing error. */
export function similarAnnotation(name: string): string | undefined {
  const last = (annotation: string): string => annotation.slice(annotation.indexOf('/') + 1);
  const known = [...definitions.keys()];
  const meant = known.some((annotation) => last(annotation) === last(name)) ? last(name) : nearest(last(name), known.map(last));
  const candidates = known.filter((annotation) => last(annotation) === meant);
  return candidates.length === 1 ? candidates[0] : nearest(name, candidates);
}
