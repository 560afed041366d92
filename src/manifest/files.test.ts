import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MissingFileError, readFiles } from './files.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-files-'));
  for (const name of ['deep/er', 'empty', 'named.yaml', 'links']) mkdirSync(join(folder, name), { recursive: true });
  for (const name of ['b.yaml', 'a.yml', 'c.json', 'd.txt', 'deep/e.yaml', 'deep/er/f.yaml', 'deep/er/README', 'named.yaml/g.yaml', '.hidden.yaml'])
    writeFileSync(join(folder, name), name);
  writeFileSync(join(folder, 'deep/latin.yaml'), Buffer.from('a: k\u00e4se', 'latin1'));
  symlinkSync('..', join(folder, 'links/up'));
  symlinkSync('itself.yaml', join(folder, 'links/itself.yaml'));
  symlinkSync('nowhere.yaml', join(folder, 'links/dangling.yaml'));
  symlinkSync('../b.yaml', join(folder, 'links/b.yaml'));
});

afterAll(() => rmSync(folder, { recursive: true }));

/** What was read, as it is called from the folder. */
function read(...paths: string[]): Record<'sources' | 'skipped' | 'unreadable', string[]> {
  const found = readFiles(
    paths.map((path) => (path === '-' ? path : join(folder, path))),
    () => 'from stdin',
  );
  const short = (path: string): string => path.replace(`${folder}/`, '');
  return {
    sources: found.sources.map((s) => short(s.name)),
    skipped: found.skipped.map(short),
    unreadable: found.unreadable.map(({ path, text }) => `${short(path)}: ${text}`),
  };
}

describe('readFiles', () => {
  it.each([
    ['files in the order given', ['c.json', 'b.yaml'], ['c.json', 'b.yaml']],
    ['a directory with all below it, by name', ['deep'], ['deep/e.yaml', 'deep/er/f.yaml', 'deep/latin.yaml']],
    ['a directory with a slash', ['deep/er/'], ['deep/er/f.yaml']],
    ['a directory that is called like a file', ['named.yaml'], ['named.yaml/g.yaml']],
    ['an empty directory', ['empty'], []],
    ['standard input', ['-', 'b.yaml'], ['-', 'b.yaml']],
    ['a file once, whatever it is called', ['b.yaml', 'deep/../b.yaml', 'b.yaml', '-', '-'], ['b.yaml', '-']],
    ['a file once, beside its directory', ['deep/er/f.yaml', 'deep/er'], ['deep/er/f.yaml']],
  ])('reads %s', (_, paths, sources) => expect(read(...paths).sources).toEqual(sources));

  it('skips other files, and says so', () => {
    expect(read('d.txt', 'deep')).toMatchObject({ skipped: ['d.txt', 'deep/er/README'] });
  });

  it('reads any file that is named, where it is told to', () => {
    const { sources, skipped } = readFiles([join(folder, 'd.txt'), join(folder, 'deep/er')], () => '', { anyExtension: true });
    expect([sources.map((s) => s.text), skipped.length]).toEqual([['d.txt', 'deep/er/f.yaml'], 1]);
  });

  it('follows links, but not in circles', () => {
    const { sources, unreadable } = read('links');
    expect(sources).toEqual([
      'links/b.yaml',
      'links/up/.hidden.yaml',
      'links/up/a.yml',
      'links/up/b.yaml',
      'links/up/c.json',
      'links/up/deep/e.yaml',
      'links/up/deep/er/f.yaml',
      'links/up/deep/latin.yaml',
      'links/up/named.yaml/g.yaml',
    ]);
    expect(unreadable).toEqual(['links/dangling.yaml: it is gone, or a link that leads nowhere', 'links/itself.yaml: the links lead in a circle']);
  });

  it('a path that is named has to be there', () => {
    expect(() => read('b.yaml', 'none.yaml')).toThrow(MissingFileError);
    expect(() => read('links/dangling.yaml')).toThrow(MissingFileError);
    expect(read('links/itself.yaml').unreadable).toEqual(['links/itself.yaml: the links lead in a circle']);
    expect(read('b.yaml/c').unreadable).toHaveLength(1);
  });

  it('knows JSON by its name, and texts that are no UTF-8', () => {
    const { sources } = readFiles([join(folder, 'c.json'), join(folder, 'deep/latin.yaml'), join(folder, 'b.yaml')], () => '');
    expect(sources.map((s) => [s.json, s.damaged])).toEqual([
      [true, undefined],
      [false, true],
      [false, undefined],
    ]);
  });
});
