import { describe, expect, it } from 'vitest';
import { citationsOf, observedRules } from './rule-coverage.ts';

describe('the rules of a file', () => {
  it('are those whose mark is V or VI, whatever else the mark and the table say', () => {
    const lines = [
      '| Rule | Statement | Mark |',
      '|---|---|---|',
      '| XX-R1 | a | V |',
      '| XX-R2 | b | S, VI (a7) |',
      '| XX-R3 | V in the text | S |',
      '| XX-R4 | details{a\\|b} | 503 | | V/S |',
      '| XX-R5 | c | U |',
      'XX-R6 in prose V',
    ];
    expect(observedRules(lines.join('\n'))).toEqual([
      { id: 'XX-R1', statement: 'a' },
      { id: 'XX-R2', statement: 'b' },
      { id: 'XX-R4', statement: 'details{a\\|b}' },
    ]);
  });
});

describe('citations', () => {
  it.each([
    ["it('XX-R1: x')", ['XX-R1'], []],
    ['XX-R18, R19, R24', ['XX-R18', 'XX-R19', 'XX-R24'], []],
    ['XX-R1 and YY-R2', ['XX-R1', 'YY-R2'], []],
    ['XX-R10 to R13', ['XX-R10', 'XX-R13'], ['XX-R11', 'XX-R12']],
    ['XX-R10..R12', ['XX-R10', 'XX-R12'], ['XX-R11']],
    ['XX-R10 to XX-R12, R20', ['XX-R10', 'XX-R12', 'XX-R20'], ['XX-R11']],
    ['XX-R1, YY-R4 to R6', ['XX-R1', 'YY-R4', 'YY-R6'], ['YY-R5']],
    ['XX-R1 to YY-R4', ['XX-R1', 'YY-R4'], []],
    ['XX-R1 to R1000', ['XX-R1', 'XX-R1000'], []],
    ['XX-R1 and the rest; R2 alone', ['XX-R1'], []],
    ['fooXX-R1a XX-R2b', [], []],
  ])('%s', (text, explicit, ranged) => {
    const found = citationsOf(text);
    expect([...found.explicit]).toEqual(explicit);
    expect([...found.ranged]).toEqual(ranged);
  });
});
