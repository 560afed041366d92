import { expect, test } from 'vitest';
import { loadSource } from '../../manifest/load.ts';
import type { Path } from '../../manifest/problem.ts';
import type { Resource } from '../../manifest/resource.ts';
import { formatPretty } from './pretty.ts';
import { itemOfFinding } from './report.ts';
import { plainStyle } from './style.ts';

/** What is printed below the title for a finding in a ConfigMap. */
function frame(content: string, path: Path | undefined, name = 'a.yaml', style = plainStyle): string {
  const { resources } = loadSource({ name, text: content, json: name.endsWith('.json') }, { defaultNamespace: '' });
  const item = itemOfFinding({
    code: 'IST0101',
    level: 'Warning',
    analyzer: 'test.Analyzer',
    text: 'wrong',
    summary: 'wrong',
    resource: resources[0] as Resource,
    path,
    help: undefined,
    effect: undefined,
    related: [],
    fix: undefined,
    same: undefined,
  });
  const report = { items: [item], summary: { files: 1, resources: 1, unknownKinds: new Map(), skipped: [], suppressed: 0, ran: [] }, version: '0' };
  return formatPretty(report, style).split('\n').slice(1).join('\n');
}

const head = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n';

test.each([
  ['a value', `${head}data:\n  key: value # why\n`, ['data', 'key']],
  ['the last line without a line end', `${head}data: {key: value}`, ['data', 'key']],
  ['CRLF', `${head}data:\n  key: value\n`.replaceAll('\n', '\r\n'), ['data', 'key']],
  ['tabs', `${head}data: {\tother: b,\t"key":\t'value'}\n`, ['data', 'key']],
  ['wide characters', `${head}data: {"日本": "😀 é e\u0301", key: "値"}\n`, ['data', 'key']],
  ['a text of several lines', `${head}data:\n  key: |\n    one\n    two\n`, ['data', 'key']],
  ['a quoted text of several lines', `${head}data:\n  key: "one\n    two"\n`, ['data', 'key']],
  ['a map', `${head}data:\n  key: value\n  other: b\n`, ['data']],
  ['a field that is not written, on its parent', `${head}data:\n  key: value\n`, ['data', 'missing']],
  ['the whole resource', `# comment\n${head}`, undefined],
  ['an item of a List', `apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: a}\n`, undefined],
  ['an alias', `x: &x value\n${head}data: {key: *x}\n`, ['data', 'key']],
  ['control characters', `${head}data: {"a\u0085b": b, key: "\u202evalue"}\n`, ['data', 'key']],
] as const)('%s', (_, content, path) => {
  expect(frame(content, path)).toMatchSnapshot();
});

test('JSON has a frame, too', () => {
  expect(
    frame('{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"},\n "data": {"key": "value"}}', ['data', 'key'], 'a.json'),
  ).toMatchSnapshot();
});

test('standard input is called -', () => {
  expect(frame(head, ['metadata', 'name'], '-')).toMatchSnapshot();
});

test.each([0, 100, 140, 159, 160, 161, 5000])('a minified line is cut to what is around the place, with %i characters before it', (before) => {
  const content = JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'a' },
    data: { other: 'x'.repeat(before), key: 'value', more: 'y'.repeat(5000) },
  });
  const [, , line = '', carets = ''] = frame(content, ['data', 'key']).split('\n');
  const from = carets.indexOf('^');
  expect(line.length).toBeLessThan(175);
  expect('"key":"value"'.startsWith(line.slice(from, carets.lastIndexOf('^') + 1))).toBe(true);
  expect(carets.lastIndexOf('^') - from).toBeGreaterThan(0);
});

test('colours do not move anything', () => {
  const coloured = (t: string): string => `\u001b[1m${t}\u001b[0m`;
  const style = { error: coloured, warning: coloured, info: coloured, strong: coloured, dim: coloured, good: coloured, link: coloured };
  const content = `${head}data:\n  key: value\n`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the codes of colours are such
  expect(frame(content, ['data', 'key'], 'a.yaml', style).replace(/\u001b\[\d+m/g, '')).toBe(frame(content, ['data', 'key']));
});
