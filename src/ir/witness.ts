import type { HeaderMatcher, ScopedMatch } from './route-match.ts';
import { matchesHeader, matchesProxy, matchesRequest } from './route-match.ts';
import { matchesString, type RegexTest, type StringMatcher } from './string-matcher.ts';

// Whether a match is ever reached is decided by a search for a request that meets it and none of the earlier ones. For each part
// of a request (path, a header, a label of the proxy …) the conditions that speak of it split its values into finitely many
// classes; one value a class is tried. A class that a regular expression makes is represented by an unnamed member of it, of which
// only what certainly holds is taken to hold. So a match is called covered only when it certainly is.

/** A value of one part of a request: a text, its absence, or some text that a regular expression matches. */
type Value = { kind: 'text'; text: string } | { kind: 'absent' } | { kind: 'member'; expression: string };

export type Coverage =
  | { covered: false }
  /** Indexes of the earlier matches that together take every request. */
  | { covered: true; by: number[] };

/** Which values a proxy can have where virtual services are bound to these gateways (`mesh` for sidecars). */
export interface CoverageOptions {
  gateways: readonly string[];
  regex: RegexTest;
}

const fresh = ["~0aZ/%41-_.!$&'()*+,;=:@", '~', '0', 'a', 'Z', '/', '/~/~', '-', '.'];
const freshMethods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE', 'CONNECT', 'X-OTHER'];
/** More combined earlier matches than this are not searched: then nothing is claimed. */
const mostCombined = 48;
const mostSteps = 20_000;

/**
 * Whether the requests of `target` are all taken by `earlier` matches, exactly for exact and prefix conditions, and never wrongly
 * said for regular expressions.
 */
export function coverageOf(target: ScopedMatch, earlier: readonly ScopedMatch[], options: CoverageOptions): Coverage {
  const candidates: number[] = [];
  for (let i = 0; i < earlier.length; i++) if (mayOverlap(target, earlier[i] as ScopedMatch)) candidates.push(i);
  if (candidates.length === 0 || hasPlainWitness(target, earlier, candidates, options)) return { covered: false };
  for (const i of candidates) if (coveredBy(target, [earlier[i] as ScopedMatch], options)) return { covered: true, by: [i] };
  if (candidates.length < 2 || candidates.length > mostCombined) return { covered: false };
  const all = candidates.map((i) => earlier[i] as ScopedMatch);
  if (!coveredBy(target, all, options)) return { covered: false };
  // Those without which it is still covered are not to blame.
  let by = candidates;
  for (const i of candidates) {
    const rest = by.filter((b) => b !== i);
    if (
      rest.length > 0 &&
      coveredBy(
        target,
        rest.map((b) => earlier[b] as ScopedMatch),
        options,
      )
    )
      by = rest;
  }
  return { covered: true, by };
}

/** Tries the one request that most often is a witness: as little as the target asks for, and a path that nobody else names. */
function hasPlainWitness(target: ScopedMatch, earlier: readonly ScopedMatch[], candidates: readonly number[], { gateways, regex }: CoverageOptions): boolean {
  const plain = (m: StringMatcher): string => (m.kind === 'exact' ? m.value : m.kind === 'prefix' ? m.value + fresh[0] : (fresh[0] as string));
  const headers = new Map([
    [':method', 'X-OTHER'],
    [':scheme', 'http'],
    [':authority', fresh[0] as string],
  ]);
  for (const { name, matcher, inverted } of target.headers) if (!inverted) headers.set(name, plain(matcher));
  const request = { path: target.path ? plain(target.path) : `/${fresh[0]}`, headers, query: new Map(target.query.map((q) => [q.name, plain(q.matcher)])) };
  if (!matchesRequest(target, request, regex)) return false;
  const { sourceLabels, sourceNamespace, port } = target.proxy;
  return (target.proxy.gateways.length > 0 ? target.proxy.gateways : gateways).some((gateway) => {
    const proxy = { gateway, labels: sourceLabels, namespace: sourceNamespace, port: port === 0 ? -1 : port };
    return !candidates.some((i) => {
      const match = earlier[i] as ScopedMatch;
      return matchesProxy(match.proxy, proxy) && matchesRequest(match, request, regex);
    });
  });
}

