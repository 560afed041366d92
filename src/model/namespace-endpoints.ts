// Endpoints of the services of one namespace, and what of them goes on after a change.
import { isIp } from '../manifest/ip.ts';
import type { ServiceEntry, WorkloadEntry } from '../manifest/istio/networking.gen.ts';
import type { Path } from '../manifest/problem.ts';
import type { Resource } from '../manifest/resource.ts';
import type { AddressLists, ListedAddress } from './endpoint-lists.ts';
import type { ServiceEndpoint } from './endpoints.ts';
import type { KindTable } from './kind-table.ts';
import type { Pod, ServicePort, ServiceSpec } from './kubernetes.ts';
import { LabelIndex, type Labels } from './label-index.ts';
import { sameItems } from './same.ts';
import { keepEndpoints } from './same-endpoints.ts';
import { targetOf, targetPortOf } from './service-ports.ts';
import type { MeshPort, MeshService } from './services.ts';
import { items, text } from './untyped.ts';
import {
  addressOf,
  type EndpointWorkload,
  entryWorkload,
  isFinished,
  isHealthyEntry,
  isReady,
  type NodePlaces,
  podWorkload,
  unknownWorkload,
} from './workload-endpoints.ts';

/** What endpoints of a namespace are made of; each is the same object as long as it has the same content. */
export interface EndpointSources {
  namespace: string;
  /** Those of the namespace, by host. */
  services: ReadonlyMap<string, readonly MeshService[]>;
  listed: AddressLists;
  /** Those of the namespace. */
  pods: readonly Resource[];
  podTable: KindTable;
  podsByAddress: PodsByAddress;
  /** Those of the namespace. */
  entries: readonly Resource<WorkloadEntry>[];
  places: NodePlaces;
}

/** Pods of every namespace by their own addresses. */
export class PodsByAddress {
  readonly table: KindTable;
  private pods: ReadonlyMap<string, readonly Pod[]> | undefined;

  constructor(table: KindTable) {
    this.table = table;
  }

  /** That of the namespace which has listed the address, where several say that they have it. */
  at(address: string, namespace: string): Pod | undefined {
    // Pods in the network of their node share its address, and that of a finished pod is another one's by now.
    this.pods ??= Map.groupBy(
      (this.table.list as readonly Pod[]).filter((pod) => addressOf(pod) !== '' && pod.spec.hostNetwork !== true && !isFinished(pod)),
      addressOf,
    );
    const found = this.pods.get(address);
    return found?.find((pod) => pod.namespace === namespace) ?? found?.at(-1);
  }
}

/** What of the sources was asked for while the endpoints of a port were found. */
interface Asked {
  /** What is said for the host, with the addresses that the cluster lists for it. */
  parts: readonly MeshService[];
  listed: (readonly ListedAddress[] | undefined)[];
  /** Names of pods, each followed by the pod; undefined: there was none. */
  named: (string | Pod | undefined)[];
  podsByLabels: boolean;
  podsByAddress: boolean;
  entriesByLabels: boolean;
}

interface Found {
  /** Of the port. */
  name: string;
  number: number;
  endpoints: readonly ServiceEndpoint[];
  asked: Asked;
}

const none: readonly MeshService[] = [];

export class NamespaceEndpoints {
  /** The same object in the next mesh where all lists that were asked for are the same. */
  readonly content: object;
  private readonly sources: EndpointSources;
  private readonly byHost: Map<string, Found[]>;
  /** Pods of other namespaces were asked for, by their addresses. */
  private looksElsewhere: boolean;

  constructor(sources: EndpointSources, content: object = {}, byHost = new Map<string, Found[]>(), looksElsewhere = false) {
    this.sources = sources;
    this.content = content;
    this.byHost = byHost;
    this.looksElsewhere = looksElsewhere;
  }

  at(host: string, { name, number }: Pick<MeshPort, 'name' | 'number'>): readonly ServiceEndpoint[] {
    let list = this.byHost.get(host);
    if (!list) {
      list = [];
      this.byHost.set(host, list);
    }
    for (const found of list) if (found.number === number && found.name === name) return found.endpoints;
    const found = find(this.sources, host, name, number);
    if (found.asked.podsByAddress) this.looksElsewhere = true;
    list.push(found);
    return found.endpoints;
  }

