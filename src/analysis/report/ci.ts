import type { Level } from '../message.ts';
import { type JunitCase, type JunitSuite, junitDocument } from './junit.ts';
import { pathOf, type Report, type ReportItem } from './report.ts';
import { fingerprintOf } from './sarif.ts';
import { visible } from './terminal-text.ts';

const command: Readonly<Record<Level, string>> = { Error: 'error', Warning: 'warning', Info: 'notice' };

/** Annotations of GitHub Actions, one workflow command a message. */
export function formatGithub(report: Report): string {
  return report.items
    .map((item) => {
      const properties: [string, string | number | undefined][] = [
        ['file', item.file === undefined ? undefined : pathOf(item.file)],
        ['line', item.place?.line],
        ['endLine', item.place?.endLine],
        ['col', item.place?.column],
        ['endColumn', item.place && item.place.line === item.place.endLine ? item.place.endColumn : undefined],
        ['title', `${item.code}${item.origin === '' ? '' : ` ${item.origin}`}`],
      ];
      const list = properties.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${escapeProperty(String(value))}`]));
      const text = [item.text, item.effect && `effect: ${item.effect}`, item.help && `help: ${item.help}`].filter(Boolean).join('\n');
      return `::${command[item.level]} ${list.join(',')}::${escapeData(text)}\n`;
    })
    .join('');
}

/** The text is shown in a log, which knows the codes of terminals. */
function escapeData(text: string): string {
  return visible(text.replace(/\r\n?/g, '\n')).replace(/%/g, '%25').replace(/\n/g, '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replace(/:/g, '%3A').replace(/,/g, '%2C');
}

const severity: Readonly<Record<Level, string>> = { Error: 'major', Warning: 'minor', Info: 'info' };

/** GitLab's Code Quality report: an array in the Code Climate form. */
export function formatGitlab(report: Report): string {
  const seen = new Map<string, number>();
  const issues = report.items.map((item) => {
    const fingerprint = fingerprintOf(item);
    const count = (seen.get(fingerprint) ?? 0) + 1;
    seen.set(fingerprint, count);
    return {
      description: item.text,
      check_name: item.code,
      // GitLab drops issues with equal fingerprints.
      fingerprint: count === 1 ? fingerprint : `${fingerprint}-${count}`,
      severity: severity[item.level],
      location: { path: item.file === undefined ? item.origin : pathOf(item.file), lines: { begin: item.place?.line ?? 1 } },
    };
  });
  return `${JSON.stringify(issues, null, 2)}\n`;
}

/** JUnit XML: one test case a message, so that it fails where errors are; a passing case where there is nothing to say. */
export function formatJunit(report: Report): string {
  const byFile = Map.groupBy(report.items, (i) => i.file);
  const suites = [...byFile].map(([file, items]) => suite(file, items, report.cluster));
  return junitDocument(suites.length > 0 ? suites : [{ name: 'weft analyze', cases: [{ name: 'no findings', suite: 'weft' }] }]);
}

function suite(file: string | undefined, items: readonly ReportItem[], cluster: string | undefined): JunitSuite {
  const name = file ?? (cluster === undefined ? 'mesh' : `cluster ${cluster}`);
  const cases = items.map((item): JunitCase => {
    const body = [item.text, item.field && `at ${item.field}`, item.effect && `effect: ${item.effect}`, item.help && `help: ${item.help}`]
      .filter(Boolean)
      .join('\n');
    const place = item.place ? `${file}:${item.place.line}\n` : file === undefined ? '' : `${file}\n`;
    return {
      name: `${item.code} ${item.origin}`.trim(),
      suite: name,
      ...(file === undefined ? {} : { file, line: item.place?.line }),
      ...(item.level === 'Info' ? { output: body } : { failure: { type: item.level, message: item.text, text: `${place}${body}` } }),
    };
  });
  return { name, cases };
}
