import type { KubeResource } from './discovery.ts';
import { KubeError } from './error.ts';
import { linesOf } from './lines.ts';
import type { KubeObject } from './object.ts';
import { resourceName, resourcePath, withQuery } from './path.ts';
import { errorOfStatusObject, type ServerName, serverText } from './status.ts';
import type { Exchange } from './transport.ts';

export interface WatchOptions {
  /** Absent: all namespaces. */
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  /** Changes after this one are told: that of a list, or of the last event. */
  resourceVersion: string;
  signal: AbortSignal;
  /** Events that say only how far the watch has come. Default: true. */
  bookmarks?: boolean;
}

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: KubeObject;
}

/** The server ends a watch after this time; not all at once, after it was restarted. In seconds. */
const lifetime = { least: 240, spread: 120 };

/** A server that has not ended the watch so long after its time is not there any more. */
const graceMs = 10_000;

/** Sends the request until it is answered. */
export type Opener = (request: Exchange, idleMs: number) => Promise<AsyncIterable<Buffer>>;

/**
 * Changes of a kind as they happen. Ends when the signal aborts, or after some minutes by the server: then it is asked for again, from
 * the resource version of the last event.
 *
 * @throws KubeError; of status 410 when the server does not know the changes since that version any more: list again
 */
export async function* watchObjects(
  open: Opener,
  at: ServerName,
  resource: KubeResource,
  options: WatchOptions,
  timeoutMs: number,
): AsyncGenerator<WatchEvent, void, undefined> {
  const { namespace, labelSelector, fieldSelector, resourceVersion, signal, bookmarks = true } = options;
  if (signal.aborted) return;
  const where = resource.namespaced && namespace ? ` in namespace ${namespace}` : '';
  const purpose = `watch ${resourceName(resource)}${where}`;
  const timeoutSeconds = Math.round(lifetime.least + Math.random() * lifetime.spread);
  const query = { watch: true, allowWatchBookmarks: bookmarks || undefined, labelSelector, fieldSelector, resourceVersion, timeoutSeconds };
  const path = withQuery(resourcePath(resource, namespace), query);
  const request = { method: 'GET', path, headers: { accept: 'application/json' }, signal, timeoutMs, purpose };
  try {
    for await (const line of linesOf(await open(request, timeoutSeconds * 1000 + graceMs))) {
      const event = parseEvent(line, () => `cannot ${purpose}: ${serverText(at)} sends what is no event`);
      if (event.type === 'ERROR') throw errorOfStatusObject(event.object, purpose, at);
      event.object.apiVersion ??= resource.apiVersion;
      event.object.kind ??= resource.kind;
      yield event;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function parseEvent(line: string, message: () => string): WatchEvent {
  let event: Partial<WatchEvent> | null = null;
  try {
    event = JSON.parse(line) as Partial<WatchEvent> | null;
  } catch {
    // Told below: as what has no object.
  }
  if (typeof event?.type !== 'string' || typeof event.object !== 'object' || event.object === null)
    throw new KubeError(`${message()}: ${line.slice(0, 100)}`, { reason: 'BadAnswer' });
  return event as WatchEvent;
}
