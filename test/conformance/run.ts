// Runs the recorded cases of ../shared/conformance/analyze in this process: quick, for work on analyzers and validation.
// CI measures with the recorder's own compare.py and the real command.
//
//   node test/conformance/run.ts [--full] [--only REGEX] [--codes REGEX] [--verbose]
import { parseArgs } from 'node:util';
import { defaultCorpus, describeOutcome, differs, listCases, runCase } from './cases.ts';

const { values: o } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    only: { type: 'string', default: '.' },
    codes: { type: 'string', default: '^IST' },
    verbose: { type: 'boolean', default: false },
    corpus: { type: 'string', default: defaultCorpus },
  },
});

let passed = 0;
let failed = 0;
const perCode = new Map<string, { missing: number; extra: number }>();
const codes = new RegExp(o.codes);
for (const recorded of listCases(o.corpus, o.full ? 'full' : 'offline', new RegExp(o.only))) {
  const outcome = await runCase(recorded, codes);
  for (const side of ['missing', 'extra'] as const) {
    for (const { code } of outcome[side]) {
      const counts = perCode.get(code) ?? { missing: 0, extra: 0 };
      counts[side]++;
      perCode.set(code, counts);
    }
  }
  if (!differs(outcome)) passed++;
  else {
    failed++;
    if (o.verbose) console.log(`FAIL ${recorded.name}\n${describeOutcome(outcome).replace(/^/gm, '  ')}`);
  }
}
for (const [code, { missing, extra }] of [...perCode].sort()) console.log(`${code}: ${missing} missing, ${extra} not expected`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
