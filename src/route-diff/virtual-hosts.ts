// Two virtual hosts for the same host: which requests have another fate. Lists of routes are compared by what they do with requests,
// not one by one: a difference is a pair of routes, the one that takes some request before and the one that takes it now.
import type { Provenance } from '../ir/provenance.ts';
import type { Route, VirtualHost } from '../ir/route.ts';
import { anyProxy, type RouteMatch, type ScopedMatch } from '../ir/route-match.ts';
import { coverageOf } from '../ir/witness.ts';
import { matchesRegex } from '../proxy/core/regex.ts';
import { behaviourKey, matchKey, virtualHostKey } from './canonical.ts';
import type { Change, FieldChange } from './change.ts';
import { differences, type Fact, sideOf } from './facts.ts';
import { jointWitness, mayMeet, type RequestFrame, type Search, type Witness } from './joint-witness.ts';
import { routeFacts } from './route-facts.ts';
import { matchText } from './words.ts';

export interface PlacedHost {
  host: VirtualHost;
  provenance: Provenance;
}

export interface HostChange extends Pick<Change, 'mark' | 'place' | 'instead' | 'fields' | 'at'> {
  /** A request that shows it, and the positions of the routes that take it; -1: none does. */
  shown?: { witness: Witness; old: number; new: number };
}

/** One of a list; without a route it is what comes after the last: no route. */
interface Entry {
  index: number;
  match: RouteMatch;
  route: Route | undefined;
  key: string;
  does: string;
}

const anything: RouteMatch = { path: undefined, headers: [], query: [] };
const noRoute: Entry = { index: -1, match: anything, route: undefined, key: '', does: 'no route' };

/** More pairs than this are not searched one by one: then routes are told as they are written. */
const mostPairs = 4000;

/** None where no request is treated otherwise. */
export function compareHosts(old: PlacedHost, now: PlacedHost, scheme: RequestFrame['scheme']): HostChange[] {
  if (virtualHostKey(old.host) === virtualHostKey(now.host)) return [];
  return [...settingsOf(old, now), ...compareRoutes(old, now, { scheme, authorities: authoritiesOf(old.host, now.host) })];
}

function settingsOf(old: PlacedHost, now: PlacedHost): HostChange[] {
  const [before, after] = [new Set(old.host.domains), new Set(now.host.domains)];
  const gone = [...before].filter((name) => !after.has(name)).sort();
  const come = [...after].filter((name) => !before.has(name)).sort();
  const fields: FieldChange[] = differences(hostFacts(old.host), hostFacts(now.host));
  if (gone.length + come.length > 0) {
    const side = (names: string[]) => ({ text: names.join(', '), value: names });
    fields.push({ field: 'names', ...(gone.length > 0 ? { old: side(gone) } : {}), ...(come.length > 0 ? { new: side(come) } : {}) });
  }
  return fields.length > 0 ? [{ mark: 'changed', place: '', fields, at: originsOf(old.host, now.host) }] : [];
}

function hostFacts({ requireTls, includeAttemptCount }: VirtualHost): Fact[] {
  return [
    { field: 'plain HTTP', text: requireTls ? 'redirected to https' : 'served', value: requireTls },
    { field: 'x-envoy-attempt-count', text: includeAttemptCount ? 'sent' : 'not sent', value: includeAttemptCount },
  ];
}

function originsOf(old: { origin?: Change['at']['old'] } | undefined, now: { origin?: Change['at']['old'] } | undefined): Change['at'] {
  return { ...(old?.origin ? { old: old.origin } : {}), ...(now?.origin ? { new: now.origin } : {}) };
}

/** Host headers that lead to both, the one that clients write first. */
export function authoritiesOf(old: VirtualHost, now: VirtualHost): string[] {
  const common = now.domains.filter((domain) => old.domains.includes(domain));
  const written = (common.length > 0 ? common : now.domains).map((domain) =>
    domain.replace(/^\*\.?/, domain === '*' ? 'any.example' : 'any.').replace(/\*$/, 'any'),
  );
  return [...written].sort((a, b) => rank(a) - rank(b));
}

