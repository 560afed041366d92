// What came of tests, for programs.
import { type JunitCase, junitDocument } from '../../analysis/report/junit.ts';
import { pathOf } from '../../analysis/report/report.ts';
import { plainStyle } from '../../analysis/report/style.ts';
import type { Origin } from '../../ir/table.ts';
import { formatPath } from '../../manifest/problem.ts';
import { placeIn } from '../../route-tests/read-tests.ts';
import { type Failure, passes, type TestResult } from '../../route-tests/result.ts';
import type { TestReport } from './report.ts';
import { explainCommand, requestText, urlText } from './request-text.ts';
import { mismatchLines, ruleText } from './text.ts';

export function formatTestJson(report: TestReport): string {
  const { results, coverage } = report;
  const failed = results.filter((result) => !passes(result));
  const document = {
    summary: {
      tests: results.length,
      failed: failed.length,
      requests: sum(results, ({ requests }) => requests),
      failedRequests: sum(results, ({ failures }) => failures.length),
    },
    ...(report.live
      ? { engine: { name: report.live.engine, requests: report.live.tried, sent: report.live.sent, notSent: Object.fromEntries(report.live.left) } }
      : {}),
    tests: results.map((result) => testDocument(result, report)),
    coverage: {
      rules: coverage.rules,
      reached: coverage.rules - coverage.missed.length,
      percent: Number(coverage.percent.toFixed(2)),
      missed: coverage.missed.map(({ origin, name }) => ({ ...originDocument(origin, report), ...(name === '' ? {} : { name }) })),
    },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function sum<T>(list: readonly T[], of: (item: T) => number): number {
  return list.reduce((total, item) => total + of(item), 0);
}

function testDocument(result: TestResult, report: TestReport): object {
  const { test, requests, failures, problem } = result;
  const { file, line } = placeIn(test.place);
  return {
    name: test.name,
    file: pathOf(file),
    line,
    format: test.format,
    passed: passes(result),
    requests,
    ...(problem === undefined ? {} : { problem }),
    failures: failures.map((failure) => failureDocument(failure, report)),
  };
}

function failureDocument(failure: Failure, report: TestReport): object {
  const { request, client, to, mismatches, rule, outcome } = failure;
  const why = explainCommand(failure, report.given);
  return {
    request: { method: request.method, url: urlText(request), headers: request.headers ?? [] },
    ...(client ? { from: client.text } : {}),
    ...(to === undefined ? {} : { to }),
    ...(request.client === undefined ? {} : { sourceIp: request.client }),
    mismatches,
    outcome,
    ...(rule?.origin ? { rule: { ...originDocument(rule.origin, report), ...(rule.name === '' ? {} : { name: rule.name }) } } : {}),
    ...(why === undefined ? {} : { explain: why }),
  };
}

function originDocument(origin: Origin, { places }: TestReport): object {
  const { file, line } = places.locate(origin) as { file?: string; line?: number };
  return { object: places.objectOf(origin), path: formatPath(origin.path), ...(file === undefined ? {} : { file: pathOf(file), line }) };
}

/** A suite a file, a case a test. */
export function formatTestJunit(report: TestReport): string {
  const byFile = Map.groupBy(report.results, ({ test }) => pathOf(test.place.document.source.name));
  return junitDocument([...byFile].map(([name, results]) => ({ name, cases: results.map((result) => caseOf(result, name, report)) })));
}

function caseOf(result: TestResult, suite: string, { places }: TestReport): JunitCase {
  const { test, failures, problem, requests } = result;
  const base: JunitCase = { name: test.name, suite, file: suite, line: placeIn(test.place).line };
  if (passes(result)) return base;
  const [first] = failures;
  const message = problem ?? `${failures.length} of ${requests} requests: ${first?.mismatches.map(({ field }) => field).join(', ')}`;
  const text = failures.map(({ request, client, to, mismatches, rule, outcome }) =>
    [
      requestText(request, client, to),
      ...mismatches.flatMap((mismatch) => mismatchLines(mismatch, plainStyle)),
      `    rule  ${rule ? ruleText(rule, places) : outcome}`,
    ].join('\n'),
  );
  return { ...base, failure: { type: problem === undefined ? 'Mismatch' : 'Error', message, text: problem ?? text.join('\n') } };
}
