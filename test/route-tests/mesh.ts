import { sourceText } from '../../src/manifest/files.ts';
import type { Mesh } from '../../src/model/mesh.ts';
import { pipelineOf } from '../../src/pipeline/testing.ts';

/** A mesh as commands read it. */
export async function meshOfText(manifests: string): Promise<Mesh> {
  const { mesh, problems } = await pipelineOf([sourceText('mesh.yaml', manifests)]);
  if (problems.length > 0) throw new Error(problems.map(({ text }) => text).join('\n'));
  return mesh;
}
