import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { defaultCorpus, describeOutcome, differs, listCases, type Mode, runCase } from './cases.ts';

/** A case that is meant to differ. docs/deviations.json has one for each id. */
interface Deviation {
  reference: string;
  right: string;
  why: string;
  /** `routing`: of a case of test/routing. */
  modes: (Mode | 'routing')[];
}

const deviations: Record<string, Deviation> = JSON.parse(readFileSync(join(import.meta.dirname, '../../docs/deviations.json'), 'utf8'));
const there = existsSync(defaultCorpus);
if (!there) console.warn(`SKIPPED: no recorded cases in ${defaultCorpus}; the comparison with the reference did not run.`);

describe.skipIf(!there)('recorded cases of the reference', () => {
  for (const mode of ['offline', 'full'] as const) {
    describe(mode, () => {
      for (const recorded of there ? listCases(defaultCorpus, mode) : []) {
        if (deviations[recorded.name]?.modes.includes(mode)) {
          test(`${recorded.name} differs, as docs/deviations.json tells`, async () => {
            expect(differs(await runCase(recorded)), 'it is the same now: take the entry out').toBe(true);
          });
        } else {
          test(recorded.name, async () => {
            expect(describeOutcome(await runCase(recorded))).toBe('');
          });
        }
      }
    });
  }

  test('deviations name recorded cases', () => {
    const isThere = (id: string, modes: readonly string[]): boolean =>
      modes.includes('routing')
        ? ['routing', 'roles'].some((folder) => existsSync(join(defaultCorpus, '..', folder, `${id}.yaml`)))
        : existsSync(join(defaultCorpus, id));
    expect(Object.entries(deviations).filter(([id, { modes }]) => !isThere(id, modes))).toEqual([]);
  });
});

test('every deviation tells what differs, why, and in which modes', () => {
  for (const [id, { reference, right, why, modes }] of Object.entries(deviations)) {
    expect(
      [reference, right, why].every((text) => typeof text === 'string' && text.length > 0),
      id,
    ).toBe(true);
    expect(modes.length > 0 && modes.every((mode) => ['offline', 'full', 'routing'].includes(mode)), id).toBe(true);
  }
});
