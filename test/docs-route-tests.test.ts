// The examples of docs/route-tests.md are tests of the reference example.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createProgram } from '../src/cli/main.ts';
import { sourceText } from '../src/manifest/files.ts';
import { readTests } from '../src/route-tests/read-tests.ts';
import { passes } from '../src/route-tests/result.ts';
import { runTests } from '../src/route-tests/run-tests.ts';
import { namedProxy } from '../src/translate/workload-identity.ts';
import { meshIn } from './meshes.ts';
import { meshOfText } from './route-tests/mesh.ts';

const page = readFileSync(join(import.meta.dirname, '../docs/route-tests.md'), 'utf8');
const examples = [...page.matchAll(/^```yaml test ?(\S*)\n(.*?)^```/gms)].map(([, step = '', text = '']) => [step, text] as const);

it('has examples', () => expect(examples).toHaveLength(2));

it.each(examples)('an example with the step "%s" passes', async (step, text) => {
  const manifests = [...meshIn('fixtures/payment'), ...meshIn('fixtures/payment-steps').filter(({ name }) => name.endsWith(`/${step}`))];
  // A step takes the place of what has its name.
  const kept = step === '' ? manifests : manifests.filter(({ name }) => name !== 'fixtures/payment/virtual-service.yaml');
  const mesh = await meshOfText(kept.map((source) => source.text).join('\n---\n'));
  const { tests, problems } = readTests(sourceText('docs.yaml', text), false);
  expect(problems).toEqual([]);
  const { results } = runTests(mesh, tests, { client: namedProxy('sidecar', 'payment', '') });
  expect(results.filter((result) => !passes(result)).map(({ problem, failures }) => problem ?? failures[0]?.mismatches)).toEqual([]);
});

it('names flags that there are', () => {
  const command = createProgram('test').commands.find((one) => one.name() === 'test');
  const known = new Set([...(command?.options ?? []), ...createProgram('test').options].flatMap(({ long, short }) => [long, short]));
  const named = [...page.matchAll(/(?<![\w-])--?[a-z][\w-]*/g)].map(([flag]) => flag);
  expect([...new Set(named)].filter((flag) => !known.has(flag) && !['-n', '-k'].includes(flag))).toEqual([]);
  expect(new Set(named).size).toBeGreaterThan(6);
});
