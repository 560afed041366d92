// Compiled policies against the naive evaluator, on many more policies and requests than `npm test` has.
//
//   npm run fuzz:authorization    AUTHORIZATION_SETS: how many sets of policies, 10,000 if not told, each with some requests;
//                                 AUTHORIZATION_SEED: the seed of a run to repeat
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const env = { AUTHORIZATION_SETS: '10000', ...process.env };
const { status } = spawnSync(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'unit', 'test/authorization'], {
  cwd: root,
  stdio: 'inherit',
  env,
});
process.exitCode = status ?? 1;