/** `cart.shop` says enough, and whoever is in another namespace can say it, too. */
function rank(name: string): number {
  if (name.endsWith('.svc')) return 3;
  if (name.endsWith('.')) return 4;
  if (name.endsWith('.svc.cluster.local')) return 2;
  return name.includes('.') ? 0 : 1;
}

function compareRoutes(old: PlacedHost, now: PlacedHost, frame: RequestFrame): HostChange[] {
  const [before, after] = [entriesOf(old.host), entriesOf(now.host)];
  const { from, oldTo, newTo } = middleOf(before, after);
  const [keysBefore, keysAfter] = [new Set(before.map(({ key }) => key)), new Set(after.map(({ key }) => key))];
  const pairs = pairsOf(before, after, { from, oldTo, newTo });
  const found = new Found(old, now, keysBefore, keysAfter);
  if (pairs.length > mostPairs) return asWritten(before, after, found);
  const doubtful: [Entry, Entry][] = [];
  for (const [o, n] of pairs) {
    const earlier = [...before.slice(0, before.indexOf(o)), ...after.slice(0, after.indexOf(n))].map(({ match }) => match);
    const search = jointWitness([o.match, n.match], earlier, frame);
    if (search === 'none' || (search === 'unknown' && isNeverMet(o.match, n.match, earlier))) continue;
    // Which requests an expression matches is not known for sure: routes that are the same rule are compared all the same.
    if (search === 'unknown' && o.key !== n.key) doubtful.push([o, n]);
    else found.add(o, n, search);
  }
  for (const [o, n] of doubtful) if (!found.tells(o, n)) found.add(o, n, 'unknown');
  return found.changes();
}

/** The first of each condition: no request comes to another one. */
function entriesOf({ routes }: VirtualHost): Entry[] {
  const entries = new Map<string, Entry>();
  for (const [index, route] of routes.entries()) {
    const key = matchKey(route.match);
    if (!entries.has(key)) entries.set(key, { index, match: route.match, route, key, does: behaviourKey(route) });
  }
  return [...entries.values(), { ...noRoute, key: 'no route' }];
}

/** Where no request was found: whether there certainly is none that meets both matches and none of the earlier ones. */
function isNeverMet(a: RouteMatch, b: RouteMatch, earlier: readonly RouteMatch[]): boolean {
  const others = earlier.flatMap((match) => scoped(match) ?? []);
  // Of two paths each takes more than both together.
  return [a.path ?? b.path, b.path ?? a.path].some((path) => {
    const both = scoped({ path, headers: [...a.headers, ...b.headers], query: [...a.query, ...b.query] });
    return both !== undefined && coverageOf(both, others, { gateways: ['mesh'], regex: matchesRegex }).covered;
  });
}

/** Undefined for conditions that only the Gateway API and tokens have. */
function scoped({ path, headers, query, claims }: RouteMatch): ScopedMatch | undefined {
  return path?.kind === 'segments' || claims?.length ? undefined : { path, headers, query, proxy: anyProxy };
}

interface Middle {
  from: number;
  oldTo: number;
  newTo: number;
}

/** Without what both begin with, and both end with. */
function middleOf(before: readonly Entry[], after: readonly Entry[]): Middle {
  const same = (a: Entry | undefined, b: Entry | undefined): boolean => a !== undefined && a.key === b?.key && a.does === b.does;
  let from = 0;
  while (from < Math.min(before.length, after.length) && same(before[from], after[from])) from++;
  let [oldTo, newTo] = [before.length, after.length];
  while (oldTo > from && newTo > from && same(before[oldTo - 1], after[newTo - 1])) {
    oldTo--;
    newTo--;
  }
  return { from, oldTo, newTo };
}

/** Of two that are both at the common end nothing can have changed: a request that comes there passes all others on both sides. */
function pairsOf(before: readonly Entry[], after: readonly Entry[], { from, oldTo, newTo }: Middle): [Entry, Entry][] {
  const pairs: [Entry, Entry][] = [];
  for (let j = from; j < after.length; j++) {
    const n = after[j] as Entry;
    const until = j < newTo ? before.length : oldTo;
    for (let i = from; i < until; i++) {
      const o = before[i] as Entry;
      if (o.does !== n.does && mayMeet(o.match, [n.match])) pairs.push([o, n]);
      if (pairs.length > mostPairs) return pairs;
    }
  }
  return pairs;
}

