// Checks resources against the schemas that a cluster has of their kinds: types, fields, limits and CEL rules.
import { locate } from '../manifest/position.ts';
import type { Path } from '../manifest/problem.ts';
import type { Resource } from '../manifest/resource.ts';
import { loadObjectMeta, structures } from './generated/registry.gen.ts';
import { specMessage } from './messages.ts';
import type { Structure } from './structure/shape.ts';
import { maxProblems, type Walk, walk } from './structure/walk.ts';
import { type Decoding, describeError, type StructureProblem } from './structure/words.ts';

export type { StructureProblem } from './structure/words.ts';

/**
 * `decoding`: only what makes a resource undecodable (WFT0003). `everything`: unknown fields (WFT0004) and what a cluster
 * refuses (WFT0006), too.
 */
export type StructureScope = 'decoding' | 'everything';

/** Looks at one resource, as it is written: before src/schema/decode.ts gives an Istio spec its types. */
export type CheckStructure = (resource: Resource) => StructureProblem[];

/**
 * Loads the schemas of the kinds given. Kinds and versions that there is no schema of are not judged, nor are unknown fields of
 * metadata, nor the status. Specs of Istio kinds are decoded by decode.ts: what it refuses is not said here.
 */
export async function loadStructure(kinds: Iterable<string>, scope: StructureScope = 'everything'): Promise<CheckStructure> {
  const byVersion = new Map<string, Structure>();
  const [objectMeta] = await Promise.all([
    loadObjectMeta(),
    ...[...new Set(kinds)].flatMap((kind) =>
      (isDecodedElsewhere(kind) && scope === 'decoding' ? [] : (structures[kind] ?? [])).map(async ({ versions, load }) => {
        const structure = await load();
        for (const version of versions) byVersion.set(`${version} ${kind}`, structure);
      }),
    ),
  ]);
  return (resource) => {
    const structure = byVersion.get(`${resource.apiVersion} ${resource.kindName}`);
    const problems = validateWith(objectMeta, resource, ['metadata'], true);
    if (!structure) return problems.filter((problem) => scope === 'everything' || problem.code === 'WFT0003');
    problems.push(...validateWith(structure, resource, [], !isDecodedElsewhere(resource.kindName)));
    const undecodable = problems.filter((problem) => problem.code === 'WFT0003');
    if (undecodable.length > 0 || scope === 'decoding') return undecodable;
    const out: Walk = { problems: [], broken: structure.validate.errors?.map((error) => error.instancePath) ?? [], around: [] };
    walk(structure.shape, resource.raw, [], out);
    return [...withoutRenamed(problems, out.problems), ...out.problems];
  };
}

function isDecodedElsewhere(kind: string): boolean {
  return specMessage[kind] !== undefined;
}

function validateWith({ validate }: Structure, resource: Resource, path: Path, typed: boolean): StructureProblem[] {
  const value = path.length === 0 ? resource.raw : resource.raw.metadata;
  if (validate(value)) return [];
  const decoding: Decoding = { typed, spelling: (at) => locate(resource, at)?.place.scalar, confidential: resource.kindName === 'Secret' };
  const out: StructureProblem[] = [];
  for (const error of (validate.errors ?? []).slice(0, maxProblems)) {
    const problem = describeError(error, value, path, decoding);
    if (problem) out.push(problem);
  }
  return out;
}

/** A required field that is there under a wrong name is one mistake, not two. */
function withoutRenamed(problems: readonly StructureProblem[], unknown: readonly StructureProblem[]): StructureProblem[] {
  if (problems.length === 0 || unknown.length === 0) return [...problems];
  const meant = new Set(unknown.flatMap(({ path, fix }) => (path && fix ? [[...path.slice(0, -1), fix.text].join('\n')] : [])));
  return problems.filter(({ path }) => !meant.has((path ?? []).join('\n')));
}
