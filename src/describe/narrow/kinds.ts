// Kinds, as they are written, by what makes their objects matter for a description.

export const workloads: ReadonlySet<string> = new Set(['Pod', 'Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'CronJob']);
export const routes: ReadonlySet<string> = new Set(['HTTPRoute', 'GRPCRoute', 'TCPRoute', 'TLSRoute']);
/** They matter where a name is in them. */
export const named: ReadonlySet<string> = new Set(['VirtualService', 'DestinationRule', 'Service', 'EndpointSlice', 'Endpoints', 'Gateway', ...routes]);
/** They name addresses. */
export const listing: ReadonlySet<string> = new Set(['EndpointSlice', 'Endpoints', 'ServiceEntry', 'WorkloadEntry']);
/** They are for the workloads of their namespaces, or of all. Those that change what clients do are read wherever they are. */
export const policies: ReadonlySet<string> = new Set([
  'AuthorizationPolicy',
  'PeerAuthentication',
  'ProxyConfig',
  'RequestAuthentication',
  'Telemetry',
  'WasmPlugin',
]);
/** Nothing of a description is from these. */
export const unread: ReadonlySet<string> = new Set([
  'ServiceAccount',
  'Secret',
  'CustomResourceDefinition',
  'Ingress',
  'IngressClass',
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
  'WorkloadGroup',
]);
