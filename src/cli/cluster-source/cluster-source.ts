import type { KubeClient } from '../../kube/client.ts';
import type { Gap, LoadOptions, WantedKind } from '../../kube/load.ts';
import { systemNamespaces } from '../../manifest/load.ts';
import type { Resource } from '../../manifest/resource.ts';
import { type ClusterInput, resourcesOf } from '../../pipeline/cluster-input.ts';
import { type ClusterFlags, connectWith, toCliError } from '../cluster.ts';
import type { Deadline } from '../deadline.ts';
import { CliError } from '../exit.ts';
import { ReadingProgress } from './progress.ts';
import { referencedSecrets } from './referenced-secrets.ts';
import { wantedKinds } from './wanted-kinds.ts';

export interface ClusterSourceFlags extends ClusterFlags {
  useKube?: boolean;
  namespace?: string;
  istioNamespace: string;
}

export interface ReadOptions {
  /** Kinds that are looked at, as of `reads` of an analyzer. */
  reads: ReadonlySet<string>;
  /** Templates of pods count as workloads. */
  templates: boolean;
  deadline?: Deadline | undefined;
  /** What to do without a cluster, for errors. */
  otherwise: string;
}

/** A cluster as it was at one moment. `close` it at the end. */
export class ClusterSource {
  /** Its context, or its address inside of a cluster. */
  readonly name: string;
  /** Of what names no namespace: that of the flags, else that of the context. */
  readonly namespace: string;
  /** Of what was read so far. */
  input: ClusterInput;
  /** Kinds that could not be read, or not everywhere: more of them when the pipeline has run, which asks for Secrets. */
  readonly gaps: Gap[];
  /** Groups of kinds that the cluster does not have are no gap, but for a mesh they are news. */
  readonly servesIstio: boolean;
  private readonly client: KubeClient;
  private readonly options: LoadOptions;

  private constructor(client: KubeClient, options: LoadOptions, parts: Pick<ClusterSource, 'namespace' | 'input' | 'gaps' | 'servesIstio'>) {
    this.client = client;
    this.options = options;
    this.name = nameOf(client);
    this.namespace = parts.namespace;
    this.input = parts.input;
    this.gaps = parts.gaps;
    this.servesIstio = parts.servesIstio;
  }

  /** @throws CliError without a cluster, and where it does not let the user read anything */
  static async read(flags: ClusterSourceFlags, { reads, templates, deadline, otherwise }: ReadOptions): Promise<ClusterSource> {
    const client = await connectWith(flags, otherwise);
    const progress = new ReadingProgress(nameOf(client));
    const within = <T>(work: Promise<T>, doing: string): Promise<T> => (deadline ? deadline.race(work, doing) : work);
    const namespace = flags.namespace ?? client.namespace;
    const options: LoadOptions = {
      namespaces: [...new Set([namespace, flags.istioNamespace])],
      without: systemNamespaces,
      onProgress: (now) => progress.update(now),
    };
    try {
      const { loadCluster } = await import('../../kube/load.ts');
      const work = async (): Promise<ClusterSource> => {
        const served = await client.resources();
        const groups = new Set(served.map(({ group }) => group));
        const wanted = wantedKinds(reads, { istioNamespace: flags.istioNamespace, templates, serves: (group) => groups.has(group) });
        const { kinds, complete, gaps } = await loadCluster(client, wanted, options);
        const read = kinds.map(({ kind, objects }) => resourcesOf(kind, objects));
        const all = [...gaps];
        const input: ClusterInput = {
          resources: read.flatMap(({ resources }) => resources),
          problems: read.flatMap(({ problems }) => problems),
          // Of these only some were asked for.
          complete: new Set([...complete].filter((kind) => kind !== 'ConfigMap' && kind !== 'CustomResourceDefinition')),
          ...(reads.has('Secret') ? { referenced: secretsReader(client, flags.istioNamespace, { options, gaps: all, within }) } : {}),
        };
        const servesIstio = [...groups].some((group) => group.endsWith('.istio.io'));
        return new ClusterSource(client, options, { namespace, input, gaps: all, servesIstio });
      };
      return await within(work(), `reading cluster ${nameOf(client)}`);
    } catch (error) {
      client.close();
      throw toCliError(error);
    } finally {
      progress.end();
    }
  }

