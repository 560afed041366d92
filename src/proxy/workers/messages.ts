// What the main thread and its workers say to each other: calls of a worker's SidecarThread with their answers, lines of the
// access log, which one thread writes for all, and warnings.

import type { ThreadSettings } from './data-plane.ts';
import type { SidecarThread, ThreadPlace } from './sidecar-thread.ts';

/** Methods that the main thread calls. */
export const callable = [
  'prepare',
  'commit',
  'abandon',
  'share',
  'useCredentials',
  'drain',
  'idle',
  'usage',
  'metrics',
  'clusters',
  'outliers',
  'resetCounters',
  'close',
] as const;
export type Method = (typeof callable)[number];

export type Arguments<M extends Method> = Parameters<SidecarThread[M]>;
export type Answer<M extends Method> = Awaited<ReturnType<SidecarThread[M]>>;

export interface Call {
  id: number;
  method: Method;
  args: unknown[];
}

export type FromWorker = { id: number; value: unknown } | { id: number; error: string } | { log: string } | { warning: string };

/** What a worker is started with. */
export interface WorkerData {
  /** Tells our workers from those of others. */
  weft: 'sidecar';
  settings: ThreadSettings;
  place: ThreadPlace;
}
