// One step: what was recorded, what was seen, and where they differ.
import { isDeepStrictEqual } from 'node:util';
import type { CaseStep, Observation } from '../corpus.ts';
import type { Choices } from './choices.ts';
import { shown } from './values.ts';

/** Compares the fields of one step. */
export class StepComparison {
  readonly expected: Observation;
  readonly actual: Observation;
  readonly choices: Choices;
  readonly step: CaseStep;
  readonly found: { what: string; timing: boolean }[] = [];
  private readonly listed: (field: string) => boolean;

  constructor(step: CaseStep, expected: Observation, actual: Observation, choices: Choices, listed: (field: string) => boolean) {
    this.step = step;
    this.expected = expected;
    this.actual = actual;
    this.choices = choices;
    this.listed = listed;
  }

  /** The recording says that the field was not the same twice. */
  varies(field: string): boolean {
    return this.listed(field);
  }

  differs(field: string, what: string, timing = false): void {
    this.found.push({ what: `${field}: ${what}`, timing });
  }

  unequal(field: string): void {
    this.differs(field, `expected ${shown(this.expected[field])}, got ${shown(this.actual[field])}`);
  }

  /** Fields that have to be the same. */
  exactly(fields: readonly string[]): void {
    for (const field of fields) {
      if (this.varies(field)) continue;
      if (!isDeepStrictEqual(this.expected[field], this.actual[field])) this.unequal(field);
    }
  }
}
