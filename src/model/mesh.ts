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
import { type Change, KindTable, type Order } from './kind-table.ts';
import type { ConfigMap, Deployment, Namespace, Node, Pod, Secret, Service, WebhookConfiguration } from './kubernetes.ts';
import { keepList } from './same.ts';
import { type PodTemplateOwner, type Workload, workloadsOf } from './workloads.ts';

export type { Change } from './kind-table.ts';

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
  /** With `complete`: the only kinds that are. Of others there may be more, as of a cluster that was not read entirely. */
  known?: ReadonlySet<string>;
  /** Namespace of the control plane. */
  istioNamespace: string;
  /** Pod templates of Deployments and the like count as workloads, beside Pods. The reference looks at Pods only. */
  templates: boolean;
  /** Hosts outside of the input that are known to exist, wildcards allowed. */
  knownHosts: readonly string[];
  /** When the analysis is made, for what expires. */
  now: Date;
  /** By name: the same resources make the same mesh, in whatever order they come. Default: as they are written. */
  order?: Order;
  /** Merged mesh configuration; see mesh-config.ts. */
  meshConfig: MeshConfig;
  meshConfigResource?: Resource<MeshConfig>;
  meshNetworksResource?: Resource<MeshNetworks>;
}

/** What a cluster has for the mesh; the reference takes it from there only. */
export const platformKinds: ReadonlySet<string> = new Set(['Service', 'Pod', 'Namespace', 'Node', 'Secret']);
const templateKinds = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'CronJob'] as const;

/** The mesh configuration is no resource of the input. */
const configurationKinds: ReadonlySet<string> = new Set(['MeshConfig', 'MeshNetworks']);

interface Memo {
  value: unknown;
  reads: ReadonlySet<string>;
}

/**
 * An immutable snapshot of a mesh with its indexes. Indexes are built on first use; every access tells the observer which kinds
 * it read, so that a test can compare with what an analyzer declares.
 */
export class Mesh {
  readonly options: MeshOptions;
  observer: ((kind: string) => void) | undefined;
  private readonly tables = new Map<string, KindTable>();
  private memos = new Map<string, Memo>();
  /** Of meshes before this one: what was made of kinds that have changed since, for who makes it again. */
  private former = new Map<string, unknown>();

  constructor(resources: Iterable<Resource>, options: MeshOptions) {
    this.options = options;
    const kept = options.assume === 'mesh-only' ? [...resources].filter(({ kindName }) => !platformKinds.has(kindName)) : resources;
    for (const [kind, list] of Map.groupBy(kept, ({ kindName }) => kindName)) this.tables.set(kind, KindTable.of(list, options.order));
    this.takeConfiguration();
  }

  private takeConfiguration(): void {
    const { meshConfigResource, meshNetworksResource } = this.options;
    if (meshConfigResource) this.tables.set('MeshConfig', KindTable.of([meshConfigResource]));
    if (meshNetworksResource) this.tables.set('MeshNetworks', KindTable.of([meshNetworksResource]));
    else this.tables.delete('MeshNetworks');
  }

  /**
   * The mesh after some changes, one after the other: a resource takes the place of the one that it replaces, and a new one comes
   * last, or where its name has it. Indexes, and values of `memo`, that read no kind that changes are those of this mesh.
   *
   * @param options another mesh configuration; with other options than that nothing of this mesh is used again
   * @throws Error where a resource that changes is not in this mesh
   */
  with(changes: readonly Change[], options: Partial<MeshOptions> = {}): Mesh {
    const next = new Mesh([], { ...this.options, ...options });
    const { meshConfig, meshConfigResource, meshNetworksResource, ...others } = next.options;
    const changed = new Set<string>();
    for (const [kind, table] of this.tables) next.tables.set(kind, table);
    for (const [kind, own] of changesByKind(changes)) {
      if (others.assume === 'mesh-only' && platformKinds.has(kind)) continue;
      changed.add(kind);
      const table = (this.tables.get(kind) ?? KindTable.emptyIn(others.order)).with(own);
      if (table.list.length > 0) next.tables.set(kind, table);
      else next.tables.delete(kind);
    }
    if (meshConfig !== this.options.meshConfig || meshConfigResource !== this.options.meshConfigResource) changed.add('MeshConfig');
    if (meshNetworksResource !== this.options.meshNetworksResource) changed.add('MeshNetworks');
    next.takeConfiguration();
    const same = (Object.keys(others) as (keyof typeof others)[]).every((name) => others[name] === this.options[name]);
    if (same) this.handOver(next, changed);
    return next;
  }

  private handOver(next: Mesh, changed: ReadonlySet<string>): void {
    next.former = new Map(this.former);
    for (const [key, memo] of this.memos) {
      if (![...changed].some((kind) => memo.reads.has(kind))) next.memos.set(key, memo);
      else next.former.set(key, memo.value);
    }
    // Else a mesh that somebody keeps would keep what was before it.
    this.former.clear();
  }

