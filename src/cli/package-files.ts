import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A file that ships with the package, by its path from the package's root; works from the sources and from the bundle. */
export function packageFile(path: string): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json')) || !existsSync(join(folder, 'docs'))) {
    const parent = dirname(folder);
    if (parent === folder) return join(import.meta.dirname, path);
    folder = parent;
  }
  return join(folder, path);
}
