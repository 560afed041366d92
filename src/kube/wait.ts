import { KubeError } from './error.ts';
import { type KubeObject, type ObjectRef, refOf } from './object.ts';
import { type Readiness, readinessOf, type Source } from './readiness.ts';

export { type Readiness, readinessOf } from './readiness.ts';

export interface Pending {
  ref: ObjectRef;
  reason: string;
}

export interface WaitOptions {
  timeoutMs: number;
  /** Longest time between two looks, default 2 s; the first ones come sooner. */
  pollMs?: number;
  /** Ends the wait: what is not ready then is returned. */
  signal?: AbortSignal;
  /** Whenever something became ready, or a reason changed; with none at the end, where all became ready. */
  onProgress?(pending: readonly Pending[]): void;
}

const firstPollMs = 100;

/**
 * Looks until all are ready.
 *
 * @returns what is not ready at the end, and why: empty when all are. Requests that fail are reasons, too, since API servers restart.
 */
export async function waitReady(client: Source, objects: readonly KubeObject[], options: WaitOptions): Promise<readonly Pending[]> {
  const { timeoutMs, pollMs = 2000, signal, onProgress } = options;
  const end = performance.now() + timeoutMs;
  let waiting = objects;
  let pending: readonly Pending[] = [];
  let told = '';
  for (let wait = Math.min(firstPollMs, pollMs); ; wait = Math.min(wait * 2, pollMs)) {
    const looks = await Promise.all(waiting.map(async (object) => ({ object, ...(await look(client, object)) })));
    const unready = looks.filter(({ ready }) => !ready);
    waiting = unready.map(({ object }) => object);
    pending = unready.map(({ object, reason }) => ({ ref: refOf(object), reason }));
    const text = JSON.stringify(pending);
    if (text !== told && (told !== '' || pending.length > 0)) onProgress?.(pending);
    told = text;
    const left = end - performance.now();
    if (pending.length === 0 || left <= 0 || signal?.aborted) return pending;
    await pause(Math.min(wait, left), signal);
  }
}

async function look(client: Source, object: KubeObject): Promise<Readiness> {
  try {
    return await readinessOf(client, object);
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    return { ready: false, reason: error.message };
  }
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end);
  });
}
