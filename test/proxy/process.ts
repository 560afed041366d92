import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, page, toClose, until } from './support.ts';

const weft = join(import.meta.dirname, '../../bin/weft.js');

export interface ServerInfo {
  state: string;
  concurrency: number;
  table: { version: string; generation: number; rejected?: { findings: string[] } };
}

export interface ProcessOptions {
  /** Files by name, written before the start. */
  manifests: Record<string, string>;
  args?: readonly string[];
  concurrency?: number;
  env?: Record<string, string>;
}

/** `weft proxy run` with files of its own, on free ports. */
export class ProxyProcess {
  readonly port: number;
  readonly adminPort: number;
  readonly pid: number;
  readonly exited: Promise<number | string>;
  output = '';
  private readonly folder: string;
  private readonly child: ChildProcess;

  private constructor(folder: string, ports: [number, number], child: ChildProcess) {
    this.folder = folder;
    [this.port, this.adminPort] = ports;
    this.child = child;
    this.pid = child.pid ?? 0;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
    // With the last of its output.
    this.exited = new Promise((resolve) => child.on('close', (code, signal) => resolve(code ?? signal ?? '')));
    toClose({
      close: () => {
        child.kill('SIGKILL');
        rmSync(folder, { recursive: true, force: true });
      },
    });
  }

  /** Returns when it serves. */
  static async start({ manifests, args = [], concurrency = 1, env = {} }: ProcessOptions): Promise<ProxyProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'weft-proxy-'));
    mkdirSync(join(folder, 'mesh'));
    for (const [name, text] of Object.entries(manifests)) writeFileSync(join(folder, 'mesh', name), text);
    const [port = 0, admin = 0] = await freePorts(2);
    const ports = ['--outbound-port', port, '--admin-port', admin, '--stats-port', 0, '--agent-port', 0, '--health-port', 0].map(String);
    const all = [weft, 'proxy', 'run', '-f', join(folder, 'mesh'), '-n', 'shop', ...ports, '--concurrency', String(concurrency), ...args];
    const child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1', ...env } });
    const proxy = new ProxyProcess(folder, [port, admin], child);
    let early: number | string | undefined;
    void proxy.exited.then((code) => {
      early = code;
    });
    await until(
      async () => {
        if (early !== undefined) throw new Error(`it ended with ${early}`);
        return (await proxy.info().catch(() => undefined))?.state === 'LIVE';
      },
      'serving',
      60_000,
    ).catch((error: Error) => {
      throw new Error(`${error.message}\n${proxy.output}`);
    });
    return proxy;
  }

  /** In one step, so that half of a file is never read. */
  write(name: string, text: string): void {
    const file = join(this.folder, name);
    writeFileSync(file, text);
    renameSync(file, join(this.folder, 'mesh', name));
  }

  async info(): Promise<ServerInfo> {
    return JSON.parse((await page(this.adminPort, '/server_info')).body) as ServerInfo;
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Bytes of memory that the process has. */
  get rss(): number {
    const pages = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1];
    return Number(pages ?? 0) * 1024;
  }
}
