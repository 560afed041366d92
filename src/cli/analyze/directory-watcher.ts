import { type FSWatcher, statSync, watch } from 'node:fs';
import { basename } from 'node:path';

/** How often is looked where the system cannot tell of changes. */
const pollMilliseconds = 1000;

/** Names in a directory that matter; all where it is undefined. */
export type Names = ReadonlySet<string> | undefined;

interface Watched {
  watcher: FSWatcher;
  /** Of the directory itself: another one can get its name. */
  id: string;
  names: Names;
  stale: boolean;
}

/**
 * Tells when something happens in directories, not in those below them. Directories and not files are watched, because editors
 * put a new file in the place of the old one.
 */
export class DirectoryWatcher {
  private readonly watched = new Map<string, Watched>();
  private readonly changed: () => void;
  private poll: NodeJS.Timeout | undefined;

  constructor(changed: () => void) {
    this.changed = changed;
  }

  /** Watches these directories and no others. Returns whether some are new: what happened in them before was not seen. */
  set(directories: ReadonlyMap<string, Names>): boolean {
    for (const directory of this.watched.keys()) if (!directories.has(directory)) this.drop(directory);
    let fresh = false;
    for (const [directory, names] of directories) {
      const id = idOf(directory);
      const known = this.watched.get(directory);
      if (known && known.id === id && !known.stale) known.names = names;
      else {
        this.drop(directory);
        if (id !== undefined && this.add(directory, id, names)) fresh = true;
      }
    }
    return fresh;
  }

  close(): void {
    clearInterval(this.poll);
    for (const directory of this.watched.keys()) this.drop(directory);
  }

  private add(directory: string, id: string, names: Names): boolean {
    try {
      const watcher = watch(directory, (event, file) => this.noticed(directory, event, file));
      watcher.on('error', () => {
        if (this.watched.get(directory)?.watcher === watcher) this.drop(directory);
        this.changed();
      });
      this.watched.set(directory, { watcher, id, names, stale: false });
      return true;
    } catch (error) {
      // Gone again, which an event of the directory above tells; or the system has no watch left to give.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.poll ??= setInterval(this.changed, pollMilliseconds);
      return false;
    }
  }

  private drop(directory: string): void {
    this.watched.get(directory)?.watcher.close();
    this.watched.delete(directory);
  }

  private noticed(directory: string, event: string, file: string | null): void {
    const known = this.watched.get(directory);
    if (!known) return;
    const own = file === null || (event === 'rename' && file === basename(directory));
    // It may be the directory itself that went.
    if (own) known.stale = true;
    if (own || !known.names || known.names.has(file)) this.changed();
  }
}

function idOf(directory: string): string | undefined {
  const stats = statSync(directory, { bigint: true, throwIfNoEntry: false });
  // The number of a directory that is gone is soon that of another.
  return stats?.isDirectory() ? `${stats.dev} ${stats.ino} ${stats.birthtimeNs}` : undefined;
}