/** Cheap and generous: false only when one exact or prefix path excludes the other. */
function mayOverlap(a: ScopedMatch, b: ScopedMatch): boolean {
  if (!a.path || !b.path || a.path.kind === 'regex' || b.path.kind === 'regex' || a.path.kind === 'present' || b.path.kind === 'present') return true;
  const [x, y] = [a.path.value.toLowerCase(), b.path.value.toLowerCase()];
  if (a.path.kind === 'exact' && b.path.kind === 'exact') return x === y;
  if (a.path.kind === 'exact') return x.startsWith(y);
  if (b.path.kind === 'exact') return y.startsWith(x);
  return x.startsWith(y) || y.startsWith(x);
}

/** One part of a request, with the condition that each match has on it. */
interface Dimension {
  values: Value[];
  holds: (match: ScopedMatch, value: Value) => boolean;
}

function coveredBy(target: ScopedMatch, earlier: readonly ScopedMatch[], options: CoverageOptions): boolean {
  const dimensions = dimensionsOf([target, ...earlier], options);
  // For each dimension the sets of earlier matches that a value of it leaves standing; a set that includes another is no use.
  const choices: number[][][] = [];
  for (const { values, holds } of dimensions) {
    const sets: number[][] = [];
    for (const value of values) {
      if (!holds(target, value)) continue;
      const left: number[] = [];
      for (let i = 0; i < earlier.length; i++) if (holds(earlier[i] as ScopedMatch, value)) left.push(i);
      if (left.length < earlier.length || sets.length === 0) sets.push(left);
    }
    // No value at all: the target itself can never be met, and that is not for this search to say.
    if (sets.length === 0) return false;
    sets.sort((a, b) => a.length - b.length);
    const least: number[][] = [];
    for (const set of sets) if (!least.some((l) => l.every((i) => set.includes(i)))) least.push(set);
    choices.push(least);
  }
  let steps = 0;
  const witness = (index: number, standing: readonly number[]): boolean => {
    if (standing.length === 0) return true;
    if (index === choices.length) return false;
    if (++steps > mostSteps) return true;
    return (choices[index] as number[][]).some((set) =>
      witness(
        index + 1,
        standing.filter((i) => set.includes(i)),
      ),
    );
  };
  return !witness(
    0,
    earlier.map((_, i) => i),
  );
}

function dimensionsOf(matches: readonly ScopedMatch[], { gateways, regex }: CoverageOptions): Dimension[] {
  const out: Dimension[] = [];
  const paths = matches.flatMap((m) => (m.path ? [m.path] : []));
  if (paths.length > 0) {
    const values = textValues(paths, ['/', ...fresh.map((f) => `/${f}`)]).filter((v) => v.kind !== 'text' || v.text.startsWith('/'));
    out.push({ values, holds: (m, v) => !m.path || matcherHolds(m.path, v, regex) });
  }
  for (const name of namesOf(matches, (m) => m.headers)) out.push(headerDimension(name, matches, regex));
  for (const name of namesOf(matches, (m) => m.query)) {
    const matchers = matches.flatMap((m) => m.query.filter((q) => q.name === name).map((q) => q.matcher));
    out.push({
      values: [{ kind: 'absent' }, ...textValues(matchers, ['', ...fresh])],
      holds: (m, v) => m.query.every((q) => q.name !== name || (v.kind !== 'absent' && matcherHolds(q.matcher, v, regex))),
    });
  }
  out.push({
    values: gateways.map((text) => ({ kind: 'text', text })),
    holds: (m, v) => m.proxy.gateways.length === 0 || (v.kind === 'text' && m.proxy.gateways.includes(v.text)),
  });
  const bySource = matches.filter((m) => m.proxy.gateways.length === 0);
  const ports = new Set(matches.map((m) => m.proxy.port).filter((p) => p !== 0));
  if (ports.size > 0) {
    out.push({
      values: [...ports, -1].map((p) => ({ kind: 'text', text: String(p) })),
      holds: (m, v) => m.proxy.port === 0 || (v.kind === 'text' && v.text === String(m.proxy.port)),
    });
  }
  const namespaces = new Set(bySource.map((m) => m.proxy.sourceNamespace).filter((n) => n !== ''));
  if (namespaces.size > 0) {
    out.push({
      values: [{ kind: 'absent' }, ...[...namespaces].map((text): Value => ({ kind: 'text', text }))],
      holds: (m, v) => m.proxy.gateways.length > 0 || m.proxy.sourceNamespace === '' || (v.kind === 'text' && v.text === m.proxy.sourceNamespace),
    });
  }
  for (const label of new Set(bySource.flatMap((m) => Object.keys(m.proxy.sourceLabels)))) {
    const values = new Set(bySource.flatMap((m) => m.proxy.sourceLabels[label] ?? []));
    out.push({
      values: [{ kind: 'absent' }, ...[...values].map((text): Value => ({ kind: 'text', text }))],
      holds: (m, v) =>
        m.proxy.gateways.length > 0 || m.proxy.sourceLabels[label] === undefined || (v.kind === 'text' && v.text === m.proxy.sourceLabels[label]),
    });
  }
  return out;
}

