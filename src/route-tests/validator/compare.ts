// What a test case of istio-config-validator expects of a rule, against what is written there.

import { completeHost } from '../../translate/complete-names.ts';
import { isMap } from '../format/shape.ts';
import type { Mismatch } from '../result.ts';
import type { FoundRule } from './rule-book.ts';
import type { ValidatorExpectation } from './validator-format.ts';

const parts = ['route', 'redirect', 'rewrite', 'fault', 'headers', 'delegate'] as const;

/** @param rules what takes the request, with delegates followed and as it is written */
export function compareRule(
  expect: ValidatorExpectation,
  wantMatch: boolean,
  rules: { delegated: FoundRule | undefined; written: FoundRule | undefined },
): Mismatch[] {
  return parts.flatMap((part): Mismatch[] => {
    const wanted = expect[part];
    if (wanted === undefined) return [];
    const rule = part === 'delegate' ? rules.written : rules.delegated;
    const namespace = rule?.origin.namespace ?? '';
    const [wantedText, gotText] = [wanted, rule?.route[part]].map((value) => textOf(value, part, namespace)) as [string, string];
    if ((wantedText === gotText) === wantMatch) return [];
    return [{ field: part, expected: wantMatch ? wantedText : `anything but ${wantedText}`, got: gotText }];
  });
}

/** Equal for equal values: names of fields sorted, nothing empty, hosts complete. */
function textOf(value: unknown, part: (typeof parts)[number], namespace: string): string {
  const plain = plainOf(value, namespace);
  if (plain === undefined) return `no ${part}`;
  // A single destination gets everything, whatever its weight (RT-R2).
  if (part === 'route' && Array.isArray(plain) && plain.length === 1 && isMap(plain[0])) delete plain[0].weight;
  return JSON.stringify(plain);
}

function plainOf(value: unknown, namespace: string, key = ''): unknown {
  if (value === null || value === undefined || value === '' || value === 0 || value === false) return undefined;
  if (Array.isArray(value)) {
    const items = value.flatMap((item) => plainOf(item, namespace) ?? []);
    return items.length > 0 ? items : undefined;
  }
  if (!isMap(value)) return key === 'host' && typeof value === 'string' && namespace !== '' ? completeHost(namespace, value) : value;
  const entries = Object.entries(value)
    .map(([name, one]) => [name, plainOf(one, namespace, key === 'destination' ? name : name === 'destination' ? 'destination' : '')] as const)
    .filter(([, one]) => one !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}
