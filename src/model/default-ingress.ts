import type { MeshConfig } from '../manifest/istio/mesh.gen.ts';
import { type RawObject, Resource } from '../manifest/resource.ts';

/** Label of the ingress gateway that Istio installs. */
const labels = { istio: 'ingressgateway' };

const ports = [
  { name: 'http2', port: 80 },
  { name: 'https', port: 443 },
  { name: 'tcp', port: 31400 },
  { name: 'tls', port: 15443 },
];

/**
 * A Pod and a Service that stand for the ingress gateway of an installation. Files of an application seldom contain it, and the
 * reference adds it to every analysis of files, unless `ingressControllerMode` is `OFF`.
 */
export function defaultIngress(istioNamespace: string, meshConfig: MeshConfig): Resource[] {
  if (meshConfig.ingressControllerMode === 'OFF') return [];
  const name = meshConfig.ingressService || 'istio-ingressgateway';
  const make = (kind: string, suffix: string, own: Record<string, string>, spec: unknown): Resource => {
    const raw: RawObject = { apiVersion: 'v1', kind, metadata: { name: `${name}${suffix}`, namespace: istioNamespace, labels: own }, spec };
    return new Resource(raw, kind, istioNamespace, undefined);
  };
  return [
    make('Pod', '-dummypod', labels, { containers: [{ name: 'istio-proxy' }] }),
    make('Service', '', {}, { selector: labels, ports: ports.map((p) => ({ ...p, targetPort: p.port, protocol: 'TCP' })) }),
  ];
}

/** Labels of the gateways that Istio's own installation makes, by the name of the gateway. */
const installed: readonly Readonly<Record<string, string>>[] = ['ingressgateway', 'egressgateway', 'eastwestgateway'].map((gateway) => ({
  app: `istio-${gateway}`,
  istio: gateway,
}));

/** Whether a selector selects a gateway that comes with an installation, and so is not written in an application's files. */
export function selectsInstalledGateway(selector: Readonly<Record<string, string>>): boolean {
  const wanted = Object.entries(selector);
  return wanted.length > 0 && installed.some((gateway) => wanted.every(([key, value]) => gateway[key] === value));
}

/** Labels of the pods behind a service of Istio's own installation; undefined for any other name. */
export function labelsOfInstalledGateway(service: string): Readonly<Record<string, string>> | undefined {
  return installed.find(({ app }) => app === service);
}