  /** Of other sources: lists that have the same endpoints are the same. */
  after(sources: EndpointSources): NamespaceEndpoints {
    const before = this.sources;
    const changed = (Object.keys(sources) as (keyof EndpointSources)[]).filter((name) => sources[name] !== before[name]);
    if (changed.length === 0) return this;
    // The most frequent change: pods of another namespace.
    if (!this.looksElsewhere && changed.every((name) => name === 'podTable' || name === 'podsByAddress')) {
      const copied = new Map<string, Found[]>();
      for (const [host, list] of this.byHost) copied.set(host, [...list]);
      return new NamespaceEndpoints(sources, this.content, copied);
    }
    const next = new Map<string, Found[]>();
    let same = true;
    let elsewhere = false;
    for (const [host, list] of this.byHost) {
      const parts = sources.services.get(host);
      if (parts) {
        const found = list.map((one) => again(one, before, sources, host, parts));
        elsewhere ||= found.some(({ asked }) => asked.podsByAddress);
        if (!list.every(({ endpoints }, i) => endpoints === found[i]?.endpoints)) same = false;
        next.set(host, found);
      } else if (list.some(({ endpoints }) => endpoints.length > 0)) same = false;
    }
    return new NamespaceEndpoints(sources, same ? this.content : {}, next, elsewhere);
  }
}

function again(one: Found, before: EndpointSources, sources: EndpointSources, host: string, parts: readonly MeshService[]): Found {
  if (isAsBefore(one.asked, before, sources, parts)) return one;
  const found = find(sources, host, one.name, one.number);
  return { ...found, endpoints: keepEndpoints(one.endpoints, found.endpoints) };
}

/** Whether everything that was asked for has the same answer. */
function isAsBefore(asked: Asked, before: EndpointSources, now: EndpointSources, parts: readonly MeshService[]): boolean {
  if (before.places !== now.places || !sameItems(asked.parts, parts)) return false;
  if (asked.listed.some((list, i) => now.listed.get((parts[i] as MeshService).name) !== list)) return false;
  if (asked.podsByAddress && before.podTable !== now.podTable) return false;
  if (asked.entriesByLabels && before.entries !== now.entries) return false;
  if (before.pods === now.pods) return true;
  if (asked.podsByLabels) return false;
  for (let i = 0; i < asked.named.length; i += 2) {
    if (now.podTable.find(now.namespace, asked.named[i] as string) !== asked.named[i + 1]) return false;
  }
  return true;
}

function find(sources: EndpointSources, host: string, name: string, number: number): Found {
  const finder = new EndpointFinder(sources, sources.services.get(host) ?? none);
  return { name, number, endpoints: finder.at(name, number), asked: finder.asked };
}

const unixPrefix = 'unix://';
const whole: Path = [];

class EndpointFinder {
  readonly asked: Asked;
  private readonly sources: EndpointSources;

  constructor(sources: EndpointSources, parts: readonly MeshService[]) {
    this.sources = sources;
    this.asked = { parts, listed: [], named: [], podsByLabels: false, podsByAddress: false, entriesByLabels: false };
  }

  at(name: string, number: number): readonly ServiceEndpoint[] {
    const found = this.asked.parts.flatMap((part) => {
      this.asked.listed.push(this.sources.listed.get(part.name));
      const own = part.ports.find((port) => port.name === name && (name !== '' || port.number === number));
      if (!own) return [];
      return part.source === 'kubernetes' ? this.ofKubernetes(part, own) : this.ofEntry(part, own);
    });
    return eachOnce(found);
  }

  private ofKubernetes(service: MeshService, port: MeshPort): ServiceEndpoint[] {
    const { name, selector, aliasOf, resource } = service;
    if (aliasOf !== undefined) return [];
    const written = items((resource.spec as ServiceSpec).ports).find(({ port: number }) => number === port.number) ?? { port: port.number };
    const listed = this.sources.listed.get(name);
    const out = listed ? this.listed(listed, port, written) : [];
    if (selector) {
      if (!listed) out.push(...this.selectedPods(service, (pod) => targetPortOf(written, pod.spec)));
      const target = targetOf(written);
      out.push(
        ...this.selectedEntries(
          selector,
          ({ ports }) => ports?.[typeof target === 'string' ? target : port.name] ?? (typeof target === 'string' ? undefined : target),
        ),
      );
    }
    return out;
  }

