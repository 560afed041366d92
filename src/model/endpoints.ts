import { isIp } from '../manifest/ip.ts';
import type { ServiceEntry, WorkloadEntry } from '../manifest/istio/networking.gen.ts';
import type { Path } from '../manifest/problem.ts';
import type { Resource } from '../manifest/resource.ts';
import { type ListedAddress, listedAddresses } from './endpoint-lists.ts';
import type { Pod, ServicePort, ServiceSpec } from './kubernetes.ts';
import { LabelIndex, type Labels } from './label-index.ts';
import type { Mesh } from './mesh.ts';
import { workloadsSelected } from './selection.ts';
import { targetOf, targetPortOf } from './service-ports.ts';
import { type MeshPort, type MeshService, Services } from './services.ts';
import { items, text } from './untyped.ts';
import { addressOf, type EndpointWorkload, entryWorkload, isHealthyEntry, isReady, podWorkload, unknownWorkload } from './workload-endpoints.ts';

/** One address that takes the connections to a port of a service. */
export interface ServiceEndpoint {
  /** IP address, host name, or the path of a Unix socket with port 0. */
  address: string;
  port: number;
  weight: number;
  workload: EndpointWorkload;
  /** Of the object that says it, with the field where it is one of several. */
  resource: Resource;
  path: Path;
}

/** What one object says about the endpoints of a port. */
interface Part {
  service: MeshService;
  port: MeshPort;
  listed: readonly ListedAddress[] | undefined;
}

const unixPrefix = 'unix://';

/** Endpoints of services. */
export class Endpoints {
  private readonly mesh: Mesh;
  private readonly services: Services;
  private readonly listedBy: ReadonlyMap<string, readonly ListedAddress[]>;
  private readonly found = new Map<string, readonly ServiceEndpoint[]>();
  /** Of meshes that this one was made of. */
  private readonly before: Map<string, { of: readonly unknown[]; endpoints: readonly ServiceEndpoint[] }>;
  private readonly versions: Readonly<Record<'Node' | 'WorkloadEntry' | 'Pod', object>>;
  private readonly workloads = new Map<Pod, EndpointWorkload>();
  private readonly entries = new Map<string, LabelIndex<Resource<WorkloadEntry>>>();
  private pods: Map<string, Pod> | undefined;

  static of(mesh: Mesh): Endpoints {
    const reads = ['Service', 'ServiceEntry', 'WorkloadEntry', 'EndpointSlice', 'Endpoints', 'Pod', 'Node', 'MeshConfig'] as const;
    return mesh.memo('endpoints', reads, () => new Endpoints(mesh));
  }

  private constructor(mesh: Mesh) {
    this.mesh = mesh;
    this.services = Services.of(mesh);
    this.before = mesh.cache('endpoints', () => new Map());
    this.listedBy = listedAddresses(mesh);
    const version = (kind: string): object => mesh.memo(`version of ${kind}`, [kind], () => ({}));
    this.versions = { Node: version('Node'), WorkloadEntry: version('WorkloadEntry'), Pod: version('Pod') };
  }

  /**
   * Those of a port, each address once, in the order of the input. All that is said for this host in the service's namespace counts,
   * by the port's name (MAP-R63): a ServiceEntry adds machines to a Service of Kubernetes.
   */
  at(service: MeshService, port: MeshPort): readonly ServiceEndpoint[] {
    const key = `${service.namespace}/${service.host}/${port.name}/${port.number}`;
    const known = this.found.get(key);
    if (known) return known;
    const parts = this.services.byHost(service.host).flatMap((part): Part[] => {
      if (part.namespace !== service.namespace) return [];
      const own = part.ports.find(({ name, number }) => name === port.name && (name !== '' || number === port.number));
      return own ? [{ service: part, port: own, listed: this.listedBy.get(`${part.namespace}/${part.name}`) }] : [];
    });
    const of = this.madeOf(parts);
    const before = this.before.get(key);
    const endpoints = before && isSameList(before.of, of) ? before.endpoints : this.make(parts, before?.endpoints);
    if (endpoints.length > 0) this.before.set(key, { of, endpoints });
    else this.before.delete(key);
    this.found.set(key, endpoints);
    return endpoints;
  }

