import { apiKind } from '../manifest/kinds.ts';
import type { KubeClient, KubeResource } from './client.ts';
import { KubeError } from './error.ts';
import { inParallel } from './in-parallel.ts';
import type { KubeObject } from './object.ts';

/** A kind to read, and how much of it. */
export interface WantedKind {
  /** Its name in src/manifest/kinds.ts. */
  kind: string;
  /** Only of this namespace. */
  namespace?: string;
  fieldSelector?: string;
  labelSelector?: string;
  /** Names, labels and annotations are enough. */
  metadataOnly?: boolean;
}

/** A kind that could not be read, or not in all namespaces. */
export interface Gap {
  kind: string;
  /** Why, for users: `user ana may not list pods at the cluster scope`. */
  reason: string;
  /** Whether it takes more rights, and nothing else. */
  forbidden: boolean;
  /** It was read in these namespaces. */
  readIn: readonly string[];
}

export interface LoadedKind {
  kind: string;
  /** As the server sent them, each with its apiVersion and kind, without managedFields. */
  objects: readonly KubeObject[];
}

export interface LoadedCluster {
  /** In the order in which they were wanted. */
  kinds: readonly LoadedKind[];
  /** Kinds of which everything that was wanted is there. Of a kind that the cluster does not serve that is nothing. */
  complete: ReadonlySet<string>;
  gaps: readonly Gap[];
  /** Kinds that the cluster does not serve. */
  absent: readonly string[];
}

export interface LoadProgress {
  kinds: number;
  ofKinds: number;
  objects: number;
}

export interface LoadOptions {
  /** Where a kind is read that may not be read in all namespaces at once. */
  namespaces?: readonly string[];
  /** Namespaces whose objects nobody wants. */
  without?: Iterable<string>;
  /** Requests at a time; default 8. */
  concurrency?: number;
  signal?: AbortSignal;
  onProgress?: (progress: LoadProgress) => void;
  /** Gaps only are no error: other kinds were read before. */
  gapsOnly?: boolean;
}

/**
 * Reads kinds of a cluster, several at a time, page by page.
 *
 * What may not be read, or what the server cannot give (a broken conversion, say), is a gap.
 *
 * @throws KubeError where the server does not answer or does not know the user, and where there are gaps only
 */
export async function loadCluster(client: Source, wanted: readonly WantedKind[], options: LoadOptions = {}): Promise<LoadedCluster> {
  const served = await client.resources();
  const progress: LoadProgress = { kinds: 0, ofKinds: wanted.length, objects: 0 };
  const found = await inParallel(
    wanted,
    async (want) => {
      const read = await loadKind(client, served, want, options);
      progress.kinds++;
      progress.objects += read.objects.length;
      options.onProgress?.({ ...progress });
      return read;
    },
    options.concurrency ?? 8,
  );
  const gaps = found.flatMap(({ gap }) => gap ?? []);
  const tried = found.filter((read) => read !== absent);
  if (!options.gapsOnly && tried.length > 0 && tried.every(({ gap }) => gap !== undefined && gap.readIn.length === 0)) throw nothingReadable(client, gaps);
  return {
    kinds: wanted.map(({ kind }, i) => ({ kind, objects: (found[i] as Read).objects })),
    complete: new Set(wanted.flatMap(({ kind }, i) => (found[i]?.gap ? [] : [kind]))),
    gaps,
    absent: wanted.flatMap(({ kind }, i) => (found[i] === absent ? [kind] : [])),
  };
}

type Source = Pick<KubeClient, 'resources' | 'list' | 'server' | 'context'>;

interface Read {
  objects: readonly KubeObject[];
  /** Where there may be more of them. */
  gap?: Gap;
}

const absent: Read = { objects: [] };

/** The best version of a kind that the cluster serves, undefined where it does not serve the kind. */
export function servedAs(served: readonly KubeResource[], name: string): KubeResource | KubeError | undefined {
  const api = apiKind(name);
  if (!api) return undefined;
  const entries = served.filter(({ group, kind, verbs }) => group === api.group && kind === api.kind && verbs.includes('list'));
  if (entries.length === 0 || api.versions.length === 0) return entries[0];
  const best = api.versions.map((version) => entries.find((entry) => entry.version === version)).find((entry) => entry !== undefined);
  const versions = entries.map(({ version }) => version).join(', ');
  return best ?? new KubeError(`the cluster serves ${api.kind} in ${versions}, and weft knows ${api.versions.join(', ')}`, { reason: 'UnknownVersion' });
}

/** @throws KubeError where the server does not answer or does not know the user */
export async function loadKind(client: Pick<Source, 'list'>, served: readonly KubeResource[], want: WantedKind, options: LoadOptions): Promise<Read> {
  const { kind, namespace, labelSelector, metadataOnly } = want;
  const resource = servedAs(served, kind);
  if (resource === undefined) return absent;
  if (resource instanceof KubeError) return gapOf(kind, resource);
  const list = async (where: string | undefined): Promise<KubeObject[]> => {
    const excluded = where === undefined && resource.namespaced ? [...(options.without ?? [])].map((name) => `metadata.namespace!=${name}`) : [];
    const fieldSelector = [want.fieldSelector, ...excluded].filter(Boolean).join(',');
    const { items } = await client.list(resource, {
      ...(where === undefined ? {} : { namespace: where }),
      ...(fieldSelector === '' ? {} : { fieldSelector }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(metadataOnly ? { metadataOnly } : {}),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    for (const { metadata } of items) delete metadata.managedFields;
    return items;
  };
  try {
    return { objects: await list(namespace) };
  } catch (error) {
    // Its definition went away since the cluster was asked for what it serves.
    if (error instanceof KubeError && error.reason === 'NotFound') return absent;
    const gap = gapOf(kind, error);
    if (!gap.gap.forbidden || !resource.namespaced || namespace !== undefined) return gap;
    return readSome(list, gap.gap, options.namespaces ?? []);
  }
}

/** What may be read of a kind namespace by namespace. It stays a gap: nobody knows what is in the others. */
async function readSome(list: (namespace: string) => Promise<KubeObject[]>, gap: Gap, namespaces: readonly string[]): Promise<Read> {
  const objects: KubeObject[] = [];
  const readIn: string[] = [];
  for (const namespace of namespaces) {
    try {
      for (const object of await list(namespace)) objects.push(object);
      readIn.push(namespace);
    } catch (error) {
      gapOf(gap.kind, error);
    }
  }
  return { objects, gap: { ...gap, readIn } };
}

/** @throws the error, where it is about more than one kind */
function gapOf(kind: string, error: unknown): Read & { gap: Gap } {
  if (!(error instanceof KubeError) || error.reason === 'Unauthorized' || (error.status === 0 && error.reason !== 'UnknownVersion')) throw error;
  return { objects: [], gap: { kind, reason: error.message, forbidden: error.reason === 'Forbidden', readIn: [] } };
}

function nothingReadable({ server, context }: Source, gaps: readonly Gap[]): KubeError {
  const at = context === '' ? server : `context ${context}`;
  const [first] = gaps as readonly [Gap, ...Gap[]];
  const others = gaps.length > 1 ? `, and ${gaps.length - 1} more` : '';
  const forbidden = gaps.every((gap) => gap.forbidden);
  return new KubeError(`nothing can be read from the cluster (${at}): ${first.reason}${others}`, {
    reason: forbidden ? 'Forbidden' : 'Unreadable',
    status: forbidden ? 403 : 0,
    help: forbidden ? 'Reading takes the verb "list" on these kinds: docs/cluster.md has a ClusterRole; or choose another --context.' : undefined,
  });
}
