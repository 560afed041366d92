// JUnit XML, as CI systems read it: the parts that all of them know.
export interface JunitCase {
  name: string;
  /** Name of the suite. */
  suite: string;
  file?: string;
  line?: number | undefined;
  /** `message`: one line; `text`: all of it. */
  failure?: { type: string; message: string; text: string };
  /** What a case says that does not fail. */
  output?: string;
}

export interface JunitSuite {
  name: string;
  cases: readonly JunitCase[];
}

export function junitDocument(suites: readonly JunitSuite[]): string {
  const cases = suites.flatMap((suite) => suite.cases);
  const body = suites.map(({ name, cases: own }) => `  <testsuite name="${xml(name)}" ${counts(own)}>\n${own.map(caseText).join('\n')}\n  </testsuite>`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="weft" ${counts(cases)}>\n${body.join('\n')}\n</testsuites>\n`;
}

function counts(cases: readonly JunitCase[]): string {
  return `tests="${cases.length}" failures="${cases.filter(({ failure }) => failure).length}" errors="0"`;
}

function caseText({ name, suite, file, line, failure, output }: JunitCase): string {
  const at = file === undefined ? '' : ` file="${xml(file)}"${line === undefined ? '' : ` line="${line}"`}`;
  const head = `    <testcase name="${xml(name)}" classname="${xml(suite)}"${at}`;
  const inner = failure
    ? `      <failure type="${failure.type}" message="${xml(failure.message)}">${xml(failure.text)}</failure>`
    : output === undefined
      ? undefined
      : `      <system-out>${xml(output)}</system-out>`;
  return inner === undefined ? `${head}/>` : `${head}>\n${inner}\n    </testcase>`;
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
