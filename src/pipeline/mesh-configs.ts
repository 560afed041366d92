import type { Preset } from '../analysis/engine.ts';
import type { MeshConfig, MeshNetworks } from '../manifest/istio/mesh.gen.ts';
import type { InputProblem } from '../manifest/load.ts';
import { type RawObject, Resource, type SourceText } from '../manifest/resource.ts';
import { parseYaml } from '../manifest/yaml.ts';
import { defaultMeshConfig, mergeMeshConfig } from '../model/mesh-config.ts';
import { decodeMessage } from '../schema/decode.ts';
import { loadValidators } from '../schema/validate.ts';
import type { PipelineCache } from './pipeline-cache.ts';

export interface MeshConfigOptions {
  istioNamespace: string;
  meshConfigSource?: SourceText | undefined;
  preset: Preset;
  cache?: PipelineCache | undefined;
}

export interface MeshConfigs {
  meshConfig: MeshConfig;
  meshConfigResource: Resource<MeshConfig>;
  meshNetworksResource?: Resource<MeshNetworks>;
  problems: InputProblem[];
}

/** Defaults, then the ConfigMap `istio` (of files, too, which the reference takes from a cluster only), then --meshConfigFile. */
export async function readMeshConfig(resources: readonly Resource[], options: MeshConfigOptions): Promise<MeshConfigs> {
  const { istioNamespace, meshConfigSource, preset, cache } = options;
  const isMeshConfig = (r: Resource): boolean =>
    r.kindName === 'ConfigMap' && r.name === 'istio' && r.namespace === istioNamespace && (preset !== 'reference' || r.document === undefined);
  const map = resources.find(isMeshConfig);
  const read = (): Promise<MeshConfigs> => mergeMeshConfigs(map, options);
  return cache ? cache.value('mesh configuration', [map, meshConfigSource?.name, meshConfigSource?.text], read) : read();
}

export async function mergeMeshConfigs(map: Resource | undefined, options: MeshConfigOptions): Promise<MeshConfigs> {
  const { istioNamespace, meshConfigSource } = options;
  const problems: InputProblem[] = [];
  const validate = await loadValidators(['MeshConfig'], false);
  // The root namespace of the reference is not where its control plane is, unless the configuration says so.
  let meshConfig = defaultMeshConfig(options.preset === 'reference' ? 'istio-system' : istioNamespace);
  const data = (map?.raw.data ?? {}) as Record<string, string>;
  const layers = [data.mesh, meshConfigSource?.text];
  for (const text of layers) {
    if (text === undefined) continue;
    try {
      const value = parseYaml(text, true).value ?? {};
      const decoded = decodeMessage('istio.mesh.v1alpha1.MeshConfig', value, []);
      if (decoded.errors.length === 0) {
        const merged = mergeMeshConfig(meshConfig, value as MeshConfig);
        // The reference goes on without a configuration that breaks a rule; otherwise validation tells the rule.
        if (options.preset !== 'reference' || !validate(meshConfigOf(merged)).some((p) => p.level === 'Error')) meshConfig = merged;
      } else reportMeshConfig(decoded.errors.map((e) => `${e.path.join('.')} ${e.text}`).join('; '));
    } catch (error) {
      reportMeshConfig((error as Error).message);
    }
  }
  const meshConfigResource = meshConfigOf(meshConfig);
  let meshNetworksResource: Resource<MeshNetworks> | undefined;
  if (data.meshNetworks !== undefined) {
    try {
      const value = parseYaml(data.meshNetworks, true).value ?? {};
      if (decodeMessage('istio.mesh.v1alpha1.MeshNetworks', value, []).errors.length === 0) {
        meshNetworksResource = new Resource<MeshNetworks>(
          object('MeshNetworks', 'meshnetworks', value),
          'MeshNetworks',
          istioNamespace,
          map?.document,
          map?.within,
        );
      }
    } catch (error) {
      reportMeshConfig((error as Error).message);
    }
  }
  return { meshConfig, meshConfigResource, meshNetworksResource, problems };

  function object(kind: string, name: string, spec: unknown): RawObject {
    return { apiVersion: 'mesh.istio.io/v1alpha1', kind, metadata: { name, namespace: istioNamespace }, spec };
  }

  function meshConfigOf(spec: MeshConfig): Resource<MeshConfig> {
    const file = meshConfigSource && { source: meshConfigSource, index: 0, start: 0, end: meshConfigSource.text.length };
    const [document, within] = file ? [file, []] : [map?.document, map?.within];
    return new Resource(object('MeshConfig', 'meshconfig', spec), 'MeshConfig', istioNamespace, document, within);
  }

  function reportMeshConfig(text: string): void {
    const source = meshConfigSource ?? map?.document?.source;
    const said = `the mesh configuration is not used: ${text}`;
    const about = source === undefined && map ? { resource: map } : {};
    problems.push({ code: 'WFT0008', level: 'Warning', source, offset: undefined, text: said, unparsable: false, ...about });
  }
}
