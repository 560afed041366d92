// JavaScript that never ends cannot be interrupted from its own thread: another one looks on, says what hangs, and ends the process.
import { Worker } from 'node:worker_threads';

const room = 4 * 1024 * 1024;

const program = `
  const { workerData: { beats, text, seconds } } = require('node:worker_threads');
  let last = -1;
  setInterval(() => {
    const beat = Atomics.load(beats, 0);
    if (beat === last && beat > 0 && Atomics.load(beats, 2) === 1) {
      const hung = Buffer.from(text).subarray(0, Atomics.load(beats, 1)).toString();
      require('node:fs').writeSync(2, 'this input takes more than ' + seconds + ' s:\\n' + hung + '\\n');
      process.kill(process.pid, 'SIGKILL');
    }
    last = beat;
  }, seconds * 1000).unref();
`;

export interface Watchdog {
  /** Runs something that must end soon; `describe` says what it is. */
  watch<T>(describe: string, run: () => Promise<T>): Promise<T>;
  stop(): Promise<unknown>;
}

export function startWatchdog(seconds: number): Watchdog {
  const beats = new Int32Array(new SharedArrayBuffer(12));
  const text = new Uint8Array(new SharedArrayBuffer(room));
  const worker = new Worker(program, { eval: true, workerData: { beats, text, seconds } });
  worker.unref();
  return {
    async watch(describe, run) {
      const bytes = Buffer.from(describe).subarray(0, room);
      text.set(bytes);
      Atomics.store(beats, 1, bytes.length);
      Atomics.add(beats, 0, 1);
      Atomics.store(beats, 2, 1);
      try {
        return await run();
      } finally {
        Atomics.store(beats, 2, 0);
      }
    },
    stop: () => worker.terminate(),
  };
}