  /** The list that there was before, where it says the same. */
  private make(parts: readonly Part[], before: readonly ServiceEndpoint[] | undefined): readonly ServiceEndpoint[] {
    const made = eachOnce(
      parts.flatMap(({ service, port, listed }) => (service.source === 'kubernetes' ? this.ofKubernetes(service, port, listed) : this.ofEntry(service, port))),
    );
    return before?.length === made.length && made.every((endpoint, i) => isSame(endpoint, before[i] as ServiceEndpoint)) ? before : made;
  }

  /** The objects that decide about the endpoints; of pods that are selected, and of machines, any change. */
  private madeOf(parts: readonly Part[]): unknown[] {
    const of: unknown[] = [this.versions.Node, this.versions.WorkloadEntry];
    for (const { service, port, listed } of parts) {
      of.push(service, port, listed ?? this.versions.Pod);
      for (const at of listed ?? []) of.push(this.podOf(service.namespace, at));
    }
    return of;
  }

  private ofKubernetes(service: MeshService, port: MeshPort, listed: readonly ListedAddress[] | undefined): ServiceEndpoint[] {
    const { namespace, selector, aliasOf, resource } = service;
    if (aliasOf !== undefined) return [];
    const written = items((resource.spec as ServiceSpec).ports).find(({ port: number }) => number === port.number) ?? { port: port.number };
    const out = listed ? this.listed(namespace, listed, port, written) : [];
    if (selector) {
      if (!listed) out.push(...this.selectedPods(service, (pod) => targetPortOf(written, pod.spec)));
      const target = targetOf(written);
      out.push(
        ...this.selectedEntries(
          namespace,
          selector,
          ({ ports }) => ports?.[typeof target === 'string' ? target : port.name] ?? (typeof target === 'string' ? undefined : target),
        ),
      );
    }
    return out;
  }

  private listed(namespace: string, listed: readonly ListedAddress[], port: MeshPort, written: ServicePort): ServiceEndpoint[] {
    return listed.flatMap((at) => {
      if (at.portName !== port.name) return [];
      const pod = this.podOf(namespace, at);
      const target = at.port ?? (pod ? targetPortOf(written, pod.spec) : targetOf(written));
      if (typeof target !== 'number') return [];
      const workload = pod ? this.workloadOf(pod) : unknownWorkload(this.mesh, namespace, at.node);
      return [{ address: at.address, port: target, weight: 1, workload, resource: at.resource, path: [] }];
    });
  }

  private podOf(namespace: string, { pod, address }: ListedAddress): Pod | undefined {
    return pod === '' ? this.podAt(address) : this.mesh.find('Pod', namespace, pod);
  }

  private selectedPods({ namespace, selector, resource }: MeshService, portOf: (pod: Pod) => number | undefined): ServiceEndpoint[] {
    const all = (resource.spec as { publishNotReadyAddresses?: unknown }).publishNotReadyAddresses === true;
    return workloadsSelected(this.mesh, namespace, selector ?? {}).flatMap(({ isPod, resource: workload }) => {
      const pod = workload as Pod;
      if (!isPod || addressOf(pod) === '' || (!all && !isReady(pod))) return [];
      const port = portOf(pod);
      // A target port may be anything: core kinds are not checked.
      return typeof port !== 'number' ? [] : [{ address: addressOf(pod), port, weight: 1, workload: this.workloadOf(pod), resource: pod, path: [] }];
    });
  }

  private selectedEntries(namespace: string, selector: Labels, portOf: (entry: WorkloadEntry) => number | undefined): ServiceEndpoint[] {
    return this.entriesOf(namespace)
      .matching(selector)
      .filter(isHealthyEntry)
      .flatMap((resource) =>
        entryEndpoint(resource.spec, portOf(resource.spec), entryWorkload(resource.spec, namespace, resource.name, resource.labels), resource, []),
      );
  }

