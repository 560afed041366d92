import type { Gateway, ServiceEntry } from '../manifest/istio/networking.gen.ts';
import type { Resource } from '../manifest/resource.ts';
import { labelsOfInstalledGateway } from '../model/default-ingress.ts';
import { parseFqdn } from '../model/hosts.ts';
import type { ServiceSpec } from '../model/kubernetes.ts';
import type { Labels } from '../model/label-index.ts';
import type { Mesh } from '../model/mesh.ts';
import { matchesLabels } from '../model/selectors.ts';
import { targetOf } from '../model/service-ports.ts';
import { items } from '../model/untyped.ts';
import type { ResolvedDestination } from './destinations.ts';

/** Where requests for a destination come in. */
export interface Entrance {
  /** Labels that every pod there has. */
  labels: Labels;
  /** Numbers by which servers of a gateway can call the port. */
  ports: number[];
}

type Target = Pick<ResolvedDestination, 'host' | 'port'>;

/**
 * The pods behind a destination, by what its service selects. Undefined where the input leaves a doubt.
 *
 * @param namespace of the resource that names the destination
 */
export function entranceOf(mesh: Mesh, namespace: string, target: Target): Entrance | undefined {
  const entry = mesh.hosts.lookup(namespace, undefined, target.host);
  if (entry?.resource.kindName !== 'ServiceEntry') return entranceOfService(mesh, entry?.resource as Resource<ServiceSpec> | undefined, target);
  const { resolution = '', endpoints = [], ports = [] } = (entry.resource as Resource<ServiceEntry>).spec;
  const [endpoint, another] = endpoints.filter(Boolean);
  const port = target.port === 0 && ports.length === 1 ? ports[0] : ports.find((p) => p?.number === target.port);
  if (!resolution.startsWith('DNS') || !endpoint?.address || another || !port) return undefined;
  const at: Target = { host: endpoint.address, port: endpoint.ports?.[port.name ?? ''] || port.targetPort || port.number || 0 };
  const behind = mesh.hosts.lookup(entry.resource.namespace, undefined, at.host)?.resource;
  return behind?.kindName === 'ServiceEntry' ? undefined : entranceOfService(mesh, behind as Resource<ServiceSpec> | undefined, at);
}

function entranceOfService(mesh: Mesh, service: Resource<ServiceSpec> | undefined, { host, port }: Target): Entrance | undefined {
  if (!service) {
    // The service of a gateway that comes with Istio is known without being in the input.
    const { name, namespace } = parseFqdn('', host);
    const labels = namespace === mesh.options.istioNamespace ? labelsOfInstalledGateway(name) : undefined;
    return labels && port !== 0 ? { labels, ports: [port] } : undefined;
  }
  const { selector } = service.spec;
  const ports = items(service.spec.ports);
  const used = port === 0 && ports.length === 1 ? ports[0] : ports.find((p) => p.port === port);
  if (!used || !selector) return undefined;
  const target = targetOf(used);
  // A server's port is one of the service, else one of the pods.
  const direct = typeof target === 'number' && target !== used.port && !ports.some((p) => p.port === target) ? [target] : [];
  return { labels: selector, ports: [used.port, ...direct] };
}

/** Whether every pod there is one of the gateway. */
export function isEntranceOf({ labels }: Entrance, { spec: { selector = {} } }: Resource<Gateway>): boolean {
  return Object.keys(selector).length > 0 && matchesLabels(selector, labels);
}
