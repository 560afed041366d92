// The difference of two JSON values as a JSON patch (RFC 6902). Items of lists are matched by their names, so that a patch adds a
// container instead of rewriting the ones beside it.
import { isMap } from '../model/untyped.ts';

export type Operation = { op: 'add' | 'replace'; path: string; value: unknown } | { op: 'remove'; path: string };

/** Lists with more pairs of items than this are replaced as a whole. */
const mostPairs = 1_000_000;

/** Operations that make `after` of `before`, in the order in which they are applied. */
export function jsonPatch(before: unknown, after: unknown): Operation[] {
  const out: Operation[] = [];
  compare(before, after, '', out);
  return out;
}

function compare(before: unknown, after: unknown, path: string, out: Operation[]): void {
  if (isMap(before) && isMap(after)) compareMaps(before, after, path, out);
  else if (Array.isArray(before) && Array.isArray(after)) compareLists(before, after, path, out);
  else if (!isSame(before, after)) out.push({ op: 'replace', path, value: after });
}

function compareMaps(before: Record<string, unknown>, after: Record<string, unknown>, path: string, out: Operation[]): void {
  for (const key of Object.keys(before)) if (!Object.hasOwn(after, key)) out.push({ op: 'remove', path: `${path}/${escaped(key)}` });
  for (const [key, value] of Object.entries(after)) {
    const at = `${path}/${escaped(key)}`;
    if (Object.hasOwn(before, key)) compare(before[key], value, at, out);
    else out.push({ op: 'add', path: at, value });
  }
}

function compareLists(before: readonly unknown[], after: readonly unknown[], path: string, out: Operation[]): void {
  if (before.length * after.length > mostPairs) {
    if (!isSame(before, after)) out.push({ op: 'replace', path, value: after });
    return;
  }
  const pairs = matching(before.map(identity), after.map(identity));
  // From the end, so that indexes of what is still to come stay what they are.
  const kept = new Set(pairs.map(([from]) => from));
  for (let index = before.length - 1; index >= 0; index--) if (!kept.has(index)) out.push({ op: 'remove', path: `${path}/${index}` });
  const origin = new Map(pairs.map(([from, to]) => [to, from]));
  for (const [index, value] of after.entries()) {
    const from = origin.get(index);
    if (from === undefined) out.push({ op: 'add', path: `${path}/${index}`, value });
    else compare(before[from], value, `${path}/${index}`, out);
  }
}

/** What tells an item from others: its name, or all of it. */
function identity(item: unknown): string {
  return isMap(item) && typeof item.name === 'string' ? `name ${item.name}` : JSON.stringify(item);
}

/** The longest sequence that both lists have, as pairs of indexes. */
function matching(before: readonly string[], after: readonly string[]): [number, number][] {
  const width = after.length + 1;
  const lengths = new Uint32Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      const same = before[i] === after[j];
      lengths[i * width + j] = same ? 1 + at(i + 1, j + 1) : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const pairs: [number, number][] = [];
  for (let i = 0, j = 0; i < before.length && j < after.length; ) {
    if (before[i] === after[j]) pairs.push([i++, j++]);
    else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return pairs;

  function at(i: number, j: number): number {
    return lengths[i * width + j] as number;
  }
}

function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, index) => isSame(item, b[index]));
  if (!isMap(a) || !isMap(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isSame(a[key], b[key]));
}

function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
