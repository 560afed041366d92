import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { formatScenarios, type Outcome, parseScenarios, run } from './scenario.ts';

const update = process.env.UPDATE_GOLDEN !== undefined;

for (const file of readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.scenario'))
  .sort()) {
  describe(file, () => {
    const path = join(import.meta.dirname, file);
    const text = readFileSync(path, 'utf8');
    const scenarios = parseScenarios(text);
    const outcomes = new Map<number, Outcome>();

    test('is written as it would be written', () => {
      if (!update) expect(formatScenarios(scenarios)).toBe(text);
    });

    for (const [i, scenario] of scenarios.entries()) {
      test.concurrent(scenario.name, async () => {
        const outcome = await run(scenario);
        outcomes.set(i, outcome);
        if (!update) expect(outcome).toEqual(scenario.expected);
      });
    }

    afterAll(() => {
      if (update) writeFileSync(path, formatScenarios(scenarios.map((scenario, i) => ({ ...scenario, expected: outcomes.get(i) ?? scenario.expected }))));
    });
  });
}
