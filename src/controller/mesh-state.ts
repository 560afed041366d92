import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '../kube/object.ts';
import { isClusterScoped } from '../manifest/kinds.ts';
import { type RawObject, Resource } from '../manifest/resource.ts';
import { type Change, Mesh, type MeshOptions } from '../model/mesh.ts';
import type { CheckResource, Verdict } from '../pipeline/check-resource.ts';
import { isOfRevision } from './watch/watched-kinds.ts';

export interface MeshStateSettings {
  /** Empty: the default one. */
  revision: string;
  check: CheckResource;
  /** Of the first mesh. The mesh configuration changes with `configure`. */
  options: MeshOptions;
}

/** An object with something to be said of it. */
export interface Judged {
  kind: string;
  namespace: string;
  name: string;
  verdict: Verdict;
  /** It is left out of the mesh. */
  isLeftOut: boolean;
}

export type Configuration = Pick<MeshOptions, 'meshConfig' | 'meshConfigResource' | 'meshNetworksResource'>;

/** Kinds whose status says where traffic goes. */
const readsStatus: ReadonlySet<string> = new Set(['Pod', 'WorkloadEntry']);

/** Kinds that keep others out: without one that breaks its rules more would be let in. Tables take from it what denies in doubt. */
const guards: ReadonlySet<string> = new Set(['AuthorizationPolicy', 'PeerAuthentication', 'RequestAuthentication']);

/**
 * The mesh of a cluster that is watched: each change costs as much as the object that it is about. An object that breaks the rules of
 * its kind is left out, but for policies, and so is what it was before: a control plane that starts now has the same mesh as one that
 * saw it change.
 */
export class MeshState {
  private readonly settings: MeshStateSettings;
  /** What is in the mesh, or will be after the next `commit`. */
  private readonly current = new Map<string, Resource>();
  /** What the last mesh has of what has changed since. */
  private readonly pending = new Map<string, Resource | undefined>();
  private readonly found = new Map<string, Judged>();
  private configuration: Configuration | undefined;
  private committed: Mesh | undefined;

  constructor(settings: MeshStateSettings) {
    this.settings = settings;
  }

  /** @throws Error before the first `commit` */
  get mesh(): Mesh {
    if (!this.committed) throw new Error('there is no mesh yet');
    return this.committed;
  }

  get isReady(): boolean {
    return this.committed !== undefined;
  }

  /** Objects of users with errors or warnings, by `Kind namespace/name`. */
  get judged(): ReadonlyMap<string, Judged> {
    return this.found;
  }

  /**
   * An object came, changed, or went (undefined). It is decoded in place.
   *
   * @param kind by its name in src/manifest/kinds.ts
   * @returns what is to be said of it, where that is another thing than before
   */
  set(kind: string, namespace: string, name: string, object: KubeObject | undefined): Judged | undefined {
    const identity = `${kind} ${namespace}/${name}`;
    const judged = object && isOfRevision(kind, object.metadata.labels, this.settings.revision) ? this.judge(kind, namespace, name, object) : undefined;
    const resource = judged && !judged.isLeftOut ? judged.resource : undefined;
    const before = this.current.get(identity);
    if (!(before && resource && saysTheSame(kind, before.raw, resource.raw)) && before !== resource) {
      if (!this.pending.has(identity)) this.pending.set(identity, before);
      if (resource) this.current.set(identity, resource);
      else this.current.delete(identity);
    }
    return this.remember(identity, judged);
  }

  /** @returns whether it is another one than before */
  configure(configuration: Configuration): boolean {
    const { meshConfig, meshNetworksResource } = this.configuration ?? this.committed?.options ?? this.settings.options;
    const same =
      isDeepStrictEqual(meshConfig, configuration.meshConfig) && isDeepStrictEqual(meshNetworksResource?.raw, configuration.meshNetworksResource?.raw);
    if (same) return false;
    this.configuration = configuration;
    return true;
  }

  /** Makes the mesh of what has changed. @returns how many objects and configurations that were; 0: it is the same mesh */
  commit(): number {
    const changes = this.changes();
    const count = changes.length + (this.configuration ? 1 : 0);
    if (!this.committed) this.committed = new Mesh(this.current.values(), { ...this.settings.options, ...this.configuration });
    else if (count > 0) this.committed = this.committed.with(changes, this.configuration);
    this.configuration = undefined;
    this.pending.clear();
    return count;
  }

  private changes(): Change[] {
    const changes: Change[] = [];
    for (const [identity, before] of this.pending) {
      const after = this.current.get(identity);
      if (before !== after) changes.push({ before, after });
    }
    return changes;
  }

  private judge(kind: string, namespace: string, name: string, object: KubeObject): Judged & { resource: Resource } {
    const resource = new Resource(object, kind, isClusterScoped(kind) ? '' : namespace, undefined);
    const verdict = this.settings.check(resource);
    return { kind, namespace, name, verdict, resource, isLeftOut: verdict.undecodable.length > 0 || (verdict.errors.length > 0 && !guards.has(kind)) };
  }

  private remember(identity: string, judged: (Judged & { resource: Resource }) | undefined): Judged | undefined {
    const before = this.found.get(identity);
    if (!judged || isClean(judged.verdict)) {
      this.found.delete(identity);
      return undefined;
    }
    const { kind, namespace, name, verdict, isLeftOut } = judged;
    const now: Judged = { kind, namespace, name, verdict, isLeftOut };
    this.found.set(identity, now);
    return before && isDeepStrictEqual(before, now) ? undefined : now;
  }
}

function isClean({ undecodable, unknown, errors, warnings }: Verdict): boolean {
  return undecodable.length + unknown.length + errors.length + warnings.length === 0;
}

/** Whether two versions of an object differ in what the API server and others keep about it only. */
function saysTheSame(kind: string, a: RawObject, b: RawObject): boolean {
  const { metadata: ofA, status: statusOfA, ...restOfA } = a;
  const { metadata: ofB, status: statusOfB, ...restOfB } = b;
  return (
    isDeepStrictEqual(restOfA, restOfB) &&
    isDeepStrictEqual(meaningOf(ofA), meaningOf(ofB)) &&
    (!readsStatus.has(kind) || isDeepStrictEqual(statusOfA, statusOfB))
  );
}

function meaningOf(metadata: RawObject['metadata']): unknown[] {
  const { labels, annotations, creationTimestamp, deletionTimestamp, ownerReferences } = metadata as KubeObject['metadata'];
  return [labels, annotations, creationTimestamp, deletionTimestamp, ownerReferences];
}
