// The route tests of the reference example and of its steps hold, and those of a step do not hold without it.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { sourceText } from '../src/manifest/files.ts';
import { readTests } from '../src/route-tests/read-tests.ts';
import { passes, type TestResult } from '../src/route-tests/result.ts';
import { runTests } from '../src/route-tests/run-tests.ts';
import { namedProxy } from '../src/translate/workload-identity.ts';
import { meshIn } from './meshes.ts';
import { meshOfText } from './route-tests/mesh.ts';

const base = 'fixtures/payment/tests/payment.weft-test.yaml';
const steps = { canary: 'virtual-service.yaml', retries: 'virtual-service.yaml', breaker: 'destination-rule.yaml' } as const;
type Step = keyof typeof steps;
const testsOf = (step: Step): string => `fixtures/payment-steps/${step}.weft-test.yaml`;

async function results(file: string, step?: Step): Promise<readonly TestResult[]> {
  const others = meshIn('fixtures/payment').filter(({ name }) => step === undefined || !name.endsWith(`/${steps[step]}`));
  const own = meshIn('fixtures/payment-steps').filter(({ name }) => name.endsWith(`/${step}.yaml`));
  const mesh = await meshOfText([...others, ...own].map(({ text }) => text).join('\n---\n'));
  const { tests, problems } = readTests(sourceText(file, readFileSync(file, 'utf8')), false);
  expect(problems).toEqual([]);
  return runTests(mesh, tests, { client: namedProxy('sidecar', 'payment', '') }).results;
}

it('the example', async () => {
  const all = await results(base);
  expect(all).toHaveLength(4);
  expect(all.filter((result) => !passes(result))).toEqual([]);
});

it.each(Object.keys(steps) as Step[])('%s', async (step) => {
  expect((await results(testsOf(step), step)).filter((result) => !passes(result))).toEqual([]);
  expect((await results(testsOf(step))).some((result) => !passes(result))).toBe(true);
});
