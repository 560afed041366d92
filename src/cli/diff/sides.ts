// What `weft diff` compares: two lists of files, revisions of a repository, or a cluster and files over it.
import { existsSync } from 'node:fs';
import type { ReadFiles } from '../../manifest/files.ts';
import { readInput } from '../analyze/session.ts';
import { asksForCluster } from '../cluster.ts';
import { usageError } from '../exit.ts';
import type { DiffFlags } from './flags.ts';
import { readRevision } from './revision.ts';

export interface Sides {
  old: ReadFiles;
  new: ReadFiles;
  /** Both are over the cluster. */
  cluster: boolean;
}

const nothing: ReadFiles = { sources: [], skipped: [], unreadable: [], directories: [] };

/**
 * @param warn told of what is not read
 * @throws CliError for arguments that make no sense, and for what is not there
 */
export async function readSides(paths: readonly string[], flags: DiffFlags, warn: (text: string) => void): Promise<Sides> {
  const cluster = asksForCluster(flags);
  if (flags.git !== undefined) {
    if (cluster) throw usageError('--git and a cluster do not go together', 'The old side is a revision, or the cluster.');
    const own = paths.length > 0 ? paths : ['.'];
    for (const path of own) if (path === '-' || path.startsWith(revisionPrefix)) throw usageError(`--git takes files and directories, not "${path}"`);
    return { old: readRevision(flags.git, own), new: await readPaths(own, warn), cluster };
  }
  if (cluster) {
    if (paths.length === 0) throw usageError('no files are named', 'weft diff -k FILES compares the cluster with what it would be if the files were applied.');
    return { old: nothing, new: await readAll(paths, warn), cluster };
  }
  const [old, now, ...more] = paths;
  if (old === undefined || now === undefined || more.length > 0)
    throw usageError(
      `weft diff takes two sides, not ${paths.length}`,
      'weft diff OLD NEW, weft diff --git main mesh/, or weft diff -k mesh/; several files of a side are separated by commas.',
    );
  if (old === '-' && now === '-') throw usageError('standard input (-) can be read once');
  return { old: await readSide(old, warn), new: await readSide(now, warn), cluster };
}

const revisionPrefix = 'git:';

/** `git:REVISION[:PATH]`, or paths separated by commas. */
async function readSide(text: string, warn: (text: string) => void): Promise<ReadFiles> {
  if (!text.startsWith(revisionPrefix)) return readPaths(existsSync(text) ? [text] : text.split(',').filter((path) => path !== ''), warn);
  const rest = text.slice(revisionPrefix.length);
  const colon = rest.indexOf(':');
  const [revision, paths] = colon < 0 ? [rest, '.'] : [rest.slice(0, colon), rest.slice(colon + 1) || '.'];
  if (revision === '') throw usageError(`"${text}" names no revision`, 'git:REVISION or git:REVISION:PATH, such as git:HEAD~1:mesh/');
  return readRevision(
    revision,
    paths.split(',').filter((path) => path !== ''),
  );
}

async function readAll(paths: readonly string[], warn: (text: string) => void): Promise<ReadFiles> {
  const all: ReadFiles = { sources: [], skipped: [], unreadable: [], directories: [] };
  for (const path of paths) {
    const { sources, skipped, unreadable, directories } = await readSide(path, warn);
    all.sources.push(...sources);
    all.skipped.push(...skipped);
    all.unreadable.push(...unreadable);
    all.directories.push(...directories);
  }
  return all;
}

function readPaths(paths: readonly string[], warn: (text: string) => void): Promise<ReadFiles> {
  return readInput(paths, { warn });
}