  /** All resources of a kind, in the order of the input. */
  list<K extends KindName>(kind: K): readonly ResourceOf<K>[] {
    return this.table(kind).list as unknown as readonly ResourceOf<K>[];
  }

  /** The resources of a kind in one namespace. */
  listIn<K extends KindName>(kind: K, namespace: string): readonly ResourceOf<K>[] {
    return this.table(kind).in(namespace) as unknown as readonly ResourceOf<K>[];
  }

  /** One resource by name; `namespace` is empty for kinds without. */
  find<K extends KindName>(kind: K, namespace: string, name: string): ResourceOf<K> | undefined {
    return this.table(kind).find(namespace, name) as ResourceOf<K> | undefined;
  }

  /** The same, of a kind that is not known beforehand. */
  object({ kind, namespace, name }: { kind: string; namespace: string; name: string }): Resource | undefined {
    return this.table(kind as KindName).find(namespace, name);
  }

  /** The resources of a kind with their indexes, for who reads them later: it does not keep the mesh. */
  table(kind: KindName): KindTable {
    this.observer?.(kind);
    return this.tables.get(kind) ?? KindTable.empty;
  }

  /** Whether a resource of this kind that is not in the input can be said not to exist. */
  knows(kind: KindName): boolean {
    this.observer?.(kind);
    switch (this.options.assume) {
      case 'complete':
        return kind === 'MeshConfig' || (this.options.known?.has(kind) ?? true);
      case 'mesh-only':
        return !platformKinds.has(kind);
      default:
        return this.tables.has(kind) || kind === 'MeshConfig';
    }
  }

  /** Whether a workload that is not in the input can be said not to exist. */
  knowsWorkloads(): boolean {
    // Of a cluster only the pods tell of all that runs.
    if (this.options.known) return this.knows('Pod');
    return this.knows('Pod') || (this.options.templates && templateKinds.some((kind) => this.knows(kind)));
  }

  /** Number of resources, the synthetic mesh configuration not counted. */
  get size(): number {
    let count = 0;
    for (const [kind, { list }] of this.tables) if (!configurationKinds.has(kind)) count += list.length;
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
    return this.memo('hosts', ['Service', 'ServiceEntry'], () => new HostIndex(this.list('Service'), this.list('ServiceEntry')));
  }

  /** Pods, and with `templates` the pods that Deployments and the like will make, by namespace: the same list as long as they are the same. */
  workloads(namespace: string): readonly Workload[] {
    return this.workloadsByNamespace().get(namespace) ?? noWorkloads;
  }

  allWorkloads(): Workload[] {
    return [...this.workloadsByNamespace().values()].flat();
  }

  private workloadsByNamespace(): ReadonlyMap<string, readonly Workload[]> {
    return this.memo<ReadonlyMap<string, readonly Workload[]>>('workloads', ['Pod'], (former) => {
      const owners = this.options.templates ? templateKinds.flatMap((kind) => this.list(kind) as readonly PodTemplateOwner[]) : [];
      const found = Map.groupBy(workloadsOf(this.list('Pod'), owners), (workload) => workload.namespace);
      return new Map([...found].map(([namespace, list]) => [namespace, keepList(former?.get(namespace), list)]));
    });
  }

  /**
   * Computes a value once per mesh; `key` names it. `reads` are the kinds it is made of, now or when it is used; with Pods come
   * what makes them. Whoever asks for it reads these, and everything that was read to compute it, whether it is there already
   * or not. While these kinds stay as they are it is the value of meshes after this one, too: a value that keeps the mesh keeps
   * all of its resources.
   *
   * @param compute gets the value of a mesh before this one, if there is any, to take over what is the same
   */
  memo<T>(key: string, reads: readonly KindName[], compute: (former: T | undefined) => T): T {
    let memo = this.memos.get(key);
    if (!memo) {
      const seen = new Set<string>(reads);
      if (this.options.templates && seen.has('Pod')) for (const kind of templateKinds) seen.add(kind);
      const { observer } = this;
      const former = this.former.get(key) as T | undefined;
      this.observer = (kind) => seen.add(kind);
      try {
        memo = { value: compute(former), reads: seen };
      } finally {
        this.observer = observer;
      }
      this.memos.set(key, memo);
      this.former.delete(key);
    }
    if (this.observer) for (const kind of memo.reads) this.observer(kind);
    return memo.value as T;
  }
}

const noWorkloads: readonly Workload[] = [];

/** A resource that takes the place of one of another kind goes to the end of its own. */
function changesByKind(changes: readonly Change[]): Map<string, Change[]> {
  const byKind = new Map<string, Change[]>();
  const add = (kind: string, change: Change): void => {
    const list = byKind.get(kind);
    if (list) list.push(change);
    else byKind.set(kind, [change]);
  };
  for (const { before, after } of changes) {
    if (before && before.kindName === after?.kindName) add(before.kindName, { before, after });
    else {
      if (before) add(before.kindName, { before });
      if (after) add(after.kindName, { after });
    }
  }
  return byKind;
}
