import fc from 'fast-check';
import { dump } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { lineText, locate, positionAt, startOf } from './position.ts';
import type { Path } from './problem.ts';
import { type RawObject, Resource } from './resource.ts';
import { parseYaml } from './yaml.ts';

const text = `before: 1
---
a:
list:
  -
  # - c
  -
  - z # x-y
  -
b:
- - a
  -
`;

test.each([
  [['a'], 3],
  [['list', 0], 5],
  [['list', 1], 7],
  [['list', 2], 8],
  [['list', 3], 9],
  [['b', 0, 1], 12],
  [['b', 0, 7], 11],
])('%j is on line %i, though nothing may be written there', (path, line) => {
  const start = text.indexOf('a:');
  const document = { source: { name: 'a.yaml', text, json: false }, index: 1, start, end: text.length };
  const resource = new Resource({ apiVersion: 'v1', kind: 'A', metadata: {} } as RawObject, '', '', document);
  const place = locate(resource, path)?.place;
  expect(positionAt(document.source, (place?.key ?? place?.value)?.start ?? 0).line).toBe(line);
});

/** A resource that is all of a text; its fields do not matter here. */
function resourceOf(content: string, within: Path = []): Resource {
  const document = { source: { name: 'a.yaml', text: content, json: false }, index: 0, start: 0, end: content.length };
  return new Resource({ apiVersion: 'v1', kind: 'A', metadata: {} } as RawObject, '', '', document, within);
}

/** Line, column and text of a field, `?` in front of a place that is only the nearest. */
function at(content: string, path: Path, within: Path = []): string {
  const found = locate(resourceOf(content, within), path);
  if (!found) return 'nowhere';
  const { key, value } = found.place;
  const { line, column } = positionAt({ name: 'a.yaml', text: content, json: false }, (key ?? value).start);
  return `${found.exact ? '' : '?'}${line}:${column} ${content.slice(value.start, value.end)}`;
}

describe('fields are where they are written', () => {
  test.each([
    ['a plain text', 'a: b # c\n', ['a'], '1:1 b'],
    ['quotes', `a: 'b' # c\n`, ['a'], `1:1 'b'`],
    ['a quoted key', '"a b": c\n', ['a b'], '1:1 c'],
    ['an item', 'a:\n  - b\n  - c\n', ['a', 1], '3:5 c'],
    ['a flow map', 'a: {b: [1, {c: d}]}\n', ['a', 'b', 1, 'c'], '1:13 d'],
    ['CRLF', 'a:\r\n  b: c\r\n', ['a', 'b'], '2:3 c'],
    ['an anchor and a tag', 'a: &x !!str b\n', ['a'], '1:1 b'],
    ['an alias', 'a: &x {b: c}\nd: *x\n', ['d'], '2:1 *x'],
    ['inside of an alias: where it is written', 'a: &x {b: c}\nd: *x\n', ['d', 'b'], '1:8 c'],
    ['a merge key', 'a: &x {b: c}\nd:\n  <<: *x\n  e: f\n', ['d', 'b'], '1:8 c'],
    ['a key of its own wins over a merge', 'a: &x {b: c}\nd:\n  b: g\n  <<: *x\n', ['d', 'b'], '3:3 g'],
    ['the last of two equal keys', 'a: 1\na: 2\n', ['a'], '2:1 2'],
    ['a key that is a boolean', 'a:\n  yes: b\n', ['a', 'true'], '2:3 b'],
    ['a key that is a number', 'a:\n  0x10: b\n', ['a', '16'], '2:3 b'],
    ['a key that is a number with underscores', 'a:\n  0_: b\n', ['a', '0'], '2:3 b'],
    ['a key that is nothing', 'a:\n  ~: b\n', ['a', 'null'], '2:3 b'],
    ['a key that is a fraction', 'a:\n  1.50: b\n', ['a', '1.5'], '2:3 b'],
    ['a key that is a number', 'a:\n  0x10: b\n', ['a', '0x10'], '2:3 b'],
    ['the spelling of the proto', 'a:\n  mirror_percent: 5\n', ['a', 'mirrorPercent'], '2:3 5'],
    ['a missing field, at its parent', 'a:\n  b: c\n', ['a', 'd', 'e'], '?1:1 b: c'],
    ['a missing item', 'a: [b]\n', ['a', 5], '?1:1 [b]'],
    ['a list of merges', 'a: &a {x: 1}\nb: &b {x: 2, z: 3}\nc: {<<: [*a, *b]}\n', ['c', 'z'], '2:14 3'],
    ['the first of a list of merges', 'a: &a {x: 1}\nb: &b {x: 2}\nc: {<<: [*a, *b]}\n', ['c', 'x'], '1:8 1'],
    ['a flow collection over several lines', 'a: [b, # ]\n  {c: }, ]\nd: 1\n', ['a'], '1:1 [b, # ]\n  {c: }, ]'],
    ['an empty flow collection', 'a: { }\n', ['a'], '1:1 { }'],
    ['the whole document', 'a: b\n', [], '1:1 a: b'],
    ['a document after comments', '# one\n\n# two\na: b\n', ['a'], '4:1 b'],
    ['names of JavaScript', '__proto__: a\nconstructor: b\n', ['constructor'], '2:1 b'],
  ] as const)('%s', (_, content, path, expected) => expect(at(content, path)).toBe(expected));

  test('an item of a List', () => {
    expect(at('items:\n- a: 1\n- b: {c: 2}\n', ['b', 'c'], ['items', 1])).toBe('3:7 2');
    expect(at('items:\n- a: 1\n', ['b'], ['items', 7])).toBe('nowhere');
  });

  test.each(['a: [', 'a: "b', ''])('%j has no places', (content) => expect(at(content, ['a'])).toBe('nowhere'));
});