function asWritten(before: readonly Entry[], after: readonly Entry[], found: Found): HostChange[] {
  const byKey = new Map(before.map((entry) => [entry.key, entry]));
  const kept = new Set(after.map(({ key }) => key));
  for (const n of after) {
    const o = byKey.get(n.key);
    if (o ? o.does !== n.does : n.route) found.add(o ?? noRoute, n, 'unknown');
  }
  for (const o of before) if (o.route && !kept.has(o.key)) found.add(o, noRoute, 'unknown');
  return found.changes();
}

/** Pairs of routes as changes: those that differ in the same way are told once. */
class Found {
  private readonly old: PlacedHost;
  private readonly now: PlacedHost;
  private readonly keysBefore: ReadonlySet<string>;
  private readonly keysAfter: ReadonlySet<string>;
  private readonly byText = new Map<string, { change: HostChange; instead: string[] }>();
  private readonly told = new Set<Entry>();

  constructor(old: PlacedHost, now: PlacedHost, keysBefore: ReadonlySet<string>, keysAfter: ReadonlySet<string>) {
    this.old = old;
    this.now = now;
    this.keysBefore = keysBefore;
    this.keysAfter = keysAfter;
  }

  /** Whether what is new or gone in a pair is in another one. */
  tells(o: Entry, n: Entry): boolean {
    return this.told.has(this.keysBefore.has(n.key) ? o : n);
  }

  add(o: Entry, n: Entry, search: Exclude<Search, 'none'>): void {
    this.told.add(o).add(n);
    const same = o.key === n.key;
    const mark = same ? 'changed' : !this.keysBefore.has(n.key) && n.route ? 'added' : !this.keysAfter.has(o.key) && o.route ? 'removed' : 'changed';
    const [own, other] = mark === 'removed' ? [o, n] : [n, o];
    const fields = fatesOf(this.factsOf(o, this.old), this.factsOf(n, this.now));
    const at = originsOf(o.route, n.route);
    const key = JSON.stringify([mark, own.key, fields.map(({ field, old, new: now }) => [field, old?.text, now?.text])]);
    const instead = same ? [] : [textOf(other)];
    const known = this.byText.get(key);
    if (known) {
      known.instead.push(...instead);
      return;
    }
    const shown = search === 'unknown' ? undefined : { witness: search, old: o.index, new: n.index };
    this.byText.set(key, { change: { mark, place: textOf(own), fields, at, ...(shown ? { shown } : {}) }, instead });
  }

  changes(): HostChange[] {
    return [...this.byText.values()].map(({ change, instead }) => ({ ...change, ...(instead.length > 0 ? { instead: insteadText(instead) } : {}) }));
  }

  private factsOf({ route }: Entry, { host, provenance }: PlacedHost): Fact[] {
    return route ? routeFacts({ route, host, provenance }) : [{ field: 'answer', text: 'answer 404, no route', value: 404 }];
  }
}

/** Of a route that answers itself and one that forwards: what is done; and of the latter what somebody asked for. */
function fatesOf(old: readonly Fact[], now: readonly Fact[]): FieldChange[] {
  const [was, is] = [old[0], now[0]];
  if (!was || !is || was.field === is.field) return differences(old, now);
  const usual = ({ field, value }: Fact): boolean => (field === 'timeout' && value === 0) || field === 'retries' || field === 'status without a destination';
  const rest = (facts: readonly Fact[]): Fact[] => facts.slice(1).filter((fact) => !usual(fact));
  return [{ field: 'answer', old: sideOf(was), new: sideOf(is) }, ...differences(rest(old), rest(now))];
}

function insteadText(list: readonly string[]): string {
  const names = [...new Set(list)];
  return names.length <= 3 ? names.join(' and ') : `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`;
}

function textOf({ route }: Entry): string {
  return route ? matchText(route.match) : 'no route';
}
