// Every service of the mesh, of Kubernetes or of a ServiceEntry, in one form, and who sees which.
import { compareText } from '../manifest/compare-text.ts';
import type { ServiceEntry } from '../manifest/istio/networking.gen.ts';
import type { Resource } from '../manifest/resource.ts';
import { createdAt } from './creation.ts';
import type { Service } from './kubernetes.ts';
import type { Mesh } from './mesh.ts';
import type { Protocol } from './protocols.ts';
import { keepList, sameItems } from './same.ts';
import { serviceOfKubernetes, servicesOfEntry } from './service-forms.ts';
import type { Scopes } from './visibility.ts';

export interface MeshPort {
  number: number;
  name: string;
  /** Undefined: detected from the first bytes (TCP-R3). */
  protocol: Protocol | undefined;
  /** As written; undefined: the same number. */
  targetPort: number | string | undefined;
}

/** How the endpoints are found (TCP-R14). `none`: the connection goes where the client sent it. */
export type Resolution = 'static' | 'dns' | 'dns-round-robin' | 'none' | 'dynamic-dns';

/** What a service says about the endpoints that its traffic goes to (DR-R45). */
export type TrafficDistribution = 'any' | 'prefer-same-zone' | 'prefer-same-node';

export interface MeshService {
  /** Lower case; of a ServiceEntry possibly with a leading `*`. */
  host: string;
  name: string;
  namespace: string;
  /** In the order of the resource, each number once; UDP is left out (TCP-R1). */
  ports: readonly MeshPort[];
  /** Virtual addresses as written, a range of one address without its length. */
  addresses: readonly string[];
  resolution: Resolution;
  /** A Service without a cluster IP: clients choose an address themselves. */
  headless: boolean;
  /** Outside of the mesh: MESH_EXTERNAL. */
  external: boolean;
  /** Namespaces that see it (SEL-R34). */
  scopes: Scopes;
  source: 'kubernetes' | 'service-entry';
  /** Host that this is another name of: ExternalName, all hops resolved (SEL-R55). */
  aliasOf?: string;
  /** Labels of its workloads; undefined where nothing is selected. */
  selector: Readonly<Record<string, string>> | undefined;
  trafficDistribution: TrafficDistribution;
  resource: Resource;
}

/** All services, in the order in which the control plane takes them: the oldest first, then by name and namespace. */
export class Services {
  readonly all: readonly MeshService[];
  private readonly hosts: ReadonlyMap<string, readonly MeshService[]>;
  private readonly open: readonly MeshService[];
  /** Those that only some namespaces see, by namespace: its own first. */
  private readonly limited = new Map<string, { own: MeshService[]; others: MeshService[] }>();
  private readonly visible = new Map<string, readonly MeshService[]>();
  private visibleToOthers: readonly MeshService[] | undefined;
  private ownerNamespaces: ReadonlySet<string> | undefined;
  private readonly namespaces = new Map<string, OfNamespace>();
  private readonly byAlias: ReadonlyMap<string, readonly MeshService[]>;

  static of(mesh: Mesh): Services {
    return mesh.memo<Services>('services', ['Service', 'ServiceEntry', 'MeshConfig'], (former) => new Services(mesh, former));
  }

