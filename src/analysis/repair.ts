import { isDeepStrictEqual } from 'node:util';
import { snake } from '../manifest/position.ts';
import type { Fix } from '../manifest/problem.ts';
import type { Resource, SourceDocument, SourceText } from '../manifest/resource.ts';
import { parseYaml } from '../manifest/yaml.ts';
import { type Edit, editOf, type Repair } from './fix.ts';

export interface Repaired {
  source: SourceText;
  text: string;
  /** Repairs that were made, and those that could not be. */
  made: Repair[];
  left: Repair[];
}

interface Planned {
  edit: Edit;
  /** More than one where several findings ask for the same edit: what an alias stands for is written once. */
  repairs: Repair[];
}

/**
 * Makes all repairs that do not get in each other's way, in one pass over each source. Comments and layout stay. A repair is made
 * only where reading the new text proves that it does what it says and nothing else: an alias or a merge key can be in the way.
 */
export function applyRepairs(repairs: readonly Repair[]): Repaired[] {
  const byDocument = new Map<SourceDocument, Repair[]>();
  const bySource = new Map<SourceText, SourceDocument[]>();
  for (const repair of repairs) {
    const { document } = repair.resource;
    if (!document) continue;
    const list = byDocument.get(document);
    if (list) list.push(repair);
    else {
      byDocument.set(document, [repair]);
      bySource.set(document.source, [...(bySource.get(document.source) ?? []), document]);
    }
  }
  return [...bySource].map(([source, documents]) => {
    const out: Repaired = { source, text: source.text, made: [], left: [] };
    const edits: Edit[] = [];
    for (const document of documents) {
      const { planned, left } = plan(byDocument.get(document) as Repair[]);
      out.left.push(...left);
      const proven = provenOf(document, planned);
      for (const one of planned) {
        if (proven.has(one)) edits.push(one.edit);
        (proven.has(one) ? out.made : out.left).push(...one.repairs);
      }
    }
    out.text = applyEdits(source.text, edits, 0);
    return out;
  });
}

/** The edits of one document in the order of the text; of those that overlap the first stays. */
function plan(repairs: readonly Repair[]): { planned: Planned[]; left: Repair[] } {
  const left: Repair[] = [];
  const all: Planned[] = [];
  for (const repair of repairs) {
    const edit = editOf(repair);
    if (edit) all.push({ edit, repairs: [repair] });
    else left.push(repair);
  }
  all.sort((a, b) => a.edit.start - b.edit.start || a.edit.end - b.edit.end);
  const planned: Planned[] = [];
  for (const one of all) {
    const last = planned.at(-1);
    if (!last || one.edit.start >= last.edit.end) planned.push(one);
    else if (isDeepStrictEqual(one.edit, last.edit)) last.repairs.push(...one.repairs);
    else left.push(...one.repairs);
  }
  return { planned, left };
}

function applyEdits(text: string, edits: readonly Edit[], offset: number): string {
  let out = '';
  let at = 0;
  for (const { start, end, text: replacement } of [...edits].sort((a, b) => a.start - b.start)) {
    out += text.slice(at, start - offset) + replacement;
    at = end - offset;
  }
  return out + text.slice(at);
}

/** All edits of a document where they hold together, else one after the other those that hold. */
function provenOf({ source, start, end }: SourceDocument, planned: readonly Planned[]): ReadonlySet<Planned> {
  const text = source.text.slice(start, end);
  const holds = (list: readonly Planned[]): boolean => {
    const value = read(
      applyEdits(
        text,
        list.map(({ edit }) => edit),
        start,
      ),
    );
    const expected = read(text);
    const effects = new Map(list.flatMap(({ repairs }) => repairs.map((repair) => [JSON.stringify([repair.resource.within, repair.fix.path]), repair])));
    // What is written deep inside goes first, because a repair further out may rename the way to it.
    const inwards = [...effects.values()].sort((a, b) => b.fix.path.length - a.fix.path.length);
    return value !== undefined && expected !== undefined && inwards.every((repair) => apply(expected, repair)) && isDeepStrictEqual(value, expected);
  };
  if (holds(planned)) return new Set(planned);
  const kept: Planned[] = [];
  for (const one of planned) if (holds([...kept, one])) kept.push(one);
  return new Set(kept);
}

/** The value of a document, in which nothing is shared; undefined for what cannot be read. */
function read(text: string): unknown {
  try {
    return JSON.parse(JSON.stringify(parseYaml(text, true).value ?? null));
  } catch {
    return undefined;
  }
}

/** Does to the value what the fix says; false where the value does not have the field. */
function apply(root: unknown, { resource, fix }: { resource: Resource; fix: Fix }): boolean {
  let at = root;
  const path = [...resource.within, ...fix.path];
  const last = path.pop() as string | number;
  for (const part of path) {
    const key = keyOf(at, part);
    if (key === undefined) return false;
    at = (at as Record<string | number, unknown>)[key];
  }
  const key = keyOf(at, last);
  if (key === undefined) return false;
  const map = at as Record<string | number, unknown>;
  const value = map[key];
  if (fix.target === 'value') map[key] = fix.number ?? fix.text;
  else {
    delete map[key];
    const name = fix.target === 'key' ? fix.text : fix.nest?.key;
    if (name === undefined) return true;
    if (Object.hasOwn(map, name)) return false;
    map[name] = fix.nest ? { [fix.nest.field]: value } : value;
  }
  return true;
}

/** The key as it is written: as `path` has it, or in its proto form. */
function keyOf(value: unknown, part: string | number): string | number | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Object.hasOwn(value, part)) return part;
  return typeof part === 'string' && Object.hasOwn(value, snake(part)) ? snake(part) : undefined;
}
