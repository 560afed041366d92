import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nginxBeginning } from './nginx.ts';
import { freePorts, otherCore, type Running, start } from './processes.ts';

/** The service behind every proxy: an nginx with two endpoints for HTTP/1.1 and two for HTTP/2. */
export interface Backend {
  readonly http1: readonly number[];
  readonly http2: readonly number[];
  readonly process: Running;
}

/** Answers every path with 100 bytes, and paths that end in `/large` with 10,000. */
export async function startBackend(nginx: string, folder: string): Promise<Backend> {
  const ports = await freePorts(4);
  const http1 = ports.slice(0, 2);
  const http2 = ports.slice(2);
  // A parameter has at most 4 kB.
  const large = Array.from({ length: 5 }, (_, i) => `set $part${i} "${'x'.repeat(2000)}";`).join('\n');
  const config = `${nginxBeginning(folder)}  server {
    ${http1.map((port) => `listen 127.0.0.1:${port} backlog=4096;`).join(' ')}
    ${http2.map((port) => `listen 127.0.0.1:${port} http2 backlog=4096;`).join(' ')}
    location / { return 200 "${'x'.repeat(100)}"; }
    location ~ /large$ {
      ${large}
      return 200 "$part0$part1$part2$part3$part4";
    }
  }
}
`;
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, config);
  const process = await start('nginx', [nginx, '-c', file, '-e', 'stderr'], { core: otherCore, log: join(folder, 'nginx.log'), port: http1[0] as number });
  return { http1, http2, process };
}
