// Every service of the mesh, of Kubernetes or of a ServiceEntry, in one form, and who sees which.
import type { Resource } from '../manifest/resource.ts';
import { createdAt } from './creation.ts';
import type { Mesh } from './mesh.ts';
import type { Protocol } from './protocols.ts';
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
  private byNamespace: ReadonlyMap<string, readonly MeshService[]> | undefined;
  private aliases: ReadonlyMap<string, readonly MeshService[]> | undefined;

  static of(mesh: Mesh): Services {
    return mesh.memo('services', ['Service', 'ServiceEntry', 'MeshConfig'], () => new Services(mesh));
  }

  private constructor(mesh: Mesh) {
    const defaults = mesh.meshConfig.defaultServiceExportTo;
    const known = mesh.cache('services', () => new WeakMap<Resource, { defaults: unknown; services: readonly MeshService[] }>());
    const once = (resource: Resource, make: () => readonly MeshService[]): readonly MeshService[] => {
      const there = known.get(resource);
      if (there && there.defaults === defaults) return there.services;
      const services = make();
      known.set(resource, { defaults, services });
      return services;
    };
    const found = [
      ...mesh.list('Service').flatMap((service) => once(service, () => [serviceOfKubernetes(service, defaults) ?? []].flat())),
      ...mesh.list('ServiceEntry').flatMap((entry) => once(entry, () => servicesOfEntry(entry, defaults))),
    ];
    this.all = withResolvedAliases(found.sort(byAge));
    this.hosts = Map.groupBy(this.all, ({ host }) => host);
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

  /** Those of a namespace, in the order of all. */
  inNamespace(namespace: string): readonly MeshService[] {
    this.byNamespace ??= Map.groupBy(this.all, (service) => service.namespace);
    return this.byNamespace.get(namespace) ?? [];
  }

  /** Names of services that stand for this host (SEL-R55). */
  aliasesOf(host: string): readonly MeshService[] {
    this.aliases ??= Map.groupBy(
      this.all.filter(({ aliasOf }) => aliasOf !== undefined),
      ({ aliasOf }) => aliasOf as string,
    );
    return this.aliases.get(host.toLowerCase()) ?? [];
  }

  /** Everything that a namespace sees, several services of one host included: private ones, those exported to it, public ones. */
  exportedTo(namespace: string): readonly MeshService[] {
    const lists = this.limited.get(namespace);
    return lists ? [...lists.own, ...lists.others, ...this.open] : this.open;
  }

  /** What a namespace sees, one service for each host (SEL-R33). */
  visibleTo(namespace: string): readonly MeshService[] {
    let found = this.visible.get(namespace);
    if (!found) {
      found = oneForEachHost(this.exportedTo(namespace), namespace);
      this.visible.set(namespace, found);
    }
    return found;
  }
}

/**
 * Of several services of one host the one of the client's namespace, else that of Kubernetes, else the first; the ports of service
 * entries that say the same otherwise are added to it (SEL-R33).
 *
 * @param services in the order of `Services.exportedTo`
 */
export function oneForEachHost(services: Iterable<MeshService>, namespace: string): MeshService[] {
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
  const added = ports.filter(({ number }) => !service.ports.some((port) => port.number === number));
  return added.length === 0 ? service : { ...service, ports: [...service.ports, ...added] };
}

/** Ends of chains of ExternalNames; a chain without an end stands for nothing and stays as it is written. */
function withResolvedAliases(services: readonly MeshService[]): MeshService[] {
  const next = new Map<string, string>();
  for (const { host, aliasOf } of services) if (aliasOf !== undefined && !next.has(host)) next.set(host, aliasOf);
  return services.map((service) => {
    if (service.aliasOf === undefined) return service;
    const seen = new Set([service.host]);
    let end = service.aliasOf;
    for (let hop = next.get(end); hop !== undefined && !seen.has(end); hop = next.get(end)) {
      seen.add(end);
      end = hop;
    }
    return { ...service, aliasOf: end };
  });
}

/** Without a time it is the newest (DR-R6). */
function byAge(a: MeshService, b: MeshService): number {
  const [x, y] = [createdAt(a.resource), createdAt(b.resource)];
  if (x !== y) return x === '' ? 1 : y === '' ? -1 : compare(x, y);
  return compare(a.name, b.name) || compare(a.namespace, b.namespace) || compare(a.resource.name, b.resource.name);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
