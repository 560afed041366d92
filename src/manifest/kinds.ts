// The kinds that weft reads, by API group. A kind's name is its Kubernetes kind; kinds of the Gateway API carry the prefix
// `gateway-api/`, because `Gateway` is a kind of Istio, too.

const groups: Record<string, readonly string[]> = {
  'networking.istio.io': [
    'DestinationRule',
    'EnvoyFilter',
    'Gateway',
    'ProxyConfig',
    'ServiceEntry',
    'Sidecar',
    'VirtualService',
    'WorkloadEntry',
    'WorkloadGroup',
  ],
  'security.istio.io': ['AuthorizationPolicy', 'PeerAuthentication', 'RequestAuthentication'],
  'telemetry.istio.io': ['Telemetry'],
  'extensions.istio.io': ['WasmPlugin'],
  '': ['ConfigMap', 'Endpoints', 'Namespace', 'Node', 'Pod', 'Secret', 'Service', 'ServiceAccount'],
  apps: ['DaemonSet', 'Deployment', 'ReplicaSet', 'StatefulSet'],
  batch: ['CronJob', 'Job'],
  'discovery.k8s.io': ['EndpointSlice'],
  'networking.k8s.io': ['Ingress', 'IngressClass'],
  'admissionregistration.k8s.io': ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'],
  'apiextensions.k8s.io': ['CustomResourceDefinition'],
};

const gatewayApi = ['BackendTLSPolicy', 'GRPCRoute', 'Gateway', 'GatewayClass', 'HTTPRoute', 'ReferenceGrant', 'TCPRoute', 'TLSRoute', 'UDPRoute'];

const names = new Map<string, string>();
for (const [group, kinds] of Object.entries(groups)) for (const kind of kinds) names.set(`${group}/${kind}`, kind);
for (const kind of gatewayApi) names.set(`gateway.networking.k8s.io/${kind}`, `gateway-api/${kind}`);

const clusterScoped = new Set([
  'Namespace',
  'Node',
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
  'CustomResourceDefinition',
  'IngressClass',
  'gateway-api/GatewayClass',
]);

export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

/** `kindName('networking.istio.io/v1', 'Gateway')` is `Gateway`; undefined for kinds that weft does not read. */
export function kindName(apiVersion: string, kind: string): string | undefined {
  return names.get(`${groupOf(apiVersion)}/${kind}`);
}

const gatewayVersions = ['v1', 'v1beta1', 'v1alpha2'];

/** Versions that Istio 1.28 reads, by kind or else by group; it passes over others. */
const versions: Readonly<Record<string, readonly string[]>> = {
  '': ['v1'],
  apps: ['v1'],
  'admissionregistration.k8s.io': ['v1'],
  'apiextensions.k8s.io': ['v1'],
  'networking.istio.io': ['v1', 'v1beta1', 'v1alpha3'],
  'security.istio.io': ['v1', 'v1beta1'],
  'telemetry.istio.io': ['v1', 'v1alpha1'],
  'extensions.istio.io': ['v1alpha1'],
  EnvoyFilter: ['v1alpha3'],
  ProxyConfig: ['v1beta1'],
  'gateway-api/GRPCRoute': ['v1', 'v1alpha2'],
  'gateway-api/Gateway': gatewayVersions,
  'gateway-api/GatewayClass': gatewayVersions,
  'gateway-api/HTTPRoute': gatewayVersions,
};

/** Whether Istio 1.28 knows this version of a kind. True for kinds that it does not read. */
export function isKnownVersion(apiVersion: string, name: string): boolean {
  const known = versions[name] ?? versions[groupOf(apiVersion)];
  return known === undefined || known.includes(apiVersion.slice(apiVersion.indexOf('/') + 1));
}

/** How the API of a cluster names a kind. */
export interface ApiKind {
  group: string;
  kind: string;
  /** Versions that Istio 1.28 reads, best first; empty: whichever the cluster prefers. */
  versions: readonly string[];
}

/** `apiKind('gateway-api/Gateway')`; undefined for names of no kind, and for the mesh configuration, which is in a ConfigMap. */
export function apiKind(name: string): ApiKind | undefined {
  const key = [...names].find(([, other]) => other === name)?.[0];
  if (key === undefined) return undefined;
  const [group = '', kind = ''] = key.split('/');
  return { group, kind, versions: versions[name] ?? versions[group] ?? [] };
}

export function isClusterScoped(name: string): boolean {
  return clusterScoped.has(name);
}

export const allKindNames: readonly string[] = [...names.values(), 'MeshConfig', 'MeshNetworks'];
