import type { KubeObject } from '../kube/object.ts';
import { Resource } from '../manifest/resource.ts';
import { mergeMeshConfigs } from '../pipeline/mesh-configs.ts';
import type { ScopeLog } from '../proxy/telemetry/log.ts';
import { loadValidators } from '../schema/validate.ts';
import type { Configuration, MeshState } from './mesh-state.ts';
import type { ControllerMetrics } from './monitoring/metrics.ts';

export interface MeshConfigurationSettings {
  istioNamespace: string;
  /** Of the ConfigMap. */
  name: string;
  state: Pick<MeshState, 'configure' | 'isReady'>;
  metrics: Pick<ControllerMetrics, 'count'>;
  /** There is another one, and the mesh is to be made anew. */
  changed(): void;
  log: ScopeLog;
}

/** The mesh configuration of the cluster. What is broken is refused, and the one before goes on. */
export class MeshConfiguration {
  private readonly settings: MeshConfigurationSettings;
  private map: KubeObject | undefined;
  private hasBegun = false;
  /** How many were read. */
  private readings = 0;
  private readonly usable = Promise.withResolvers<void>();
  /** Why the newest one is not used; undefined: it is. */
  problem: string | undefined;

  constructor(settings: MeshConfigurationSettings) {
    this.settings = settings;
  }

  /** The ConfigMap as it is in the cluster now; undefined: there is none. */
  set(map: KubeObject | undefined): void {
    this.map = map;
    if (this.hasBegun) void this.read();
  }

  /**
   * The cluster was read. Resolves when there is one that can be used: without the one before, what is right is not known, and the built-in
   * one could open what another one closed.
   */
  async begin(): Promise<void> {
    this.hasBegun = true;
    await this.read();
    await this.usable.promise;
  }

  private async read(): Promise<void> {
    const { istioNamespace, name, state, metrics, changed, log } = this.settings;
    const mine = ++this.readings;
    const { configuration, problems } = await readConfiguration(this.map, istioNamespace);
    // A newer one has come meanwhile.
    if (mine !== this.readings) return;
    if (problems.length > 0) {
      metrics.count('weft_mesh_config_rejected_total');
      this.problem = `the mesh configuration in ConfigMap ${istioNamespace}/${name} is refused: ${problems.join('; ')}`;
      log.error(`${this.problem}; ${state.isReady ? 'the one before goes on' : 'nothing is served before it is repaired'}`);
      return;
    }
    this.problem = undefined;
    if (state.configure(configuration) && state.isReady) changed();
    this.usable.resolve();
  }
}

/**
 * The mesh configuration that a ConfigMap has, on top of the built-in one.
 *
 * @param map undefined: there is none, and the built-in configuration counts
 * @returns the configuration; what is wrong with it, where it is not to be used
 */
export async function readConfiguration(map: KubeObject | undefined, istioNamespace: string): Promise<{ configuration: Configuration; problems: string[] }> {
  const resource = map && new Resource(map, 'ConfigMap', istioNamespace, undefined);
  const { problems, ...configuration } = await mergeMeshConfigs(resource, { istioNamespace, preset: 'recommended' });
  const said = problems.map(({ text }) => text);
  if (said.length === 0) {
    const validate = await loadValidators(['MeshConfig', 'MeshNetworks'], false);
    const { meshConfigResource, meshNetworksResource } = configuration;
    for (const one of [meshConfigResource, meshNetworksResource])
      if (one) said.push(...validate(one).flatMap(({ level, text, path }) => (level === 'Error' ? [`${(path ?? []).join('.')}: ${text}`] : [])));
  }
  return { configuration, problems: said };
}
