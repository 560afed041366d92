import { expect, it } from 'vitest';
import { plainStyle } from '../../analysis/report/style.ts';
import { planOf } from '../../install/plan.ts';
import { applied } from '../../install/testing.ts';
import type { KubeObject } from '../../kube/object.ts';
import { planDocument } from './plan-document.ts';
import { planText } from './plan-text.ts';

const labels = { 'weft.mesh/component': 'Controller', 'weft.mesh/owner': 'istio-system', 'istio.io/rev': 'default' };

function map(name: string, data: Record<string, string>, more: Record<string, string> = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'istio-system', labels: { ...labels, ...more } }, data };
}

function plan(desired: readonly KubeObject[], live: readonly KubeObject[]) {
  const objects = desired.map((object) => ({ component: 'Controller', object, shared: false }));
  return planOf(objects, live, { owner: 'istio-system', revision: 'default', version: '0.2.0' });
}

const lines = (count: number, changed: string): string => Array.from({ length: count }, (_, i) => `line ${i}${changed}\n`).join('');

it('shows what is created, changed and removed', () => {
  const live = [
    applied(map('mesh', { mesh: 'a: 1\nb: 2\nc: 3\n', level: 'info', gone: 'x', json: '{"a":1,"b":[1,2]}' })),
    applied(map('old', {})),
    applied(map('same', { a: 'b' })),
  ];
  const edited = live[0] as KubeObject;
  (edited.data as Record<string, string>).level = 'debug';
  edited.metadata.managedFields?.push({ manager: 'kubectl-edit', operation: 'Update', fieldsV1: { 'f:data': { 'f:level': {} } } });
  const desired = [map('mesh', { mesh: 'a: 1\nb: 5\nc: 3\n', level: 'info', json: '{"a":1,"b":[1,3]}' }), map('same', { a: 'b' }), map('new', { a: 'b' })];
  const shown = plan(desired, live);
  expect(planText(shown, plainStyle)).toBe(`+ ConfigMap istio-system/new
~ ConfigMap istio-system/mesh
    data.mesh:
       a: 1
      -b: 2
      +b: 5
       c: 3
    data.level: debug → info  set by kubectl-edit
    data.json: "{\\"a\\":1,\\"b\\":[1,2]}" → "{\\"a\\":1,\\"b\\":[1,3]}"
    data.gone: x goes
- ConfigMap istio-system/old

1 to create, 1 to change, 1 to remove, 1 unchanged
`);
  const document = JSON.parse(planDocument(shown, 'json')) as { summary: object; objects: { name: string; changes?: object[] }[] };
  expect(document.summary).toEqual({ create: 1, change: 1, remove: 1, unchanged: 1, kept: 0 });
  expect(document.objects.find(({ name }) => name === 'mesh')?.changes).toContainEqual({
    field: 'data.level',
    from: 'debug',
    to: 'info',
    setBy: ['kubectl-edit'],
  });
  expect(planDocument(shown, 'yaml')).toContain('action: remove\n');
});

it('is short where much is alike', () => {
  const many = ['a', 'b', 'c', 'd', 'e'].map((name) => map(name, {}));
  expect(planText(plan(many, []), plainStyle)).toBe('+ 5 of kind ConfigMap (a, b, …)\n\n5 to create, 0 to change, 0 to remove, 0 unchanged\n');
  expect(planText(plan(many, []), plainStyle, { verbose: true })).toContain('+ ConfigMap istio-system/e\n');

  const version = (value: string): Record<string, string> => ({ 'weft.mesh/version': value });
  const upgraded = plan(
    [map('a', {}, version('0.2.0')), map('b', {}, version('0.2.0'))],
    [applied(map('a', {}, version('0.1.0'))), applied(map('b', {}, version('0.1.0')))],
  );
  expect(planText(upgraded, plainStyle)).toContain('~ 2 more (only the label weft.mesh/version: 0.2.0)\n');

  const long = plan([map('a', { text: lines(100, '!') })], [applied(map('a', { text: lines(100, '') }))]);
  expect(planText(long, plainStyle)).toContain('… 160 more lines: --verbose shows them\n');
  expect(planText(long, plainStyle, { verbose: true })).toContain('+line 99!\n');
});
