import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Below what systems give to outgoing connections, and to whoever listens on port 0: those would take a port again before it is used. */
const firstPort = 20_000;
const lastPort = 31_999;
const given = new Set<number>();

/** A file for each port that is given, with the process that has it: others are to leave it alone also before somebody listens there. */
const folder = join(tmpdir(), `weft-test-ports-${process.getuid?.() ?? ''}`);
let isPrepared = false;

/** Ports of 127.0.0.1 that nobody has, each of them given once, as long as this process lives; also where several processes ask at the same time. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = firstPort + Math.floor(Math.random() * (lastPort - firstPort + 1));
    if (given.has(port) || !reserve(port)) continue;
    given.add(port);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  return port as number;
}

/** @returns whether no other process that lives has it */
function reserve(port: number): boolean {
  const file = join(folder, String(port));
  if (!isPrepared) {
    isPrepared = true;
    mkdirSync(folder, { recursive: true });
    process.once('exit', () => {
      for (const own of given) rmSync(join(folder, String(own)), { force: true });
    });
  }
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  if (!isLeft(file)) return false;
  rmSync(file, { force: true });
  return reserve(port);
}

/** Whether the process that made it has ended without taking it away. */
function isLeft(file: string): boolean {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    // Empty: it is being written.
    if (pid > 0) process.kill(pid, 0);
    return false;
  } catch (error) {
    // Of a process of somebody else: EPERM. A file that is gone meanwhile is not left either.
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
