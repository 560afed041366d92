import type { ServiceEntry, ServiceEntry_Resolution } from '../manifest/istio/networking.gen.ts';
import type { Resource } from '../manifest/resource.ts';
import { clusterDomain } from './hosts.ts';
import type { Service, ServiceSpec } from './kubernetes.ts';
import { type Protocol, protocolNames, protocolOf } from './protocols.ts';
import type { MeshPort, MeshService, Resolution, TrafficDistribution } from './services.ts';
import { items, text } from './untyped.ts';
import { scopesOf } from './visibility.ts';

const exportAnnotation = 'networking.istio.io/exportTo';
const distributionAnnotation = 'networking.istio.io/traffic-distribution';

/** A Service as the mesh sees it; undefined for one that nobody can send to by its name. */
export function serviceOfKubernetes(resource: Service, defaultExportTo: readonly string[] | undefined): MeshService | undefined {
  const { name, namespace, annotations, spec } = resource;
  if (name === '') return undefined;
  const exportTo = annotations[exportAnnotation]?.split(',').flatMap((part) => part.trim() || []);
  const alias = spec.type === 'ExternalName' ? text(spec.externalName).toLowerCase() : '';
  const headless = spec.clusterIP === 'None';
  const selector = spec.selector && Object.keys(spec.selector).length > 0 ? spec.selector : undefined;
  return {
    host: `${name}.${namespace}.${clusterDomain}`.toLowerCase(),
    name,
    namespace,
    ports: eachOnce(
      items(spec.ports).map((port) => ({ number: port.port, name: text(port.name), protocol: protocolOf(port), targetPort: port.targetPort ?? undefined })),
    ),
    addresses: headless ? [] : clusterAddresses(spec),
    resolution: headless ? 'none' : 'static',
    headless,
    external: alias !== '',
    scopes: scopesOf(exportTo, namespace, defaultExportTo),
    source: 'kubernetes',
    ...(alias === '' ? {} : { aliasOf: alias }),
    selector,
    trafficDistribution: distributionOf(text((spec as { trafficDistribution?: unknown }).trafficDistribution) || (annotations[distributionAnnotation] ?? '')),
    resource,
  };
}

function clusterAddresses(spec: ServiceSpec): string[] {
  const { clusterIPs } = spec as { clusterIPs?: unknown };
  const all = Array.isArray(clusterIPs) ? clusterIPs.filter((address): address is string => typeof address === 'string' && address !== '') : [];
  const [first] = [text(spec.clusterIP)].filter((address) => address !== '');
  return all.length > 1 || first === undefined ? all : [first];
}

function distributionOf(written: string): TrafficDistribution {
  switch (written.toLowerCase()) {
    case 'preferclose':
    case 'prefersamezone':
      return 'prefer-same-zone';
    case 'prefersamenode':
      return 'prefer-same-node';
    default:
      return 'any';
  }
}

const resolutions: Readonly<Record<ServiceEntry_Resolution, Resolution>> = {
  NONE: 'none',
  STATIC: 'static',
  DNS: 'dns',
  DNS_ROUND_ROBIN: 'dns-round-robin',
  DYNAMIC_DNS: 'dynamic-dns',
};

/** One service for each host of a ServiceEntry. */
export function servicesOfEntry(resource: Resource<ServiceEntry>, defaultExportTo: readonly string[] | undefined): MeshService[] {
  const { namespace, spec } = resource;
  const hosts = new Set((spec.hosts ?? []).flatMap((host) => text(host).toLowerCase() || []));
  const shared = {
    namespace,
    ports: eachOnce(
      items(spec.ports).map((port) => ({
        number: port.number as number,
        name: text(port.name),
        protocol: declaredProtocol(text(port.protocol)),
        targetPort: port.targetPort || undefined,
      })),
    ),
    addresses: (spec.addresses ?? []).flatMap((address) => withoutFullLength(text(address)) || []),
    resolution: resolutions[spec.resolution ?? 'NONE'] ?? 'none',
    headless: false,
    external: spec.location !== 'MESH_INTERNAL',
    scopes: scopesOf(spec.exportTo, namespace, defaultExportTo),
    source: 'service-entry' as const,
    selector: spec.workloadSelector?.labels && Object.keys(spec.workloadSelector.labels).length > 0 ? spec.workloadSelector.labels : undefined,
    trafficDistribution: distributionOf(resource.annotations[distributionAnnotation] ?? ''),
    resource,
  };
  return [...hosts].map((host) => ({ host, name: host, ...shared }));
}

/** The protocol of a ServiceEntry's port, whole and in any case of letters (TCP-R2). */
function declaredProtocol(written: string): Protocol | undefined {
  return protocolNames.find((name) => name === written.toLowerCase());
}

/** `10.0.0.1/32` is `10.0.0.1`; wider ranges stay. */
function withoutFullLength(address: string): string {
  const [base = '', length] = address.split('/', 2);
  return length === (base.includes(':') ? '128' : '32') ? base : address;
}

/** Ports that a proxy can have clusters for: no UDP, no bad numbers, each number once. */
function eachOnce(ports: readonly MeshPort[]): MeshPort[] {
  const seen = new Set<number>();
  return ports.filter(({ number, protocol }) => {
    if (protocol === 'udp' || !Number.isInteger(number) || number < 1 || number > 65535 || seen.has(number)) return false;
    seen.add(number);
    return true;
  });
}
