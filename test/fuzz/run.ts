// The fuzz test with many more cases than `npm test` has.
//
//   npm run fuzz                 FUZZ_RUNS: how many, 50,000 if not told; FUZZ_SEED: the seed of a run to repeat
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const env = { FUZZ_RUNS: '50000', ...process.env };
const { status } = spawnSync(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'unit', 'test/fuzz.test.ts'], {
  cwd: root,
  stdio: 'inherit',
  env,
});
process.exitCode = status ?? 1;