  /**
   * Reads more of it, of which only what was read before tells that it is needed. What is read of a kind counts as all of it.
   *
   * @throws CliError where the cluster does not answer any more
   */
  async readMore(wanted: readonly WantedKind[]): Promise<readonly Resource[]> {
    try {
      const { loadCluster } = await import('../../kube/load.ts');
      const { onProgress: _, ...options } = this.options;
      const { kinds, gaps } = await loadCluster(this.client, wanted, { ...options, gapsOnly: true });
      const read = kinds.map(({ kind, objects }) => resourcesOf(kind, objects));
      const resources = read.flatMap((one) => one.resources);
      const unread = new Set(gaps.map(({ kind }) => kind));
      for (const gap of gaps) if (!this.gaps.some(({ kind }) => kind === gap.kind)) this.gaps.push(gap);
      this.input = {
        ...this.input,
        resources: [...this.input.resources, ...resources],
        problems: [...this.input.problems, ...read.flatMap(({ problems }) => problems)],
        complete: new Set([...this.input.complete, ...wanted.map(({ kind }) => kind).filter((kind) => !unread.has(kind))]),
      };
      return resources;
    } catch (error) {
      throw toCliError(error);
    }
  }

  /**
   * @param resources of everything that is analyzed: files may make the namespace
   * @throws CliError where there is no such namespace
   */
  async checkNamespace(name: string, resources: readonly Resource[]): Promise<void> {
    if (resources.some((resource) => (resource.kindName === 'Namespace' ? resource.name : resource.namespace) === name) || systemNamespaces.has(name)) return;
    const { resources: own, complete } = this.input;
    if (!complete.has('Namespace')) {
      try {
        if (await this.client.get({ apiVersion: 'v1', kind: 'Namespace', name })) return;
      } catch {
        // Whoever may not ask does not get to know.
        return;
      }
    }
    const { knownNames } = await import('../../manifest/known-names.ts');
    const known = own.filter(({ kindName }) => kindName === 'Namespace').map((namespace) => namespace.name);
    throw new CliError(`cluster ${this.name} has no namespace "${name}"`, undefined, known.length > 0 ? knownNames(name, known, 'It has') : undefined);
  }

  /** Ends its connections, which would keep the process. */
  close(): void {
    this.client.close();
  }
}

function nameOf({ context, server }: KubeClient): string {
  return context === '' ? server : context;
}

interface SecretsOptions {
  options: LoadOptions;
  gaps: Gap[];
  within: <T>(work: Promise<T>, doing: string) => Promise<T>;
}

/** Reads Secrets when resources refer to some; once as long as they refer to the same. */
function secretsReader(client: KubeClient, istioNamespace: string, { options, gaps, within }: SecretsOptions): NonNullable<ClusterInput['referenced']> {
  type Found = Awaited<ReturnType<NonNullable<ClusterInput['referenced']>>>;
  let last: { key: string; found: Promise<Found> } | undefined;
  return (resources) => {
    const wanted = referencedSecrets(resources, istioNamespace);
    if (!wanted) return Promise.resolve({ resources: [], complete: new Set<string>() });
    const key = JSON.stringify([[...wanted.names].sort(), wanted.remoteClusters]);
    const load = async (): Promise<Found> => {
      try {
        const { loadSecrets } = await import('../../kube/load-secrets.ts');
        const { objects, gap } = await within(loadSecrets(client, await client.resources(), wanted, options), 'reading Secrets');
        if (gap && !gaps.some(({ kind }) => kind === 'Secret')) gaps.push(gap);
        return { resources: resourcesOf('Secret', objects).resources, complete: new Set(gap ? [] : ['Secret']) };
      } catch (error) {
        throw toCliError(error);
      }
    };
    if (last?.key !== key) last = { key, found: load() };
    return last.found;
  };
}