function namesOf(matches: readonly ScopedMatch[], of: (match: ScopedMatch) => readonly { name: string }[]): Set<string> {
  return new Set(matches.flatMap((m) => of(m).map((c) => c.name)));
}

/** Headers that every request has. */
const always = new Set([':method', ':authority', ':scheme', ':path']);

function headerDimension(name: string, matches: readonly ScopedMatch[], regex: RegexTest): Dimension {
  const conditions = (m: ScopedMatch): readonly HeaderMatcher[] => m.headers.filter((h) => h.name === name);
  const matchers = matches.flatMap((m) => conditions(m).map((h) => h.matcher));
  let values: Value[];
  if (name === ':scheme') values = ['http', 'https'].map((text) => ({ kind: 'text', text }));
  else if (name === ':method') values = textValues(matchers, freshMethods).filter((v) => v.kind !== 'text' || v.text !== '');
  else values = textValues(matchers, ['', ...fresh]);
  if (!always.has(name)) values.push({ kind: 'absent' });
  const holds = (m: ScopedMatch, v: Value): boolean =>
    conditions(m).every((h) => {
      // Of an unnamed member nothing is known that an inverted condition could rest on.
      if (v.kind === 'member') return !h.inverted && matcherHolds(h.matcher, v, regex);
      return matchesHeader(h, v.kind === 'absent' ? undefined : v.text, regex);
    });
  return { values, holds };
}

/** One value for each class that the matchers make. */
function textValues(matchers: readonly StringMatcher[], others: readonly string[]): Value[] {
  const texts = new Set(others);
  const members = new Set<string>();
  const foldsCase = matchers.some((m) => m.kind !== 'regex' && m.kind !== 'present' && m.ignoreCase);
  for (const matcher of matchers) {
    if (matcher.kind === 'present') continue;
    if (matcher.kind === 'regex') {
      members.add(matcher.value);
      continue;
    }
    const spellings = foldsCase ? [matcher.value, matcher.value.toLowerCase(), matcher.value.toUpperCase()] : [matcher.value];
    for (const spelling of spellings) {
      texts.add(spelling);
      for (const suffix of fresh) texts.add(spelling + suffix);
    }
  }
  return [...[...texts].map((text): Value => ({ kind: 'text', text })), ...[...members].map((expression): Value => ({ kind: 'member', expression }))];
}

/** Whether the matcher certainly takes the value. */
function matcherHolds(matcher: StringMatcher, value: Value, regex: RegexTest): boolean {
  if (value.kind === 'absent') return false;
  if (value.kind === 'text') return matchesString(matcher, value.text, regex);
  if (matcher.kind === 'present') return true;
  if (matcher.kind === 'regex') return matcher.value === value.expression || isCatchAll(matcher.value, literalPrefix(value.expression));
  return matcher.kind === 'prefix' && !matcher.ignoreCase && literalPrefix(value.expression).startsWith(matcher.value);
}

/** `.*` takes everything; `/api.*` everything that certainly begins with `/api`. */
function isCatchAll(expression: string, prefix: string): boolean {
  const match = /^\^?(.*)\.\*\$?$/s.exec(expression);
  return match !== null && literalPrefix(match[1] as string) === match[1] && prefix.startsWith(match[1] as string);
}

/** The text with which everything that an expression matches certainly begins; empty when there is none. */
export function literalPrefix(expression: string): string {
  const body = expression.startsWith('^') ? expression.slice(1) : expression;
  if (body.includes('|') || body.startsWith('(?')) return '';
  let out = '';
  for (let i = 0; i < body.length; i++) {
    let c = body[i] as string;
    if (c === '\\') {
      const next = body[i + 1] ?? '';
      if (/[A-Za-z0-9]/.test(next)) break;
      c = next;
      i++;
    } else if (/[.*+?()[\]{}^$]/.test(c)) break;
    if (/[*?{]/.test(body[i + 1] ?? '')) break;
    out += c;
  }
  return out;
}
