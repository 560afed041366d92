import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRevision } from './revision.ts';

let folder: string;

function git(...args: string[]): string {
  const own = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
  const who = ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-c', 'commit.gpgsign=false'];
  return execFileSync('git', [...who, ...args], { cwd: folder, env: { ...process.env, ...own }, encoding: 'utf8' });
}

function write(path: string, text: string | Buffer): void {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), text);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-revision-'));
  git('init', '-q', '-b', 'main');
  write('mesh/a.yaml', 'a: 1\n');
  write('mesh/sub/b c.yml', 'b: ü\n');
  write('mesh/notes.txt', 'no manifest');
  write('mesh/d.json', '{}');
  write('other/e.yaml', 'e: 1\n');
  symlinkSync('a.yaml', join(folder, 'mesh/link.yaml'));
  git('add', '.');
  git('commit', '-q', '-m', 'first');
  git('tag', 'v1');
  write('mesh/a.yaml', 'a: 2\n');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const names = (revision: string, ...paths: string[]) => readRevision(revision, paths, folder).sources.map(({ name }) => name);

describe('readRevision', () => {
  it('reads a directory as it was, whatever the work tree has now', () => {
    const { sources, skipped } = readRevision('v1', ['mesh'], folder);
    expect(sources.map(({ name, text, json }) => [name, text, json])).toEqual([
      ['v1:mesh/a.yaml', 'a: 1\n', false],
      ['v1:mesh/d.json', '{}', true],
      ['v1:mesh/sub/b c.yml', 'b: ü\n', false],
    ]);
    expect(skipped).toEqual(['v1:mesh/notes.txt']);
  });

  it.each<[string, string[], string[]]>([
    ['everything', ['.'], ['v1:mesh/a.yaml', 'v1:mesh/d.json', 'v1:mesh/sub/b c.yml', 'v1:other/e.yaml']],
    ['a directory with a slash at its end', ['mesh/sub/'], ['v1:mesh/sub/b c.yml']],
    ['a file that is named, whatever its extension', ['./mesh/notes.txt'], ['v1:mesh/notes.txt']],
    ['a file that is named twice', ['mesh/a.yaml', 'mesh/a.yaml'], ['v1:mesh/a.yaml']],
  ])('%s', (_, paths, expected) => expect(names('v1', ...paths)).toEqual(expected));

  it('reads from a directory of the repository, and beside it', () => {
    const inside = readRevision('HEAD', ['.', '../other'], join(folder, 'mesh'));
    expect(inside.sources.map(({ name }) => name)).toEqual(['HEAD:a.yaml', 'HEAD:d.json', 'HEAD:sub/b c.yml', 'HEAD:../other/e.yaml']);
  });

  it('changes nothing', () => {
    const before = [git('status', '--porcelain'), readFileSync(join(folder, '.git/index')).toString('base64')];
    readRevision('v1', ['.'], folder);
    expect([git('status', '--porcelain'), readFileSync(join(folder, '.git/index')).toString('base64')]).toEqual(before);
  });

  it.each<[string, string, string[], RegExp]>([
    ['a revision that is not there', 'v9', ['.'], /git knows no revision "v9"/],
    ['what looks like a flag', '--all', ['.'], /git knows no revision "--all"/],
    ['a path that the revision does not have', 'v1', ['mesh/x.yaml'], /v1 has no mesh\/x\.yaml/],
    ['a link', 'v1', ['mesh/link.yaml'], /v1 has no mesh\/link\.yaml/],
  ])('%s', (_, revision, paths, message) => expect(() => readRevision(revision, paths, folder)).toThrow(message));

  it('needs a repository', () => {
    rmSync(join(folder, '.git'), { recursive: true, force: true });
    expect(() => readRevision('v1', ['.'], folder)).toThrow(/this is no git repository/);
  });

  it('needs git', () => {
    const path = process.env.PATH;
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    chmodSync(empty, 0o755);
    process.env.PATH = empty;
    try {
      expect(() => readRevision('v1', ['.'], folder)).toThrow(/there is no git on this machine/);
    } finally {
      process.env.PATH = path;
    }
  });

  it('marks files that are no UTF-8', () => {
    write('mesh/bad.yaml', Buffer.from([0x61, 0x3a, 0x20, 0xff, 0x0a]));
    git('add', '.');
    git('commit', '-q', '-m', 'second');
    expect(readRevision('HEAD', ['mesh/bad.yaml'], folder).sources[0]?.damaged).toBe(true);
  });
});
