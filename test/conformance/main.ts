// npm run conformance: the recorded cases of the reference.
//
//   npm run conformance                     the recorded analyses, with vitest (its arguments go on to it)
//   npm run conformance -- routing DIR …    a folder of recorded routing cases, against a running proxy: see test/routing/main.ts
//   npm run conformance -- readers …        all of them, by weft route explain and by weft test on its engines: see test/readers/main.ts
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const [first, ...rest] = process.argv.slice(2);
if (first === 'routing') {
  const { routing } = await import('../routing/main.ts');
  process.exitCode = await routing(rest);
} else if (first === 'readers') {
  const { readers } = await import('../readers/main.ts');
  process.exitCode = await readers(rest);
} else {
  const vitest = join(import.meta.dirname, '../../node_modules/vitest/vitest.mjs');
  const { status } = spawnSync(process.execPath, [vitest, 'run', '--project', 'conformance', ...process.argv.slice(2)], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
}
