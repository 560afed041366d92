import { nearest } from '../manifest/nearest.ts';
import { isDeeperThan } from '../manifest/nesting.ts';
import { formatPath, type Path } from '../manifest/problem.ts';
import type { Resource } from '../manifest/resource.ts';
import { decodeMessage } from '../schema/decode.ts';
import { specMessage } from '../schema/messages.ts';
import { dropNulls } from '../schema/nulls.ts';
import { loadValidators } from '../schema/validate.ts';

export interface Remark {
  /** From the root of the object. */
  path?: Path;
  /** One sentence, without the name of the object. */
  text: string;
  help?: string;
}

/** What is to be said of one object, looked at alone. */
export interface Verdict {
  /** Values of wrong types: nothing of the object can be used. */
  undecodable: readonly Remark[];
  /** Fields that its kind does not have; they count for nothing. */
  unknown: readonly Remark[];
  /** Rules of its kind that it breaks. */
  errors: readonly Remark[];
  warnings: readonly Remark[];
}

/** Gives the spec of an object its types, in place, and says what is wrong with it. An object is checked once. */
export type CheckResource = (resource: Resource) => Verdict;

const topLevel: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'spec', 'status']);

/** Of maps and lists in a spec, as in a file. What reads and writes them goes down level by level, and one object must not take it from all others. */
const mostLevels = 500;

const nothing: Verdict = { undecodable: [], unknown: [], errors: [], warnings: [] };

/** @param kinds by their names in src/manifest/kinds.ts. Those that are none of Istio have no rules here: of them nulls are dropped */
export async function loadChecks(kinds: Iterable<string>): Promise<CheckResource> {
  const validate = await loadValidators(kinds, true);
  return (resource) => {
    const message = specMessage[resource.kindName];
    if (!message) {
      dropNulls(resource.raw);
      return nothing;
    }
    const unknown: Remark[] = Object.keys(resource.raw).flatMap((key) => (topLevel.has(key) ? [] : [{ path: [key], text: unknownField(key, topLevel) }]));
    if (isDeeperThan(mostLevels, resource.raw.spec))
      return { ...nothing, unknown, undecodable: [{ path: ['spec'], text: `spec has more than ${mostLevels} levels of maps and lists` }] };
    const decoded = decodeMessage(message, resource.raw.spec ?? {}, ['spec']);
    for (const { path, field, known } of decoded.unknown) unknown.push({ path, text: unknownField(field, known) });
    if (decoded.errors.length > 0) {
      return { ...nothing, unknown, undecodable: decoded.errors.map(({ path, text }) => ({ path, text: `${formatPath(path)} ${text}` })) };
    }
    const problems = validate(withDefaultNamespace(resource));
    if (problems.length === 0 && unknown.length === 0) return nothing;
    return {
      undecodable: [],
      unknown,
      errors: problems.filter(({ level }) => level === 'Error'),
      warnings: problems.filter(({ level }) => level !== 'Error'),
    };
  };
}

function unknownField(field: string, known: Iterable<string>): string {
  const near = nearest(field, known);
  return `unknown field "${field}"${near ? `; did you mean ${near}?` : ''}`;
}

/** Rules about namespaces (exportTo) take a resource without one to be in `default`. */
function withDefaultNamespace(resource: Resource): Resource {
  return resource.namespace === '' ? Object.create(resource, { namespace: { value: 'default' } }) : resource;
}
