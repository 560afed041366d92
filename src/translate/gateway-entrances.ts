import type { Gateway, ServiceEntry } from '../manifest/istio/networking.gen.ts';
import type { Resource } from '../manifest/resource.ts';
import { labelsOfInstalledGateway } from '../model/default-ingress.ts';
import { parseFqdn } from '../model/hosts.ts';
import type { ServiceSpec } from '../model/kubernetes.ts';
import { type Labels, SelectorIndex } from '../model/label-index.ts';
import type { Mesh } from '../model/mesh.ts';
import { targetOf } from '../model/service-ports.ts';
import { items } from '../model/untyped.ts';
import type { ResolvedDestination } from './destinations.ts';

/** A gateway that requests for a destination certainly come to, and the numbers of its servers' ports there. */
export interface Entrance {
  gateway: Resource<Gateway>;
  ports: number[];
}

type Target = Pick<ResolvedDestination, 'host' | 'port'>;

/**
 * The gateways behind a destination, if it is the service of one: every pod that the service selects has the labels that the gateway
 * selects. Empty where the input leaves a doubt.
 *
 * @param namespace of the resource that names the destination
 */
export function entrancesOf(mesh: Mesh, namespace: string, target: Target): Entrance[] {
  const entry = mesh.hosts.lookup(namespace, undefined, target.host);
  if (!entry) return installedGateways(mesh, target);
  if (entry.resource.kindName === 'Service') return gatewaysOfService(mesh, entry.resource as Resource<ServiceSpec>, target.port);
  const { resolution = '', endpoints = [], ports = [] } = (entry.resource as Resource<ServiceEntry>).spec;
  const [endpoint, another] = endpoints.filter(Boolean);
  const port = target.port === 0 && ports.length === 1 ? ports[0] : ports.find((p) => p?.number === target.port);
  if (!resolution.startsWith('DNS') || !endpoint?.address || another || !port) return [];
  const at: Target = { host: endpoint.address, port: endpoint.ports?.[port.name ?? ''] || port.targetPort || port.number || 0 };
  const behind = mesh.hosts.lookup(entry.resource.namespace, undefined, at.host);
  if (!behind) return installedGateways(mesh, at);
  return behind.resource.kindName === 'Service' ? gatewaysOfService(mesh, behind.resource as Resource<ServiceSpec>, at.port) : [];
}

function gatewaysOfService(mesh: Mesh, { spec }: Resource<ServiceSpec>, port: number): Entrance[] {
  const ports = items(spec.ports);
  const used = port === 0 && ports.length === 1 ? ports[0] : ports.find((p) => p.port === port);
  if (!used || !spec.selector) return [];
  const target = targetOf(used);
  // A server's port is one of the service, else one of the pods.
  const direct = typeof target === 'number' && !ports.some((p) => p.port === target) ? [target] : [];
  return gatewaysOn(mesh, spec.selector).map((gateway) => ({ gateway, ports: [used.port, ...direct] }));
}

/** The service of a gateway that comes with Istio is known without being in the input. */
function installedGateways(mesh: Mesh, { host, port }: Target): Entrance[] {
  const { name, namespace } = parseFqdn('', host);
  const labels = namespace === mesh.options.istioNamespace ? labelsOfInstalledGateway(name) : undefined;
  return labels && port !== 0 ? gatewaysOn(mesh, labels).map((gateway) => ({ gateway, ports: [port] })) : [];
}

function gatewaysOn(mesh: Mesh, labels: Labels): Resource<Gateway>[] {
  const index = mesh.memo('gateways by selector', ['Gateway'], () => new SelectorIndex(mesh.list('Gateway'), ({ spec }) => spec.selector ?? {}));
  return index.selecting(labels);
}