test('lines are counted by line feeds, columns by UTF-16 units', () => {
  const source = { name: 'a', text: 'a\r\n😀b\n\nlast', json: false };
  expect([0, 1, 3, 5, 7, 8, 12].map((offset) => positionAt(source, offset))).toEqual(
    [
      [1, 1],
      [1, 2],
      [2, 1],
      [2, 3],
      [3, 1],
      [4, 1],
      [4, 5],
    ].map(([line, column]) => ({ line, column })),
  );
  expect([1, 2, 3, 4, 5].map((line) => lineText(source, line))).toEqual(['a', '😀b', '', 'last', undefined]);
});

test.each([
  ['with its key', 'a: b\n', ['a'], 1],
  ['on the next line', 'a:\n\n  b\n', ['a'], 3],
  ['after a comment', 'a: # c\n  "b"\n', ['a'], 2],
  ['a block text', 'a: >-\n  b\n', ['a'], 1],
  ['an item that is a block text', 'a:\n- |\n  b\n', ['a', 0], 2],
  ['an anchor in front', 'a: &x\n  b\n', ['a'], 1],
  ['a tag in front, in a list', 'a:\n- !!str\n  b\n', ['a', 0], 2],
  ['nothing', 'b:\na:\n', ['b'], 1],
  ['a map', 'a:\n  b: c\n', ['a'], 1],
  ['a map in a list', 'a:\n-\n  b: c\n', ['a', 0], 3],
  ['a flow collection that is read in another form', 'x: {\na: >-\n}\n'.replace('>-', '\n b'), ['x', 'a'], 3],
] as const)('a value begins on the line of its text: %s', (_, content, path, line) => {
  const { place } = locate(resourceOf(content), path) ?? {};
  const source = { name: 'a.yaml', text: content, json: false };
  expect(place && positionAt(source, startOf(source, place)).line).toBe(line);
});

/** Every path of a value, from the root on. */
function* pathsOf(value: unknown, path: Path = []): Generator<[Path, unknown]> {
  yield [path, value];
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value)) yield* pathsOf(item, [...path, Array.isArray(value) ? Number(key) : key]);
}

test('every path of a document is at the text that has its value', () => {
  const word = fc.oneof(
    fc.constantFrom('a', 'b c', 'yes', '1', '', '- x', 'k: v', '#', "it's", '"', '\n', 'a\nb\n', ' x ', '{', '*a', '&a', '日本', '😀', '~', '0x1', 'a:', '--'),
    fc.string({ maxLength: 8 }),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      word,
      fc.integer({ min: -1000, max: 1000 }),
      fc.boolean(),
      fc.constant(null),
      tie('list'),
      tie('map'),
    ),
    list: fc.array(tie('value'), { maxLength: 4 }),
    map: fc.dictionary(word, tie('value'), { maxKeys: 4 }),
  }));
  const root = fc.dictionary(word, value, { minKeys: 1, maxKeys: 4 });
  const written = fc.oneof(
    fc
      .tuple(root, fc.constantFrom({}, { flowLevel: 2 }, { flowLevel: 0 }, { indent: 4 }, { forceQuotes: true }, { seqNoIndent: true }))
      .map(([v, o]) => dump(v, o)),
    fc
      .tuple(
        root,
        fc.constantFrom(
          {},
          { collectionStyle: 'flow' as const },
          { defaultStringType: 'QUOTE_DOUBLE' as const },
          { defaultStringType: 'BLOCK_LITERAL' as const },
          { lineWidth: 20 },
          { indentSeq: false },
        ),
      )
      .map(([v, o]) => stringify(v, o)),
    root.map((v) => JSON.stringify(v, null, 2)),
  );
  fc.assert(
    fc.property(written, fc.boolean(), (lines, crlf) => {
      const content = crlf ? lines.replaceAll('\n', '\r\n') : lines;
      let parsed: unknown;
      try {
        parsed = parseYaml(content).value;
      } catch {
        return; // Not everything that is written as YAML 1.2 can be read as YAML 1.1.
      }
      const resource = resourceOf(content);
      for (const [path, expected] of pathsOf(parsed)) {
        const found = locate(resource, path);
        expect(found?.exact, `${JSON.stringify(path)} in ${JSON.stringify(content)}`).toBe(true);
        if (!found) continue;
        const { value: span, key, scalar } = found.place;
        if (typeof expected === 'string') expect(scalar).toBe(expected);
        // A text of several lines says by its indentation where it ends: it means something else when it stands alone.
        const slice = content.slice(span.start, span.end);
        if (typeof expected !== 'string' || !slice.includes('\n')) expect(alone(content, span.start, slice)).toEqual(expected);
        if (key && !content.slice(key.start, key.end).includes('\n'))
          expect(String(alone(content, key.start, content.slice(key.start, key.end)))).toBe(path.at(-1));
      }
    }),
    { numRuns: 300 },
  );
});

/** What a piece of a document says alone, at the column where it stands. */
function alone(content: string, start: number, slice: string): unknown {
  const column = start - (content.lastIndexOf('\n', start - 1) + 1);
  try {
    return parseYaml(`${' '.repeat(column)}${slice}`).value ?? null;
  } catch {
    return 'not readable';
  }
}
