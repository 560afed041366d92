// A mesh of N services, each with 2 endpoints, 2 subsets and one VirtualService with 2 routes.

const perNamespace = 100;

export function serviceName(i: number): string {
  return `svc-${i}`;
}

export function namespaceOf(i: number): string {
  return `ns-${Math.floor(i / perNamespace)}`;
}

function address(i: number, high: number): string {
  return `${high}.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;
}

/** `weight`: percent to v2 of requests without the header. */
export function virtualService(i: number, weight = 10): string {
  const host = `${serviceName(i)}.${namespaceOf(i)}.svc.cluster.local`;
  return `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${serviceName(i)}, namespace: ${namespaceOf(i)}}
spec:
  hosts: [${host}]
  http:
  - match: [{headers: {x-canary: {exact: "true"}}}]
    route: [{destination: {host: ${host}, subset: v2}}]
  - route:
    - {destination: {host: ${host}, subset: v1}, weight: ${100 - weight}}
    - {destination: {host: ${host}, subset: v2}, weight: ${weight}}
`;
}

export function endpointSlice(i: number, lastOctet = 1): string {
  const endpoint = (version: 1 | 2, at: string): string =>
    `{addresses: [${at}], conditions: {ready: true}, targetRef: {kind: Pod, name: ${serviceName(i)}-v${version}, namespace: ${namespaceOf(i)}}}`;
  return `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: ${serviceName(i)}-1, namespace: ${namespaceOf(i)}, labels: {kubernetes.io/service-name: ${serviceName(i)}}}
addressType: IPv4
ports: [{name: http, port: 8080, protocol: TCP}]
endpoints:
- ${endpoint(1, address(i, 10))}
- ${endpoint(2, lastOctet === 1 ? address(i, 11) : address(i, 12))}
`;
}

function pod(i: number, version: 1 | 2): string {
  return `apiVersion: v1
kind: Pod
metadata: {name: ${serviceName(i)}-v${version}, namespace: ${namespaceOf(i)}, labels: {app: ${serviceName(i)}, version: v${version}}}
spec: {containers: [{name: app, image: app}]}
status: {phase: Running, podIP: ${address(i, 9 + version)}}
`;
}

function service(i: number): string {
  return `apiVersion: v1
kind: Service
metadata: {name: ${serviceName(i)}, namespace: ${namespaceOf(i)}}
spec: {clusterIP: ${address(i, 172)}, selector: {app: ${serviceName(i)}}, ports: [{name: http, port: 80, targetPort: 8080}]}
`;
}

function destinationRule(i: number): string {
  return `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ${serviceName(i)}, namespace: ${namespaceOf(i)}}
spec:
  host: ${serviceName(i)}.${namespaceOf(i)}.svc.cluster.local
  subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]
`;
}

export function documentsOf(i: number): string[] {
  return [service(i), destinationRule(i), virtualService(i), endpointSlice(i), pod(i, 1), pod(i, 2)];
}
