import { expect, it } from 'vitest';
import { findingsOf, type TestOptions } from '../src/analysis/testing.ts';
import analyzer from './export-to.ts';

const namespaces = (...names: string[]): string => names.map((name) => `---\napiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}}\n`).join('');
const exported = (kind: string, exportTo: string, spec = ''): string =>
  `---\napiVersion: networking.istio.io/v1\nkind: ${kind}\nmetadata: {name: a, namespace: shop}\nspec:\n  exportTo: ${exportTo}\n${spec}`;
const service = (value: string): string => `---
apiVersion: v1
kind: Service
metadata:
  name: cart
  namespace: shop
  annotations:
    networking.istio.io/exportTo: ${JSON.stringify(value)}
spec: {}
`;
const grant = (spec: string): string =>
  `---\napiVersion: gateway.networking.k8s.io/v1beta1\nkind: ReferenceGrant\nmetadata: {name: g, namespace: shop}\nspec: ${spec}\n`;
const run = (yaml: string, options: TestOptions = {}) => findingsOf(analyzer, yaml, { preset: 'recommended', ...options });
const said = (yaml: string, options?: TestOptions): string[] => run(yaml, options).map((f) => `${f.path?.join('.')} ${/"(.*)"/.exec(f.text)?.[1]}`);
const here = namespaces('shop', 'front');

it.each(['VirtualService', 'DestinationRule', 'ServiceEntry'])('exportTo of a %s', (kind) => {
  expect(said(here + exported(kind, '[front, ".", shop, istio-system, default]'))).toEqual([]);
  expect(said(here + exported(kind, '[front, gone]'))).toEqual(['spec.exportTo.1 gone']);
  expect(said(here + exported(kind, '["~"]'))).toEqual([]);
  expect(said(here + exported(kind, '["*", gone]'))).toEqual([]);
});

it('the annotation of a Service', () => {
  expect(said(here + service('front, .'))).toEqual([]);
  expect(said(here + service('*'))).toEqual([]);
  expect(said(here + service('~'))).toEqual([]);
  expect(said(here + service(''))).toEqual([]);
  expect(said(here + service('front, gone'))).toEqual(['metadata.annotations.networking.istio.io/exportTo gone']);
});

it('a ReferenceGrant', () => {
  expect(said(here + grant('{from: [{group: g, kind: K, namespace: front}], to: []}'))).toEqual([]);
  expect(said(here + grant('{from: [{group: g, kind: K, namespace: front}, {namespace: gone}, null, {namespace: 3}, 7]}'))).toEqual([
    'spec.from.1.namespace gone',
  ]);
  expect(said(here + grant('{from: {namespace: gone}}') + grant('7'))).toEqual([]);
});

it('corrects a typing error, and only it', () => {
  const fixed = (yaml: string) => run(yaml).map((f) => f.fix?.text);
  expect(fixed(here + exported('VirtualService', '[frnt]'))).toEqual(['front']);
  expect(fixed(here + service('., frnt'))).toEqual(['., front']);
  expect(fixed(here + exported('VirtualService', '[payments]'))).toEqual([undefined]);
});

it('tells when nobody is left', () => {
  const effect = (list: string) => run(here + exported('ServiceEntry', list))[0]?.effect;
  expect(effect('[gone]')).toBe('no namespace sees these hosts');
  expect(effect('[gone, "."]')).toBe('the namespace that was meant does not see these hosts');
});

it('takes a namespace for real in which something runs', () => {
  const other = '---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: other}\nspec: {template: {}}\n';
  expect(said(here + other + exported('VirtualService', '[other]'))).toEqual([]);
});

it('says nothing where namespaces are unknown', () => {
  expect(said(exported('VirtualService', '[gone]'), { assume: 'auto' })).toEqual([]);
  expect(said(here + exported('VirtualService', '[gone]'), { assume: 'auto' })).toEqual(['spec.exportTo.0 gone']);
});
