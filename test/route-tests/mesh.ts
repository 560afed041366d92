import { sourceText } from '../../src/manifest/files.ts';
import type { Mesh } from '../../src/model/mesh.ts';
import { runPipeline } from '../../src/pipeline/pipeline.ts';

/** A mesh as commands read it. */
export async function meshOfText(manifests: string): Promise<Mesh> {
  const { mesh, problems } = await runPipeline({
    sources: [sourceText('mesh.yaml', manifests)],
    defaultNamespace: 'shop',
    istioNamespace: 'istio-system',
    assume: 'complete',
    preset: 'recommended',
    analyzers: [],
    knownHosts: [],
    now: new Date(0),
  });
  if (problems.length > 0) throw new Error(problems.map(({ text }) => text).join('\n'));
  return mesh;
}
