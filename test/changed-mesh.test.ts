// A mesh that was made of another one says to analyzers what one made of the same resources says.
import { beforeAll, expect, test } from 'vitest';
import { analyzers } from '../analyzers/index.ts';
import { analyze, type EngineOptions } from '../src/analysis/engine.ts';
import { allKindNames } from '../src/manifest/kinds.ts';
import { Resource } from '../src/manifest/resource.ts';
import { Mesh } from '../src/model/mesh.ts';
import { pipelineOf } from '../src/pipeline/testing.ts';
import { annotationProblem } from '../src/schema/annotations.ts';
import { loadValidators } from '../src/schema/validate.ts';
import { meshes } from './meshes.ts';

let options: EngineOptions;
beforeAll(async () => {
  options = { preset: 'strict', validate: await loadValidators(allKindNames, true), annotationProblem };
});

async function said(mesh: Mesh): Promise<string[]> {
  const { findings, crashes } = await analyze(mesh, analyzers, options);
  if (crashes[0]) throw crashes[0].error;
  return findings.map(({ code, resource, text, path }) => JSON.stringify([code, resource.friendlyName, path, text]));
}

/** The same object with another label. */
function touched({ raw, kindName, namespace, document, within }: Resource): Resource {
  const metadata = { ...raw.metadata, labels: { ...raw.metadata.labels, touched: 'yes' } };
  return new Resource({ ...raw, metadata }, kindName, namespace, document, within);
}

test.each(meshes.map((sources) => [sources[0]?.name ?? '', sources] as const))(
  '%s',
  async (_, sources) => {
    const { mesh } = await pipelineOf(sources, { defaultNamespace: '', preset: 'strict', now: new Date('2025-06-01T00:00:00Z') });
    const kinds = allKindNames.filter((kind) => kind !== 'MeshConfig' && kind !== 'MeshNetworks' && mesh.list(kind).length > 0);
    const resources: Resource[] = kinds.flatMap((kind) => [...mesh.list(kind)]);
    for (const kind of kinds) {
      const [before] = mesh.list(kind) as readonly Resource[];
      if (!before) continue;
      for (const after of [undefined, touched(before)]) {
        const first = new Mesh(resources, mesh.options);
        await said(first);
        const now = resources.flatMap((resource) => (resource === before ? (after ?? []) : [resource]));
        expect(await said(first.with([{ before, after }])), `${kind} ${before.name}`).toEqual(await said(new Mesh(now, mesh.options)));
      }
    }
  },
  60_000,
);
