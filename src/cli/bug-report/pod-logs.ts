import type { KubeClient } from '../../kube/client.ts';
import { KubeError } from '../../kube/error.ts';
import type { KubeObject } from '../../kube/object.ts';
import { podLog } from '../../kube/pod-log.ts';
import type { Item, LeftOut } from './contents.ts';
import { tailOf } from './log-tail.ts';
import type { PodFilter } from './pod-filter.ts';
import type { TimeWindow } from './time-window.ts';

export interface LogOptions {
  filter: PodFilter;
  owner: string;
  window: TimeWindow;
  mostBytes: number;
  signal: AbortSignal;
  /** Folder of the files. */
  folder: string;
  /** Of which containers. */
  wants: (container: string) => boolean;
}

interface Container {
  name: string;
  restarts: number;
  hasStarted: boolean;
}

/** Lines have at least so many characters on average: more lines than that many do not fit. */
const usualLine = 40;

/** Logs of the containers of a pod, and of the ones before where they have been started again. */
export async function logsOf(client: KubeClient, pod: KubeObject, options: LogOptions): Promise<{ items: Item[]; leftOut: LeftOut[] }> {
  const { filter, owner, folder, wants } = options;
  const items: Item[] = [];
  const leftOut: LeftOut[] = [];
  for (const { name, restarts, hasStarted } of containersOf(pod)) {
    if (!wants(name) || !filter.wantsContainer(pod, owner, name)) continue;
    if (!hasStarted) {
      leftOut.push({ what: `${folder}/${name}.log`, why: 'the container has not started' });
      continue;
    }
    for (const previous of restarts > 0 ? [false, true] : [false]) {
      const path = `${folder}/${name}${previous ? '.previous' : ''}.log`;
      try {
        items.push({ path, content: { text: await read(client, pod, name, previous, options) }, source: `log of container ${name} of pod ${fullName(pod)}` });
      } catch (error) {
        if (!(error instanceof KubeError) || error.reason === 'Aborted') throw error;
        // Its node may have removed it since.
        if (!(previous && error.status === 400)) leftOut.push({ what: path, why: error.message });
      }
    }
  }
  return { items, leftOut };
}

async function read(client: KubeClient, pod: KubeObject, container: string, previous: boolean, { window, mostBytes, signal }: LogOptions): Promise<string> {
  const { namespace = '', name = '' } = pod.metadata;
  const chunks = await podLog(
    client,
    { namespace, name },
    {
      container,
      previous,
      since: window.start,
      // What is to end earlier is not at the end.
      tailLines: window.end ? undefined : Math.ceil(mostBytes / usualLine),
      timestamps: true,
      signal,
    },
  );
  const { text, skipped } = await tailOf(chunks, window, mostBytes);
  return skipped > 0 ? `(the ${skipped} bytes before this are left out; --max-log-size takes more, --duration and --end-time other parts)\n${text}` : text;
}

interface Status {
  name?: string;
  restartCount?: number;
  state?: { running?: unknown; terminated?: unknown; waiting?: unknown };
  lastState?: { terminated?: unknown };
}

function containersOf({ status }: KubeObject): Container[] {
  const { initContainerStatuses = [], containerStatuses = [] } = (status ?? {}) as {
    initContainerStatuses?: Status[] | null;
    containerStatuses?: Status[] | null;
  };
  return [...(initContainerStatuses ?? []), ...(containerStatuses ?? [])].map(({ name = '', restartCount = 0, state, lastState }) => ({
    name,
    restarts: restartCount,
    hasStarted: state?.running !== undefined || state?.terminated !== undefined || lastState?.terminated !== undefined,
  }));
}

function fullName({ metadata }: KubeObject): string {
  return `${metadata.namespace}/${metadata.name}`;
}
