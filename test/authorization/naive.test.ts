import { expect, it } from 'vitest';
import { compareWithNaive } from './compare.ts';

const sets = Number(process.env.AUTHORIZATION_SETS ?? 180);
const seed = process.env.AUTHORIZATION_SEED === undefined ? {} : { seed: Number(process.env.AUTHORIZATION_SEED) };

it('SEC-R21, SEC-R22, SEC-R23: compiled policies decide as the rules one by one, in doubt against the request', { timeout: 1_200_000 }, () => {
  const { decisions, allowed, denied, byRule, unrestricted } = compareWithNaive({ sets, mostRules: 30, ...seed });
  // Otherwise hardly anything was compared.
  expect(decisions).toBeGreaterThan(2 * sets);
  for (const count of [allowed, denied, byRule, unrestricted]) expect(count).toBeGreaterThan(decisions / 100);
  if (process.env.AUTHORIZATION_SETS) console.info(`${decisions} decisions on ${sets} sets of policies: ${allowed} allowed, ${denied} denied`);
});