  /** A port of the entry itself, else the target port, else the number of the service's port (MAP-R64). */
  private ofEntry(service: MeshService, port: MeshPort): ServiceEndpoint[] {
    const { namespace, selector, resource } = service;
    const spec = resource.spec as ServiceEntry;
    const number = typeof port.targetPort === 'number' ? port.targetPort : port.number;
    const portOf = ({ ports }: WorkloadEntry): number => ports?.[port.name] || number;
    if (spec.workloadSelector) {
      if (!selector) return [];
      return [...this.selectedPods(service, () => number), ...this.selectedEntries(namespace, selector, portOf)];
    }
    const written = (spec.endpoints ?? []).flatMap((entry, i) =>
      entry ? entryEndpoint(entry, portOf(entry), entryWorkload(entry, namespace, '', {}), resource, ['spec', 'endpoints', i]) : [],
    );
    const byName = service.resolution === 'dns' || service.resolution === 'dns-round-robin';
    // Without endpoints the host itself is looked up (TCP-R14).
    if ((spec.endpoints ?? []).length > 0 || !byName || service.host.startsWith('*')) return written;
    return [{ address: service.host, port: number, weight: 1, workload: entryWorkload({}, namespace, '', {}), resource, path: ['spec', 'hosts'] }];
  }

  private workloadOf(pod: Pod): EndpointWorkload {
    let found = this.workloads.get(pod);
    if (!found) {
      const known = this.mesh.cache('workloads of pods', () => new WeakMap<Pod, { node: unknown; workload: EndpointWorkload }>());
      const node = this.mesh.find('Node', '', text(pod.spec.nodeName));
      const before = known.get(pod);
      found = before && before.node === node ? before.workload : podWorkload(this.mesh, pod);
      known.set(pod, { node, workload: found });
      this.workloads.set(pod, found);
    }
    return found;
  }

  private podAt(address: string): Pod | undefined {
    if (!this.pods) {
      // Pods in the network of their node share its address.
      const own = this.mesh.list('Pod').filter((pod) => addressOf(pod) !== '' && pod.spec.hostNetwork !== true);
      this.pods = new Map(own.map((pod) => [addressOf(pod), pod]));
    }
    return this.pods.get(address);
  }

  private entriesOf(namespace: string): LabelIndex<Resource<WorkloadEntry>> {
    let index = this.entries.get(namespace);
    if (!index) {
      index = new LabelIndex(this.mesh.listIn('WorkloadEntry', namespace), ({ spec, labels }) => ({ ...spec.labels, ...labels }));
      this.entries.set(namespace, index);
    }
    return index;
  }
}

function entryEndpoint(entry: WorkloadEntry, port: number | undefined, workload: EndpointWorkload, resource: Resource, path: Path): ServiceEndpoint[] {
  const written = text(entry.address);
  const address = written.startsWith(unixPrefix) ? written.slice(unixPrefix.length) : written;
  if (address === '' || (port === undefined && address === written)) return [];
  return [{ address, port: address === written ? (port as number) : 0, weight: entry.weight || 1, workload, resource, path }];
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((one, i) => one === b[i]);
}

/** Of the same objects, or of others that say the same. */
function isSame(a: ServiceEndpoint, b: ServiceEndpoint): boolean {
  return (
    a.address === b.address &&
    a.port === b.port &&
    a.weight === b.weight &&
    isSameWorkload(a.workload, b.workload) &&
    (a.resource === b.resource || sameName(a.resource, b.resource)) &&
    a.path.length === b.path.length &&
    a.path.every((key, i) => key === b.path[i])
  );
}

function isSameWorkload(a: EndpointWorkload, b: EndpointWorkload): boolean {
  return (
    a === b ||
    (a.locality === b.locality &&
      a.mtls === b.mtls &&
      a.name === b.name &&
      a.namespace === b.namespace &&
      a.serviceAccount === b.serviceAccount &&
      a.node === b.node &&
      sameLabels(a.labels, b.labels))
  );
}

function sameLabels(a: Labels, b: Labels): boolean {
  const keys = Object.keys(a);
  return a === b || (keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]));
}

function sameName(a: Resource, b: Resource): boolean {
  return a.kindName === b.kindName && a.namespace === b.namespace && a.name === b.name;
}

/**
 * A ServiceEntry with several addresses has its endpoints several times in the control plane; proxies take each once (TCP-R15). What
 * nobody can connect to is left out.
 */
function eachOnce(endpoints: readonly ServiceEndpoint[]): ServiceEndpoint[] {
  const seen = new Set<string>();
  return endpoints.filter(({ address, port }) => {
    if (!Number.isInteger(port) || port < 0 || port > 65535 || (port === 0 && isIp(address))) return false;
    const key = `${address} ${port}`;
    return !seen.has(key) && seen.add(key) !== undefined;
  });
}
