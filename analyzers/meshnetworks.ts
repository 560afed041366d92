import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0126 } from '../src/analysis/catalogue/control-plane.ts';
import type { Secret } from '../src/model/kubernetes.ts';
import { isMap } from '../src/model/untyped.ts';

/** Registries that every control plane has. */
const builtIn = ['Mock', 'Kubernetes', 'External'];

/** spec/analyze/messages.md, meshnetworks.MeshNetworksAnalyzer */
export default defineAnalyzer({
  name: 'meshnetworks.MeshNetworksAnalyzer',
  summary: 'mesh networks take endpoints from service registries that exist',
  reads: ['MeshNetworks', 'Secret'],
  preset: 'reference',
  messages: { IST0126 },
  check({ mesh, knows, report }) {
    const registries = new Set([...builtIn, ...mesh.list('Secret').flatMap(remoteClusters)]);
    for (const resource of mesh.list('MeshNetworks')) {
      for (const [network, config] of Object.entries(resource.spec.networks ?? {})) {
        config?.endpoints?.forEach((endpoint, i) => {
          const registry = endpoint?.fromRegistry;
          if (registry === undefined || registries.has(registry) || !knows('Secret')) return;
          report('IST0126', resource, ['spec', 'networks', network, 'endpoints', i, 'fromRegistry'], { registry, network });
        });
      }
    }
  },
});

/** The names of the clusters that a Secret gives access to. */
function remoteClusters({ labels, raw }: Secret): string[] {
  if (labels['istio/multiCluster'] !== 'true') return [];
  return [raw.data, raw.stringData].flatMap((data) => (isMap(data) ? Object.keys(data) : []));
}
