// docs/security.md names the tests that hold it: here they are looked for.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs/security.md'), 'utf8');

/** Lines of tables, by what they are about. */
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (?:Attack|---)/.test(line))
  .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '')))
  .map((cells) => ({
    attack: cells[0] ?? '',
    cells,
    guards: [...(cells[2] ?? '').matchAll(/`([^`]+)` "([^"]+)"/g)].map(([, file = '', name = '']) => ({ file, name })),
  }));

describe('docs/security.md', () => {
  it('says of every line what is done, and what guards it', () => {
    expect(rows.length).toBeGreaterThan(40);
    expect(rows.filter(({ cells, guards }) => cells.length !== 3 || guards.length === 0).map(({ attack }) => attack)).toEqual([]);
    // Nothing but guards in the last cell: one that is written in another way would not be looked for.
    const rest = rows.map(({ cells }) => (cells[2] ?? '').replaceAll(/`[^`]+` "[^"]+"/g, '').replaceAll(/[; ]/g, ''));
    expect(rest.filter((text) => text !== '')).toEqual([]);
  });

  it.each(rows.flatMap(({ guards }) => guards.map(({ file, name }) => [file, name] as const)))('%s has: %s', (file, name) => {
    const path = join(root, file);
    expect(existsSync(path)).toBe(true);
    const source = readFileSync(path, 'utf8');
    // A title of a test, or of a group: the whole of it.
    const quoted = [`'${name}'`, `\`${name}\``, JSON.stringify(name)];
    expect(quoted.filter((text) => source.includes(text))).not.toEqual([]);
  });

  it('leads to pages that there are', () => {
    const pages = [...page.matchAll(/\]\(([\w-]+\.md)\)/g)].map(([, name = '']) => name);
    expect(pages.length).toBeGreaterThan(3);
    expect(pages.filter((name) => !existsSync(join(root, 'docs', name)))).toEqual([]);
  });
});
