import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAtLeast, numberOf, ResourceVersions } from './resource-versions.ts';

const vs = 'VirtualService shop/cart';

describe('the mesh that has a version', () => {
  it('is the first one after the change', () => {
    const versions = new ResourceVersions();
    expect(versions.generationOf(vs, '5')).toBe(0);
    versions.changed(vs, '10');
    expect(versions.generationOf(vs, '10')).toBeUndefined();
    versions.committed(3);
    expect(versions.generationOf(vs, '10')).toBe(3);
    expect(versions.generationOf(vs)).toBe(3);
    versions.changed(vs, '20');
    // The one before is where it was.
    expect([versions.generationOf(vs, '10'), versions.generationOf(vs, '19'), versions.generationOf(vs, '20')]).toEqual([3, 3, undefined]);
    versions.committed(5);
    expect([versions.generationOf(vs, '19'), versions.generationOf(vs, '20'), versions.generationOf(vs, '99')]).toEqual([3, 5, 5]);
  });

  it('of several changes at once is the one that has the last', () => {
    const versions = new ResourceVersions();
    for (const version of ['10', '11', '12']) versions.changed(vs, version);
    versions.committed(1);
    expect(['10', '11', '12'].map((version) => versions.generationOf(vs, version))).toEqual([1, 1, 1]);
  });

  it('of a change that changed no mesh is the one that was there', () => {
    const versions = new ResourceVersions();
    versions.changed(vs, '10');
    versions.committed(4);
    // A status was written.
    versions.changed(vs, '11');
    versions.committed(4);
    expect(['10', '11'].map((version) => versions.generationOf(vs, version))).toEqual([4, 4]);
  });

  it('of a removal is the first one without it, also when it comes back', () => {
    const versions = new ResourceVersions();
    versions.changed(vs, '10');
    versions.committed(1);
    versions.changed(vs, undefined);
    expect(versions.generationOf(vs)).toBeUndefined();
    versions.committed(2);
    expect([versions.generationOf(vs), versions.lastOf(vs)]).toEqual([2, undefined]);
    versions.changed(vs, '30');
    versions.committed(3);
    expect([versions.generationOf(vs, '10'), versions.generationOf(vs, '30'), versions.lastOf(vs)]).toEqual([1, 3, 30n]);
  });

  it('of what was forgotten is no older than it was', () => {
    const versions = new ResourceVersions({ resources: 2, versions: 2 });
    for (const [i, name] of ['a', 'b', 'c'].entries()) {
      versions.changed(name, `${i + 1}0`);
      versions.committed(i + 1);
    }
    expect([versions.size, versions.generationOf('a', '10'), versions.generationOf('never', '1')]).toEqual([2, 1, 1]);
    for (const generation of [4, 5, 6]) {
      versions.changed('c', `${generation}0`);
      versions.committed(generation);
    }
    expect(['30', '40', '50', '60'].map((version) => versions.generationOf('c', version))).toEqual([5, 5, 5, 6]);
  });
});

it('with a bound, the answer may be later than without, and never earlier', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('change' as const), name: fc.constantFrom('a', 'b', 'c', 'd', 'e'), isRemoved: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('commit' as const), isOther: fc.boolean() }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const bounded = new ResourceVersions({ resources: 2, versions: 2 });
      const whole = new ResourceVersions({ resources: 1000, versions: 1000 });
      let generation = 0;
      let version = 0;
      for (const one of steps) {
        if (one.kind === 'commit') {
          if (one.isOther) generation++;
          for (const versions of [bounded, whole]) versions.committed(generation);
          expect(bounded.size).toBeLessThanOrEqual(2);
        } else {
          version++;
          for (const versions of [bounded, whole]) versions.changed(one.name, one.isRemoved ? undefined : String(version));
        }
        for (const name of ['a', 'b', 'c', 'd', 'e']) {
          for (const wanted of [undefined, ...Array.from({ length: version }, (_, i) => String(i + 1))]) {
            const [early, late] = [whole.generationOf(name, wanted), bounded.generationOf(name, wanted)];
            expect(late ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(early ?? Number.POSITIVE_INFINITY);
            expect(late ?? 0).toBeLessThanOrEqual(generation);
          }
        }
      }
    }),
    { numRuns: 200 },
  );
});

it.each([
  ['10', '9', true],
  ['9', '10', false],
  ['10', '10', true],
  ['18446744073709551616', '18446744073709551615', true],
  ['abc', 'abc', true],
  ['abc', 'abd', false],
  [undefined, '1', false],
])('%s is at least %s: %s', (own, other, expected) => {
  expect(isAtLeast(own, other)).toBe(expected);
});

it.each([
  ['12', 12n],
  ['', undefined],
  ['-1', undefined],
  ['1.5', undefined],
  [undefined, undefined],
])('%s as a number', (text, expected) => {
  expect(numberOf(text)).toBe(expected);
});
