import fc from 'fast-check';
import { expect, it } from 'vitest';
import { OverlapIndex } from './host-overlap.ts';
import { hostsOverlap } from './hosts.ts';

const host = fc
  .tuple(fc.boolean(), fc.array(fc.constantFrom('a', 'b', 'ab'), { maxLength: 4 }))
  .map(([wild, labels]) => (wild ? ['*', ...labels] : labels).join('.'));

it('finds what hostsOverlap finds', () => {
  fc.assert(
    fc.property(fc.array(host), host, (hosts, wanted) => {
      const index = new OverlapIndex<string>();
      for (const h of hosts) index.add(h, h);
      const expected = new Set(hosts.filter((h) => hostsOverlap(h, wanted)));
      expect(index.overlapping(wanted)).toEqual(expected);
      expect(index.overlaps(wanted)).toBe(expected.size > 0);
    }),
  );
});
