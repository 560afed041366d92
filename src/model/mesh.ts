import type { WasmPlugin } from '../manifest/istio/extensions.gen.ts';
import type { MeshConfig, MeshNetworks } from '../manifest/istio/mesh.gen.ts';
import type {
  DestinationRule,
  EnvoyFilter,
  Gateway,
  ServiceEntry,
  Sidecar,
  VirtualService,
  WorkloadEntry,
  WorkloadGroup,
} from '../manifest/istio/networking.gen.ts';
import type { ProxyConfig } from '../manifest/istio/proxyconfig.gen.ts';
import type { AuthorizationPolicy, PeerAuthentication, RequestAuthentication } from '../manifest/istio/security.gen.ts';
import type { Telemetry } from '../manifest/istio/telemetry.gen.ts';
import type { Resource } from '../manifest/resource.ts';
import { HostIndex } from './hosts.ts';
import type { ConfigMap, Deployment, Namespace, Node, Pod, Secret, Service, WebhookConfiguration } from './kubernetes.ts';
import type { PodTemplateOwner } from './workloads.ts';
import { type Workload, workloadsOf } from './workloads.ts';

/** Which resource type each kind name stands for; kinds not listed are untyped resources. */
export interface KindTypes {
  VirtualService: Resource<VirtualService>;
  DestinationRule: Resource<DestinationRule>;
  Gateway: Resource<Gateway>;
  ServiceEntry: Resource<ServiceEntry>;
  Sidecar: Resource<Sidecar>;
  EnvoyFilter: Resource<EnvoyFilter>;
  WorkloadEntry: Resource<WorkloadEntry>;
  WorkloadGroup: Resource<WorkloadGroup>;
  ProxyConfig: Resource<ProxyConfig>;
  AuthorizationPolicy: Resource<AuthorizationPolicy>;
  PeerAuthentication: Resource<PeerAuthentication>;
  RequestAuthentication: Resource<RequestAuthentication>;
  Telemetry: Resource<Telemetry>;
  WasmPlugin: Resource<WasmPlugin>;
  MeshConfig: Resource<MeshConfig>;
  MeshNetworks: Resource<MeshNetworks>;
  Service: Service;
  Deployment: Deployment;
  Pod: Pod;
  Namespace: Namespace;
  Node: Node;
  Secret: Secret;
  ConfigMap: ConfigMap;
  MutatingWebhookConfiguration: WebhookConfiguration;
  ValidatingWebhookConfiguration: WebhookConfiguration;
}
export type KindName = keyof KindTypes | (string & {});
export type ResourceOf<K extends KindName> = K extends keyof KindTypes ? KindTypes[K] : Resource<Record<string, unknown>>;

/**
 * What a kind's absence from the input means. `complete`: it does not exist. `mesh-only`: Services, Pods, Namespaces, Nodes and
 * Secrets are unknown. `auto`: a kind with at least one resource in the input is complete, a kind with none is unknown.
 */
export type Assume = 'complete' | 'mesh-only' | 'auto';

export interface MeshOptions {
  assume: Assume;
  /** Namespace of the control plane. */
  istioNamespace: string;
  /** Pod templates of Deployments and the like count as workloads, beside Pods. The reference looks at Pods only. */
  templates: boolean;
  /** Hosts outside of the input that are known to exist, wildcards allowed. */
  knownHosts: readonly string[];
  /** When the analysis is made, for what expires. */
  now: Date;
  /** Merged mesh configuration; see mesh-config.ts. */
  meshConfig: MeshConfig;
  meshConfigResource?: Resource<MeshConfig>;
  meshNetworksResource?: Resource<MeshNetworks>;
}

/** One object that is there no longer, is there now, or is there otherwise. */
export interface Change {
  before?: Resource | undefined;
  after?: Resource | undefined;
}

/** What a cluster has for the mesh; the reference takes it from there only. */
export const platformKinds: ReadonlySet<string> = new Set(['Service', 'Pod', 'Namespace', 'Node', 'Secret']);
const templateKinds = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'CronJob'] as const;

/**
 * An immutable snapshot of a mesh with its indexes. Indexes are built on first use; every access tells the observer which kinds
 * it read, so that a test can compare with what an analyzer declares.
 */
