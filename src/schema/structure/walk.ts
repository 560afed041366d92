// Looks for what the compiled validators leave out: unknown fields, fields that exclude each other, equal items, broken rules.
import { formatPath, type Path } from '../../manifest/problem.ts';
import type { Shape } from './shape.ts';
import { unknownField } from './unknown-field.ts';
import { refused, type StructureProblem, showValue } from './words.ts';

/** More problems than this in one resource say nothing new. */
export const maxProblems = 50;

export interface Walk {
  problems: StructureProblem[];
  /** JSON pointers of what the validator found: rules about a value with such a thing in it mean nothing. */
  broken: readonly string[];
  /** Of the whole resource. */
  root: Shape;
}

/**
 * @param value has the types of the shape, save where `broken` says otherwise
 * @returns the value as a cluster sees it, with defaults; the value itself when there are none
 */
export function walk(shape: Shape, value: unknown, path: (string | number)[], out: Walk): unknown {
  let seen = value;
  if (Array.isArray(value)) {
    if (shape.items) seen = walkItems(shape.items, value, path, out);
    for (const keys of shape.unique ?? []) reportEqualItems(seen as unknown[], keys, path, out);
  } else if (typeof value === 'object' && value !== null) {
    const object = value as Record<string, unknown>;
    if (shape.fields) seen = walkFields(shape, shape.fields, object, path, out);
    else if (shape.values) seen = walkValues(shape.values, object, path, out);
    for (const fields of shape.oneOf ?? []) reportExclusive(fields, object, path, out);
  }
  if (shape.rules && !isBroken(path, out)) {
    for (const rule of shape.rules) {
      if (holds(rule.holds, seen) || out.problems.length >= maxProblems) continue;
      const shown = typeof seen === 'object' ? '' : `, and this is ${showValue(seen)}`;
      const at = rule.field === undefined ? [...path] : [...path, rule.field];
      out.problems.push(refused(at, `${formatPath(path)} ${rule.text}${shown}`));
    }
  }
  return seen;
}

/** A rule that cannot be evaluated is broken, too. */
function holds(rule: (self: unknown) => boolean, self: unknown): boolean {
  try {
    return rule(self);
  } catch {
    return false;
  }
}

function isBroken(path: Path, { broken }: Walk): boolean {
  if (broken.length === 0) return false;
  const pointer = path.map((part) => `/${String(part).replace(/~/g, '~0').replace(/\//g, '~1')}`).join('');
  return broken.some((at) => at === pointer || at.startsWith(`${pointer}/`));
}

function walkItems(shape: Shape, list: readonly unknown[], path: (string | number)[], out: Walk): unknown {
  let seen = list;
  for (let i = 0; i < list.length; i++) {
    path.push(i);
    const item = list[i] === null ? null : walk(shape, list[i], path, out);
    path.pop();
    if (item !== list[i]) {
      if (seen === list) seen = [...list];
      (seen as unknown[])[i] = item;
    }
  }
  return seen;
}

function walkValues(shape: Shape, map: Record<string, unknown>, path: (string | number)[], out: Walk): unknown {
  let seen = map;
  for (const key in map) {
    if (map[key] == null) continue;
    path.push(key);
    const value = walk(shape, map[key], path, out);
    path.pop();
    if (value !== map[key]) {
      if (seen === map) seen = { ...map };
      seen[key] = value;
    }
  }
  return seen;
}

function walkFields(shape: Shape, fields: NonNullable<Shape['fields']>, object: Record<string, unknown>, path: (string | number)[], out: Walk): unknown {
  let seen = object;
  for (const key in object) {
    const field = fields[key];
    if (field === 0) continue;
    if (field === undefined || !Object.hasOwn(fields, key)) {
      if (!shape.open && object[key] !== undefined && out.problems.length < maxProblems) out.problems.push(unknownField(key, object, path, out.root));
    } else if (object[key] != null) {
      path.push(key);
      const value = walk(field, object[key], path, out);
      path.pop();
      if (value !== object[key]) {
        if (seen === object) seen = { ...object };
        seen[key] = value;
      }
    }
  }
  for (const field in shape.defaults) {
    if (object[field] != null) continue;
    if (seen === object) seen = { ...object };
    seen[field] = shape.defaults[field];
  }
  return seen;
}

function reportExclusive(fields: readonly string[], object: Record<string, unknown>, path: Path, out: Walk): void {
  const given = fields.filter((field) => object[field] != null);
  if (given.length < 2 || out.problems.length >= maxProblems) return;
  const text = `${formatPath(path)} may have only one of ${listFields(fields)}, and it has ${listFields(given)}`;
  out.problems.push(refused([...path, given[1] as string], text, `leave one of ${listFields(given)}`));
}

function listFields(fields: readonly string[]): string {
  return `${fields.slice(0, -1).join(', ')} and ${fields.at(-1)}`;
}

function reportEqualItems(list: readonly unknown[], keys: readonly string[], path: Path, out: Walk): void {
  const first = new Map<string, number>();
  for (let i = 0; i < list.length && out.problems.length < maxProblems; i++) {
    const item = list[i] as Record<string, unknown> | null;
    const values = keys.length === 0 ? [item] : keys.map((key) => item?.[key]);
    if (values.some((value) => value == null)) continue;
    const identity = JSON.stringify(values);
    const before = first.get(identity);
    if (before === undefined) first.set(identity, i);
    else {
      const same = keys.length === 0 ? showValue(item) : keys.map((key) => `${key} ${String(item?.[key])}`).join(', ');
      const at = [...path, i, ...(keys.length === 1 ? keys : [])];
      out.problems.push(refused(at, `${formatPath([...path, i])} has the same ${keys.length === 0 ? 'value' : listKeys(keys)} as item ${before}: ${same}`));
    }
  }
}

function listKeys(keys: readonly string[]): string {
  return keys.length === 1 ? String(keys[0]) : listFields(keys);
}
