// What asks the proxies: wrk for HTTP/1.1, h2load for HTTP/2 and at a fixed rate, plain sockets for connections that are idle.
import { readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { run } from './processes.ts';

export interface Target {
  port: number;
  host: string;
  path: string;
}

/** @returns requests that were answered; @throws Error when one of them failed */
export async function wrk(program: string, { port, host, path }: Target, connections: number, seconds: number): Promise<number> {
  const text = await run([program, '-t1', `-c${connections}`, `-d${seconds}s`, '-H', `Host: ${host}`, `http://127.0.0.1:${port}${path}`]);
  if (/Non-2xx|Socket errors/.test(text)) throw new Error(`requests failed:\n${text}`);
  const requests = Number(/(\d+) requests in/.exec(text)?.[1]);
  if (!(requests > 0)) throw new Error(`wrk counted nothing:\n${text}`);
  return requests;
}

/** Requests under way at once on one connection. */
export const streamsPerConnection = 8;

/** HTTP/2 without TLS. @returns requests that were answered */
export async function h2load(program: string, target: Target, connections: number, seconds: number): Promise<number> {
  const options = ['-c', String(connections), '-m', String(streamsPerConnection), '-D', String(seconds)];
  return succeeded(await run([program, ...options, ...toTarget(target)]));
}

export interface Latencies {
  requests: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
}

/** HTTP/1.1 at a fixed rate. */
export async function paced(program: string, target: Target, connections: number, seconds: number, perSecond: number, folder: string): Promise<Latencies> {
  const log = join(folder, 'h2load.log');
  rmSync(log, { force: true });
  const rate = Math.max(1, Math.round(perSecond / connections));
  const options = ['--h1', '-c', String(connections), '-m', '1', '-D', String(seconds), '--rps', String(rate), '--log-file', log];
  const requests = succeeded(await run([program, ...options, ...toTarget(target)]));
  // Start, status, microseconds; those of the first tenth are for warming up.
  const rows = readFileSync(log, 'utf8').trim().split('\n');
  const times = rows
    .slice(Math.floor(rows.length / 10))
    .map((row) => Number(row.split('\t')[2]))
    .sort((a, b) => a - b);
  const at = (share: number): number => (times[Math.min(times.length - 1, Math.floor(times.length * share))] as number) / 1000;
  return { requests, p50: at(0.5), p99: at(0.99) };
}

function toTarget({ port, host, path }: Target): string[] {
  return ['--connect-to', `127.0.0.1:${port}`, `http://${host}${path}`];
}

function succeeded(text: string): number {
  const [, done, failed, errored] = /(\d+) succeeded, (\d+) failed, (\d+) errored/.exec(text) ?? [];
  const [, good] = /status codes: (\d+) 2xx/.exec(text) ?? [];
  // What is under way when the time is over counts as neither.
  if (!(Number(good) > 0) || Number(failed) > 0 || Number(errored) > 0 || Number(good) < Number(done)) throw new Error(`requests failed:\n${text}`);
  return Number(done);
}

/** Opens connections that have had one request each. */
export async function openIdle({ port, host, path }: Target, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count)
    sockets.push(...(await Promise.all(Array.from({ length: Math.min(50, count - sockets.length) }, () => idle(port, host, path)))));
  return sockets;
}

function idle(port: number, host: string, path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`));
    socket.once('data', (chunk) => {
      if (chunk.toString('latin1').startsWith('HTTP/1.1 200')) resolve(socket);
      else reject(new Error(`answered with ${chunk}`));
    });
    socket.once('error', reject);
  });
}
