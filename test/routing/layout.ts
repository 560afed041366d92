// Where everything of a case is: addresses of services, endpoints, client and proxy, and the manifests that say so.
import { load, loadAll } from 'js-yaml';
import type { Behaviour, CaseEndpoint, RoutingCase } from './corpus.ts';

/** Addresses of the recording: the same here, so that what depends on them (consistent hashing, subnets) is the same. */
export const podAddress = (index: number): string => `10.244.${Math.floor((index + 10) / 250)}.${(index + 10) % 250}`;
export const serviceAddress = (index: number): string => `10.96.${Math.floor((index + 10) / 250)}.${(index + 10) % 250}`;
export const clientAddress = '10.244.1.100';
export const gatewayAddress = '10.244.1.50';
export const inboundAddress = '10.244.1.60';
export const externalClientAddress = '198.51.100.7';

/** An address of the mesh that belongs to no service: only the listener of the port matters. */
const anyAddress = '10.96.250.250';

/** What an endpoint speaks, from the protocol of its port. */
export type Speaks = 'http' | 'tcp';

/** One address and port on which a service answers. */
export interface Backend {
  identity: string;
  host: string;
  address: string;
  port: number;
  speaks: Speaks;
  behaviour: Behaviour;
}

/** An endpoint of a service as the proxy may choose it. */
export interface PlacedEndpoint extends CaseEndpoint {
  host: string;
  address: string;
}

export interface Layout {
  backends: Backend[];
  endpoints: PlacedEndpoint[];
  /** ServiceEntries of the services and what else the recording had in its configuration. */
  registry: string;
  /** MeshConfig. */
  mesh: Record<string, unknown>;
  /** The workload at which the proxy is. */
  namespace: string;
  labels: Record<string, string>;
  /** region/zone/sub-zone */
  locality: string | undefined;
  /** Address of the proxy. */
  address: string;
  /** Where the client connects to and from, unless a step says otherwise. */
  destination: string;
  source: string;
}

const tcpProtocols = new Set(['TCP', 'TLS', 'MONGO', 'MYSQL', 'REDIS', 'UDP']);

function speaks(protocol: string): Speaks {
  return tcpProtocols.has(protocol.toUpperCase()) ? 'tcp' : 'http';
}

/** ServiceEntries among the manifests: their endpoints are given by the case with an address. */
function serviceEntryPorts(manifests: string): Map<string, { number: number; protocol: string; target: number }[]> {
  const ports = new Map<string, { number: number; protocol: string; target: number }[]>();
  let documents: unknown[] = [];
  try {
    documents = loadAll(manifests);
  } catch {
    // A manifest that is no YAML is the matter of the proxy.
  }
  for (const document of documents as { kind?: string; spec?: { hosts?: string[]; ports?: { number: number; protocol?: string; targetPort?: number }[] } }[]) {
    if (document?.kind !== 'ServiceEntry') continue;
    for (const host of document.spec?.hosts ?? []) {
      const list = (document.spec?.ports ?? []).map((port) => ({
        number: port.number,
        protocol: port.protocol ?? 'HTTP',
        target: port.targetPort ?? port.number,
      }));
      ports.set(host, list);
    }
  }
  return ports;
}

function protocolOf(hosts: ReturnType<typeof serviceEntryPorts>, host: string, port: number): string {
  for (const [name, ports] of hosts) {
    if (name !== host && !(name.startsWith('*') && host.endsWith(name.slice(1)))) continue;
    const found = ports.find(({ number, target }) => target === port || number === port);
    if (found) return found.protocol;
  }
  return 'HTTP';
}

/** The manifests that stand for the services of the recording. */
function registryOf(routingCase: RoutingCase, placed: Map<string, PlacedEndpoint[]>): unknown[] {
  const documents: unknown[] = [];
  for (const [index, service] of routingCase.services.entries()) {
    documents.push({
      apiVersion: 'networking.istio.io/v1',
      kind: 'ServiceEntry',
      metadata: { name: service.host.replace('*', 'wildcard'), namespace: service.namespace },
      spec: {
        hosts: [service.host],
        addresses: [serviceAddress(index)],
        ...(service.exportTo ? { exportTo: service.exportTo } : {}),
        location: 'MESH_INTERNAL',
        resolution: 'STATIC',
        ports: service.ports,
        endpoints: (placed.get(service.host) ?? []).map(({ address, labels, locality, weight }) => ({
          address,
          ...(labels ? { labels } : {}),
          ...(locality ? { locality } : {}),
          ...(weight === undefined ? {} : { weight }),
        })),
      },
    });
  }
  documents.push({
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { name: 'default', namespace: 'istio-system' },
    spec: { mtls: { mode: 'DISABLE' } },
  });
  return documents;
}

