// A request that meets some matches and none of others: what decides whether a difference of two lists of routes is one for traffic.
//
// For each part of a request (path, a header, a query parameter) the conditions that speak of it split its values into finitely many
// classes, and one value of a class is tried (as in ir/witness.ts, with values in the place of classes, since a request is wanted).
import type { ClaimMatcher, HeaderMatcher, PathMatcher, RouteMatch } from '../ir/route-match.ts';
import { matchesHeader, matchesPath } from '../ir/route-match.ts';
import { matchesString, type StringMatcher } from '../ir/string-matcher.ts';
import { matchesRegex } from '../proxy/core/regex.ts';
import { stableJson } from './canonical.ts';
import { regexSamples, samplesWith } from './regex-samples.ts';

/** What of a request is not free. */
export interface RequestFrame {
  /** Host headers that can come. */
  authorities: readonly string[];
  scheme: 'http' | 'https';
}

export interface Witness {
  path: string;
  query: readonly (readonly [name: string, value: string])[];
  /** Pseudo headers are in it, under their names; a header that is absent is not. */
  headers: ReadonlyMap<string, string>;
  /** The token has to meet claims. */
  claims: boolean;
}

/** `unknown`: nothing was found, and an expression may match what was not tried. */
export type Search = Witness | 'none' | 'unknown';

const mostSteps = 20_000;

/** One value of a part of the request: undefined for its absence. */
type Value = string | undefined;

interface Dimension {
  put: (value: Value, witness: { path: string; query: [string, string][]; headers: Map<string, string>; claims: boolean }) => void;
  values: readonly Value[];
  holds: (match: RouteMatch, value: Value) => boolean;
  /** Conditions of a match that have to hold. */
  matchers: (match: RouteMatch) => readonly PathMatcher[];
}

/** A request that meets all of the first and none of the others. */
export function jointWitness(all: readonly RouteMatch[], none: readonly RouteMatch[], frame: RequestFrame): Search {
  const others = none.filter((match) => mayMeet(match, all));
  const dimensions = dimensionsOf([...all, ...others], frame);
  // For each dimension: values that all take, with those of the others that they leave standing. What includes another set is no use.
  const choices: { value: Value; left: readonly number[] }[][] = [];
  for (const dimension of dimensions) {
    const { values, holds } = dimension;
    const sets: { value: Value; left: number[] }[] = [];
    for (const value of values) {
      if (!all.every((match) => holds(match, value))) continue;
      const left = others.flatMap((match, i) => (holds(match, value) ? [i] : []));
      if (!sets.some((set) => set.left.every((i) => left.includes(i)))) {
        for (let i = sets.length - 1; i >= 0; i--) if (left.every((l) => sets[i]?.left.includes(l))) sets.splice(i, 1);
        sets.push({ value, left });
      }
    }
    if (sets.length === 0 && !isOpen(dimension, all)) return 'none';
    choices.push(sets);
  }
  if (choices.some((sets) => sets.length === 0)) return 'unknown';
  let steps = 0;
  const chosen: Value[] = [];
  const search = (index: number, standing: readonly number[]): boolean => {
    if (index === choices.length) return standing.length === 0;
    if (++steps > mostSteps) return false;
    for (const { value, left } of choices[index] as (typeof choices)[number]) {
      chosen[index] = value;
      const still = standing.filter((i) => left.includes(i));
      if (search(index + 1, still)) return true;
    }
    return false;
  };
  if (
    !search(
      0,
      others.map((_, i) => i),
    )
  )
    return steps > mostSteps ? 'unknown' : whyNot(dimensions, all, others, frame);
  const witness = { path: '/', query: [] as [string, string][], headers: new Map<string, string>(), claims: false };
  for (const [i, dimension] of dimensions.entries()) dimension.put(chosen[i], witness);
  return witness;
}

/** Whether there may be values that all take and that were not tried: an expression decides, and nothing says which text it is. */
function isOpen({ matchers }: Dimension, all: readonly RouteMatch[]): boolean {
  const own = all.flatMap(matchers);
  return own.some(({ kind }) => kind === 'regex') && !own.some((matcher) => matcher.kind === 'exact' && !matcher.ignoreCase);
}

/** Nothing was found: whether expressions are to blame. */
function whyNot(dimensions: readonly Dimension[], all: readonly RouteMatch[], others: readonly RouteMatch[], frame: RequestFrame): 'none' | 'unknown' {
  if (dimensions.some((dimension) => isOpen(dimension, all))) return 'unknown';
  const plain = others.filter((match) => !hasRegex(match));
  return plain.length === others.length || jointWitness(all, plain, frame) === 'none' ? 'none' : 'unknown';
}

function hasRegex({ path, headers, query }: RouteMatch): boolean {
  return path?.kind === 'regex' || [...headers, ...query].some(({ matcher }) => matcher.kind === 'regex');
}

/** Cheap and generous: false only when plain paths exclude each other. */
export function mayMeet({ path }: RouteMatch, others: readonly RouteMatch[]): boolean {
  return others.every((other) => !path || !other.path || pathsMayMeet(path, other.path));
}

