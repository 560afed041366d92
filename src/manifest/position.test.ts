import { expect, test } from 'vitest';
import { locate, positionAt } from './position.ts';
import { type RawObject, Resource } from './resource.ts';

const text = `before: 1
---
a:
list:
  -
  # - c
  -
  - z # x-y
  -
b:
- - a
  -
`;

test.each([
  [['a'], 3],
  [['list', 0], 5],
  [['list', 1], 7],
  [['list', 2], 8],
  [['list', 3], 9],
  [['b', 0, 1], 12],
  [['b', 0, 7], 11],
])('%j is on line %i, though nothing may be written there', (path, line) => {
  const start = text.indexOf('a:');
  const document = { source: { name: 'a.yaml', text, json: false }, index: 1, start, end: text.length };
  const resource = new Resource({ apiVersion: 'v1', kind: 'A', metadata: {} } as RawObject, '', '', document);
  const place = locate(resource, path)?.place;
  expect(positionAt(document.source, (place?.key ?? place?.value)?.start ?? 0).line).toBe(line);
});
