// Manifests as a revision of a git repository has them. Only objects are read: the work tree and the index stay as they are.

import { isUtf8 } from 'node:buffer';
import { spawnSync } from 'node:child_process';
import { extname } from 'node:path';
import { maxFileBytes, type ReadFiles, sourceText } from '../../manifest/files.ts';
import { CliError } from '../exit.ts';

const extensions: ReadonlySet<string> = new Set(['.yaml', '.yml', '.json']);

/** More than any list of files. */
const mostOutput = 1024 * 1024 * 1024;

interface Blob {
  object: string;
  size: number;
  /** From the working directory. */
  path: string;
}

/**
 * Files and directories as they are in a revision, named `REVISION:PATH`. As with files on disk, those in directories count by their
 * extension, and links are not followed.
 *
 * @param paths from the working directory
 * @param directory where the command runs
 * @throws CliError without git, outside of a repository, and for what the revision does not have
 */
export function readRevision(revision: string, paths: readonly string[], directory = '.'): ReadFiles {
  const commit = resolve(revision, directory);
  const out: ReadFiles = { sources: [], skipped: [], unreadable: [], directories: [] };
  const wanted = new Map<string, Blob>();
  for (const path of paths) {
    const blobs = list(commit, path, revision, directory);
    const named = blobs.length === 1 && blobs[0]?.path === withoutDots(path);
    for (const blob of blobs) {
      const name = `${revision}:${blob.path}`;
      if (!named && !extensions.has(extname(blob.path))) out.skipped.push(name);
      else if (blob.size > maxFileBytes) {
        out.unreadable.push({ path: name, text: `the file has ${Math.round(blob.size / 1048576)} MiB, and the most is ${maxFileBytes / 1048576} MiB` });
      } else wanted.set(blob.path, blob);
    }
  }
  const contents = read([...wanted.values()], directory);
  for (const [i, { path }] of [...wanted.values()].entries()) {
    const bytes = contents[i] as Buffer;
    const source = sourceText(`${revision}:${path}`, bytes.toString('utf8'));
    out.sources.push(source.text.includes('\ufffd') && !isUtf8(bytes) ? { ...source, damaged: true } : source);
  }
  return out;
}

function withoutDots(path: string): string {
  return path.replace(/^(\.\/)+/, '');
}

function resolve(revision: string, directory: string): string {
  const { status, stdout, stderr } = git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`], directory);
  if (status === 0) return stdout.toString('utf8').trim();
  const text = stderr.toString('utf8').trim();
  if (/not a git repository/i.test(text)) throw new CliError('this is no git repository', undefined, 'Run it in one, or name two directories or files.');
  throw new CliError(
    `git knows no revision "${revision}"${text === '' ? '' : `: ${firstLine(text)}`}`,
    undefined,
    'git log, git branch and git tag list what there is.',
  );
}

function list(commit: string, path: string, revision: string, directory: string): Blob[] {
  // A trailing slash asks for what is in a directory; a file has none.
  const { status, stdout, stderr } = git(['ls-tree', '-r', '-l', '-z', commit, '--', withoutSlash(path)], directory);
  if (status !== 0) throw new CliError(`git cannot list ${path} of ${revision}: ${firstLine(stderr.toString('utf8'))}`);
  const blobs = stdout
    .toString('utf8')
    .split('\0')
    .flatMap((line): Blob[] => {
      const [, mode, type, object = '', size, name = ''] = /^(\d+) (\w+) (\w+) +(\S+)\t(.*)$/s.exec(line) ?? [];
      return type === 'blob' && mode !== '120000' ? [{ object, size: Number(size), path: name }] : [];
    });
  if (blobs.length === 0) throw new CliError(`${revision} has no ${path}`, undefined, `git ls-tree -r --name-only ${revision} lists what it has.`);
  return blobs;
}

function withoutSlash(path: string): string {
  return path.replace(/(?<=.)\/+$/, '') || '.';
}

/** The contents in the order of the blobs. */
function read(blobs: readonly Blob[], directory: string): Buffer[] {
  if (blobs.length === 0) return [];
  const { status, stdout, stderr } = git(['cat-file', '--batch'], directory, `${blobs.map(({ object }) => object).join('\n')}\n`);
  if (status !== 0) throw new CliError(`git cannot read the files of the revision: ${firstLine(stderr.toString('utf8'))}`);
  let at = 0;
  return blobs.map(({ path }) => {
    const end = stdout.indexOf(10, at);
    const size = Number(/^\w+ blob (\d+)$/.exec(stdout.subarray(at, end).toString('utf8'))?.[1]);
    if (end < 0 || !Number.isInteger(size)) throw new CliError(`git has lost ${path}`, undefined, 'git fsck tells what is missing.');
    at = end + 1 + size + 1;
    return stdout.subarray(end + 1, end + 1 + size);
  });
}

interface Answer {
  status: number;
  stdout: Buffer;
  stderr: Buffer;
}

function git(args: readonly string[], directory: string, input?: string): Answer {
  const env = { ...process.env, GIT_OPTIONAL_LOCKS: '0', GIT_LITERAL_PATHSPECS: '1', LC_ALL: 'C' };
  const { error, status, stdout, stderr } = spawnSync('git', args, { cwd: directory, env, maxBuffer: mostOutput, ...(input === undefined ? {} : { input }) });
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT')
    throw new CliError('there is no git on this machine', undefined, 'Install it, or name two directories or files.');
  if (error) throw new CliError(`git cannot be run: ${error.message}`);
  return { status: status ?? -1, stdout, stderr };
}

function firstLine(text: string): string {
  return (text.trim().split('\n')[0] ?? '').replace(/^fatal: /, '');
}