export class Mesh {
  readonly options: MeshOptions;
  observer: ((kind: string) => void) | undefined;
  private readonly byKind = new Map<string, Resource[]>();
  private readonly byName = new Map<string, Map<string, Resource>>();
  private readonly byNamespace = new Map<string, Map<string, Resource[]>>();
  private hostIndex: HostIndex | undefined;
  private workloadIndex: Map<string, Workload[]> | undefined;
  private readonly memos = new Map<string, { value: unknown; reads: ReadonlySet<string> }>();
  /** Shared with the meshes that this one was made of. */
  private caches = new Map<string, unknown>();

  constructor(resources: Iterable<Resource>, options: MeshOptions) {
    this.options = options;
    for (const resource of resources) {
      if (options.assume === 'mesh-only' && platformKinds.has(resource.kindName)) continue;
      const list = this.byKind.get(resource.kindName);
      if (list) list.push(resource);
      else this.byKind.set(resource.kindName, [resource]);
    }
    if (options.meshConfigResource) this.byKind.set('MeshConfig', [options.meshConfigResource]);
    if (options.meshNetworksResource) this.byKind.set('MeshNetworks', [options.meshNetworksResource]);
  }

  /**
   * The mesh after some changes. What was computed of kinds that did not change is there already; a changed object keeps its place
   * among those of its kind, a new one is the last.
   *
   * @param meshConfig merged, where it is another one
   */
  with(changes: readonly Change[], meshConfig?: Pick<MeshOptions, 'meshConfig' | 'meshConfigResource'>): Mesh {
    const next = new Mesh([], { ...this.options, ...meshConfig });
    const changed = new Set<string>(meshConfig ? ['MeshConfig'] : []);
    const byKind = Map.groupBy(changes, ({ before, after }) => (after ?? before)?.kindName ?? '');
    for (const kind of byKind.keys()) if (this.options.assume !== 'mesh-only' || !platformKinds.has(kind)) changed.add(kind);
    for (const [kind, list] of this.byKind)
      if (!next.byKind.has(kind)) next.byKind.set(kind, changed.has(kind) ? changedList(list, byKind.get(kind) ?? []) : list);
    for (const kind of changed) if (!this.byKind.has(kind)) next.byKind.set(kind, changedList([], byKind.get(kind) ?? []));
    for (const [kind, list] of next.byKind) if (list.length === 0) next.byKind.delete(kind);
    for (const [kind, index] of this.byName) if (!changed.has(kind)) next.byName.set(kind, index);
    for (const [kind, index] of this.byNamespace) if (!changed.has(kind)) next.byNamespace.set(kind, index);
    if (!changed.has('Service') && !changed.has('ServiceEntry')) next.hostIndex = this.hostIndex;
    if (!['Pod', ...templateKinds].some((kind) => changed.has(kind))) next.workloadIndex = this.workloadIndex;
    for (const [key, memo] of this.memos) if (![...changed].some((kind) => memo.reads.has(kind))) next.memos.set(key, memo);
    next.caches = this.caches;
    return next;
  }

  /**
   * A cache that meshes made by `with` have in common. Nothing in it may be taken without a look at whether it holds for this mesh:
   * whether all that it was made of is the same.
   */
  cache<T extends object>(key: string, create: () => T): T {
    const there = this.caches.get(key);
    if (there) return there as T;
    const made = create();
    this.caches.set(key, made);
    return made;
  }

  /** All resources of a kind, in the order of the input. */
  list<K extends KindName>(kind: K): readonly ResourceOf<K>[] {
    this.observer?.(kind);
    return (this.byKind.get(kind) ?? []) as unknown as readonly ResourceOf<K>[];
  }

  /** The resources of a kind in one namespace. */
  listIn<K extends KindName>(kind: K, namespace: string): readonly ResourceOf<K>[] {
    this.observer?.(kind);
    let index = this.byNamespace.get(kind);
    if (!index) {
      index = Map.groupBy(this.byKind.get(kind) ?? [], (r) => r.namespace);
      this.byNamespace.set(kind, index);
    }
    return (index.get(namespace) ?? []) as unknown as readonly ResourceOf<K>[];
  }

