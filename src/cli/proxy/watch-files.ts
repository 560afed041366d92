import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ReadFiles } from '../../manifest/files.ts';
import { DirectoryWatcher } from '../analyze/directory-watcher.ts';

/** Editors and `git checkout` write in several steps. */
const quietMs = 50;

/**
 * Calls back when something changes in the directories that files were read from, one call at a time.
 *
 * @param changed reads again, and tells what it read
 * @returns ends it
 */
export function watchFiles(paths: readonly string[], input: ReadFiles, changed: () => Promise<ReadFiles>, failed: (error: Error) => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let running = false;
  let again = false;
  let closed = false;
  const watcher = new DirectoryWatcher(() => {
    clearTimeout(timer);
    timer = setTimeout(() => void look(), quietMs);
  });
  const set = ({ directories }: ReadFiles): boolean =>
    watcher.set(new Map([...directories, ...paths.map(directoryOf)].map((directory) => [directory, undefined])));
  async function look(): Promise<void> {
    if (running) {
      again = true;
      return;
    }
    running = true;
    try {
      const read = await changed();
      // Nobody would close a watcher that begins now.
      // What came into a new directory after it was read, and before it was watched, is read now.
      if (!closed && set(read)) again = true;
    } catch (error) {
      failed(error as Error);
    }
    running = false;
    if (again && !closed) {
      again = false;
      void look();
    }
  }
  set(input);
  if (areNewer([...paths, ...input.directories, ...input.sources.map(({ name }) => name)])) timer = setTimeout(() => void look(), quietMs);
  return () => {
    closed = true;
    clearTimeout(timer);
    watcher.close();
  };
}

function directoryOf(path: string): string {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ? path : dirname(path);
}

/** What has changed since this process began may have changed after it was read, and before it was watched. */
function areNewer(paths: readonly string[]): boolean {
  return paths.some((path) => (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) >= performance.timeOrigin);
}
