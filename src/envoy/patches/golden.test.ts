// EnvoyFilters as people write them, on the configuration of one sidecar, against a file that a person has read. That Envoy takes it is
// in test/real/envoy-filters.test.ts.
//
//   UPDATE_GOLDEN=1 vitest run src/envoy/patches/golden.test.ts     writes the file anew
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { expect, it } from 'vitest';
import { patchResources } from './patch-resources.ts';
import { filtersOfFile, sidecar } from './testing.ts';

it('the sidecar with all patches is as in the file', () => {
  const file = join(import.meta.dirname, 'testdata/patched.yaml');
  const { resources, problems, unused } = patchResources(sidecar(), filtersOfFile('filters.yaml'), { role: 'sidecar' });
  expect([problems, unused]).toEqual([[], []]);
  const made = dump(resources, { lineWidth: 160, noRefs: true });
  if (process.env.UPDATE_GOLDEN !== undefined || !existsSync(file)) writeFileSync(file, made);
  expect(made).toBe(readFileSync(file, 'utf8'));
});
