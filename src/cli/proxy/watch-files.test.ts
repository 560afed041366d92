import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { pause, until } from '../../../test/until.ts';
import type { ReadFiles } from '../../manifest/files.ts';
import { watchFiles } from './watch-files.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A directory with a manifest, as it was read a moment ago. */
function read(isOld: boolean): { file: string; input: ReadFiles } {
  const directory = mkdtempSync(join(tmpdir(), 'weft-watch-'));
  cleanups.push(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'mesh.yaml');
  writeFileSync(file, 'a: 1');
  if (isOld) for (const path of [file, directory]) utimesSync(path, 1_000_000_000, 1_000_000_000);
  return { file, input: { sources: [{ name: file, text: 'a: 1', json: false }], skipped: [], unreadable: [], directories: [directory] } };
}

function watched({ input }: { input: ReadFiles }): { looks: number } {
  const seen = { looks: 0 };
  const changed = async (): Promise<ReadFiles> => {
    seen.looks++;
    return input;
  };
  cleanups.push(watchFiles(input.directories, input, changed, () => {}));
  return seen;
}

test('what changed since the process began is read again: it may have changed before it was watched', async () => {
  const seen = watched(read(false));
  await until(() => seen.looks === 1, 'it is read');
});

test('what was there before is read again when it changes, and not before', async () => {
  const old = read(true);
  const seen = watched(old);
  await pause(200);
  expect(seen.looks).toBe(0);
  writeFileSync(old.file, 'a: 2');
  await until(() => seen.looks > 0, 'it is read');
});

test('a directory that is new is read again once it is watched: something may have come into it meanwhile', async () => {
  const old = read(true);
  const fresh = join(old.input.directories[0] as string, 'more');
  let looks = 0;
  const changed = async (): Promise<ReadFiles> => {
    looks++;
    return { ...old.input, directories: [...old.input.directories, fresh] };
  };
  cleanups.push(watchFiles(old.input.directories, old.input, changed, () => {}));
  mkdirSync(fresh);
  await until(() => looks === 2, 'it is read twice');
  await pause(200);
  expect(looks).toBe(2);
});
