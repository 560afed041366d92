import { isUtf8 } from 'node:buffer';
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { extname, join, normalize, resolve } from 'node:path';
import type { SourceText } from './resource.ts';

const extensions: ReadonlySet<string> = new Set(['.yaml', '.yml', '.json']);

/** Route tests beside manifests, which are none. */
const testFile = /\.weft-test\.(?:ya?ml|json)$/;

/** What of a directory is read: manifests, files that are named as tests, or both. */
export type Wanted = 'manifests' | 'tests' | 'both';

/** A larger file is refused: it is no manifest, and reading it would take the memory of everything else. */
export const maxFileBytes = 500 * 1024 * 1024;

export interface FileProblem {
  path: string;
  text: string;
}

export interface ReadFiles {
  sources: SourceText[];
  /** Files whose names do not end in .yaml, .yml or .json. */
  skipped: string[];
  /** Files that exist and cannot be read. */
  unreadable: FileProblem[];
  /** All that were read, those in others, too. */
  directories: string[];
}

/** A path that was named on the command line and is not there. */
export class MissingFileError extends Error {
  readonly path: string;
  constructor(path: string) {
    super(`no such file or directory: ${path}`);
    this.name = 'MissingFileError';
    this.path = path;
  }
}

export function sourceText(name: string, text: string): SourceText {
  return { name, text, json: extname(name) === '.json' };
}

/**
 * Reads files and directories (always with their subdirectories, as the reference does) in the order given, entries of a
 * directory by name. A directory that a link leads back to is read once, and so is a file that is named twice.
 *
 * @param stdin reads the standard input, for the path `-`
 * @param anyExtension files that are named (not found in a directory) are read whatever they are called
 * @param wanted of files that are found in a directory
 * @throws MissingFileError for a path that does not exist
 */
export function readFiles(paths: readonly string[], stdin: () => string, { anyExtension = false, wanted = 'manifests' as Wanted } = {}): ReadFiles {
  const out: ReadFiles = { sources: [], skipped: [], unreadable: [], directories: [] };
  const seen = new Set<string>();
  for (const path of paths) {
    if (path === '-') {
      if (!seen.has('-')) out.sources.push(sourceText('-', stdin()));
      seen.add('-');
      continue;
    }
    let directory: boolean;
    try {
      directory = statSync(path).isDirectory();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new MissingFileError(path);
      out.unreadable.push({ path, text: reason(error) });
      continue;
    }
    if (directory) readDirectory(normalize(path).replace(/\/$/, ''), seen, out, wanted);
    else readOne(path, seen, out, anyExtension);
  }
  return out;
}

function readDirectory(directory: string, seen: Set<string>, out: ReadFiles, wanted: Wanted): void {
  try {
    const real = realpathSync(directory);
    if (seen.has(real)) return;
    seen.add(real);
    out.directories.push(directory);
    const names = readdirSync(directory).sort();
    for (const name of names) {
      const path = join(directory, name);
      const isTest = testFile.test(name);
      let stats: ReturnType<typeof statSync>;
      try {
        stats = statSync(path);
      } catch (error) {
        if (extensions.has(extname(name)) && isWanted(isTest, wanted)) out.unreadable.push({ path, text: reason(error) });
        continue;
      }
      if (stats.isDirectory()) readDirectory(path, seen, out, wanted);
      else if (stats.isFile() && isWanted(isTest, wanted)) readOne(path, seen, out);
    }
  } catch (error) {
    out.unreadable.push({ path: directory, text: reason(error) });
  }
}

function isWanted(isTest: boolean, wanted: Wanted): boolean {
  return wanted === 'both' || (wanted === 'tests') === isTest;
}

function readOne(path: string, seen: Set<string>, out: ReadFiles, anyExtension = false): void {
  const absolute = resolve(path);
  if (seen.has(absolute)) return;
  seen.add(absolute);
  if (!anyExtension && !extensions.has(extname(path))) {
    out.skipped.push(path);
    return;
  }
  try {
    const { size } = statSync(path);
    if (size > maxFileBytes) {
      out.unreadable.push({ path, text: `the file has ${Math.round(size / 1048576)} MiB, and the most is ${maxFileBytes / 1048576} MiB` });
      return;
    }
    const source = sourceText(path, readFileSync(path, 'utf8'));
    out.sources.push(source.text.includes('\ufffd') && !isUtf8(readFileSync(path)) ? { ...source, damaged: true } : source);
  } catch (error) {
    out.unreadable.push({ path, text: reason(error) });
  }
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'ELOOP':
      return 'the links lead in a circle';
    case 'ENOENT':
      return 'it is gone, or a link that leads nowhere';
    default:
      return message;
  }
}
