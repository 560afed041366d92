import { expect, it } from 'vitest';
import { Resource } from '../manifest/resource.ts';
import { ageIsKnown, byCreation } from './creation.ts';

const made = (name: string, namespace: string, creationTimestamp?: unknown): Resource =>
  new Resource({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace, creationTimestamp } as object }, 'Service', namespace, undefined);

it('the older first, then the new, by name and namespace', () => {
  const list = [
    made('b', 'x'),
    made('a', 'y'),
    made('a', 'x'),
    made('c', 'x', '2025-01-02T00:00:00Z'),
    made('d', 'x', '2024-12-31T00:00:00Z'),
    made('0', 'x', 7),
  ];
  expect(list.toSorted(byCreation).map((r) => r.fullName)).toEqual(['x/d', 'x/c', 'x/0', 'x/a', 'y/a', 'x/b']);
});

it.each([
  ['2025-01-02T00:00:00Z', '2025-01-03T00:00:00Z', true],
  ['2025-01-02T00:00:00Z', '2025-01-02T00:00:00Z', false],
  ['2025-01-02T00:00:00Z', undefined, false],
  [undefined, undefined, false],
])('%s and %s: known %s', (a, b, known) => expect(ageIsKnown(made('a', 'x', a), made('b', 'x', b))).toBe(known));
