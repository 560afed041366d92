import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Archive } from './archive.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-archive-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const time = new Date('2026-01-02T03:04:05Z');
const large = Buffer.alloc(20 * 1024 * 1024, 'some text, ');
const long = `a/${'x'.repeat(120)}/${'y'.repeat(150)}.txt`;

async function made(name: string): Promise<string> {
  const archive = Archive.create(folder, name, time);
  await archive.add('top/a.txt', Buffer.from('A'));
  await archive.add('top/b/c.txt', Buffer.from('Grüße'));
  await archive.add('top/empty', Buffer.alloc(0));
  await archive.add(long, Buffer.from('long'));
  await archive.add('top/large', large);
  expect(existsSync(archive.path)).toBe(false);
  await archive.finish();
  return archive.path;
}

it('is one that tar unpacks, with modes and times', async () => {
  const path = await made('a.tar.gz');
  execFileSync('tar', ['xzf', path, '-C', folder]);
  expect(readFileSync(join(folder, 'top/b/c.txt'), 'utf8')).toBe('Grüße');
  expect(readFileSync(join(folder, long), 'utf8')).toBe('long');
  expect(readFileSync(join(folder, 'top/empty')).length).toBe(0);
  expect(readFileSync(join(folder, 'top/large')).equals(large)).toBe(true);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const listed = execFileSync('tar', ['tvzf', path, '--full-time', '--utc'], { encoding: 'utf8' }).split('\n');
  expect(listed[0]).toMatch(/^drwxr-xr-x 0\/0 +0 2026-01-02 03:04:05 top\/$/);
  expect(listed[1]).toMatch(/^-rw-r--r-- 0\/0 +1 2026-01-02 03:04:05 top\/a.txt$/);
});

it('is the same for the same content', async () => {
  const digests = [await made('a.tar.gz'), await made('b.tar.gz')].map((path) => createHash('sha256').update(readFileSync(path)).digest('hex'));
  expect(digests[0]).toBe(digests[1]);
});

it('leaves nothing where it was given up, and what was there before', async () => {
  writeFileSync(join(folder, 'a.tar.gz'), 'before');
  const archive = Archive.create(folder, 'a.tar.gz', time);
  await archive.add('x', large);
  await archive.discard();
  expect(readdirSync(folder)).toEqual(['a.tar.gz']);
  expect(readFileSync(join(folder, 'a.tar.gz'), 'utf8')).toBe('before');
});

it('says why it cannot be written', async () => {
  writeFileSync(join(folder, 'file'), '');
  expect(() => Archive.create(join(folder, 'file', 'x'), 'a.tar.gz', time)).toThrow(/^cannot write .*a\.tar\.gz: .*/);
  const archive = Archive.create(folder, 'b.tar.gz', time);
  // A folder of the name cannot be replaced.
  execFileSync('mkdir', [join(folder, 'b.tar.gz')]);
  await archive.add('x', Buffer.from('x'));
  await expect(archive.finish()).rejects.toThrow(/^cannot write .*b\.tar\.gz: /);
  expect(readdirSync(folder).sort()).toEqual(['b.tar.gz', 'file']);
});

it('leaves nothing where it is given up at once', async () => {
  await Archive.create(folder, 'c.tar.gz', time).discard();
  expect(readdirSync(folder)).toEqual([]);
});
