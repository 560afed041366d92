import { expect, it } from 'vitest';
import type { ResourceProblem } from '../src/analysis/analyzer.ts';
import { findingsOf } from '../src/analysis/testing.ts';
import structure from './structure.ts';

const yaml = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart}
spec:
  hosts: [cart]
  http: [{timeout: 0s, retrys: {}}]
---
apiVersion: v1
kind: Service
metadata: {name: cart}
`;
const timeout = ['spec', 'http', 0, 'timeout'];
const problems: ResourceProblem[] = [
  { code: 'WFT0006', text: 'too short', path: timeout, help: 'make it longer' },
  {
    code: 'WFT0004',
    text: 'unknown',
    path: ['spec', 'http', 0, 'retrys'],
    fix: { title: 'rename', path: ['spec', 'http', 0, 'retrys'], target: 'key', text: 'retries' },
  },
];

const codes = (said: ResourceProblem[]): string[] =>
  findingsOf(structure, yaml, {
    preset: 'recommended',
    structure: ({ kindName }) => (kindName === 'VirtualService' ? problems : []),
    validate: () => said,
  }).map((f) => f.code);

it('reports what the schemas say, with help and fixes', () => {
  const findings = findingsOf(structure, yaml, { preset: 'recommended', structure: ({ kindName }) => (kindName === 'VirtualService' ? problems : []) });
  expect(findings.map(({ code, level, path, help }) => ({ code, level, path, help }))).toEqual([
    { code: 'WFT0004', level: 'Error', path: ['spec', 'http', 0, 'retrys'], help: undefined },
    { code: 'WFT0006', level: 'Error', path: timeout, help: 'make it longer' },
  ]);
  expect(findings[0]?.fix?.text).toBe('retries');
});

it.each([
  ['of the same field', timeout],
  ['of the map that it is in', ['spec', 'http', 0]],
  ['of a part of it', [...timeout, 'seconds']],
])('leaves to validation what that says %s', (_, path) => {
  expect(codes([{ code: 'IST0106', text: 'x', path }])).toEqual(['WFT0004']);
});

it.each([
  ['another field', 'IST0106', ['spec', 'http', 0, 'retries']],
  ['something above', 'IST0106', ['spec', 'http']],
  ['the whole spec', 'IST0106', ['spec']],
  ['the same field as a warning', 'IST0133', timeout],
])('not when validation is about %s', (_, code, path) => {
  expect(codes([{ code, text: 'x', path }])).toEqual(['WFT0004', 'WFT0006']);
});
