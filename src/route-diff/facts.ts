// Properties of a part of a table, and in what two lists of them differ.
import type { Origin } from '../ir/table.ts';
import { stableJson } from './canonical.ts';
import type { FieldChange, Side } from './change.ts';
import { durationText, shareText } from './words.ts';

export interface Fact {
  field: string;
  text: string;
  value: unknown;
  /** Looked up when it is told. */
  origin?: () => Origin | undefined;
}

/** In the order of the new side, then of what is gone. */
export function differences(old: readonly Fact[], now: readonly Fact[]): FieldChange[] {
  const before = new Map(old.map((fact) => [fact.field, fact]));
  const after = new Map(now.map((fact) => [fact.field, fact]));
  const fields = new Set([...old.map(({ field }) => field), ...now.map(({ field }) => field)]);
  return inTheirOrder([...fields]).flatMap((field) => {
    const [one, other] = [before.get(field), after.get(field)];
    if (one && other && stableJson(one.value) === stableJson(other.value)) return [];
    if (one && other && one.text === other.text) return insideOf(field, one, other);
    return [{ field, ...(one ? { old: sideOf(one) } : {}), ...(other ? { new: sideOf(other) } : {}) }];
  });
}

/** Where the words of two values are the same: what is different in them. */
function insideOf(field: string, one: Fact, other: Fact): FieldChange[] {
  const leaves = ({ value, origin }: Fact): Fact[] =>
    leavesOf({ '': value }).map(([path, leaf]) => ({
      field: `${field}${path}`.replace(/Ms$/, ''),
      text: leafText(path, leaf),
      value: leaf,
      ...(origin ? { origin } : {}),
    }));
  return differences(leaves(one), leaves(other));
}

/** Each of them as come or gone. */
export function allOf(facts: readonly Fact[], side: 'old' | 'new'): FieldChange[] {
  return facts.map((fact) => ({ field: fact.field, [side]: sideOf(fact) }));
}

export function sideOf({ text, value, origin }: Fact): Side {
  const found = origin?.();
  return { text, value, ...(found ? { origin: found } : {}) };
}

const order = ['destinations', 'answer', 'mirrors', 'timeout', 'retries', 'fault', 'rewrite', 'host'];

function inTheirOrder(fields: readonly string[]): string[] {
  const rank = (field: string): number => (order.includes(field) ? order.indexOf(field) : order.length);
  return [...fields].sort((a, b) => rank(a) - rank(b));
}

/** Leaves of plain data with their paths: `{ a: { b: 1 } }` → `a.b`, 1. Lists are leaves. */
export function leavesOf(value: object, path = ''): [string, unknown][] {
  return Object.entries(value).flatMap(([name, item]): [string, unknown][] => {
    const own = path === '' ? name : `${path}.${name}`;
    if (item === undefined) return [];
    return typeof item === 'object' && item !== null && !Array.isArray(item) ? leavesOf(item, own) : [[own, item]];
  });
}

/** Durations end with `Ms`, shares with `Percent`. */
export function leafText(path: string, value: unknown): string {
  if (typeof value === 'number' && path.endsWith('Ms')) return durationText(value);
  if (typeof value === 'number' && /percent$/i.test(path)) return shareText(value / 100);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join(', ');
  return stableJson(value);
}
