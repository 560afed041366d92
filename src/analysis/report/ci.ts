import type { Level } from '../message.ts';
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
  const suites = [...byFile].map(([file, items]) => suite(file, items));
  if (suites.length === 0)
    suites.push('  <testsuite name="weft analyze" tests="1" failures="0" errors="0">\n    <testcase name="no findings" classname="weft"/>\n  </testsuite>');
  const failures = report.items.filter((i) => i.level !== 'Info').length;
  const tests = Math.max(report.items.length, 1);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="weft" tests="${tests}" failures="${failures}" errors="0">\n${suites.join('\n')}\n</testsuites>\n`;
}

function suite(file: string | undefined, items: readonly ReportItem[]): string {
  const failures = items.filter((i) => i.level !== 'Info').length;
  const name = xml(file ?? 'mesh');
  const cases = items.map((item) => {
    const at = file === undefined ? '' : ` file="${name}"${item.place ? ` line="${item.place.line}"` : ''}`;
    const head = `    <testcase name="${xml(`${item.code} ${item.origin}`.trim())}" classname="${name}"${at}>`;
    const body = xml(
      [item.text, item.field && `at ${item.field}`, item.effect && `effect: ${item.effect}`, item.help && `help: ${item.help}`].filter(Boolean).join('\n'),
    );
    const place = item.place ? `${file}:${item.place.line}\n` : file === undefined ? '' : `${file}\n`;
    const inner =
      item.level === 'Info'
        ? `      <system-out>${body}</system-out>`
        : `      <failure type="${item.level}" message="${xml(item.text)}">${xml(place)}${body}</failure>`;
    return `${head}\n${inner}\n    </testcase>`;
  });
  return `  <testsuite name="${name}" tests="${items.length}" failures="${failures}" errors="0">\n${cases.join('\n')}\n  </testsuite>`;
}

/** Characters that XML 1.0 cannot hold become U+FFFD. */
function xml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
}
