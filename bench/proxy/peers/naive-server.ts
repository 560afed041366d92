import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { createServer } from 'node:http';
import { Pool } from 'undici';
import { routePath } from './peer.ts';

interface Options {
  port: number;
  routes: number;
  host: string;
  endpoints: readonly number[];
  /** File; empty: none. */
  accessLog: string;
}

const options = JSON.parse(process.env.NAIVE_OPTIONS ?? '') as Options;
const routes = Array.from({ length: options.routes }, (_, n) => routePath(n));
const pools = options.endpoints.map((port) => new Pool(`http://127.0.0.1:${port}`, { connections: 64, pipelining: 1 }));
const log = options.accessLog === '' ? undefined : createWriteStream(options.accessLog);
const hop = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade']);
const counters = new Map<number, number>();
let turn = 0;

const server = createServer((request, response) => {
  const started = performance.now();
  const path = request.url ?? '/';
  const host = request.headers.host;
  const count = (status: number): void => {
    counters.set(status, (counters.get(status) ?? 0) + 1);
    log?.write(`[${new Date().toISOString()}] "${request.method} ${path}" ${status} ${Math.round(performance.now() - started)} "${host}"\n`);
  };
  if (host !== options.host || !routes.some((route) => path.startsWith(route))) {
    response.writeHead(404).end();
    count(404);
    return;
  }
  const headers: string[] = [];
  const raw = request.rawHeaders;
  for (let i = 0; i < raw.length; i += 2) if (!hop.has((raw[i] as string).toLowerCase())) headers.push(raw[i] as string, raw[i + 1] as string);
  headers.push('x-request-id', randomUUID(), 'x-forwarded-proto', 'http');
  const hasBody = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
  const pool = pools[turn++ % pools.length] as Pool;
  pool.stream(
    {
      path,
      method: (request.method ?? 'GET') as 'GET',
      headers,
      body: hasBody ? request : null,
      headersTimeout: 10_000,
      bodyTimeout: 10_000,
      responseHeaders: 'raw',
    },
    ({ statusCode, headers: received }) => {
      const out: string[] = [];
      const list = received as unknown as string[];
      for (let i = 0; i < list.length; i += 2) if (!hop.has(String(list[i]).toLowerCase())) out.push(String(list[i]), String(list[i + 1]));
      response.writeHead(statusCode, out);
      count(statusCode);
      return response;
    },
    (error) => {
      if (error && !response.headersSent) response.writeHead(503).end();
    },
  );
});
server.keepAliveTimeout = 3_600_000;
server.listen(options.port, '127.0.0.1', 4096);
