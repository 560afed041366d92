import { expect, it } from 'vitest';
import { plainStyle } from '../../analysis/report/style.ts';
import { Page } from './page.ts';

function lines(width: number, ...rows: Parameters<Page['row']>[]): string[] {
  const page = new Page(width, plainStyle);
  for (const row of rows) page.row(...row);
  return page.text().trimEnd().split('\n');
}

it('a place is behind its text where it fits, else below it', () => {
  expect(lines(40, ['timeout 2s', { place: 'mesh.yaml:12' }])).toEqual(['  timeout 2s  mesh.yaml:12']);
  expect(lines(40, ['a text of thirty-two characters.', { place: 'mesh.yaml:12' }])).toEqual(['  a text of thirty-two characters.', '    mesh.yaml:12']);
});

it('words go into lines that are not too long, but for those that are', () => {
  const text = `${'word '.repeat(20)}${'x'.repeat(60)}`;
  const found = lines(40, [text, { indent: 4 }]);
  expect(found.slice(0, -1).every((line) => line.length <= 40)).toBe(true);
  expect(found.join(' ').split(/\s+/).filter(Boolean).join(' ')).toBe(text);
  expect(found[1]).toMatch(/^ {6}word/);
});

it('nothing of the input does anything to the terminal', () => {
  expect(lines(80, ['a\u001b[31mb\nc\u202e', { place: 'f\u0007' }])).toEqual(['  a\u241b[31mb c\ufffd  f\u2407']);
});
