import { nearest } from '../../manifest/nearest.ts';
import { type Fix, formatPath, type Path } from '../../manifest/problem.ts';
import type { Shape } from './shape.ts';
import type { StructureProblem } from './words.ts';

type Fields = NonNullable<Shape['fields']>;

const toCamel = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/**
 * WFT0004, with what the writer may have meant.
 *
 * @param object the map that has the field, at `parent`
 * @param root the shape of the whole resource
 */
export function unknownField(field: string, object: object, parent: Path, root: Shape): StructureProblem {
  const path = [...parent, field];
  const around = shapesAround(parent, root);
  const fields = around.at(-1)?.fields ?? {};
  const known = Object.keys(fields);
  const text = `unknown field "${field}"${parent.length > 0 ? ` in ${formatPath(parent)}` : ''}`;
  const problem = (help: string, fix?: Fix): StructureProblem => ({ code: 'WFT0004', level: 'Error', text, path, help, fix });
  const rename = (meant: string): Fix => ({ title: `rename the field to "${meant}"`, path, target: 'key', text: meant });
  // The reference reads the names of the proto, too; the API of a cluster does not.
  const camel = toCamel(field);
  const meant = camel !== field && known.includes(camel) ? camel : nearest(field, known);
  if (meant !== undefined) {
    if (Object.hasOwn(object, meant)) return problem(`did you mean "${meant}"? That is set here already`);
    return problem(meant === camel ? `write "${meant}": a cluster does not know the spelling of the proto` : `did you mean "${meant}"?`, rename(meant));
  }
  const place = outside(field, parent, around) ?? below(field, fields, parent);
  if (place !== undefined) return problem(`"${field}" is a field of ${place}: move it there, or look at the indentation`);
  if (known.length > 12) return problem('look at the spelling and at the indentation');
  return problem(known.length === 1 ? `there is only ${known[0]}` : `there are ${known.join(', ')}`);
}

/** The shapes on the way to a place: the root, …, the place itself. */
function shapesAround(place: Path, root: Shape): (Shape | undefined)[] {
  const out: (Shape | undefined)[] = [root];
  for (const part of place) {
    const at = out.at(-1);
    out.push(typeof part === 'number' ? at?.items : at?.fields?.[part] || at?.values || undefined);
  }
  return out;
}

/** The nearest of the maps around the place that knows the field. */
function outside(field: string, place: Path, around: readonly (Shape | undefined)[]): string | undefined {
  const depth = around.findLastIndex((shape, i) => i < place.length && Object.hasOwn(shape?.fields ?? {}, field));
  return depth < 0 ? undefined : formatPath(place.slice(0, depth)) || 'the resource itself';
}

/** One of the maps directly below that knows the field. */
function below(field: string, fields: Fields, parent: Path): string | undefined {
  for (const [name, shape] of Object.entries(fields)) {
    if (shape === 0) continue;
    if (Object.hasOwn(shape.fields ?? {}, field)) return formatPath([...parent, name]);
    if (Object.hasOwn(shape.items?.fields ?? {}, field)) return `an item of ${formatPath([...parent, name])}`;
  }
  return undefined;
}
