import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { MissingFileError, readFiles } from '../../manifest/files.ts';
import { type ReadTests, readTests } from '../../route-tests/read-tests.ts';
import { CliError, usageError } from '../exit.ts';
import { readStdinSync } from '../stdin.ts';

export interface FoundTests extends ReadTests {
  /** That have tests; absolute. */
  files: ReadonlySet<string>;
}

/**
 * The tests of the files and directories that are named. In directories, files with nothing but Kubernetes objects are passed over. Where nothing is
 * named: of all `*.weft-test.yaml` in the directories of the manifests.
 *
 * @throws CliError for what is not there
 */
export function findTests(named: readonly string[], manifests: readonly string[]): FoundTests {
  if (named.includes('-') && manifests.includes('-')) throw usageError('- is standard input, and it can be tests or manifests, not both');
  const directories = manifests.filter((path) => isDirectory(path));
  const read = readOf(named.length > 0 ? named : directories, named.length > 0 ? 'both' : 'tests');
  const files = new Set<string>();
  const found: FoundTests = { tests: [], problems: [], files };
  for (const source of read.sources) {
    const { tests, problems } = readTests(source, !named.includes(source.name));
    found.tests.push(...tests);
    found.problems.push(...problems);
    if (tests.length + problems.length > 0) files.add(resolve(source.name));
  }
  if (files.size === 0) {
    const missing = manifests.find((path) => path !== '-' && !existsSync(path));
    if (missing !== undefined) throw new CliError(new MissingFileError(missing).message);
    if (named.length > 0)
      throw new CliError(`there are no tests in ${named.join(', ')}`, undefined, 'A test file is a YAML file with a list of tests: docs/route-tests.md.');
    throw usageError(
      'no tests are named',
      'Name files or directories with tests: weft test -f mesh/ tests/. Without, those that are called *.weft-test.yaml in the directories of -f are run.',
    );
  }
  return found;
}

function readOf(paths: readonly string[], wanted: 'both' | 'tests'): ReturnType<typeof readFiles> {
  let read: ReturnType<typeof readFiles>;
  try {
    read = readFiles(paths, readStdinSync, { anyExtension: true, wanted });
  } catch (error) {
    if (error instanceof MissingFileError) throw new CliError(error.message, undefined, 'Tests are files and directories that are there.');
    throw error;
  }
  if (read.unreadable.length > 0) throw new CliError(`cannot read ${read.unreadable.map(({ path, text }) => `${path}: ${text}`).join(', ')}`);
  return read;
}

function isDirectory(path: string): boolean {
  return path !== '-' && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
