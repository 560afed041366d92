// Changes of texts and of parsed documents. Every number is taken modulo what it chooses from, so that each case is valid and a
// failing one shrinks.
import { dump } from 'js-yaml';
import { isMap } from '../../src/model/untyped.ts';

/** Cuts, doubles, replaces or inserts something in a text. */
export interface TextStep {
  kind: 'text';
  op: number;
  document: number;
  at: number;
  length: number;
  token: number;
}

/** Replaces, removes, renames or copies a value of a parsed document. */
export interface ValueStep {
  kind: 'value';
  op: number;
  document: number;
  at: number;
  value: number;
  /** How the document is written afterwards. */
  form: number;
}

export type Step = TextStep | ValueStep;

const pick = <T>(list: readonly T[], n: number): T => list[n % list.length] as T;

/** What YAML, paths, hosts or reports may stumble over. */
const tokens = [
  '\t', '\r', '\r\n', '\n', '\u0000', '\ufeff', '\u2028', '\u0085', '\ud800', '\u{1f600}', '\u001b[31m', '"', "'", '`', '{', '}', '[', ']', ',', ':', ': ', '- ', '? ', '#', ' #',
  '|', '>', '|2-', '&a ', '*a', '<<: *a', '<<: {a: b}', '!!binary ', '!!set ', '!foo ', '!!int ', '---\n', '\n---\n', '--- x', '...\n', '%YAML 1.2\n', '%TAG ! x\n', '{{ .Values.x }}',
  '~', 'null', 'y', 'NO', '.inf', '0o7', '0777', '1_000', '1e999', '-0', '0x', '99999999999999999999', '2001-01-01', '"\\x00"', '"\\ud800"', '$(a)', '$' + '{a}', '%', '%25', '&lt;', ']]>', '::error::',
  '# weft-disable-next-line IST0101', 'kind: List', 'items: [1]', '__proto__: {a: b}', 'constructor: x', 'null: 1', '? {a: b}\n: c', '<<: [1]', '  ', '=', '`a`', '@', '\\',
]; // biome-ignore format: a table

/** In place of a value. */
const values: readonly (() => unknown)[] = [
  () => null, () => true, () => false, () => 0, () => -1, () => 1, () => 1.5, () => 65536, () => 1e21, () => 2 ** 53, () => '', () => ' ', () => '*', () => '**', () => '.', () => './*', () => '~', () => '~/*',
  () => '/', () => 'a/b/c', () => '*.', () => '*.com', () => 'a..b', () => '-', () => 'A', () => 'mesh', () => 'default', () => '__proto__', () => 'constructor', () => 'toString', () => 'hasOwnProperty',
  () => '0', () => '-1', () => '80', () => '99999', () => '1e3', () => '10.0.0.0/8', () => '::1', () => '::/0', () => '1.2.3.4', () => '300.1.1.1', () => 'unix:///a', () => 'http://', () => 'https://[::1', () => 'spiffe://',
  () => '5s', () => '-5s', () => '1h1', () => '99999999999h', () => 'GET', () => 'HTTP', () => 'TCP', () => 'TLS', () => 'SIMPLE', () => 'NONE', () => 'kubernetes-gateway://a/b', () => 'oci://', () => '(a+)+$', () => '[', () => '(?P<a>', () => '\\',
  () => '.*'.repeat(30), () => `${'a'.repeat(300)}.com`, () => 'x'.repeat(20_000), () => '\u0000', () => '\ud800', () => '\n', () => 'a\nb', () => '{"a": ', () => '{}', () => 'a: [', () => '&a [*a]', () => '-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----',
  () => 'LS0tLS1CRUdJTg==', () => [], () => ({}), () => [null], () => [[]], () => [{}], () => ['*'], () => ['', ''], () => ['a', 'a'], () => [1, 'a', null, {}], () => ({ '': '' }), () => ({ a: null }), () => ({ a: {} }),
  () => JSON.parse('{"__proto__": {"a": "b"}}'), () => ({ constructor: 'x' }), () => ({ 0: 'a', 1: 'b' }), () => ({ 'a/b.c': 'd' }), () => ({ matchLabels: null }), () => ({ matchExpressions: [null, { key: 1 }] }),
  () => nested(120, (inner) => [inner]), () => nested(120, (inner) => ({ a: inner })), () => Array.from({ length: 300 }, (_, i) => i), () => Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`k${i}`, `${i}`])),
  () => ({ number: 80 }), () => ({ exact: 'a' }), () => ({ regex: '(' }), () => ({ prefix: '' }), () => ({ host: 'a' }), () => ({ value: 0 }), () => ({ seconds: 5 }), () => ({ '@type': 'type.googleapis.com/a.B' }),
]; // biome-ignore format: a table

const keys = [
  '',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  '0',
  '-1',
  'a.b',
  'a/b',
  'a b',
  '"',
  'kind',
  'metadata',
  'spec',
  'name',
  'namespace',
  'labels',
  'annotations',
  'items',
  'null',
  'true',
  'y',
  '\u0000',
  '\ud800',
  'x'.repeat(300),
];

function nested(depth: number, wrap: (inner: unknown) => unknown): unknown {
  let out: unknown = 'x';
  for (let i = 0; i < depth; i++) out = wrap(out);
  return out;
}

