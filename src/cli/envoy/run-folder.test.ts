import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { RunFolder } from './run-folder.ts';

const folders: RunFolder[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) folder.delete();
});

const modeOf = (path: string): number => statSync(path).mode & 0o777;

it('what Envoy is given is for nobody else to read, and is replaced as a whole', () => {
  const folder = new RunFolder();
  folders.push(folder);
  const root = dirname(folder.private('x'));
  expect(modeOf(root)).toBe(0o700);
  for (const text of ['old', 'new']) {
    folder.write('listeners.json', text);
    folder.writePrivate('bootstrap.json', text);
  }
  for (const path of [folder.pathOf('listeners.json'), folder.private('bootstrap.json')]) {
    expect(modeOf(path)).toBe(0o600);
    expect(readFileSync(path, 'utf8')).toBe('new');
  }
  // Sockets are in it, too: who may not enter reaches none.
  expect(dirname(folder.adminSocket)).toBe(root);
  expect(dirname(folder.secretSocket)).toBe(root);
  expect(readdirSync(root).sort()).toEqual(['bootstrap.json', 'resources']);
});
