import { type ChildProcess, spawn } from 'node:child_process';
import { type Address, type BootstrapOptions, filesBootstrap, staticBootstrap } from '../../envoy/bootstrap.ts';
import { type Configuration, configurationOf, patchedBootstrap } from '../../envoy/configuration.ts';
import type { LocalOptions } from '../../envoy/local-table.ts';
import { nodeOf } from '../../envoy/node.ts';
import type { EnvoyOptions } from '../../envoy/options.ts';
import { staticResources } from '../../envoy/static.ts';
import type { RoutingTable } from '../../ir/table.ts';
import type { ProxyPorts } from '../proxy/settings.ts';
import { AdminClient } from './admin-client.ts';
import { type Blame, blame, type Refusal } from './blame.ts';
import type { EnvoyProgram } from './find.ts';
import { clustersFile, LiveFiles, listenersFile } from './live-files.ts';
import { openable } from './outputs.ts';
import type { RunFolder } from './run-folder.ts';
import { Validator } from './validate.ts';
import { adminViews } from './views.ts';

export interface EngineSettings {
  local: LocalOptions;
  ports: ProxyPorts;
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

/** Envoy does not take a configuration; `blame`: what of it. */
export class EnvoyRefusal extends Error {
  override name = 'EnvoyRefusal';
  readonly blame: Blame | undefined;
  constructor(reason: string, found: Blame | undefined) {
    super(found?.reason ?? reason);
    this.blame = found;
  }
}

const pollMs = 20;
/** Its certificates and names of services are waited for. */
const readyMs = 60_000;

/** Certificates of the mesh need an agent beside the proxy, which there is in a pod. */
const options: EnvoyOptions = { meshTls: 'none' };

const logFormats = {
  text: '[%Y-%m-%d %T.%e][%l][envoy %n] %v',
  json: '{"time":"%Y-%m-%dT%T.%e","level":"%l","scope":"envoy %n","msg":"%j"}',
} as const;

/** An Envoy that weft has started, with its configuration in files. */
export class EnvoyEngine {
  readonly ended: Promise<Ending>;
  private readonly endedWith = Promise.withResolvers<Ending>();
  private readonly program: EnvoyProgram;
  private readonly settings: EngineSettings;
  private readonly folder: RunFolder;
  private readonly admin: AdminClient;
  private readonly adminAddress: Address;
  private readonly validator: Validator;
  private readonly files: LiveFiles;
  private child: ChildProcess | undefined;

  constructor(program: EnvoyProgram, settings: EngineSettings, folder: RunFolder) {
    this.program = program;
    this.settings = settings;
    this.folder = folder;
    this.ended = this.endedWith.promise;
    const { admin } = settings.ports;
    this.adminAddress = admin === 0 ? { path: folder.adminSocket } : { address: '127.0.0.1', port: admin };
    this.admin = new AdminClient(this.adminAddress);
    this.validator = new Validator(program, folder.private('validate.json'));
    this.files = new LiveFiles(folder, this.admin);
  }

  /**
   * What an Envoy gets of a table, after Envoy itself has looked at it.
   *
   * @throws EnvoyRefusal
   */
  async configure(table: RoutingTable): Promise<Configuration> {
    const { local } = this.settings;
    const made = configurationOf(table, options, local);
    const bootstrap = this.bootstrapOf(table);
    const refusal: Refusal = (resources, envoyPatches = table.envoyPatches) =>
      this.validator.refusal(patchedBootstrap(staticBootstrap(staticResources(resources), bootstrap), { envoyPatches }));
    const reason = await refusal(made.resources);
    if (reason !== undefined) throw new EnvoyRefusal(reason, await blame(made, refusal, { table, options, local }));
    return made;
  }

  /**
   * Starts Envoy and waits until it serves.
   *
   * @returns how it ended, when it ended instead
   * @throws Error when it does not take its files
   */
  async start({ table, resources }: Configuration): Promise<Ending | undefined> {
    this.files.writeFirst(resources);
    const files = { listeners: this.folder.pathOf(listenersFile), clusters: this.folder.pathOf(clustersFile) };
    this.folder.writePrivate('bootstrap.json', JSON.stringify(patchedBootstrap(filesBootstrap(files, this.bootstrapOf(table)), table)));
    const outputs = ([1, 2] as const).map((descriptor) => openable(descriptor, this.folder.private(`output-${descriptor}`)));
    this.child = spawn(this.program.path, this.args(), {
      stdio: ['ignore', ...outputs.map(({ descriptor }) => descriptor)],
      // Ctrl-C is for weft alone, which lets requests end.
      detached: true,
    });
    this.child.on('error', () => this.endedWith.resolve({ code: 1, signal: null }));
    this.child.on('exit', (code, signal) => this.endedWith.resolve({ code, signal }));
    for (const output of outputs) output.handedOver();
    return this.settled();
  }

  /**
   * New resources for the running Envoy.
   *
   * @returns whether anything changed
   * @throws Error when it does not take them
   */
  replace({ resources }: Configuration): Promise<boolean> {
    return this.files.replace(resources);
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
    for (const [name, count] of gauges) if (!/^http\.(?:admin|stats;|agent;|health;)\./.test(name)) sum += count;
    return sum;
  }

  /** Until it serves, or ends. */
  private async settled(): Promise<Ending | undefined> {
    const until = performance.now() + readyMs;
    while (performance.now() < until) {
      if (await this.admin.ready()) {
        await this.checkTaken();
        return undefined;
      }
      const ending = await Promise.race([this.ended, sleep(pollMs)]);
      if (ending) return ending;
      await this.checkTaken();
    }
    throw new Error('Envoy was started and does not get ready');
  }

  private async checkTaken(): Promise<void> {
    const counters = await this.admin.stats(/update_rejected$|listener_create_failure$/).catch(() => new Map<string, number>());
    const refused = [...counters].filter(([, count]) => count > 0).map(([name]) => name);
    if (refused.length > 0) throw new Error(`Envoy does not take what it was started with, as it says itself (${refused.join(', ')})`);
  }

  private bootstrapOf({ proxy, mesh }: RoutingTable): BootstrapOptions {
    return { node: nodeOf({ identity: proxy, options }, mesh.meshId), admin: this.adminAddress, views: adminViews(this.settings.ports) };
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

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
