// A real Kubernetes API server with its controllers and scheduler, for tests.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../free-ports.ts';
import { buildProgram } from './program.ts';

/** It takes two to three seconds on a quiet machine. */
const startLimitMs = 90_000;

export interface ClusterOptions {
  /** State directory: keys, kubeconfig and objects of an earlier cluster are found again. Default: a new one, which `stop` removes. */
  dir?: string;
  /** Of the API server, on 127.0.0.1. Default: any that is free. */
  port?: number;
  /** Fake nodes, default 1. */
  nodes?: number;
  /** Authorization mode, default RBAC. */
  authz?: string;
  /** Version that the nodes tell of their kubelet, default v1.36.0-fake. */
  kubeletVersion?: string;
  /** Further flags of kube-apiserver. */
  apiserverArgs?: readonly string[];
  /** Controllers, scheduler and nodes, default true. */
  workloads?: boolean;
}

export interface TestCluster {
  /** File: user admin (context `kubelab`), and a user without rights (context `viewer`). */
  readonly kubeconfig: string;
  /** `https://127.0.0.1:PORT` */
  readonly server: string;
  readonly dir: string;
  /** Of the process that runs now. */
  readonly pid: number;
  /** SIGKILL, as a crash; what was written stays. */
  kill(): Promise<void>;
  /** Starts again after `kill`, on the same port, with the same objects and keys. */
  restart(): Promise<void>;
  /** Ends it, and removes its state where it has a directory of its own. */
  stop(): Promise<void>;
}

/** Whether there is a test cluster, which is built here if need be. Where there is none this says so; in CI that is an error. */
export async function clusterAvailable(): Promise<boolean> {
  try {
    await buildProgram();
    return true;
  } catch (error) {
    if (process.env.CI === 'true') throw error;
    console.warn(`SKIPPED: ${(error as Error).message}`);
    return false;
  }
}

/** @throws Error where it cannot be built or does not become ready. It ends with this process. */
export async function startCluster(options: ClusterOptions = {}): Promise<TestCluster> {
  const program = await buildProgram();
  const own = options.dir === undefined;
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'weft-kube-'));
  mkdirSync(dir, { recursive: true });
  const port = options.port ?? (await freePort());
  const args = ['--quit-on-stdin-eof', '--dir', dir, '--port', String(port), '--nodes', String(options.nodes ?? 1), '--authz', options.authz ?? 'RBAC'];
  if (options.kubeletVersion !== undefined) args.push('--kubelet-version', options.kubeletVersion);
  if (options.apiserverArgs?.length) args.push('--apiserver-args', options.apiserverArgs.join(' '));
  if (options.workloads === false) args.push('--workloads=false');

  let child: ChildProcess;
  try {
    child = await launch(program, args);
  } catch (error) {
    if (own) rmSync(dir, { recursive: true, force: true });
    throw error;
  }
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  return {
    kubeconfig: join(dir, 'kubeconfig'),
    server: `https://127.0.0.1:${port}`,
    dir,
    get pid() {
      return child.pid as number;
    },
    kill,
    async restart() {
      await kill();
      child = await launch(program, args);
    },
    async stop() {
      await kill();
      if (own) rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Resolves when it says that it is ready. Its standard input stays open as long as this process lives: it ends with it. */
function launch(program: string, args: readonly string[]): Promise<ChildProcess> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let out = '';
    let said = '';
    const fail = (why: string): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new Error(`the test cluster ${why}${said && `:\n${said}`}`));
    };
    const timer = setTimeout(() => fail(`is not ready after ${startLimitMs / 1000} s`), startLimitMs);
    child.on('error', (error) => fail(`did not start: ${error.message}`));
    child.on('exit', (code, signal) => fail(`ended while it started (${signal ?? code})`));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-20_000);
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (!out.includes('\n')) return;
      clearTimeout(timer);
      child.stdout.removeAllListeners('data').resume();
      child
        .removeAllListeners('exit')
        .removeAllListeners('error')
        .on('error', () => {});
      resolve(child);
    });
  });
}
