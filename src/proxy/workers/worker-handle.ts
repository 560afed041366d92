import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ThreadOutput, ThreadSettings } from './data-plane.ts';
import type { Answer, Arguments, Call, FromWorker, Method, WorkerData } from './messages.ts';
import type { ThreadPlace } from './sidecar-thread.ts';

/** The sources are run as they are; of the bundle bin/weft-worker.js knows how to load it. */
const entry = import.meta.filename.endsWith('.ts') ? join(import.meta.dirname, 'worker.ts') : join(import.meta.dirname, '../bin/weft-worker.js');

interface Pending {
  resolve: (value: never) => void;
  reject: (error: Error) => void;
}

/** A worker thread, as the main thread sees it. */
export class WorkerHandle {
  /** Why it ended by itself. */
  failure: Error | undefined;
  private readonly worker: Worker;
  private readonly pending = new Map<number, Pending>();
  private nextId = 1;
  private ending = false;

  /** @param onFailed it ended by itself */
  constructor(settings: ThreadSettings, place: ThreadPlace, output: ThreadOutput, onFailed: (error: Error) => void) {
    const workerData: WorkerData = { weft: 'sidecar', settings, place };
    this.worker = new Worker(entry, { workerData, name: `sidecar ${place.index}` });
    const failed = (error: Error): void => {
      if (this.failure || this.ending) return;
      this.failure = error;
      for (const { reject } of this.pending.values()) reject(error);
      this.pending.clear();
      onFailed(error);
    };
    this.worker.on('message', (message: FromWorker) => {
      if ('log' in message) output.write(message.log);
      else if ('warning' in message) output.warn(message.warning);
      else this.answer(message);
    });
    this.worker.on('error', (error) => failed(error instanceof Error ? error : new Error(String(error))));
    this.worker.on('messageerror', failed);
    this.worker.on('exit', (code) => failed(new Error(`the worker thread ended with ${code}`)));
  }

  /** @throws Error of the worker, or why there is none any more */
  ask<M extends Method>(method: M, ...args: Arguments<M>): Promise<Answer<M>> {
    if (this.failure) return Promise.reject(this.failure);
    return new Promise<Answer<M>>((resolve, reject) => {
      const call: Call = { id: this.nextId++, method, args };
      this.pending.set(call.id, { resolve, reject });
      this.worker.postMessage(call);
    });
  }

  /** Lets it close everything, and ends it. */
  async close(): Promise<void> {
    if (!this.failure) {
      await this.ask('close').catch(() => {});
      this.ending = true;
    }
    await this.worker.terminate();
  }

  private answer(message: Exclude<FromWorker, { log: string } | { warning: string }>): void {
    const { id } = message;
    const pending = this.pending.get(id);
    this.pending.delete(id);
    if ('error' in message) pending?.reject(new Error(message.error));
    else pending?.resolve(message.value as never);
  }
}