/** An address for a pod; without a network of its own, one of loopback. */
function placeOf(address: string, captured: boolean): string {
  return captured ? address : address.replace(/^\d+/, '127');
}

function networkOf(role: RoutingCase['role']): Pick<Layout, 'address' | 'destination' | 'source'> {
  return {
    address: { outbound: clientAddress, gateway: gatewayAddress, inbound: inboundAddress }[role],
    destination: { outbound: anyAddress, gateway: gatewayAddress, inbound: inboundAddress }[role],
    source: role === 'gateway' ? externalClientAddress : clientAddress,
  };
}

/** Workload of the recorded proxy, by role. */
function workload({ role, client, proxy }: RoutingCase): { namespace: string; labels: Record<string, string>; locality: string | undefined } {
  const given = role === 'outbound' ? client : proxy;
  const byRole: Record<RoutingCase['role'], { namespace: string; labels: Record<string, string> }> = {
    outbound: { namespace: 'shop', labels: { app: 'client' } },
    gateway: { namespace: 'istio-ingress', labels: { istio: 'ingressgateway', app: 'gateway' } },
    inbound: { namespace: 'shop', labels: { app: 'app' } },
  };
  const { region, zone, sub_zone } = given.locality ?? {};
  return {
    namespace: given.namespace ?? byRole[role].namespace,
    labels: given.labels ?? byRole[role].labels,
    locality: region === undefined ? undefined : [region, zone, sub_zone].filter((part) => part !== undefined).join('/'),
  };
}

/**
 * Assigns addresses in the order of the case.
 *
 * @param captured false: only addresses that every machine has, and no redirection to the proxy
 */
export function layOut(routingCase: RoutingCase, captured = true): Layout {
  const { role, services, endpoints, manifests } = routingCase;
  const backends: Backend[] = [];
  const placed = new Map<string, PlacedEndpoint[]>();
  const entries = serviceEntryPorts(manifests);
  let next = 0;
  const servicesByHost = new Map(services.map((service) => [service.host, service]));
  const hosts = [...new Set([...servicesByHost.keys(), ...Object.keys(endpoints)])];
  for (const host of hosts) {
    const service = servicesByHost.get(host);
    const list: PlacedEndpoint[] = [];
    for (const endpoint of endpoints[host] ?? []) {
      const address = endpoint.address ?? (endpoint.local ? inboundAddress : placeOf(podAddress(next++), captured));
      list.push({ ...endpoint, host, address });
      if (endpoint.behaviour?.refuse) continue;
      const ports =
        endpoint.ports?.map((port) => ({ number: port, protocol: protocolOf(entries, host, port) })) ??
        service?.ports ??
        entries.get(host)?.map(({ target, protocol }) => ({ number: target, protocol })) ??
        [];
      for (const { number, protocol } of ports) {
        backends.push({ identity: endpoint.identity, host, address, port: number, speaks: speaks(protocol), behaviour: endpoint.behaviour ?? {} });
      }
    }
    placed.set(host, list);
  }
  const { proxyConfig } = routingCase.proxy;
  return {
    backends,
    endpoints: [...placed.values()].flat(),
    registry: registryOf(routingCase, placed)
      .map((document) => JSON.stringify(document))
      .join('\n---\n'),
    mesh: {
      enableAutoMtls: false,
      ...routingCase.mesh,
      ...(proxyConfig ? { defaultConfig: { ...(routingCase.mesh.defaultConfig as object | undefined), ...proxyConfig } } : {}),
    },
    ...workload(routingCase),
    ...(captured ? networkOf(role) : { address: '127.0.0.1', destination: '127.0.0.1', source: '127.0.0.1' }),
  };
}

/** DestinationRules of some manifests, as far as choices between endpoints depend on them. */
export interface Subset {
  host: string;
  namespace: string;
  name: string;
  labels: Record<string, string>;
}

/** Subsets that manifests name. */
export function subsetsOf(manifests: string): Subset[] {
  const subsets: Subset[] = [];
  for (const text of manifests.split(/^---\s*$/m)) {
    let document: { kind?: string; metadata?: { namespace?: string }; spec?: { host?: string; subsets?: { name: string; labels?: Record<string, string> }[] } };
    try {
      document = load(text) as typeof document;
    } catch {
      continue;
    }
    if (document?.kind !== 'DestinationRule') continue;
    for (const { name, labels } of document.spec?.subsets ?? []) {
      subsets.push({ host: document.spec?.host ?? '', namespace: document.metadata?.namespace ?? 'default', name, labels: labels ?? {} });
    }
  }
  return subsets;
}
