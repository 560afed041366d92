import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pause } from './clients.ts';

const weft = join(import.meta.dirname, '../../bin/weft.js');
/** As bin/weft starts it. */
const flags = ['--v8-pool-size=1', '--min-semi-space-size=4', '--max-semi-space-size=8'];
const startMs = 60_000;

/** `weft proxy run` in a process of its own. */
export class RunningProxy {
  readonly port: number;
  readonly adminPort: number;
  readonly exited: Promise<number | string>;
  output = '';
  private readonly folder = mkdtempSync(join(tmpdir(), 'weft-soak-'));
  private readonly child: ChildProcess;

  /** @param manifests of the first table */
  constructor(ports: { port: number; admin: number }, manifests: string, concurrency: number) {
    this.port = ports.port;
    this.adminPort = ports.admin;
    mkdirSync(join(this.folder, 'mesh'));
    this.write(manifests);
    const args = ['proxy', 'run', '-f', join(this.folder, 'mesh'), '-n', 'soak', '--watch', '--concurrency', String(concurrency)];
    const where = ['--outbound-port', ports.port, '--admin-port', ports.admin, '--stats-port', 0, '--agent-port', 0, '--health-port', 0].map(String);
    const log = ['--log-level', 'warning', '--access-log', join(this.folder, 'access.log')];
    this.child = spawn(process.execPath, [...flags, weft, ...args, ...where, ...log], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1' },
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        // The beginning says what is wrong; without end it would be the script that grows.
        if (this.output.length < 100_000) this.output += text;
      });
    }
    this.exited = new Promise((resolve) => this.child.on('exit', (code, signal) => resolve(code ?? signal ?? '')));
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** In one step, so that half a file is never read. */
  write(manifests: string): void {
    const file = join(this.folder, 'mesh.yaml');
    writeFileSync(file, manifests);
    renameSync(file, join(this.folder, 'mesh', 'mesh.yaml'));
  }

  /** @throws Error with what it said, if it does not serve */
  async ready(): Promise<void> {
    const end = performance.now() + startMs;
    let ended: number | string | undefined;
    void this.exited.then((code) => {
      ended = code;
    });
    while (performance.now() < end) {
      if (ended !== undefined) throw new Error(`the proxy ended with ${ended}:\n${this.output}`);
      const answer = await fetch(`http://127.0.0.1:${this.adminPort}/ready`).catch(() => undefined);
      if (answer?.status === 200) return;
      await pause(50);
    }
    throw new Error(`the proxy is not ready:\n${this.output}`);
  }

  async generation(): Promise<number> {
    const info = (await (await fetch(`http://127.0.0.1:${this.adminPort}/server_info`)).json()) as { table: { generation: number } };
    return info.table.generation;
  }

  /** Numbers by name of what matches. */
  async stats(filter: string): Promise<Map<string, number>> {
    const page = await (await fetch(`http://127.0.0.1:${this.adminPort}/stats?filter=${encodeURIComponent(filter)}`)).text();
    return new Map([...page.matchAll(/^(.+): (\d+)$/gm)].map(([, name = '', value]) => [name, Number(value)]));
  }

  /** @returns the exit code after SIGTERM, or what happened instead */
  async end(): Promise<number | string> {
    this.child.kill('SIGTERM');
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve('still there after a minute'), 60_000);
    });
    return Promise.race([this.exited, late]).finally(() => clearTimeout(timer));
  }

  close(): void {
    this.child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
