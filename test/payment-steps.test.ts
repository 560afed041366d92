// The steps of the reference example: each replaces one of its files.
import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { analyzers } from '../analyzers/index.ts';
import type { SourceText } from '../src/manifest/resource.ts';
import { pipelineOf } from '../src/pipeline/testing.ts';
import { meshIn } from './meshes.ts';

const steps = 'fixtures/payment-steps';

async function codesOf(sources: readonly SourceText[]): Promise<string[]> {
  const { findings, problems } = await pipelineOf(sources, {
    defaultNamespace: '',
    analyzers: analyzers.filter((a) => a.preset !== 'strict'),
    now: new Date('2025-06-01T00:00:00Z'),
  });
  expect(problems).toEqual([]);
  return findings.map((f) => f.code);
}

const named: Readonly<Record<string, { replaces: string; codes: string[] }>> = {
  'breaker-default.yaml': { replaces: 'destination-rule.yaml', codes: ['WFT1003'] },
  'breaker.yaml': { replaces: 'destination-rule.yaml', codes: [] },
  'canary.yaml': { replaces: 'virtual-service.yaml', codes: [] },
  'retries.yaml': { replaces: 'virtual-service.yaml', codes: [] },
};

it('all of them are here', () => {
  const files = readdirSync(new URL(`../${steps}`, import.meta.url)).sort();
  expect(files.filter((name) => !name.endsWith('.weft-test.yaml'))).toEqual(Object.keys(named));
});

it.each(Object.entries(named))('%s', async (name, { replaces, codes }) => {
  const step = meshIn(steps).filter((source) => source.name === `${steps}/${name}`);
  const others = meshIn('fixtures/payment').filter((source) => source.name !== `fixtures/payment/${replaces}`);
  expect(step).toHaveLength(1);
  expect(others).toHaveLength(4);
  expect(await codesOf([...others, ...step])).toEqual(codes);
});
