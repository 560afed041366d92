import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0158 } from '../src/analysis/catalogue/injection.ts';
import { containersOf, injectionLabel, injectorName, injectorValues, proxyContainer, revisionLabel } from '../src/model/injection.ts';
import type { Namespace } from '../src/model/kubernetes.ts';
import { proxyImageTypes } from '../src/model/proxy-image.ts';
import { isMap, items, text } from '../src/model/untyped.ts';

/** spec/analyze/messages.md, injection.ImageAnalyzer */
export default defineAnalyzer({
  name: 'injection.ImageAnalyzer',
  summary: 'pods run the sidecar image that the injector gives to new pods',
  reads: ['Namespace', 'Pod', 'ConfigMap', 'MeshConfig', 'ProxyConfig'],
  preset: 'reference',
  messages: { IST0158 },
  check({ mesh, report }) {
    const images = new Map([...injectorValues(mesh)].map(([name, values]) => [name, injectedImage(values)]));
    if (images.size === 0) return;
    const imageTypeOf = proxyImageTypes(mesh);
    for (const namespace of mesh.list('Namespace')) {
      const revision = revisionOf(namespace);
      const image = revision === undefined ? undefined : images.get(injectorName(revision));
      if (image === undefined) continue;
      const pods: string[] = [];
      for (const pod of mesh.listIn('Pod', namespace.name)) {
        if (pod.annotations['sidecar.istio.io/proxyImage']) continue;
        const fit = [image, `${image}-${imageTypeOf(pod)}`];
        for (const container of [...containersOf(pod.spec), ...items(pod.spec.initContainers)]) {
          if (container.name === proxyContainer && !fit.includes(text(container.image))) pods.push(pod.name);
        }
      }
      if (pods.length > 0) report('IST0158', namespace, ['metadata', 'name'], { namespace: namespace.name, pods: pods.sort() });
    }
  },
});

/** The revision whose injector serves a namespace; undefined when none does. */
function revisionOf({ labels }: Namespace): string | undefined {
  return labels[revisionLabel] ?? (labels[injectionLabel] === 'enabled' ? 'default' : undefined);
}

/** `hub/image:tag`, or the image alone when it has a registry. Values that say nothing of it give the empty image. */
function injectedImage(values: Readonly<Record<string, unknown>>): string {
  const global = isMap(values.global) ? values.global : {};
  const image = isMap(global.proxy) ? text(global.proxy.image) : '';
  return image.includes('/') ? image : `${text(global.hub)}/${image}:${text(global.tag)}`;
}
