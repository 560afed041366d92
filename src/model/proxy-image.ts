import type { ProxyConfig as MeshProxyConfig } from '../manifest/istio/mesh.gen.ts';
import type { ProxyConfig } from '../manifest/istio/proxyconfig.gen.ts';
import type { Resource } from '../manifest/resource.ts';
import { parseYaml } from '../manifest/yaml.ts';
import type { Pod } from './kubernetes.ts';
import { type Labels, SelectorIndex } from './label-index.ts';
import type { Mesh } from './mesh.ts';
import { isMap, text } from './untyped.ts';

/**
 * Tells the type of sidecar image (`debug`, `distroless`) that a pod gets: by its annotation, else by a ProxyConfig for its
 * workload, its namespace or the mesh, else by the mesh configuration. Empty for the default one.
 */
export function proxyImageTypes(mesh: Mesh): (pod: Pod) => string {
  const ofMesh = typeOf(mesh.meshConfig.defaultConfig);
  let ofRoot = '';
  const ofNamespace = new Map<string, string>();
  const forWorkloads: Resource<ProxyConfig>[] = [];
  for (const config of mesh.list('ProxyConfig')) {
    if (config.namespace === mesh.rootNamespace) ofRoot = typeOf(config.spec);
    else if (!config.spec.selector) ofNamespace.set(config.namespace, typeOf(config.spec));
    else forWorkloads.push(config);
  }
  const labelsOf = ({ spec }: Resource<ProxyConfig>): Labels => spec.selector?.matchLabels ?? {};
  const byNamespace = new Map(
    [...Map.groupBy(forWorkloads, (config) => config.namespace)].map(([name, list]) => {
      const all = list.filter((config) => Object.keys(labelsOf(config)).length === 0);
      return [name, { selecting: new SelectorIndex(list, labelsOf), all }];
    }),
  );
  return (pod) => {
    const own = byNamespace.get(pod.namespace);
    const selecting = own ? [...own.all, ...own.selecting.selecting(pod.labels)] : [];
    const candidates = [annotatedType(pod), ...selecting.map(({ spec }) => typeOf(spec)).reverse(), ofNamespace.get(pod.namespace), ofRoot, ofMesh];
    const type = candidates.find((candidate) => candidate) ?? '';
    return type === 'default' ? '' : type;
  };
}

function typeOf(config: ProxyConfig | MeshProxyConfig | undefined): string {
  return config?.image?.imageType ?? '';
}

function annotatedType(pod: Pod): string {
  const written = pod.annotations['proxy.istio.io/config'];
  if (written === undefined) return '';
  try {
    const { value } = parseYaml(written, true);
    const image = isMap(value) ? value.image : undefined;
    return isMap(image) ? text(image.imageType ?? image.image_type) : '';
  } catch {
    return '';
  }
}
