import { describe, expect, test } from 'vitest';
import { offences } from './check-imports.ts';
import { strip } from './source-text.ts';

const texts = (file: string, code: string): string[] => offences(file, code).map((o) => o.text);

describe('imports', () => {
  test.each([
    ['src/model/mesh.ts', "import type { Path } from '../manifest/problem.ts';"],
    ['analyzers/gateway.ts', "import { toFqdn } from '../src/model/hosts.ts';\nimport type { R } from '../src/manifest/resource.ts';"],
    ['analyzers/index.ts', "import gateway from './gateway.ts';"],
    ['src/cli/explain.ts', "import { decode } from '../schema/decode.ts'; import chalk from 'chalk'; process.exit(1);"],
    ['src/schema/messages.ts', "import shapes from '../../schemas/shapes.json' with { type: 'json' };"],
    ['src/analysis/engine.test.ts', "import { run } from '../cli/analyze/run.ts'; Date.now();"],
    ['src/model/time.ts', "export const day = (now: Date) => new Date('2025-01-01') < now; // not Date.now()"],
    ['src/model/text.ts', "export const hint = `Date.now() of ${name} from '../cli/main.ts'`;"],
    ['src/model/text.ts', 'export const quotes = /[\'"`]/; export const half = total / 2;'],
  ])('%s may have %s', (file, code) => {
    expect(texts(file, code)).toEqual([]);
  });

  test.each([
    ['src/manifest/load.ts', "import { Mesh } from '../model/mesh.ts';", 'src/manifest does not import src/model (src/model/mesh.ts)'],
    ['src/analysis/engine.ts', "import type { Validate } from '../schema/validate.ts';", 'src/analysis does not import src/schema (src/schema/validate.ts)'],
    ['analyzers/host.ts', "import { x } from './gateway.ts';", 'analyzers/gateway.ts: nothing in analyzers imports its neighbours'],
    ['src/model/mesh.ts', "const { meshOf } = await import('../analysis/testing.ts');", 'src/analysis/testing.ts is for tests'],
    ['src/manifest/load.ts', "import chalk from 'chalk';", 'chalk is for src/cli alone'],
    ['src/ir/route.ts', "import { readFileSync } from 'node:fs';", 'src/ir has no effects, and node:fs has'],
    ['src/proxy/core/retry.ts', 'const t = Date.now();', 'src/proxy/core: reads a clock: take the time as a parameter'],
    ['src/translate/route.ts', 'const t = new Date();', 'src/translate: reads a clock: take the time as a parameter'],
    ['analyzers/host.ts', 'if (Math.random() > 0.5) report();', 'analyzers: draws random numbers: take the generator as a parameter'],
    ['analyzers/host.ts', 'const home = `${process.env.HOME}/x`;', 'analyzers: reads or changes the process'],
    ['src/kube/watch.ts', 'process.exit(1);', 'src/kube: ends the process: only src/cli does'],
  ])('%s may not have %s', (file, code, message) => {
    expect(texts(file, code)).toEqual([message]);
  });

  test('an offence has its line', () => {
    expect(offences('src/ir/a.ts', '/* one\n * two */\nconst a = `\n`;\nDate.now();')).toMatchObject([{ line: 5 }]);
  });
});

test('stripping keeps every line and column', () => {
  const text = "const a = 'x'; // c\nconst b = `p${f({ q: '}' })}s`; /* d\n */ const c = a.replace(/'/g, '');";
  const { code, bare } = strip(text);
  expect(code).toBe("const a = 'x';     \nconst b = `p${f({ q: '}' })}s`;     \n    const c = a.replace(/'/g, '');");
  expect(bare).toBe("const a = '  ;     \nconst b = `p  f({ q: '   })}s ;     \n    const c = a.replace(/   , ' );");
});
