import schemaValidation from '../../analyzers/schema-validation.ts';
import type { Path } from '../../src/manifest/problem.ts';
import { Mesh } from '../../src/model/mesh.ts';
import { pipelineOf } from '../../src/pipeline/testing.ts';
import type { RandomObject } from './mesh-arbitrary.ts';

/** How often an object is cut down before it is left out. */
const mostCuts = 20;

/**
 * The mesh of those objects that a cluster takes. What it has against the others is cut out of them, so that most of each stays.
 *
 * @returns `objects`: as they are in the mesh
 */
export async function validMesh(given: readonly RandomObject[]): Promise<{ mesh: Mesh; objects: RandomObject[] }> {
  let objects = given.map((object) => structuredClone(object));
  for (let cuts = 0; ; cuts++) {
    const result = await pipelineOf(
      objects.map((object, i) => ({ name: `${i}.json`, text: JSON.stringify(object), json: true })),
      { defaultNamespace: 'default', analyzers: schemaValidation, now: new Date('2025-06-01T00:00:00Z') },
    );
    const cut = new Map<RandomObject, Path[]>();
    for (const { level, resource, path = [] } of result.findings) {
      const at = Number(resource.document?.source.name.replace('.json', ''));
      const object = objects[at];
      if (level === 'Error' && object) cut.set(object, [...(cut.get(object) ?? []), path]);
    }
    const unread = new Set(result.problems.flatMap(({ source }) => (source ? [objects[Number(source.name.replace('.json', ''))]] : [])));
    if (cut.size === 0 && unread.size === 0) return { mesh: new Mesh(result.resources, result.mesh.options), objects };
    objects = objects.filter((object) => {
      if (unread.has(object)) return false;
      const paths = cut.get(object) ?? [];
      // The last items of a list first: the places of the others stay.
      return (
        paths.length === 0 ||
        (cuts < mostCuts &&
          paths
            .sort(backwards)
            .map((path) => remove(object, path))
            .some(Boolean))
      );
    });
  }
}

function backwards(a: Path, b: Path): number {
  const at = a.findIndex((key, i) => key !== b[i]);
  return at < 0 ? a.length - b.length : Number(b[at]) - Number(a[at]) || 0;
}

/** Takes out what a path leads to, or the nearest thing around it that is there; false when that is all. */
function remove(object: RandomObject, path: Path): boolean {
  for (let length = path.length; length > 1; length--) {
    const holder = path.slice(0, length - 1).reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key as string], object);
    const last = path[length - 1] as string | number;
    if (Array.isArray(holder) && Number(last) < holder.length) {
      holder.splice(Number(last), 1);
      return true;
    }
    if (typeof holder === 'object' && holder !== null && !Array.isArray(holder) && last in holder) {
      delete (holder as Record<string, unknown>)[last];
      return true;
    }
  }
  return false;
}