  private constructor(mesh: Mesh, former: Services | undefined) {
    const defaults = mesh.meshConfig.defaultServiceExportTo;
    const found = [
      ...mesh.list('Service').flatMap((service) => formsOf(service, defaults)),
      ...mesh.list('ServiceEntry').flatMap((entry) => formsOf(entry, defaults)),
    ];
    this.all = withResolvedAliases(found.sort(byAge));
    this.hosts = Map.groupBy(this.all, ({ host }) => host);
    for (const [namespace, list] of Map.groupBy(this.all, (service) => service.namespace)) {
      const before = former?.namespaces.get(namespace);
      this.namespaces.set(namespace, before && sameItems(before.list, list) ? before : { list, byHost: Map.groupBy(list, ({ host }) => host) });
    }
    const byAlias = Map.groupBy(
      this.all.filter(({ aliasOf }) => aliasOf !== undefined),
      ({ aliasOf }) => aliasOf as string,
    );
    const before = former?.byAlias;
    const same = before?.size === byAlias.size && [...byAlias].every(([host, list]) => sameItems(list, before.get(host) ?? none));
    this.byAlias = same ? before : byAlias;
    this.open = this.all.filter(({ scopes }) => scopes.has('*'));
    for (const service of this.all) {
      if (service.scopes.has('*')) continue;
      for (const namespace of service.scopes) {
        const lists = this.limited.get(namespace) ?? { own: [], others: [] };
        this.limited.set(namespace, lists);
        (namespace === service.namespace ? lists.own : lists.others).push(service);
      }
    }
  }

  /** Services of exactly this host, of any namespace, whoever sees them. */
  byHost(host: string): readonly MeshService[] {
    return this.hosts.get(host.toLowerCase()) ?? [];
  }

  /** Those of a namespace: the same list in the next mesh where they are the same. */
  listIn(namespace: string): readonly MeshService[] {
    return this.namespaces.get(namespace)?.list ?? none;
  }

  /** As `listIn`, by host. */
  in(namespace: string): ReadonlyMap<string, readonly MeshService[]> {
    return this.namespaces.get(namespace)?.byHost ?? noServices;
  }

  /** Namespaces that have any. */
  allNamespaces(): Iterable<string> {
    return this.namespaces.keys();
  }

  /** Names of services that stand for this host (SEL-R55). */
  aliasesOf(host: string): readonly MeshService[] {
    return this.byAlias.get(host.toLowerCase()) ?? none;
  }

  /** All of them by the host: the same map in the next mesh where they are the same. */
  aliases(): ReadonlyMap<string, readonly MeshService[]> {
    return this.byAlias;
  }

  /** Everything that a namespace sees, several services of one host included: private ones, those exported to it, public ones. */
  exportedTo(namespace: string): readonly MeshService[] {
    const lists = this.limited.get(namespace);
    return lists ? [...lists.own, ...lists.others, ...this.open] : this.open;
  }

  /** What a namespace sees, one service for each host (SEL-R33): namespaces that see the same have the same list. */
  visibleTo(namespace: string): readonly MeshService[] {
    let found = this.visible.get(namespace);
    if (!found) {
      found = this.limited.has(namespace) || this.owners().has(namespace) ? oneForEachHost(this.exportedTo(namespace), namespace) : this.toOthers();
      this.visible.set(namespace, found);
    }
    return found;
  }

  /** Namespaces with a service that another one has the host of: to them it comes first. */
  private owners(): ReadonlySet<string> {
    this.ownerNamespaces ??= new Set([...this.hosts.values()].filter((list) => list.length > 1).flatMap((list) => list.map(({ namespace }) => namespace)));
    return this.ownerNamespaces;
  }

  /** What a namespace sees that has nothing to say about it. */
  private toOthers(): readonly MeshService[] {
    this.visibleToOthers ??= keepList(this.open, oneForEachHost(this.open, undefined));
    return this.visibleToOthers;
  }
}

interface OfNamespace {
  list: readonly MeshService[];
  byHost: ReadonlyMap<string, readonly MeshService[]>;
}

const none: readonly MeshService[] = [];
const noServices: ReadonlyMap<string, readonly MeshService[]> = new Map();

// A resource stands for the same services in every mesh with the same defaults.
const forms = new WeakMap<Resource, { defaults: string; services: readonly MeshService[] }>();

function formsOf(resource: Service | Resource<ServiceEntry>, defaultExportTo: readonly string[] | undefined): readonly MeshService[] {
  const defaults = JSON.stringify(defaultExportTo ?? null);
  const known = forms.get(resource);
  if (known?.defaults === defaults) return known.services;
  const services =
    resource.kindName === 'ServiceEntry'
      ? servicesOfEntry(resource as Resource<ServiceEntry>, defaultExportTo)
      : [serviceOfKubernetes(resource as Service, defaultExportTo)].filter((service) => service !== undefined);
  forms.set(resource, { defaults, services });
  return services;
}

