// The test cluster's program: built of the Go sources beside this file, once for each state of them.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A first build compiles all of Kubernetes: five to six minutes on two cores. */
const buildLimitMs = 30 * 60_000;
/** Programs of earlier states of the sources that are kept: branches are switched between. */
const kept = 3;

const sources = readdirSync(import.meta.dirname)
  .filter((name) => /\.go$|^go\.(mod|sum)$|^build\.sh$/.test(name))
  .sort();

/** Hash of what the program is built of. */
function sourcesHash(): string {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\n`);
  for (const name of sources) hash.update(`${name}\n`).update(readFileSync(join(import.meta.dirname, name)));
  return hash.digest('hex').slice(0, 16);
}

const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'weft-tests', 'kube');

/** Where the program of these sources is, or will be. */
function programPath(): string {
  return join(cache, sourcesHash(), 'kubelab');
}

/**
 * The program, built where it is not there yet; only one process builds at a time, and others wait for it.
 *
 * @throws Error where there is no Go, and where the build fails.
 */
export async function buildProgram(log: (text: string) => void = console.error): Promise<string> {
  const program = programPath();
  if (existsSync(program)) return program;
  const { error, status, stdout } = spawnSync('go', ['version'], { encoding: 'utf8' });
  if (error || status !== 0) throw new Error('the test cluster needs Go 1.26 or newer on the PATH: there is none');
  const lock = join(cache, 'building');
  mkdirSync(cache, { recursive: true });
  await acquire(lock, log);
  try {
    if (existsSync(program)) return program;
    log(`building the test cluster of test/kube with ${stdout.trim()}: 5 to 6 minutes where Go's build cache is empty, seconds else …`);
    const started = Date.now();
    const temporary = join(cache, `new-${process.pid}`);
    try {
      await run('sh', [join(import.meta.dirname, 'build.sh'), temporary]);
      mkdirSync(join(program, '..'), { recursive: true });
      renameSync(temporary, program);
    } finally {
      rmSync(temporary, { force: true });
    }
    log(`built ${program} in ${Math.round((Date.now() - started) / 1000)} s`);
    removeOld();
    return program;
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Takes a lock file with the builder's process id; that of a process which is gone is taken over. */
async function acquire(lock: string, log: (text: string) => void): Promise<void> {
  const end = Date.now() + buildLimitMs;
  for (let told = false; ; ) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = ownerOf(lock);
    if (owner !== undefined && !isAlive(owner)) rmSync(lock, { force: true });
    else if (Date.now() > end) throw new Error(`process ${owner} holds ${lock} for too long`);
    else {
      if (!told) log(`process ${owner} builds the test cluster: waiting for it …`);
      told = true;
      await sleep(500);
    }
  }
}

/** Undefined while its owner is about to write it; an empty file that is old has lost its owner. */
function ownerOf(lock: string): number | undefined {
  try {
    const owner = Number(readFileSync(lock, 'utf8'));
    if (owner > 0) return owner;
    return Date.now() - statSync(lock).mtimeMs > 5000 ? -1 : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  if (pid < 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function run(command: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: buildLimitMs });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-20_000);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`the build of the test cluster failed (${signal ?? code}):\n${said}`));
    });
  });
}

function removeOld(): void {
  const programs = readdirSync(cache)
    .map((name) => join(cache, name))
    .filter((folder) => existsSync(join(folder, 'kubelab')))
    .sort((a, b) => statSync(join(b, 'kubelab')).mtimeMs - statSync(join(a, 'kubelab')).mtimeMs);
  for (const folder of programs.slice(kept)) rmSync(folder, { recursive: true, force: true });
}
