import webhookAnalyzer from '../../../analyzers/webhook.ts';
import { analyzeSync } from '../../analysis/engine.ts';
import type { Plan } from '../../install/plan.ts';
import type { KubeObject } from '../../kube/object.ts';
import { Resource } from '../../manifest/resource.ts';
import { Mesh } from '../../model/mesh.ts';
import { defaultMeshConfig } from '../../model/mesh-config.ts';

const kind = 'MutatingWebhookConfiguration';

/**
 * Webhooks of others that would inject the same pods as ours, by the analyzer of IST0139.
 *
 * @param live all MutatingWebhookConfigurations of the cluster
 * @param now of the analysis
 * @returns one sentence each
 */
export function webhookConflicts(plan: Plan, live: readonly KubeObject[], now: Date): string[] {
  const ours = plan.objects.filter(({ ref }) => ref.kind === kind);
  const names = new Set(ours.map(({ ref }) => ref.name));
  const wanted = ours.flatMap(({ desired }) => desired ?? []);
  if (wanted.length === 0) return [];
  const others = live.filter(({ metadata }) => metadata.name !== undefined && !names.has(metadata.name));
  const resources = [...wanted, ...others].map((object) => new Resource(object, kind, '', undefined));
  const istioNamespace = 'istio-system';
  const meshConfig = defaultMeshConfig(istioNamespace);
  const config = { apiVersion: 'mesh.istio.io/v1alpha1', kind: 'MeshConfig', metadata: { name: 'meshconfig' }, spec: meshConfig };
  const mesh = new Mesh(resources, {
    assume: 'complete',
    istioNamespace,
    templates: false,
    knownHosts: [],
    now,
    meshConfig,
    meshConfigResource: new Resource(config, 'MeshConfig', istioNamespace, undefined),
  });
  const { findings } = analyzeSync(mesh, [webhookAnalyzer], { preset: 'reference', validate: () => [] });
  // The rest of what it finds is about Services, which are not looked at here.
  return findings.filter(({ resource, same }) => names.has(resource.name) && same?.startsWith('overlap ')).map(({ text }) => text);
}
