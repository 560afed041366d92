import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, cpSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../test/free-ports.ts';
import type { Application } from './applications.ts';

const root = join(import.meta.dirname, '../..');
const startMs = 10_000;
const pollMs = 20;

/** The part of `/outliers?format=json` that the demo looks at. */
export interface Outliers {
  clusters: { name: string; ejected: { address: string }[]; overflows: number }[];
}

/** `weft proxy run` as a process of its own, on a copy of fixtures/payment that the scenes change. */
export class SidecarProcess {
  /** What the manifests are in, and what they are called there. */
  readonly folder: string;
  readonly mesh = 'mesh';
  readonly outboundPort: number;
  readonly adminPort: number;
  readonly command: string[];
  private readonly child: ChildProcess;
  private readonly exit: Promise<number | null>;
  private log = '';

  private constructor(folder: string, [outbound, admin]: readonly [number, number], applications: readonly Application[]) {
    this.folder = folder;
    this.outboundPort = outbound;
    this.adminPort = admin;
    const maps = applications.flatMap(({ version, port }) => ['--map', `payment-service/${version}=127.0.0.1:${port}`]);
    const ports = ['--outbound-port', `${outbound}`, '--admin-port', `${admin}`, '--stats-port', '0', '--agent-port', '0', '--health-port', '0'];
    this.command = ['proxy', 'run', '-f', this.mesh, '--watch', ...maps, ...ports];
    this.child = spawn(process.execPath, [join(root, 'bin/weft.js'), ...this.command], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.log += text;
    });
    this.exit = new Promise((resolve, reject) => this.child.on('close', resolve).on('error', reject));
    this.exit.catch(() => {});
  }

  /** @throws Error with what weft said, where it does not start */
  static async start(applications: readonly Application[]): Promise<SidecarProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'weft-demo-'));
    cpSync(join(root, 'fixtures/payment'), join(folder, 'mesh'), { recursive: true });
    const sidecar = new SidecarProcess(folder, (await freePorts(2)) as [number, number], applications);
    try {
      await sidecar.until('it is ready', async () => (await sidecar.page('/ready')).trim() === 'LIVE');
    } catch (error) {
      sidecar.kill();
      throw error;
    }
    return sidecar;
  }

  /** Puts a file in the place of one of the manifests, as an editor does, and waits until it is in force. */
  async apply(file: string, inPlaceOf: string): Promise<void> {
    const before = await this.generation();
    // In one step: a half-written file is a broken one.
    copyFileSync(join(root, file), join(this.folder, inPlaceOf));
    renameSync(join(this.folder, inPlaceOf), join(this.folder, this.mesh, inPlaceOf));
    await this.until(`${basename(file)} is in force`, async () => (await this.generation()) > before);
  }

  /** A page of the administration. */
  async page(path: string): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.adminPort}${path}`);
    return response.text();
  }

  async outliers(): Promise<Outliers> {
    return JSON.parse(await this.page('/outliers?format=json')) as Outliers;
  }

  /** Sum of a counter over the clusters. */
  async counter(name: string): Promise<number> {
    const lines = (await this.page(`/stats?filter=${encodeURIComponent(name)}`)).matchAll(/\.(\w+): (\d+)$/gm);
    return [...lines].reduce((sum, [, own, value]) => sum + (own === name ? Number(value) : 0), 0);
  }

  /** @throws Error when it takes too long, or the sidecar ended */
  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + startMs;
    for (;;) {
      // Nobody listens yet while it starts.
      if (await holds().catch(() => false)) return;
      if (this.child.exitCode !== null) throw new Error(`the sidecar ended with ${this.child.exitCode} before ${what}:\n${this.log}`);
      if (performance.now() > deadline) throw new Error(`${startMs / 1000} s are over before ${what}:\n${this.log}`);
      await sleep(pollMs);
    }
  }

  /** @returns its exit code */
  async stop(): Promise<number | null> {
    // A signal would not let it end in good order on every system.
    await fetch(`http://127.0.0.1:${this.adminPort}/quitquitquit`, { method: 'POST' }).catch(() => this.child.kill());
    const code = await this.exit;
    this.kill();
    return code;
  }

  /** At once, and without a trace. */
  kill(): void {
    this.child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async generation(): Promise<number> {
    const { table } = JSON.parse(await this.page('/server_info')) as { table: { generation: number } };
    return table.generation;
  }
}
