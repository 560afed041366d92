// Tests of small meshes for the tests of this room.
import { meshOf } from '../analysis/testing.ts';
import { sourceText } from '../manifest/files.ts';
import type { Mesh } from '../model/mesh.ts';
import { namedProxy } from '../translate/workload-identity.ts';
import { readTests } from './read-tests.ts';
import type { RunResult } from './result.ts';
import { runTests } from './run-tests.ts';

/** What comes of a test file, with clients of the namespace shop unless it says something else. */
export function run(mesh: Mesh | string, tests: string): RunResult {
  const read = readTests(sourceText('tests.yaml', tests), false);
  if (read.problems.length > 0) throw new Error(read.problems.map(({ line, text }) => `${line}: ${text}`).join('\n'));
  return runTests(typeof mesh === 'string' ? meshOf(mesh) : mesh, read.tests, { client: namedProxy('sidecar', 'shop', '') });
}

/** What does not hold of one test with one request: `field: expected | got`, lines of them separated by `;`. */
export function mismatches(mesh: Mesh | string, request: string, expect: string): string[] {
  const { results } = run(mesh, `tests:\n  - name: test\n    request: ${request}\n    expect: ${expect}\n`);
  return results.flatMap(({ problem, failures }) => [
    ...(problem === undefined ? [] : [problem]),
    ...failures.flatMap((failure) =>
      failure.mismatches.map(({ field, expected, got }) => [field, expected, got].map((text) => text.replaceAll('\n', '; ')).join(' | ')),
    ),
  ]);
}
