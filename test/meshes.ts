// Meshes for tests that want a bit of everything: every kind, and most of what analyzers report.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sourceText } from '../src/manifest/files.ts';
import type { SourceText } from '../src/manifest/resource.ts';

const root = join(import.meta.dirname, '..');

/** The files of a folder, by name; without route tests. */
export function meshIn(folder: string): SourceText[] {
  const names = readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.yaml') && !name.endsWith('.weft-test.yaml'))
    .sort();
  return names.map((name) => sourceText(`${folder}/${name}`, readFileSync(join(root, folder, name), 'utf8')));
}

/** Meshes that stand alone. */
export const meshes: readonly (readonly SourceText[])[] = [
  meshIn('fixtures/payment'),
  meshIn('fixtures/payment-broken'),
  ...meshIn('test/meshes').map((one) => [one]),
];
