import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { setup } from '../cli/setup.ts';

beforeAll(setup);

test.each([1, 2])('half a minute of load, reloads and dying endpoints: no failure, and memory stays (threads: %i)', { timeout: 300_000 }, (concurrency) => {
  const script = join(import.meta.dirname, '../../scripts/soak.ts');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--seconds', concurrency === 1 ? '30' : '15', '--concurrency', String(concurrency)], {
    encoding: 'utf8',
    timeout: 280_000,
  });
  expect(`${stdout}${stderr}`).toContain('passed:');
  expect(status).toBe(0);
});