  /** One resource by name; `namespace` is empty for kinds without. */
  find<K extends KindName>(kind: K, namespace: string, name: string): ResourceOf<K> | undefined {
    this.observer?.(kind);
    let index = this.byName.get(kind);
    if (!index) {
      index = new Map((this.byKind.get(kind) ?? []).map((r) => [`${r.namespace}/${r.name}`, r]));
      this.byName.set(kind, index);
    }
    return index.get(`${namespace}/${name}`) as ResourceOf<K> | undefined;
  }

  /** Whether a resource of this kind that is not in the input can be said not to exist. */
  knows(kind: KindName): boolean {
    this.observer?.(kind);
    switch (this.options.assume) {
      case 'complete':
        return true;
      case 'mesh-only':
        return !platformKinds.has(kind);
      default:
        return this.byKind.has(kind) || kind === 'MeshConfig';
    }
  }

  /** Whether a workload that is not in the input can be said not to exist. */
  knowsWorkloads(): boolean {
    return this.knows('Pod') || (this.options.templates && templateKinds.some((kind) => this.knows(kind)));
  }

  /** Number of resources, the synthetic mesh configuration not counted. */
  get size(): number {
    let count = 0;
    for (const [kind, list] of this.byKind) if (kind !== 'MeshConfig' && kind !== 'MeshNetworks') count += list.length;
    return count;
  }

  get meshConfig(): MeshConfig {
    this.observer?.('MeshConfig');
    return this.options.meshConfig;
  }
  get rootNamespace(): string {
    return this.meshConfig.rootNamespace || this.options.istioNamespace;
  }

  /** Hosts of Services and ServiceEntries with who may see them. */
  get hosts(): HostIndex {
    this.observer?.('Service');
    this.observer?.('ServiceEntry');
    this.hostIndex ??= new HostIndex(
      this.byKind.get('Service') as Service[] | undefined,
      this.byKind.get('ServiceEntry') as Resource<ServiceEntry>[] | undefined,
    );
    return this.hostIndex;
  }

  /** Pods, and with `templates` the pods that Deployments and the like will make, by namespace. */
  workloads(namespace: string): readonly Workload[] {
    return this.workloadsByNamespace().get(namespace) ?? [];
  }

  allWorkloads(): Workload[] {
    return [...this.workloadsByNamespace().values()].flat();
  }

  private workloadsByNamespace(): Map<string, Workload[]> {
    this.observer?.('Pod');
    const owners: PodTemplateOwner[] = [];
    if (this.options.templates) {
      for (const kind of templateKinds) {
        this.observer?.(kind);
        owners.push(...((this.byKind.get(kind) ?? []) as PodTemplateOwner[]));
      }
    }
    this.workloadIndex ??= Map.groupBy(workloadsOf((this.byKind.get('Pod') ?? []) as Pod[], owners), (w) => w.namespace);
    return this.workloadIndex;
  }

  /**
   * Computes a value once per mesh; `key` names it. `reads` are the kinds it is made of, now or when it is used; with Pods come
   * what makes them. Whoever asks for it reads these, and everything that was read to compute it, whether it is there already
   * or not.
   */
  memo<T>(key: string, reads: readonly KindName[], compute: () => T): T {
    let memo = this.memos.get(key);
    if (!memo) {
      const seen = new Set<string>(reads);
      if (this.options.templates && seen.has('Pod')) for (const kind of templateKinds) seen.add(kind);
      const { observer } = this;
      this.observer = (kind) => seen.add(kind);
      try {
        memo = { value: compute(), reads: seen };
      } finally {
        this.observer = observer;
      }
      this.memos.set(key, memo);
    }
    if (this.observer) for (const kind of memo.reads) this.observer(kind);
    return memo.value as T;
  }
}

function changedList(list: readonly Resource[], changes: readonly Change[]): Resource[] {
  const replaced = new Map(changes.flatMap(({ before, after }) => (before ? [[before, after] as const] : [])));
  const added = changes.flatMap(({ before, after }) => (!before && after ? [after] : []));
  if (replaced.size === 0) return [...list, ...added];
  const kept = list.flatMap((resource) => (replaced.has(resource) ? (replaced.get(resource) ?? []) : [resource]));
  return [...kept, ...added];
}
