import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Address } from '../../envoy/bootstrap.ts';
import type { JsonObject } from '../../envoy/json.ts';
import { AdminClient } from './admin-client.ts';
import type { EnvoyProgram } from './find.ts';
import { openable } from './outputs.ts';
import type { RunFolder } from './run-folder.ts';

export interface ProcessSettings {
  /** Of the administration, on loopback; 0: a socket in the run folder. */
  adminPort: number;
  concurrency: number;
  drainMs: number;
  logLevel: string;
  logFormat: 'text' | 'json';
}

/** How Envoy ended. */
export interface Ending {
  code: number | null;
  signal: NodeJS.Signals | null;
}

const pollMs = 20;

/** Levels at which Envoy tells of nothing but its warnings. */
const usual: ReadonlySet<string> = new Set(['info', 'warning']);

const logFormats = {
  text: '[%Y-%m-%d %T.%e][%l][envoy %n] %v',
  json: '{"time":"%Y-%m-%dT%T.%e","level":"%l","scope":"envoy %n","msg":"%j"}',
} as const;

/** An Envoy that weft starts and ends. */
export class EnvoyProcess {
  readonly ended: Promise<Ending>;
  readonly admin: AdminClient;
  /** For its bootstrap. */
  readonly adminAddress: Address;
  private readonly endedWith = Promise.withResolvers<Ending>();
  private readonly program: EnvoyProgram;
  private readonly settings: ProcessSettings;
  private readonly folder: RunFolder;
  private child: ChildProcess | undefined;

  constructor(program: EnvoyProgram, settings: ProcessSettings, folder: RunFolder) {
    this.program = program;
    this.settings = settings;
    this.folder = folder;
    this.ended = this.endedWith.promise;
    this.adminAddress = settings.adminPort === 0 ? { path: folder.adminSocket } : { address: '127.0.0.1', port: settings.adminPort };
    this.admin = new AdminClient(this.adminAddress);
  }

  start(bootstrap: JsonObject): void {
    this.folder.writePrivate('bootstrap.json', JSON.stringify(bootstrap));
    const outputs = ([1, 2] as const).map((descriptor) => openable(descriptor, this.folder.private(`output-${descriptor}`)));
    this.child = spawn(this.program.path, this.args(), {
      stdio: ['ignore', ...outputs.map(({ descriptor }) => descriptor)],
      // Ctrl-C is for weft alone, which lets requests end.
      detached: true,
    });
    this.child.on('error', () => this.endedWith.resolve({ code: 1, signal: null }));
    this.child.on('exit', (code, signal) => this.endedWith.resolve({ code, signal }));
    for (const output of outputs) output.handedOver();
  }

  reopenLogs(): void {
    void this.admin.post('/reopen_logs').catch(() => {});
  }

  /** Nobody new; requests under way have the drain time, unless `now` comes first. */
  async stop(now: Promise<unknown>): Promise<void> {
    const hurried = now.then(() => true);
    try {
      await this.admin.post('/healthcheck/fail');
      await this.admin.post('/drain_listeners');
      const until = performance.now() + this.settings.drainMs;
      while (performance.now() < until && (await this.active()) > 0) {
        if (await Promise.race([hurried, this.ended.then(() => true), sleep(pollMs)])) break;
      }
      // That what it has streams for ends with it is no news.
      if (usual.has(this.settings.logLevel)) await this.admin.post('/logging?config=error');
    } catch {
      // It does not answer any more.
    }
    this.child?.kill('SIGTERM');
    if ((await Promise.race([this.ended, hurried])) === true) this.kill();
    await this.ended;
  }

  kill(): void {
    this.child?.kill('SIGKILL');
  }

  /** Requests and TCP connections under way. */
  async active(): Promise<number> {
    const gauges = await this.admin.stats(/^(?:http\..*\.downstream_rq_active|tcp\..*\.downstream_cx_active)$/);
    let sum = 0;
    for (const [name, count] of gauges) if (!name.startsWith('http.admin.')) sum += count;
    return sum;
  }

  private args(): string[] {
    const { concurrency, drainMs, logLevel, logFormat } = this.settings;
    // What Envoy tells of itself is for those who ask for more; that there is no limit of connections is meant so.
    const level = logLevel === 'info' ? ['-l', 'warning', '--component-log-level', 'main:error'] : ['-l', logLevel];
    const drain = ['--drain-strategy', 'immediate', '--drain-time-s', String(Math.max(1, Math.ceil(drainMs / 1000)))];
    return [
      ...['-c', this.folder.private('bootstrap.json'), '--disable-hot-restart', '--skip-deprecated-logs'],
      ...['--concurrency', String(concurrency), '--file-flush-interval-msec', '100', ...drain, ...level],
      ...['--log-format', logFormats[logFormat]],
    ];
  }
}
