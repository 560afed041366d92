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

const unixPrefix = 'unix://';

/** Endpoints of services. */
export class Endpoints {
  private readonly mesh: Mesh;
  private readonly services: Services;
  private readonly found = new Map<string, readonly ServiceEndpoint[]>();
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
  }

  /**
   * Those of a port, each address once, in the order of the input. All that is said for this host in the service's namespace counts,
   * by the port's name (MAP-R63): a ServiceEntry adds machines to a Service of Kubernetes.
   */
  at(service: MeshService, port: MeshPort): readonly ServiceEndpoint[] {
    const key = `${service.namespace}/${service.host}/${port.name}/${port.number}`;
    let found = this.found.get(key);
    if (!found) {
      found = eachOnce(
        this.services
          .byHost(service.host)
          .filter(({ namespace }) => namespace === service.namespace)
          .flatMap((part) => {
            const own = part.ports.find(({ name, number }) => name === port.name && (name !== '' || number === port.number));
            if (!own) return [];
            return part.source === 'kubernetes' ? this.ofKubernetes(part, own) : this.ofEntry(part, own);
          }),
      );
      this.found.set(key, found);
    }
    return found;
  }

  private ofKubernetes(service: MeshService, port: MeshPort): ServiceEndpoint[] {
    const { namespace, name, selector, aliasOf, resource } = service;
    if (aliasOf !== undefined) return [];
    const written = items((resource.spec as ServiceSpec).ports).find(({ port: number }) => number === port.number) ?? { port: port.number };
    const listed = listedAddresses(this.mesh).get(`${namespace}/${name}`);
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
      const pod = at.pod === '' ? this.podAt(at.address) : this.mesh.find('Pod', namespace, at.pod);
      const target = at.port ?? (pod ? targetPortOf(written, pod.spec) : targetOf(written));
      if (typeof target !== 'number') return [];
      const workload = pod ? this.workloadOf(pod) : unknownWorkload(this.mesh, namespace, at.node);
      return [{ address: at.address, port: target, weight: 1, workload, resource: at.resource, path: [] }];
    });
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
      found = podWorkload(this.mesh, pod);
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
