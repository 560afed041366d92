// A cluster of N services, each with a pod and two endpoints; every fifth has a VirtualService and a DestinationRule.
import type { KubeObject } from '../../src/kube/object.ts';

const perNamespace = 100;

export const serviceName = (i: number): string => `svc-${i}`;
export const namespaceOf = (i: number): string => `ns-${Math.floor(i / perNamespace)}`;
export const hasRoutes = (i: number): boolean => i % 5 === 0;
export const unrelatedPod = { namespace: namespaceOf(0), name: 'unrelated' };

const address = (i: number, high: number): string => `${high}.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;

export function namespaces(services: number): string[] {
  return [...new Set(Array.from({ length: services }, (_, i) => namespaceOf(i)))];
}

export function service(i: number): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: namespaceOf(i), name: serviceName(i) },
    spec: { selector: { app: serviceName(i) }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
  };
}

/** @param value tells one version from another */
export function endpointSlice(i: number, value = 1): KubeObject {
  const targetRef = { kind: 'Pod', namespace: namespaceOf(i), name: serviceName(i) };
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: namespaceOf(i), name: `${serviceName(i)}-1`, labels: { 'kubernetes.io/service-name': serviceName(i) } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: [address(i, 10), address(i, 11 + (value % 100))].map((one) => ({ addresses: [one], conditions: { ready: true }, targetRef })),
  };
}

export function pod({ namespace, name }: { namespace: string; name: string }, value = 1): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, labels: { app: name, version: 'v1', value: String(value) } },
    spec: { containers: [{ name: 'app', image: 'example/app:1', ports: [{ containerPort: 8080 }], env: [{ name: 'A', value: 'a' }] }] },
  };
}

/** @param value tells one version from another */
export function virtualService(i: number, value = 1): KubeObject {
  const host = `${serviceName(i)}.${namespaceOf(i)}.svc.cluster.local`;
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { namespace: namespaceOf(i), name: serviceName(i) },
    spec: {
      hosts: [host],
      http: [
        { match: [{ headers: { 'x-canary': { exact: 'true' } } }], route: [{ destination: { host, subset: 'v1' } }] },
        { timeout: `${value}s`, route: [{ destination: { host } }] },
      ],
    },
  };
}

export function destinationRule(i: number): KubeObject {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { namespace: namespaceOf(i), name: serviceName(i) },
    spec: { host: `${serviceName(i)}.${namespaceOf(i)}.svc.cluster.local`, subsets: [{ name: 'v1', labels: { version: 'v1' } }] },
  };
}

export function objectsOf(i: number): KubeObject[] {
  const own = [service(i), pod({ namespace: namespaceOf(i), name: serviceName(i) }), endpointSlice(i)];
  return hasRoutes(i) ? [...own, destinationRule(i), virtualService(i)] : own;
}
