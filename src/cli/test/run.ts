import { plainStyle } from '../../analysis/report/style.ts';
import type { TestFileProblem } from '../../route-tests/read-tests.ts';
import { passes } from '../../route-tests/result.ts';
import type { AnyTest } from '../../route-tests/route-test.ts';
import { coverageOf } from '../../route-tests/rules.ts';
import { runTests } from '../../route-tests/run-tests.ts';
import { parseOutputs, writeEach } from '../analyze/outputs.ts';
import { counted } from '../counted.ts';
import { brokenExit, exitCode, usageError } from '../exit.ts';
import { printBroken } from '../proxy/broken.ts';
import { identityOf } from '../proxy/identity.ts';
import { MeshReader } from '../proxy/mesh-reader.ts';
import { Places } from '../route/places.ts';
import { TokenBook } from '../route/tokens.ts';
import { styleFor, wantsColour, write } from '../terminal.ts';
import { engineOf, runEngine } from './engine.ts';
import { findTests } from './find-tests.ts';
import { parseCoverage, parseOnly, type TestFlags } from './flags.ts';
import type { Tried } from './live/run-live.ts';
import type { TestReport } from './report.ts';
import { formatText, summaryText } from './text.ts';

const formats = ['text', 'json', 'junit'];

/**
 * Runs route tests.
 *
 * @returns 0; 79 where a test fails, too few rules are reached or the manifests are broken; 65 for test files or manifests that cannot be parsed
 * @throws CliError for flags that make no sense and input that is not there
 */
export async function runTestCommand(named: readonly string[], flags: TestFlags): Promise<number> {
  const outputs = parseOutputs(flags.output, 'text', formats);
  const only = parseOnly(flags.only);
  const wish = parseCoverage(flags.coverage);
  const engine = await engineOf(flags);
  const manifests = (flags.filename ?? []).flatMap((text) => text.split(',')).filter((path) => path !== '');
  const found = findTests(wish.path === undefined ? named : [wish.path, ...named], manifests);
  const reader = new MeshReader(flags, { name: 'weft test', stdin: true, cluster: true, others: found.files });
  if (found.problems.length > 0) {
    await printProblems(found.problems);
    return exitCode.unparsable;
  }
  const tests = only ? found.tests.filter(({ name }) => only.test(name)) : found.tests;
  if (tests.length === 0) throw usageError(`no test has a name that matches --only ${flags.only}`, `There are ${counted(found.tests.length, 'test')}.`);
  const { mesh, broken, namespace } = await reader.read();
  if (broken.length > 0) {
    await printBroken(broken, 'nothing is tested until that is repaired');
    return brokenExit(broken);
  }
  const client = identityOf({ istioNamespace: flags.istioNamespace, ...(namespace === undefined ? {} : { namespace }) }, mesh);
  let tried: Tried[] = [];
  const tokens = new TokenBook();
  const { results, reached } = await tokens.settled(() => {
    tried = [];
    return runTests(mesh, tests, { client, tokens, ...(engine ? { observe: (run) => void tried.push(run) } : {}) });
  });
  const live = engine && (await runEngine(engine, mesh, tried, { cases: requestsOfCases(tests), tokens }));
  const report: TestReport = {
    results: live ? live.with(results) : results,
    live: live?.summary,
    coverage: coverageOf(mesh, reached),
    leastCoverage: wish.least,
    listCoverage: wish.listed,
    places: new Places(mesh),
    given: givenFlags(flags, manifests),
  };
  const style = await styleFor(wantsColour(flags.color, 'stdout'));
  write(
    'stdout',
    await writeEach(outputs, async (format, toFile) => {
      if (format === 'text') return formatText(report, flags.verbose === true, toFile ? plainStyle : style);
      const { formatTestJson, formatTestJunit } = await import('./structured.ts');
      return format === 'json' ? formatTestJson(report) : formatTestJunit(report);
    }),
  );
  write('stderr', summaryText(report, await styleFor(wantsColour(flags.color, 'stderr'))));
  return report.results.every(passes) && report.coverage.percent >= wish.least ? exitCode.ok : exitCode.findings;
}

function requestsOfCases(tests: readonly AnyTest[]): number {
  return tests.reduce((sum, test) => sum + (test.format === 'istio-config-validator' ? test.requests.length : 0), 0);
}

async function printProblems(problems: readonly TestFileProblem[]): Promise<void> {
  const style = await styleFor(wantsColour(undefined, 'stderr'));
  for (const { file, line, column, text, help } of problems) {
    write('stderr', `${style.error('error')} ${file}:${line}:${column}: ${text}${help === undefined ? '' : `; ${help}`}\n`);
  }
  write('stderr', `${style.error('✘')} ${counted(problems.length, 'error')} in the tests: nothing is run until that is repaired.\n`);
}

/** The flags by which another command reads the same mesh. */
function givenFlags({ useKube, meshConfigFile, context, kubeconfig, namespace }: TestFlags, manifests: readonly string[]): string[] {
  return [
    ...manifests.flatMap((path) => ['-f', path]),
    ...(useKube ? ['-k'] : []),
    ...(context === undefined ? [] : ['--context', context]),
    ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
    ...(namespace === undefined ? [] : ['-n', namespace]),
    ...(meshConfigFile === undefined ? [] : ['--meshConfigFile', meshConfigFile]),
  ];
}
