// What came of tests, for people.

import type { Style } from '../../analysis/report/style.ts';
import { oneLine, visible } from '../../analysis/report/terminal-text.ts';
import { formatPath } from '../../manifest/problem.ts';
import { placeIn } from '../../route-tests/read-tests.ts';
import { type Failure, type Mismatch, passes, type TakenRule, type TestResult } from '../../route-tests/result.ts';
import type { Rule } from '../../route-tests/rules.ts';
import { counted } from '../counted.ts';
import type { Places } from '../route/places.ts';
import { tolerance } from './live/compare-live.ts';
import type { LiveSummary, TestReport } from './report.ts';
import { explainCommand, requestText } from './request-text.ts';

/** Of requests that fail in the same way, so many are named. */
const mostNamed = 4;
/** Of ways in which one test fails, so many are shown. */
const mostWays = 5;

/** The tests that fail, and with `verbose` those that pass. */
export function formatText(report: TestReport, verbose: boolean, style: Style): string {
  const out: string[] = [];
  for (const result of report.results) {
    if (!passes(result)) out.push(failedText(result, report, style));
    else if (verbose) out.push(`${style.good('✔')} ${oneLine(result.test.name)} ${style.dim(`(${counted(result.requests, 'request')})`)}\n`);
  }
  if (report.listCoverage) out.push(coverageText(report, style));
  return out.join(verbose ? '' : '\n');
}

function failedText(result: TestResult, report: TestReport, style: Style): string {
  const { test, failures, problem } = result;
  const { file, line } = placeIn(test.place);
  const lines = [`${style.error('✘')} ${style.strong(oneLine(test.name))}`, `  ${style.dim(`${file}:${line}`)}`];
  if (problem !== undefined) lines.push(`  ${visible(problem)}`);
  const ways = [...Map.groupBy(failures, wayOf).values()];
  for (const way of ways.slice(0, mostWays)) lines.push(...wayLines(way, report, style));
  if (ways.length > mostWays) lines.push(`  … and ${counted(ways.length - mostWays, 'more way', 'more ways')} in which it fails (-o json has all)`);
  return `${lines.join('\n')}\n`;
}

/** Failures that are alike. */
function wayOf({ mismatches, rule }: Failure): string {
  return JSON.stringify([mismatches, rule]);
}

function wayLines(way: readonly Failure[], { places, given }: TestReport, style: Style): string[] {
  const [failure] = way as [Failure];
  const { request, client, to, mismatches, rule, outcome } = failure;
  const lines = [`  ${visible(requestText(request, client, to))}`];
  for (const other of way.slice(1, mostNamed)) lines.push(`  ${visible(requestText(other.request, other.client, other.to))}`);
  if (way.length > mostNamed) lines.push(`  … and ${counted(way.length - mostNamed, 'more request', 'more requests')}`);
  for (const mismatch of mismatches) lines.push(...mismatchLines(mismatch, style));
  lines.push(`    ${style.dim('rule')}  ${rule ? ruleText(rule, places) : oneLine(outcome)}`);
  const why = explainCommand(failure, given);
  if (why !== undefined) lines.push(`    ${style.dim('why')}   ${oneLine(why)}`);
  return lines;
}

/** `- expected`, `+ got`, as a diff. */
export function mismatchLines({ field, expected, got, note }: Mismatch, style: Style): string[] {
  const [wanted, found] = [expected.split('\n'), got.split('\n')];
  const both = new Set(wanted.filter((line) => found.includes(line)));
  return [
    `    ${style.strong(field)}`,
    ...wanted.filter((line) => both.has(line)).map((line) => `        ${oneLine(line)}`),
    ...wanted.filter((line) => !both.has(line)).map((line) => style.good(`      - ${oneLine(line)}`)),
    ...found.filter((line) => !both.has(line)).map((line) => style.error(`      + ${oneLine(line)}`)),
    ...(note === undefined ? [] : [`        ${note}`]),
  ];
}

/** `VirtualService shop/cart spec.http[0] "all" (mesh/cart.yaml:12)` */
export function ruleText({ name, origin }: TakenRule, places: Places): string {
  const called = name === '' ? '' : ` "${oneLine(name)}"`;
  if (!origin) return `the default one of the service${name === '' || name === 'default' ? '' : called}`;
  const object = places.objectOf(origin);
  const place = places.of(origin);
  const field = formatPath(origin.path);
  return `${object} ${field}${called}${place.startsWith(object) ? '' : ` (${place})`}`;
}

function coverageText({ coverage, places }: TestReport, style: Style): string {
  const { rules, missed, percent } = coverage;
  const head = `${style.strong('Coverage')}: ${rules - missed.length} of ${counted(rules, 'rule')} (${Number(percent.toFixed(1))} %)`;
  if (missed.length === 0) return `${head}\n`;
  return `${head}; no test reaches\n${missed.map((rule) => `  ${missedText(rule, places)}\n`).join('')}`;
}

function missedText({ origin, name }: Rule, places: Places): string {
  const object = places.objectOf(origin);
  const place = places.of(origin);
  return `${place.startsWith(object) ? '' : `${place}  `}${object} ${formatPath(origin.path)}${name === '' ? '' : ` "${oneLine(name)}"`}`;
}

/** The last line, on standard error. */
export function summaryText(report: TestReport, style: Style): string {
  const { results, coverage, leastCoverage, listCoverage } = report;
  const failed = results.filter((result) => !passes(result));
  const requests = results.reduce((sum, result) => sum + result.requests, 0);
  const failures = results.reduce((sum, result) => sum + result.failures.length, 0);
  const lines = [
    failed.length === 0
      ? `${style.good('✔')} ${counted(results.length, 'test passes', 'tests pass')}, with ${counted(requests, 'request')}.`
      : `${style.error('✘')} ${failed.length} of ${counted(results.length, 'test')} ${failed.length === 1 ? 'fails' : 'fail'}: ${failures} of ${counted(requests, 'request')}.`,
  ];
  if (report.live) lines.push(...liveLines(report.live));
  const missed = coverage.missed.length;
  if (coverage.percent < leastCoverage) {
    lines.push(
      `${style.error('✘')} Tests reach ${Number(coverage.percent.toFixed(1))} % of ${counted(coverage.rules, 'rule')}, and --coverage asks for ${leastCoverage} %.`,
    );
  } else if (missed > 0) {
    lines.push(
      `  ${counted(missed, 'rule')} of ${coverage.rules} ${missed === 1 ? 'is' : 'are'} not reached by any test${listCoverage ? '' : ': --coverage lists them'}.`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** What was sent, and what was not looked at by it. */
function liveLines({ engine, tried, sent, left, samples }: LiveSummary): string[] {
  const share = Number(tolerance(50, samples).toFixed(1));
  return [
    `  ${engine}: ${counted(tried, 'request')} sent ${counted(sent, 'time')}; a share of 50 % may be off by ${share} with ${samples} samples.`,
    ...[...left].map(([why, number]) => `  ${counted(number, 'request')} not sent, and checked on the routing table alone: ${why}.`),
    '  Timeouts, retries, delays, circuit breakers and outlier detection are checked on the routing table alone.',
  ];
}
