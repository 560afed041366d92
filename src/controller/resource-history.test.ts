import { expect, it } from 'vitest';
import { loadSource } from '../manifest/load.ts';
import type { Resource } from '../manifest/resource.ts';
import type { Change } from '../model/mesh.ts';
import { ResourceHistory } from './resource-history.ts';

const read = (text: string): Resource[] => loadSource({ name: 'mesh.yaml', text, json: false }, { defaultNamespace: 'shop' }).resources;

const service = (name: string, port = 80, more = ''): string =>
  `${more}apiVersion: v1\nkind: Service\nmetadata: { name: ${name} }\nspec: { ports: [{ name: http, port: ${port} }] }\n`;

const list = (...ports: number[]): string =>
  `apiVersion: v1\nkind: List\nitems:\n${ports
    .map((port, i) => `- { apiVersion: v1, kind: Service, metadata: { name: s${i} }, spec: { ports: [{ port: ${port} }] } }\n`)
    .join('')}`;

const said = (changes: readonly Change[]): string[] => changes.map(({ before, after }) => `${before ? (after ? '~' : '-') : '+'}${(after ?? before)?.name}`);

const [a, b, c] = [service('a'), service('b'), service('c')];
const join = (...documents: string[]): string => documents.join('---\n');

it.each<[string, string, string, string[]]>([
  ['the same text', join(a, b), join(a, b), []],
  ['one of several documents', join(a, b, c), join(a, service('b', 81), c), ['~b']],
  ['a new one before the others', join(b, c), join(a, b, c), ['+a']],
  ['one that is gone', join(a, b, c), join(a, c), ['-b']],
  ['another name', a, service('x'), ['+x', '-a']],
  ['another order', join(a, b, c), join(c, a, b), []],
  ['a comment', join(a, b), join(service('a', 80, '# of the shop\n'), b), []],
  ['other notation', a, 'kind: Service\napiVersion: "v1"\nmetadata:\n  name: a\nspec:\n  ports:\n  - name: http\n    port: 80\n', []],
  ['an item of a list', list(80, 81), list(80, 82), ['~s1']],
  ['a list that is the same', list(80, 81), `# again\n${list(80, 81)}`, []],
  ['another version of the API', a, a.replace('v1', 'v2'), ['~a']],
])('%s', (_, first, second, expected) => {
  const history = new ResourceHistory();
  expect(history.take(read(first)).every(({ before }) => before === undefined)).toBe(true);
  const before = new Map(history.resources.map((one) => [one.name, one]));
  const changes = history.take(read(second));
  expect(said(changes)).toEqual(expected);
  const changed = new Set(changes.map(({ before }) => before?.name));
  for (const one of history.resources) expect(before.get(one.name) === one).toBe(before.has(one.name) && !changed.has(one.name));
  for (const { before: old } of changes) if (old) expect(before.get(old.name)).toBe(old);
  expect(history.size).toBe(read(second).length);
});

it('a change is one of the version before, not of the first', () => {
  const history = new ResourceHistory();
  history.take(read(a));
  const [second] = history.take(read(service('a', 81)));
  expect(said(history.take(read(service('a', 81, '# x\n'))))).toEqual([]);
  const [third] = history.take(read(a));
  expect(third?.before).toBe(second?.after);
});

it('what is kept does not keep the text of files', () => {
  const history = new ResourceHistory();
  history.take(read(join(a, b)));
  expect(history.resources.map(({ document }) => document)).toEqual([undefined, undefined]);
});
