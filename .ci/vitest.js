// node .ci/vitest.js SCRIPT: the tests of an npm script; the last line is `N passed, N failed`.
//
// Tests of real programs depend on when these get their turn, on a machine that others use too. Where at most two files fail, they
// are run once more, alone; what passes then counts as passed, and is named as unsteady: it is a defect, of the test or of weft.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

const mostUnsteadyFiles = 2;
const root = join(import.meta.dirname, '..');
const script = process.argv[2];

const first = run([]);
let files = first.files;
const failed = files.filter((file) => !file.passed);
const unsteady = [];
if (failed.length > 0 && failed.length <= mostUnsteadyFiles) {
  console.log(`\n-- once more: ${failed.map(({ name }) => name).join(', ')}`);
  const again = new Map(run(failed.map(({ name }) => name)).files.map((file) => [file.name, file]));
  for (const { name, failures } of failed) if (again.get(name)?.passed) unsteady.push(...failures.map((failure) => `${name} > ${failure}`));
  files = files.map((file) => again.get(file.name) ?? file);
}
for (const name of unsteady) console.log(`-- UNSTEADY (failed, then passed): ${name}`);
const passedTests = sum(files.map((file) => file.tests));
// A file that fails as a whole has no tests that failed.
let failedTests = sum(files.filter((file) => !file.passed).map(({ failures }) => failures.length));
// vitest itself fails for other reasons, too: an error that no test caught, no tests.
if (failedTests === 0 && failed.length === 0 && first.status !== 0) failedTests = 1;
console.log(`${passedTests} passed, ${failedTests} failed`);
process.exitCode = failedTests === 0 ? 0 : 1;

/** @returns per file whether it passed, how many tests passed, and the names of those that failed (that of the file for it as a whole) */
function run(only) {
  const dir = mkdtempSync(join(tmpdir(), 'weft-ci-'));
  const report = join(dir, 'report.json');
  try {
    const { status } = spawnSync('npm', ['run', script, '--', ...only, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`], {
      cwd: root,
      stdio: 'inherit',
    });
    return { status, files: JSON.parse(readFileSync(report, 'utf8')).testResults.map(fileOf) };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function fileOf({ name, status, assertionResults }) {
  const path = relative(root, name);
  const failures = assertionResults.filter((test) => test.status === 'failed').map(({ fullName }) => fullName);
  const passed = status === 'passed' && failures.length === 0;
  return {
    name: path,
    passed,
    tests: assertionResults.filter((test) => test.status === 'passed').length,
    failures: passed || failures.length > 0 ? failures : ['the whole file'],
  };
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}
