// A worker thread with a sidecar. It does what the main thread asks, and ends when that ends it.
import { isMainThread, type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { Call, FromWorker, WorkerData } from './messages.ts';
import { SidecarThread } from './sidecar-thread.ts';

function serve(port: MessagePort, { settings, place }: WorkerData): void {
  const say = (message: FromWorker): void => port.postMessage(message);
  const thread = new SidecarThread(settings, { write: (log) => say({ log }), warn: (warning) => say({ warning }) }, place);
  port.on('message', async ({ id, method, args }: Call) => {
    try {
      const call = thread[method] as (...args: unknown[]) => unknown;
      say({ id, value: await call.apply(thread, args) });
    } catch (error) {
      say({ id, error: (error as Error).message });
    }
  });
}

// The bundle's files are loaded in the main thread, too, when they are compiled ahead.
if (!isMainThread && parentPort && (workerData as Partial<WorkerData> | null)?.weft === 'sidecar') serve(parentPort, workerData as WorkerData);
