// Checks resources against the schemas that a cluster has of their kinds: types, fields, limits and CEL rules.
import { locate } from '../manifest/position.ts';
import type { Path } from '../manifest/problem.ts';
import type { Resource } from '../manifest/resource.ts';
import { objectMeta, structures } from './generated/registry.gen.ts';
import { specMessage } from './messages.ts';
import type { SchemaError, Structure } from './structure/shape.ts';
import { maxProblems, type Walk, walk } from './structure/walk.ts';
import { type Decoding, describeError, type StructureProblem } from './structure/words.ts';

export type { StructureProblem } from './structure/words.ts';

/**
 * `decoding`: only what makes a resource undecodable (WFT0003). `everything`: unknown fields (WFT0004) and what a cluster
 * refuses (WFT0006), too.
 */
export type StructureScope = 'decoding' | 'everything';

/** Looks at one resource, as it is written: before src/schema/decode.ts gives an Istio spec its types. */
export type CheckStructure = (resource: Resource) => readonly StructureProblem[];

/**
 * Loads the schemas of the kinds given. Kinds that there is no schema of are not judged, nor are unknown fields of metadata, nor
 * the status; of other versions than those of the schemas only types are. Specs of Istio kinds are decoded by decode.ts: what it refuses is not said here.
 */
export async function loadStructure(kinds: Iterable<string>, scope: StructureScope = 'everything'): Promise<CheckStructure> {
  const loaded = new Map<string, Map<string, Structure>>();
  const load = async (kind: string): Promise<void> => {
    const versions = new Map<string, Structure>();
    loaded.set(kind, versions);
    for (const version of structures[kind] ?? []) {
      const structure = await version.load();
      for (const name of version.versions) versions.set(name, structure);
    }
  };
  const wanted = [...new Set(kinds)].filter((kind) => scope === 'everything' || !isDecodedElsewhere(kind));
  await Promise.all(wanted.map(load));
  return (resource) => {
    const { raw, kindName } = resource;
    const problems = objectMeta.validate(raw.metadata) ? none : errorsOf(objectMeta, resource, ['metadata'], true);
    const versions = loaded.get(kindName);
    const structure = versions?.get(raw.apiVersion);
    if (!structure) return [...(scope === 'everything' ? problems : undecodable(problems)), ...undecodable(errorsOfSimilar(versions, resource))];
    const found = structure.validate(raw) ? problems : [...problems, ...errorsOf(structure, resource, [], !isDecodedElsewhere(kindName))];
    const unreadable = undecodable(found);
    if (unreadable.length > 0 || scope === 'decoding') return unreadable;
    const out: Walk = { problems: [], broken: structure.validate.errors?.map((error) => error.instancePath) ?? none, root: structure.shape };
    walk(structure.shape, raw, [], out);
    return found.length === 0 ? out.problems : [...withoutRenamed(found, out.problems), ...out.problems];
  };
}

const none: readonly never[] = [];

/** What is wrong by the schema of another version: fields keep their types from version to version. */
function errorsOfSimilar(versions: ReadonlyMap<string, Structure> | undefined, resource: Resource): readonly StructureProblem[] {
  const [similar] = versions?.values() ?? none;
  return !similar || isDecodedElsewhere(resource.kindName) || similar.validate(resource.raw) ? none : errorsOf(similar, resource, [], true);
}

function undecodable(problems: readonly StructureProblem[]): readonly StructureProblem[] {
  return problems.length === 0 ? problems : problems.filter((problem) => problem.code === 'WFT0003');
}

function isDecodedElsewhere(kind: string): boolean {
  return specMessage[kind] !== undefined;
}

/** What the compiled schema found last. */
function errorsOf({ validate }: Structure, resource: Resource, path: Path, typed: boolean): StructureProblem[] {
  const decoding: Decoding = { typed, spelling: (at) => locate(resource, at)?.place.scalar, confidential: resource.kindName === 'Secret' };
  const value = path.length === 0 ? resource.raw : resource.raw.metadata;
  const out: StructureProblem[] = [];
  let readable = true;
  for (const [i, error] of (validate.errors ?? []).entries()) {
    if (out.length >= maxProblems && !readable) break;
    const before = validate.errors?.[i - 1];
    if (before?.instancePath === error.instancePath && saysIt(before, error)) continue;
    const problem = describeError(error, value, path, decoding);
    // That a resource cannot be read is said in any case: nothing may be read of it then.
    if (!problem || (out.length >= maxProblems && problem.code !== 'WFT0003')) continue;
    out.push(problem);
    readable &&= problem.code !== 'WFT0003';
  }
  return out;
}

/** A value of a wrong type is none of a set of values either, and an empty text fits no pattern. */
function saysIt(before: SchemaError, { keyword }: SchemaError): boolean {
  return before.keyword === 'type' || (before.keyword === 'minLength' && keyword === 'pattern');
}

/** A required field that is there under a wrong name is one mistake, not two. */
function withoutRenamed(problems: readonly StructureProblem[], unknown: readonly StructureProblem[]): StructureProblem[] {
  const meant = new Set(unknown.flatMap(({ path, fix }) => (path && fix ? [[...path.slice(0, -1), fix.text].join('\n')] : [])));
  return problems.filter(({ path }) => !meant.has((path ?? []).join('\n')));
}