/** The documents after all steps; they are joined with `---` by the caller. */
export function mutate(documents: readonly string[], parse: (document: string) => unknown, steps: readonly Step[]): string[] {
  const out = [...documents];
  for (const step of steps) {
    const index = step.document % out.length;
    const text = out[index] as string;
    out[index] = step.kind === 'text' ? mutateText(text, step) : mutateValue(text, parse(text), step);
  }
  return out;
}

function mutateText(text: string, { op, at, length, token }: TextStep): string {
  const from = text.length === 0 ? 0 : at % text.length;
  const to = Math.min(text.length, from + (length % 60));
  const insert = (what: string): string => text.slice(0, from) + what + text.slice(from);
  switch (op % 8) {
    case 0:
      return insert(pick(tokens, token));
    case 1:
      return text.slice(0, from) + text.slice(to);
    case 2:
      return insert(text.slice(from, to));
    case 3:
      return text.slice(0, from) + String.fromCharCode(token % 65536) + text.slice(from + 1);
    case 4:
      return insert(pick(tokens, token) + pick(tokens, length));
    case 5:
      return mutateLines(text, at, length, token);
    case 6:
      return text.replaceAll('\n', '\r\n');
    default:
      // The value of some line.
      return replaceNth(text, /(?<=: )[^\s{[][^\n]*$/gm, at, pick(tokens, token));
  }
}

function replaceNth(text: string, pattern: RegExp, n: number, by: string): string {
  const all = [...text.matchAll(pattern)];
  const match = all.length > 0 ? pick(all, n) : undefined;
  return match ? text.slice(0, match.index) + by + text.slice(match.index + match[0].length) : text;
}

function mutateLines(text: string, at: number, length: number, token: number): string {
  const lines = text.split('\n');
  const i = at % lines.length;
  const line = lines[i] as string;
  switch (length % 7) {
    case 0:
      lines.splice(i, 1);
      break;
    case 1:
      lines.splice(i, 0, line);
      break;
    case 2:
      lines[i] = `${' '.repeat(1 + (token % 4))}${line}`;
      break;
    case 3:
      lines[i] = line.replace(/^ {1,2}/, '');
      break;
    case 4:
      lines[i] = `${line} ${pick(tokens, token)}`;
      break;
    case 5:
      lines.splice(i, 0, lines.splice(token % lines.length, 1)[0] as string);
      break;
    default:
      lines.splice(i + 1);
  }
  return lines.join('\n');
}

interface Slot {
  parent: Record<string | number, unknown>;
  key: string | number;
}

/** Every place of a document that holds a value. */
function slotsOf(root: unknown): Slot[] {
  const out: Slot[] = [];
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || out.length > 5000) return;
    for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
      out.push({ parent: value as Slot['parent'], key });
      walk((value as Slot['parent'])[key]);
    }
  };
  walk(root);
  return out;
}

function set({ parent, key }: Slot, value: unknown): void {
  Object.defineProperty(parent, key, { value, writable: true, enumerable: true, configurable: true });
}

function remove({ parent, key }: Slot): void {
  if (Array.isArray(parent)) parent.splice(key as number, 1);
  else delete parent[key];
}

function mutateValue(text: string, parsed: unknown, { op, at, value, form }: ValueStep): string {
  const slots = slotsOf(parsed);
  if (slots.length === 0) return text;
  const slot = pick(slots, at);
  const { parent, key } = slot;
  const now = parent[key];
  const copy = (what: unknown): unknown => (what === undefined ? null : JSON.parse(JSON.stringify(what)));
  switch (op % 12) {
    case 0:
      remove(slot);
      break;
    case 1:
      set(slot, [now]);
      break;
    case 2:
      if (Array.isArray(now) && now.length > 0) set(slot, now[0]);
      else set(slot, { a: now });
      break;
    case 3: {
      const other = pick(slots, value);
      set(slot, copy(other.parent[other.key]));
      break;
    }
    case 4:
      if (Array.isArray(parent)) parent.push(copy(now), null);
      else set({ parent, key: pick(keys, value) }, now);
      break;
    case 5:
      if (!Array.isArray(parent)) {
        remove(slot);
        set({ parent, key: pick(keys, value) }, now);
      }
      break;
    case 6:
      // Texts that are documents themselves: the mesh configuration, values of the injector.
      if (typeof now === 'string' && now.length > 20) set(slot, mutateText(now, { kind: 'text', op: form, document: 0, at: value, length: at, token: value }));
      else set(slot, typeof now === 'string' ? now + pick(tokens, value) : String(now));
      break;
    case 7:
      // A version that nobody has a schema of.
      if (isMap(parsed) && typeof parsed.apiVersion === 'string')
        parsed.apiVersion = parsed.apiVersion.replace(/v\d\w*$/, pick(['v1', 'v9', 'v1beta7', ''], form));
      set(slot, pick(values, value)());
      break;
    default:
      set(slot, pick(values, value)());
  }
  return write(parsed, form);
}

function write(value: unknown, form: number): string {
  const json = JSON.stringify(value, null, form % 3 === 0 ? undefined : 2);
  if (form % 4 > 1) return json;
  try {
    return dump(value, { flowLevel: form % 5 === 4 ? 3 : -1 });
  } catch {
    return json;
  }
}
