import { KubeError } from '../../kube/error.ts';
import type { AdminClient } from '../envoy/admin-client.ts';
import type { Item, LeftOut } from './contents.ts';

/** A page of an administration, and the file that it becomes. */
export interface Page {
  path: string;
  file: string;
}

/** Of Envoy and of the embedded sidecar; what one of them does not have is not there. */
export const proxyPages: readonly Page[] = [
  { path: '/server_info', file: 'server_info.json' },
  { path: '/config_dump?include_eds', file: 'config_dump.json' },
  { path: '/clusters?format=json', file: 'clusters.json' },
  { path: '/listeners?format=json', file: 'listeners.json' },
  { path: '/certs', file: 'certs.json' },
  { path: '/outliers', file: 'outliers.txt' },
  { path: '/stats', file: 'stats.txt' },
  { path: '/memory', file: 'memory.json' },
];

/** Of weft's controller. */
export const controllerPages: readonly Page[] = [
  { path: '/readyz', file: 'readyz.txt' },
  { path: '/debug/controller', file: 'controller.json' },
  { path: '/debug/mesh', file: 'mesh.json' },
  { path: '/debug/resources', file: 'resources.json' },
  { path: '/debug/proxies', file: 'proxies.json' },
  { path: '/debug/config', file: 'config.json' },
  { path: '/metrics', file: 'metrics.txt' },
];

/** Of Istio's control plane. */
export const istiodPages: readonly Page[] = [
  { path: '/version', file: 'version.txt' },
  { path: '/debug/syncz', file: 'syncz.json' },
  { path: '/debug/mesh', file: 'mesh.json' },
  { path: '/debug/push_status', file: 'push_status.json' },
  { path: '/debug/endpointz', file: 'endpointz.json' },
  { path: '/metrics', file: 'metrics.txt' },
];

/** A larger one is not worth the memory of whoever asks. */
const mostBytes = 64 * 1024 * 1024;

export interface PageOptions {
  /** Of the files. */
  folder: string;
  /** Whose they are, in words. */
  of: string;
}

/** All pages that there are. Where nobody answers, it is not tried again for each of them. */
export async function readPages(client: AdminClient, pages: readonly Page[], { folder, of }: PageOptions): Promise<{ items: Item[]; leftOut: LeftOut[] }> {
  const items: Item[] = [];
  const leftOut: LeftOut[] = [];
  for (const { path, file } of pages) {
    try {
      const text = await client.page(path, mostBytes);
      items.push({ path: `${folder}/${file}`, content: file.endsWith('.json') ? contentOf(text) : { text }, source: `GET ${path} of ${of}` });
    } catch (error) {
      const { message } = error as Error;
      if (/: status 404\b/.test(message)) continue;
      if (error instanceof KubeError && error.reason === 'Aborted') throw error;
      const isAnswer = /: status \d+|: longer than /.test(message);
      leftOut.push({ what: isAnswer ? `${folder}/${file}` : `${folder}: pages of ${of}`, why: firstLine(message) });
      if (!isAnswer) break;
    }
  }
  return { items, leftOut };
}

function contentOf(text: string): Item['content'] {
  try {
    return { json: JSON.parse(text) as unknown };
  } catch {
    return { text };
  }
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0]?.slice(0, 500) ?? '';
}
