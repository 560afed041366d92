import { setTimeout as sleep } from 'node:timers/promises';
import { type BootstrapOptions, filesBootstrap, staticBootstrap } from '../../envoy/bootstrap.ts';
import { type Configuration, configurationOf, patchedBootstrap } from '../../envoy/configuration.ts';
import type { LocalOptions } from '../../envoy/local-table.ts';
import { nodeOf } from '../../envoy/node.ts';
import type { EnvoyOptions, OwnSecretNames } from '../../envoy/options.ts';
import { staticResources } from '../../envoy/static.ts';
import type { RoutingTable } from '../../ir/table.ts';
import { type Blame, blame, type Refusal } from './blame.ts';
import { type Ending, EnvoyProcess, type ProcessSettings } from './envoy-process.ts';
import type { EnvoyProgram } from './find.ts';
import { clustersFile, LiveFiles, listenersFile } from './live-files.ts';
import type { RunFolder } from './run-folder.ts';
import { Validator } from './validate.ts';

export interface EngineSettings extends ProcessSettings {
  local: LocalOptions;
  /** Keys of issuers of tokens that are there now; absent: none that are not in the manifests. */
  jwks?: NonNullable<EnvoyOptions['jwks']>;
  /** Unix socket of an agent that gives out certificates (SDS); absent: there are none of the mesh, and Envoy reads files itself. */
  sdsSocket?: string | undefined;
  /** Unix socket of who has the Secrets that rules name; absent: nobody has. */
  secretsSocket?: string | undefined;
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

/** An Envoy with its configuration in files. */
export class EnvoyEngine {
  readonly process: EnvoyProcess;
  private readonly local: LocalOptions;
  private readonly options: EnvoyOptions;
  private readonly sockets: Pick<BootstrapOptions, 'sdsSocket' | 'secretsSocket'>;
  private readonly folder: RunFolder;
  private readonly validator: Validator;
  private readonly files: LiveFiles;

  constructor(program: EnvoyProgram, settings: EngineSettings, folder: RunFolder) {
    this.process = new EnvoyProcess(program, settings, folder);
    this.local = settings.local;
    const { sdsSocket, secretsSocket, jwks } = settings;
    this.sockets = { ...(sdsSocket === undefined ? {} : { sdsSocket }), ...(secretsSocket === undefined ? {} : { secretsSocket }) };
    this.options = { meshTls: sdsSocket === undefined ? 'none' : 'sds', ...(jwks ? { jwks } : {}) };
    this.folder = folder;
    this.validator = new Validator(program, folder.private('validate.json'));
    this.files = new LiveFiles(folder, this.process.admin);
  }

  /**
   * What an Envoy gets of a table, after Envoy itself has looked at it.
   *
   * @param secrets that are to be had at the socket; absent: none
   * @throws EnvoyRefusal
   */
  async configure(table: RoutingTable, secrets?: OwnSecretNames): Promise<Configuration> {
    const { local } = this;
    const options = secrets ? { ...this.options, secrets } : this.options;
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
    this.process.start(patchedBootstrap(filesBootstrap(files, this.bootstrapOf(table)), table));
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

  /** Until it serves, or ends. */
  private async settled(): Promise<Ending | undefined> {
    const { admin, ended } = this.process;
    const until = performance.now() + readyMs;
    while (performance.now() < until) {
      if (await admin.ready()) {
        await this.checkTaken();
        return undefined;
      }
      const ending = await Promise.race([ended, sleep(pollMs)]);
      if (ending) return ending;
      await this.checkTaken();
    }
    throw new Error('Envoy was started and does not get ready');
  }

  private async checkTaken(): Promise<void> {
    const counters = await this.process.admin.stats(/update_rejected$|listener_create_failure$/).catch(() => new Map<string, number>());
    // A certificate that Envoy does not take is told, and the rest is served.
    const refused = [...counters].filter(([name, count]) => count > 0 && !name.startsWith('sds.secret-')).map(([name]) => name);
    if (refused.length > 0) throw new Error(`Envoy does not take what it was started with, as it says itself (${refused.join(', ')})`);
  }

  private bootstrapOf({ proxy, mesh }: RoutingTable): BootstrapOptions {
    const node = nodeOf({ identity: proxy, options: this.options }, mesh.meshId);
    return { node, admin: this.process.adminAddress, ...this.sockets };
  }
}