/**
 * Of several services of one host the one of the client's namespace, else that of Kubernetes, else the first; the ports of service
 * entries that say the same otherwise are added to it (SEL-R33).
 *
 * @param services in the order of `Services.exportedTo`
 * @param namespace undefined: of none of the services
 */
export function oneForEachHost(services: Iterable<MeshService>, namespace: string | undefined): MeshService[] {
  return [...Map.groupBy(services, ({ host }) => host).values()].map((list) => {
    if (list.length === 1) return list[0] as MeshService;
    const ofKubernetes = ({ source }: MeshService): boolean => source === 'kubernetes';
    const own = list.filter((service) => service.namespace === namespace);
    const chosen = own.find(ofKubernetes) ?? own[0] ?? list.find(ofKubernetes) ?? (list[0] as MeshService);
    return list.filter((other) => other !== chosen && areMerged(chosen, other)).reduce(withPortsOf, chosen);
  });
}

function areMerged(a: MeshService, b: MeshService): boolean {
  if (a.source === 'kubernetes' || b.source === 'kubernetes') return false;
  return a.namespace === b.namespace && a.resolution === b.resolution && mergeKey(a) === mergeKey(b);
}

function mergeKey({ scopes, selector, resource }: MeshService): string {
  const sorted = (map: Readonly<Record<string, string>> | undefined): string[][] => Object.entries(map ?? {}).sort();
  return JSON.stringify([[...scopes].sort(), sorted(selector), sorted(resource.labels)]);
}

/** The first to name a port number has it. */
export function withPortsOf(service: MeshService, { ports }: MeshService): MeshService {
  if (service.ports === ports) return service;
  const added = ports.filter(({ number }) => !service.ports.some((port) => port.number === number));
  return added.length === 0 ? service : withPorts(service, [...service.ports, ...added]);
}

const derived = new WeakMap<MeshService, MeshService[]>();

/** Variants that a service is remembered with; others are made again. */
const mostRemembered = 32;

/** The service with other ports: the same object for the same ports. */
export function withPorts(service: MeshService, ports: readonly MeshPort[]): MeshService {
  if (sameItems(service.ports, ports)) return service;
  const known = derived.get(service) ?? [];
  const found = known.find((one) => sameItems(one.ports, ports));
  if (found) return found;
  const made = { ...service, ports };
  derived.set(service, [made, ...known.slice(0, mostRemembered - 1)]);
  return made;
}

/** Ends of chains of ExternalNames; a chain without an end stands for nothing and stays as it is written. */
function withResolvedAliases(services: readonly MeshService[]): readonly MeshService[] {
  const next = new Map<string, string>();
  for (const { host, aliasOf } of services) if (aliasOf !== undefined && !next.has(host)) next.set(host, aliasOf);
  if (next.size === 0) return services;
  return services.map((service) => {
    if (service.aliasOf === undefined) return service;
    const seen = new Set([service.host]);
    let end = service.aliasOf;
    for (let hop = next.get(end); hop !== undefined && !seen.has(end); hop = next.get(end)) {
      seen.add(end);
      end = hop;
    }
    const known = resolved.get(service);
    if (known?.aliasOf === end) return known;
    const found = { ...service, aliasOf: end };
    resolved.set(service, found);
    return found;
  });
}

const resolved = new WeakMap<MeshService, MeshService>();

/** Without a time it is the newest (DR-R6). */
function byAge(a: MeshService, b: MeshService): number {
  const [x, y] = [createdAt(a.resource), createdAt(b.resource)];
  if (x !== y) return x === '' ? 1 : y === '' ? -1 : compareText(x, y);
  return compareText(a.name, b.name) || compareText(a.namespace, b.namespace) || compareText(a.resource.name, b.resource.name);
}
