// What is installed beside weft: the lockfile names it with checksums, and none of it has to run anything to be installed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

interface Entry {
  version?: string;
  resolved?: string;
  integrity?: string;
  hasInstallScript?: boolean;
  link?: boolean;
  inBundle?: boolean;
}

const read = (name: string): unknown => JSON.parse(readFileSync(join(import.meta.dirname, '..', name), 'utf8'));
const { packages } = read('package-lock.json') as { packages: Record<string, Entry> };
const installed = Object.entries(packages).filter(([path]) => path !== '');
const named = (holds: (entry: Entry) => boolean): string[] => installed.filter(([, entry]) => holds(entry)).map(([path]) => path);

it('every package has a checksum, and comes from where each machine is told to get packages', () => {
  expect(installed.length).toBeGreaterThan(100);
  expect(named(({ integrity, link, inBundle }) => !link && !inBundle && !/^sha512-/.test(integrity ?? ''))).toEqual([]);
  expect(named(({ resolved }) => resolved !== undefined)).toEqual([]);
});

it('scripts of packages that run at their installation are known, and refused or of no consequence', () => {
  const { allowScripts } = read('package.json') as { allowScripts: Record<string, boolean> };
  expect(Object.values(allowScripts).some(Boolean)).toBe(false);
  // That of protobufjs compares versions and prints.
  const known = [...Object.keys(allowScripts), '@grpc/proto-loader/node_modules/protobufjs'].map((name) => `node_modules/${name}`);
  expect(named(({ hasInstallScript }) => hasInstallScript === true).filter((path) => !known.includes(path))).toEqual([]);
});

it('versions of packages that were bad on purpose are not among them', () => {
  // Releases that were taken over by somebody else, and have been withdrawn.
  const bad = [
    'ansi-regex@6.2.1',
    'ansi-styles@6.2.2',
    'chalk@5.6.1',
    'color-convert@3.1.1',
    'color-name@2.0.1',
    'debug@4.4.2',
    'is-arrayish@0.3.3',
    'slice-ansi@7.1.1',
    'strip-ansi@7.1.1',
    'supports-color@10.2.1',
    'supports-hyperlinks@4.1.1',
    'wrap-ansi@9.0.1',
  ];
  const all = installed.map(([path, { version }]) => `${path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)}@${version}`);
  expect(all.filter((one) => bad.includes(one))).toEqual([]);
});
