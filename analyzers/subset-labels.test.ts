import { expect, it } from 'vitest';
import { findingsOf } from '../src/analysis/testing.ts';
import { formatPath } from '../src/manifest/problem.ts';
import analyzer from './subset-labels.ts';

it.each([
  ['labels', '{name: v1, labels: {version: v1}}', []],
  ['no labels', '{name: all}', ['spec.subsets[0].name Info']],
  ['an empty map', 'null, {name: all, labels: {}}', ['spec.subsets[1].name Info']],
  ['no labels, but a policy', '{name: all, trafficPolicy: {tls: {mode: DISABLE}}}', []],
])('%s', (_, subsets, expected) => {
  const yaml = `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: cart}\nspec: {host: cart, subsets: [${subsets}]}\n`;
  expect(findingsOf(analyzer, yaml, { preset: 'recommended' }).map(({ path, level }) => `${formatPath(path ?? [])} ${level}`)).toEqual(expected);
});