  private listed(listed: readonly ListedAddress[], port: MeshPort, written: ServicePort): ServiceEndpoint[] {
    const { namespace, places } = this.sources;
    return listed.flatMap((at) => {
      if (at.portName !== port.name) return [];
      const pod = at.pod === '' ? this.podAt(at.address) : this.podNamed(at.pod);
      const target = at.port ?? (pod ? targetPortOf(written, pod.spec) : targetOf(written));
      if (typeof target !== 'number') return [];
      const workload = pod ? workloadOf(places, pod) : unknownWorkload(places, namespace, at.node);
      return [{ address: at.address, port: target, weight: 1, workload, resource: at.resource, path: whole }];
    });
  }

  private podNamed(name: string): Pod | undefined {
    const pod = this.sources.podTable.find(this.sources.namespace, name) as Pod | undefined;
    this.asked.named.push(name, pod);
    return pod;
  }

  private podAt(address: string): Pod | undefined {
    this.asked.podsByAddress = true;
    return this.sources.podsByAddress.at(address, this.sources.namespace);
  }

  private selectedPods({ selector, resource }: MeshService, portOf: (pod: Pod) => number | undefined): ServiceEndpoint[] {
    this.asked.podsByLabels = true;
    const all = (resource.spec as { publishNotReadyAddresses?: unknown }).publishNotReadyAddresses === true;
    return podsByLabels(this.sources.pods as readonly Pod[])
      .matching(selector ?? {})
      .flatMap((pod) => {
        if (addressOf(pod) === '' || (!all && !isReady(pod))) return [];
        const port = portOf(pod);
        // A target port may be anything: core kinds are not checked.
        return typeof port !== 'number'
          ? []
          : [{ address: addressOf(pod), port, weight: 1, workload: workloadOf(this.sources.places, pod), resource: pod, path: whole }];
      });
  }

  private selectedEntries(selector: Labels, portOf: (entry: WorkloadEntry) => number | undefined): ServiceEndpoint[] {
    this.asked.entriesByLabels = true;
    const { entries, namespace } = this.sources;
    if (entries.length === 0) return [];
    return entriesByLabels(entries)
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
      return [...this.selectedPods(service, () => number), ...this.selectedEntries(selector, portOf)];
    }
    const written = (spec.endpoints ?? []).flatMap((entry, i) =>
      entry ? entryEndpoint(entry, portOf(entry), entryWorkload(entry, namespace, '', {}), resource, ['spec', 'endpoints', i]) : [],
    );
    const byName = service.resolution === 'dns' || service.resolution === 'dns-round-robin';
    // Without endpoints the host itself is looked up (TCP-R14).
    if ((spec.endpoints ?? []).length > 0 || !byName || service.host.startsWith('*')) return written;
    return [{ address: service.host, port: number, weight: 1, workload: entryWorkload({}, namespace, '', {}), resource, path: ['spec', 'hosts'] }];
  }
}

// Lists of a namespace are the same objects as long as nothing in them changes, and so are pods.
const podIndexes = new WeakMap<readonly Pod[], LabelIndex<Pod>>();
const entryIndexes = new WeakMap<readonly Resource<WorkloadEntry>[], LabelIndex<Resource<WorkloadEntry>>>();
const workloads = new WeakMap<Pod, { place: string | undefined; workload: EndpointWorkload }>();

function podsByLabels(pods: readonly Pod[]): LabelIndex<Pod> {
  let index = podIndexes.get(pods);
  if (!index) {
    index = new LabelIndex(pods, ({ labels }) => labels);
    podIndexes.set(pods, index);
  }
  return index;
}

function entriesByLabels(entries: readonly Resource<WorkloadEntry>[]): LabelIndex<Resource<WorkloadEntry>> {
  let index = entryIndexes.get(entries);
  if (!index) {
    index = new LabelIndex(entries, ({ spec, labels }) => ({ ...spec.labels, ...labels }));
    entryIndexes.set(entries, index);
  }
  return index;
}

function workloadOf(places: NodePlaces, pod: Pod): EndpointWorkload {
  const place = places.get(text(pod.spec.nodeName));
  const known = workloads.get(pod);
  if (known && known.place === place) return known.workload;
  const workload = podWorkload(places, pod);
  workloads.set(pod, { place, workload });
  return workload;
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
function eachOnce(endpoints: readonly ServiceEndpoint[]): readonly ServiceEndpoint[] {
  const seen = new Set<string>();
  return endpoints.filter(({ address, port }) => {
    if (!Number.isInteger(port) || port < 0 || port > 65535 || (port === 0 && isIp(address))) return false;
    const key = `${address} ${port}`;
    return !seen.has(key) && seen.add(key) !== undefined;
  });
}
