import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { generatedDocs } from '../scripts/generated-docs.ts';

it.each(Object.entries(generatedDocs()))('%s is what `npm run docs` writes', (path, text) => {
  const file = join(import.meta.dirname, '..', path);
  expect(existsSync(file) ? readFileSync(file, 'utf8') : '').toBe(text);
});
