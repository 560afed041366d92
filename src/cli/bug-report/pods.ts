// Control planes and proxies of a cluster: what their administrations tell, and their logs.
import { initName, type PodSpec, proxyName, sidecarOf, validationName } from '../../inject/pod.ts';
import { controllerPorts } from '../../install/values.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject } from '../../kube/object.ts';
import { isRunning } from '../../kube/pods.ts';
import { AdminClient } from '../envoy/admin-client.ts';
import { wayIntoPod } from '../pods/in-pod.ts';
import type { Item, LeftOut } from './contents.ts';
import { ownerOf } from './owner.ts';
import { controllerPages, istiodPages, type Page, proxyPages, readPages } from './pages.ts';
import type { PodFilter } from './pod-filter.ts';
import { logsOf } from './pod-logs.ts';
import type { TimeWindow } from './time-window.ts';

export interface PodOptions {
  filter: PodFilter;
  window: TimeWindow;
  mostLogBytes: number;
  /** Of proxies. */
  adminPort: number;
  signal: AbortSignal;
}

/** One pod to be looked into. */
export interface PodJob {
  /** `pod shop/cart-1`. */
  name: string;
  role: 'control plane' | 'proxy';
  /** Folder of its files. */
  folder: string;
  /** What is in that folder when all goes well. */
  files: readonly string[];
  run(client: KubeClient): Promise<{ items: Item[]; leftOut: LeftOut[] }>;
}

/** Control planes by their label `app`. */
const controlPlanes: ReadonlyMap<string, readonly Page[]> = new Map([
  ['weft-controller', controllerPages],
  ['istiod', istiodPages],
]);

const ownContainers: ReadonlySet<string> = new Set([proxyName, initName, validationName]);

/** Control planes first, then proxies, by namespace and name. */
export function podJobs(pods: readonly KubeObject[], options: PodOptions): PodJob[] {
  const found = pods.flatMap((pod) => jobOf(pod, options) ?? []);
  return found.sort((a, b) => (a.folder < b.folder ? -1 : 1));
}

function jobOf(pod: KubeObject, options: PodOptions): PodJob | undefined {
  const { filter, adminPort } = options;
  const { namespace = '', name = '', labels = {} } = pod.metadata;
  const owner = ownerOf(pod);
  const spec = (pod.spec ?? { containers: [] }) as PodSpec;
  const pages = controlPlanes.get(labels.app ?? '');
  if (pages)
    return filter.excludesPod(pod, owner)
      ? undefined
      : make('control plane', `control-planes/${namespace}/${name}`, pages, controllerPorts.monitoring, () => true);
  if (!sidecarOf(spec) || !filter.wantsPod(pod, owner)) return undefined;
  return make('proxy', `proxies/${namespace}/${name}`, proxyPages, adminPort, (container) => ownContainers.has(container));

  function make(role: PodJob['role'], folder: string, ofRole: readonly Page[], port: number, wants: (container: string) => boolean): PodJob {
    const named = `pod ${namespace}/${name}`;
    return {
      name: named,
      role,
      folder,
      files: [
        ...ofRole.map(({ file }) => file),
        ...containerNames(spec)
          .filter(wants)
          .map((container) => `${container}.log`),
      ],
      async run(client) {
        const { window, mostLogBytes, signal } = options;
        const read = isRunning(pod)
          ? await readPages(new AdminClient(wayIntoPod(client, { namespace, name }, port)), ofRole, { folder, of: named })
          : { items: [], leftOut: [{ what: `${folder}: pages of ${named}`, why: 'the pod does not run' }] };
        const logs = await logsOf(client, pod, { filter, owner, window, mostBytes: mostLogBytes, signal, folder, wants });
        return { items: [...read.items, ...logs.items], leftOut: [...read.leftOut, ...logs.leftOut] };
      },
    };
  }
}

function containerNames({ containers = [], initContainers }: PodSpec): string[] {
  return [...(initContainers ?? []), ...containers].map(({ name }) => name);
}
