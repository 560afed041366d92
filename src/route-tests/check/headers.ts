// Headers as destinations see them, and as clients get them.
import type { HeaderChange, SimulatedDestination, Simulation, UpstreamHead } from '../../simulate/simulation.ts';
import type { ExpectedHeaders } from '../format/test-format.ts';
import type { Mismatch } from '../result.ts';

const absent = 'not there';

/** @param label of the destination, where there are several */
export function checkRequestHeaders(expect: NonNullable<ExpectedHeaders['request']>, sees: UpstreamHead, label: string): Mismatch[] {
  return compare(expect, `${label}headers.request`, (name) =>
    name === 'host' ? [sees.authority] : sees.headers.filter(([own]) => own === name).map(([, value]) => value),
  );
}

/** A change of a header of the response. */
export type ResponseChange = Pick<HeaderChange, 'op' | 'name' | 'value' | 'format'>;

/** All that is done to the response of a destination, in order: CORS has the last word. */
export function responseChanges({ responseHeaders, cors }: Simulation, destination: SimulatedDestination): ResponseChange[] {
  return [...destination.responseHeaders, ...responseHeaders, ...(cors?.headers ?? []).map(([name, value]) => ({ op: 'set' as const, name, value }))];
}

/** What a route and its destination do to a response. */
export function checkResponseChanges(expect: NonNullable<ExpectedHeaders['response']>, changes: readonly ResponseChange[], label: string): Mismatch[] {
  const field = `${label}headers.response`;
  const done = changesByName(changes);
  const out: Mismatch[] = [];
  for (const [name, value] of expect.set ?? []) {
    const got = done.get(name.toLowerCase());
    if (got?.values.includes(value)) continue;
    out.push({
      field: `${field}.set.${name}`,
      expected: value,
      got: got === undefined ? 'left as it is' : got.values.length > 0 ? got.values.join(', ') : 'removed',
    });
  }
  for (const name of expect.removed ?? []) {
    const got = done.get(name.toLowerCase());
    if (got?.removed && got.values.length === 0) continue;
    out.push({ field: `${field}.removed`, expected: name, got: got ? `${name} is ${got.values.join(', ')}` : `${name} is left as it is` });
  }
  return out;
}

interface Done {
  removed: boolean;
  values: string[];
}

function changesByName(changes: readonly ResponseChange[]): Map<string, Done> {
  const done = new Map<string, Done>();
  for (const { op, name, value, format = '' } of changes) {
    const of = done.get(name) ?? { removed: false, values: [] };
    done.set(name, of);
    if (op === 'remove') Object.assign(of, { removed: true, values: [] });
    else of.values = [...(op === 'add' ? of.values : []), value ?? format];
  }
  return done;
}

/** Of an answer of the proxy itself. */
export function checkReplyHeaders(expect: NonNullable<ExpectedHeaders['response']>, headers: readonly (readonly [string, string])[]): Mismatch[] {
  return compare(expect, 'headers.response', (name) => headers.filter(([own]) => own.toLowerCase() === name).map(([, value]) => value));
}

function compare(
  { set = [], removed = [] }: NonNullable<ExpectedHeaders['request']>,
  field: string,
  valuesOf: (name: string) => readonly string[],
): Mismatch[] {
  const out: Mismatch[] = [];
  for (const [name, value] of set) {
    const got = valuesOf(name.toLowerCase());
    if (!got.includes(value)) out.push({ field: `${field}.set.${name}`, expected: value, got: got.length > 0 ? got.join(', ') : absent });
  }
  for (const name of removed) {
    const got = valuesOf(name.toLowerCase());
    if (got.length > 0) out.push({ field: `${field}.removed`, expected: `${name} ${absent}`, got: `${name}: ${got.join(', ')}` });
  }
  return out;
}
