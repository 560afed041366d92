// CPU time of a request: the HTTP/1.1 codec and pool with nothing between them (forward.ts) beside a bare forwarder (raw.ts).
//
//   node bench/http1/main.ts [--seconds 3] [--rounds 5] [--connections 32]
//
// Needs nginx and wrk (Debian: `apt-get install nginx-light wrk`). Rounds of the two alternate, and the best of each counts: whatever
// else runs on the machine only adds. For figures to compare, nothing else should run.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../../test/free-ports.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '32' },
  },
});

const folder = mkdtempSync(join(tmpdir(), 'weft-bench-'));
const children: ChildProcess[] = [];

function start(command: string, ...args: string[]): ChildProcess {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  children.push(child);
  return child;
}

function startNginx(port: number): void {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder};`).join(' ');
  mkdirSync(join(folder, 'files'));
  for (const [name, bytes] of [
    ['100', 100],
    ['10000', 10_000],
  ] as const) {
    writeFileSync(join(folder, 'files', name), 'x'.repeat(bytes));
  }
  writeFileSync(
    join(folder, 'nginx.conf'),
    `worker_processes 1; daemon off; pid ${folder}/pid; error_log /dev/null; events { worker_connections 1024; }
     http { access_log off; keepalive_requests 100000000; open_file_cache max=10; ${temporary}
       server { listen 127.0.0.1:${port}; root ${folder}/files; } }`,
  );
  execFileSync('chmod', ['-R', 'a+rX', folder]);
  start('nginx', '-c', join(folder, 'nginx.conf'), '-p', folder);
}

/** Of all threads, in microseconds. */
function cpuTime(pid: number): number {
  let total = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) total += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
  return total / 1000;
}

function load(port: number, path: string, seconds: string): number {
  const output = execFileSync('wrk', ['-t1', `-c${values.connections}`, `-d${seconds}s`, `http://127.0.0.1:${port}${path}`], { encoding: 'utf8' });
  if (/Non-2xx|Socket errors/.test(output)) throw new Error(output);
  return Number(/(\d+) requests in/.exec(output)?.[1]);
}

try {
  const upstreamPort = await freePort();
  startNginx(upstreamPort);
  const proxies: { name: string; port: number; pid: number }[] = [];
  for (const name of ['raw', 'forward']) {
    const port = await freePort();
    const child = start(process.execPath, join(import.meta.dirname, `${name}.ts`), String(upstreamPort), String(port));
    proxies.push({ name, port, pid: child.pid as number });
  }
  await new Promise((resolve) => setTimeout(resolve, 1500));
  for (const path of ['/100', '/10000']) {
    const best = new Map<string, number>();
    for (const { port } of proxies) load(port, path, '2');
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const { name, port, pid } of proxies) {
        const before = cpuTime(pid);
        const requests = load(port, path, values.seconds);
        best.set(name, Math.min(best.get(name) ?? Number.POSITIVE_INFINITY, (cpuTime(pid) - before) / requests));
      }
    }
    console.log(`${path.slice(1).padStart(6)} bytes  ${[...best].map(([name, micros]) => `${name} ${micros.toFixed(2)} µs`).join('  ')}`);
  }
} finally {
  for (const child of children) child.kill();
  rmSync(folder, { recursive: true });
}
