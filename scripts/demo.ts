// npm run demo: what weft says of a healthy mesh, and of the same mesh with three mistakes.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

interface Scene {
  caption: string;
  fixture: string;
  /** Exit code of weft: 0 clean, 79 findings. */
  exit: number;
}

const scenes: readonly Scene[] = [
  {
    caption: 'payment-service in two versions: v1 answers, v2 gets a copy of every request, and a circuit breaker guards both.',
    fixture: 'fixtures/payment',
    exit: 0,
  },
  {
    caption: 'The same with three mistakes: a mirror to a subset that is not there, weights that sum up to 95, a circuit breaker that never opens.',
    fixture: 'fixtures/payment-broken',
    exit: 79,
  },
];

let unexpected = 0;
for (const { caption, fixture, exit } of scenes) {
  const args = ['analyze', '-A', '-o', 'pretty', fixture];
  console.log(`\n# ${caption}\n$ weft ${args.join(' ')}\n`);
  const { status } = spawnSync(process.execPath, ['bin/weft.js', ...args], { cwd: root, stdio: 'inherit' });
  console.log(`\n(exit code ${status})`);
  if (status !== exit) {
    console.error(`Expected exit code ${exit}.`);
    unexpected++;
  }
}
process.exitCode = unexpected > 0 ? 1 : 0;
