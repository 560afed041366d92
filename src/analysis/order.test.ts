import { expect, it } from 'vitest';
import { loadSource } from '../manifest/load.ts';
import type { Resource } from '../manifest/resource.ts';
import type { Finding } from './finding.ts';
import { lineOf, orderFindings } from './order.ts';

const text = `apiVersion: v1
kind: ConfigMap
metadata: {name: b, namespace: one}
data: {x: y}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: two}
data:
  x: y
  z: y
---
apiVersion: v1
kind: Secret
metadata: {name: a}
`;

const load = (name: string): Resource[] => loadSource({ name, text, json: name.endsWith('.json') }, { defaultNamespace: '' }).resources;
const [b, a, secret] = load('m.yaml') as [Resource, Resource, Resource];

function finding(code: string, level: Finding['level'], resource: Resource, path?: Finding['path'], more: Partial<Finding> = {}): Finding {
  return {
    code,
    level,
    resource,
    path,
    analyzer: 't',
    text: 'text',
    summary: '',
    help: undefined,
    effect: undefined,
    related: [],
    fix: undefined,
    same: undefined,
    ...more,
  };
}

const show = (list: readonly Finding[]): string[] => list.map((f) => `${f.level[0]} ${f.code} ${f.resource.friendlyName}:${lineOf(f)} ${f.text}`);

it('sorts by level, code, kind, name, namespace, and place', () => {
  const findings = [
    finding('T2', 'Warning', a),
    finding('T1', 'Warning', secret),
    finding('T1', 'Warning', b),
    finding('T1', 'Warning', a, undefined, { text: 'second' }),
    finding('T1', 'Warning', a, undefined, { text: 'first' }),
    finding('T9', 'Error', secret),
    finding('T0', 'Info', a),
  ];
  const sorted = [
    'E T9 Secret a:13 text',
    'W T1 ConfigMap two/a:6 first',
    'W T1 ConfigMap two/a:6 second',
    'W T1 ConfigMap one/b:1 text',
    'W T1 Secret a:13 text',
    'W T2 ConfigMap two/a:6 text',
    'I T0 ConfigMap two/a:6 text',
  ];
  expect(show(orderFindings(findings, false))).toEqual(sorted);
  expect(show(orderFindings(findings.toReversed(), false))).toEqual(sorted);
});

it('drops what is said twice of one place', () => {
  const twice = [
    finding('T1', 'Info', a, ['data', 'x']),
    finding('T1', 'Info', a, ['data', 'x']),
    finding('T1', 'Info', a, ['data', 'z']),
    finding('T1', 'Info', b, ['data', 'x']),
  ];
  expect(show(orderFindings(twice, false))).toEqual(['I T1 ConfigMap two/a:10 text', 'I T1 ConfigMap two/a:11 text', 'I T1 ConfigMap one/b:4 text']);
});

it('as the reference: what has no line of its own is the same, and so is what it says in the same words', () => {
  const missing = [finding('T1', 'Info', b, ['data', 'gone']), finding('T1', 'Info', b, ['data'])];
  expect(orderFindings(missing, true)).toHaveLength(1);
  expect(orderFindings(missing, false)).toHaveLength(2);
  const same = [finding('T1', 'Info', a, ['data', 'x'], { same: 's' }), finding('T1', 'Info', a, ['data', 'z'], { same: 's' })];
  expect(orderFindings(same, true)).toHaveLength(1);
  expect(orderFindings(same, false)).toHaveLength(2);
});

it('as the reference: of one resource, what names less comes first', () => {
  const texts = ['port 80 of "cart"', 'a host is empty', 'port 80 is there twice', 'host a.b: "a.b" is not "c"'];
  const findings = texts.map((text) => finding('T1', 'Info', a, undefined, { text }));
  const ordered = (asReference: boolean): (string | undefined)[] => orderFindings(findings, asReference).map((f) => f.text);
  expect(ordered(true)).toEqual(['a host is empty', 'port 80 is there twice', 'port 80 of "cart"', 'host a.b: "a.b" is not "c"']);
  expect(ordered(false)).toEqual([...texts].sort());
});

it.each([
  ['the whole resource', a, undefined, 6],
  ['a field', a, ['data', 'z'], 11],
  ['a field that is not written', a, ['data', 'q', 'r'], 9],
  ['a JSON file has no lines', load('m.json')[1] as Resource, ['data', 'z'], undefined],
] as const)('line of %s', (_, resource, path, line) => expect(lineOf(finding('T1', 'Info', resource, path))).toBe(line));

it.each([
  ['a field in block style, and one through an alias of it', 'a: &x {y: z}\nb: *x\n', 2],
  ['two aliases', 'o: &x {y: z}\na: *x\nb: *x\n', 1],
  ['two merges', 'o: &x {y: z}\na: {<<: *x}\nb: {<<: *x}\n', 1],
  ['two lists', 'a: {y: []}\nb: {y: []}\n', 1],
  ['two nulls on two lines', 'a: {y: }\nb: {y: }\n', 2],
  ['another spelling', 'a: {y: z}\nb: {Y: z}\n', 2],
])('as the reference, which has lines of written scalars only: %s', (_, content, count) => {
  const [map] = loadSource(
    { name: 'm.yaml', text: `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {}\n${content}`, json: false },
    { defaultNamespace: '' },
  ).resources;
  const found = ['a', 'b'].map((key) => finding('T1', 'Info', map as Resource, [key, 'y']));
  expect(orderFindings(found, true)).toHaveLength(count);
});