function pathsMayMeet(a: PathMatcher, b: PathMatcher): boolean {
  if (a.kind === 'regex' || b.kind === 'regex' || a.kind === 'present' || b.kind === 'present') return true;
  const [x, y] = [a.value.toLowerCase(), b.value.toLowerCase()];
  if (a.kind === 'exact') return b.kind === 'exact' ? x === y : x.startsWith(y);
  return b.kind === 'exact' ? y.startsWith(x) : x.startsWith(y) || y.startsWith(x);
}

const endings = ['x', '/x', '~other', '0'];
const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE'];

function dimensionsOf(matches: readonly RouteMatch[], frame: RequestFrame): Dimension[] {
  const paths = matches.flatMap(({ path }) => (path ? [path] : []));
  const dimensions: Dimension[] = [
    {
      values: unique([
        ...paths.filter(({ kind }) => kind !== 'regex').flatMap(pathTexts),
        ...paths.flatMap(pathTexts),
        ...mixed(paths),
        '/',
        '/x',
        '/~other',
      ]).filter((text) => text?.startsWith('/')),
      matchers: ({ path }) => (path ? [path] : []),
      holds: ({ path }, value) => !path || matchesPath(path, value as string, matchesRegex),
      put: (value, witness) => {
        witness.path = value as string;
      },
    },
  ];
  for (const name of unique(matches.flatMap(({ headers }) => headers.map((header) => header.name)))) dimensions.push(headerDimension(name, matches, frame));
  for (const name of unique(matches.flatMap(({ query }) => query.map((one) => one.name)))) {
    const matchers = matches.flatMap(({ query }) => query.filter((one) => one.name === name).map(({ matcher }) => matcher));
    dimensions.push({
      values: [undefined, ...textValues(matchers, ['1'])],
      matchers: ({ query }) => query.filter((one) => one.name === name).map(({ matcher }) => matcher),
      holds: ({ query }, value) => query.every((one) => one.name !== name || (value !== undefined && matchesString(one.matcher, value, matchesRegex))),
      put: (value, witness) => {
        if (value !== undefined) witness.query.push([name, value]);
      },
    });
  }
  const claims = unique(matches.flatMap((match) => (match.claims ?? []).map(stableJson)));
  if (claims.length > 0) {
    // Tokens are not made up: one that meets any set of claims is taken to be there.
    dimensions.push({
      values: [undefined, ...claims, claims.join('\n')],
      matchers: () => [],
      holds: (match, value) => (match.claims ?? []).every((claim: ClaimMatcher) => value?.split('\n').includes(stableJson(claim)) === true),
      put: (value, witness) => {
        witness.claims = value !== undefined;
      },
    });
  }
  return dimensions;
}

function headerDimension(name: string, matches: readonly RouteMatch[], { authorities, scheme }: RequestFrame): Dimension {
  const own = ({ headers }: RouteMatch): readonly HeaderMatcher[] => headers.filter((header) => header.name === name);
  const matchers = matches.flatMap((match) => own(match).map(({ matcher }) => matcher));
  let values: readonly Value[];
  if (name === ':scheme') values = [scheme];
  else if (name === ':authority') values = authorities;
  else if (name === ':method')
    values = unique([
      ...textValues(
        matchers.filter(({ kind }) => kind !== 'present'),
        [],
      ),
      ...methods,
    ]).filter((text) => /^[A-Z-]+$/.test(text));
  else values = [undefined, ...textValues(matchers, ['1'])];
  // A plain GET where nothing else is asked for.
  if (name === ':method') values = unique(['GET', ...(values as string[])]);
  return {
    values,
    matchers: (match) => own(match).flatMap(({ matcher, inverted }) => (inverted && matcher.kind === 'exact' ? [] : [matcher])),
    holds: (match, value) => own(match).every((header) => matchesHeader(header, value, matchesRegex)),
    put: (value, witness) => {
      if (value !== undefined) witness.headers.set(name, value);
    },
  };
}

function textValues(matchers: readonly StringMatcher[], others: readonly string[]): string[] {
  return unique([...matchers.flatMap(stringTexts), ...mixed(matchers), ...others, '', 'other']);
}

/** What it matches, and what it just does not. */
function stringTexts(matcher: StringMatcher): readonly string[] {
  if (matcher.kind === 'present') return [];
  if (matcher.kind === 'regex') return regexSamples(matcher.value);
  const { value } = matcher;
  const spellings = matcher.ignoreCase ? unique([value, value.toLowerCase(), value.toUpperCase()]) : [value];
  return spellings.flatMap((text) => [text, ...endings.map((ending) => text + ending)]);
}

/** What an expression and a plain text match together. */
function mixed(matchers: readonly PathMatcher[]): string[] {
  const expressions = matchers.flatMap((matcher) => (matcher.kind === 'regex' ? [matcher.value] : []));
  if (expressions.length === 0) return [];
  const texts = matchers.flatMap((matcher) => (matcher.kind === 'prefix' || matcher.kind === 'segments' ? [matcher.value] : []));
  return unique(expressions).flatMap((expression) => unique(texts).flatMap((text) => samplesWith(expression, text)));
}

function pathTexts(matcher: PathMatcher): readonly string[] {
  return matcher.kind === 'segments' ? [matcher.value || '/', ...endings.map((ending) => matcher.value + ending)] : stringTexts(matcher);
}

function unique<T>(list: readonly T[]): T[] {
  return [...new Set(list)];
}
