import { spawnSync } from 'node:child_process';
import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** Builds dist/ where it is not what the sources are. */
export function setup(): void {
  const changed = (file: string): number => statSync(join(root, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = globSync(['src/**/*.{ts,mjs}', 'analyzers/**/*.ts', 'schemas/**/*.json', 'scripts/{build.ts,warm.cjs}', 'package.json'], { cwd: root });
  if (sources.every((file) => changed(file) <= changed('dist/weft.js'))) return;
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/build.ts')], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the build failed:\n${stderr}`);
}
