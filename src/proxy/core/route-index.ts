// Finds the first of many routes that matches, without trying them all: exact paths by hash, prefixes by a tree, regular expressions
// by the text that they certainly begin with. What the index proposes comes in lists of route positions, each ascending; the lists
// are merged, so that the first proposal that holds is the first match in the order of the routes (MAT-R1).
import type { PathMatcher, RouteMatch } from '../../ir/route-match.ts';
import { literalPrefix } from '../../ir/witness.ts';
import type { RequestView } from './exchange-record.ts';
import { PrefixTree } from './prefix-tree.ts';
import { queryValue } from './query.ts';
import { compileRegex, type Regex } from './regex.ts';
import { headerValue, RouteCondition } from './route-condition.ts';

/** In the place of an expression that does not compile: takes nothing. */
const noRegex = { matches: (): boolean => false };

/** What is left to check of a route that the index proposes. */
class Candidate {
  readonly condition: RouteCondition;
  readonly #regex: Pick<Regex, 'matches'> | undefined;
  readonly #segmentEnd: number;

  constructor(match: RouteMatch) {
    this.condition = new RouteCondition(match);
    const expression = match.path?.kind === 'regex' ? match.path.value : undefined;
    // The index has seen to the prefix of `/api.*`, and no path has a line break that the rest would not take.
    this.#regex = expression === undefined || expression === `${literalPrefix(expression)}.*` ? undefined : (compileRegex(expression) ?? noRegex);
    this.#segmentEnd = match.path?.kind === 'segments' ? match.path.value.length : -1;
  }

  holds(request: RequestView): boolean {
    const end = this.#segmentEnd;
    if (end >= 0 && end < request.pathEnd && request.path.charCodeAt(end) !== 47) return false;
    if (!this.condition.holds(request)) return false;
    return this.#regex === undefined || this.#regex.matches(request.pathEnd === request.path.length ? request.path : request.path.slice(0, request.pathEnd));
  }
}

/** The first `listed` of these lists are merged for one request. Matching is not re-entrant, so one of each is enough. */
const lists: (readonly number[])[] = [];
const cursors: number[] = [];
let listed = 0;

function propose(list: readonly number[]): void {
  lists[listed] = list;
  cursors[listed++] = 0;
}

/** From this many routes at one place on, exact conditions are looked up instead of tried. */
const worthHashing = 8;

/** Routes whose paths are equally good: by exact header or query conditions where there are many. */
class Bucket {
  readonly #routes: number[] = [];
  #rest: readonly number[] = this.#routes;
  #byHeader: readonly [string, ReadonlyMap<string, readonly number[]>][] = [];
  #byQuery: readonly [string, ReadonlyMap<string, readonly number[]>][] = [];

  add(route: number): void {
    this.#routes.push(route);
  }

  /** After the last `add`. */
  seal(candidates: readonly (Candidate | undefined)[]): void {
    if (this.#routes.length < worthHashing) return;
    const byHeader = new Map<string, Map<string, number[]>>();
    const byQuery = new Map<string, Map<string, number[]>>();
    const rest: number[] = [];
    for (const route of this.#routes) {
      const condition = (candidates[route] as Candidate).condition;
      const header = condition.headers.find((h) => h.text.isExact && !h.inverted);
      const query = condition.query.find((q) => q.text.isExact);
      if (header) group(byHeader, header.name, header.text.value, route);
      else if (query) group(byQuery, query.name, query.text.value, route);
      else rest.push(route);
    }
    this.#rest = rest;
    this.#byHeader = [...byHeader];
    this.#byQuery = [...byQuery];
  }

  proposeFor(request: RequestView): void {
    if (this.#rest.length > 0) propose(this.#rest);
    for (const [name, routes] of this.#byHeader) {
      const value = headerValue(request, name);
      if (value === undefined) continue;
      const found = routes.get(value);
      if (found) propose(found);
      const { headers } = request;
      // A header that was sent several times (MAT-R19).
      let first = true;
      for (let i = 0; i < headers.length; i += 2) {
        if (headers[i] !== name) continue;
        const more = first ? undefined : routes.get(headers[i + 1] as string);
        first = false;
        if (more && more !== found) propose(more);
      }
    }
    for (const [name, routes] of this.#byQuery) {
      const value = queryValue(request.path, request.pathEnd, name);
      const found = value === undefined ? undefined : routes.get(value);
      if (found) propose(found);
    }
  }
}

function group(groups: Map<string, Map<string, number[]>>, name: string, value: string, route: number): void {
  let values = groups.get(name);
  if (!values) {
    values = new Map();
    groups.set(name, values);
  }
  const routes = values.get(value);
  if (routes) routes.push(route);
  else values.set(value, [route]);
}

const newBucket = (): Bucket => new Bucket();
/** The first ones are those of the request at hand. */
const buckets: Bucket[] = [];

/** The routes of one virtual host by their matches. */
export class RouteIndex {
  readonly #candidates: readonly (Candidate | undefined)[];
  readonly #exact = new Map<string, Bucket>();
  readonly #exactIgnoringCase = new Map<string, Bucket>();
  readonly #prefixes = new PrefixTree<Bucket>();
  readonly #prefixesIgnoringCase = new PrefixTree<Bucket>();
  /** The only route, if it is for all paths with a prefix: nothing to look up. */
  readonly #only: Candidate | undefined;
  readonly #onlyPrefix: string;

  constructor(matches: readonly RouteMatch[]) {
    const candidates = matches.map((match) => new Candidate(match));
    this.#candidates = candidates;
    for (let i = 0; i < matches.length; i++) {
      this.#bucketOf((matches[i] as RouteMatch).path).add(i);
    }
    for (const bucket of this.#exact.values()) bucket.seal(candidates);
    for (const bucket of this.#exactIgnoringCase.values()) bucket.seal(candidates);
    for (const tree of [this.#prefixes, this.#prefixesIgnoringCase]) for (const bucket of tree.values()) bucket.seal(candidates);
    const path = matches[0]?.path;
    const plain = path === undefined || path.kind === 'present' || (path.kind === 'prefix' && !path.ignoreCase);
    this.#only = matches.length === 1 && plain ? candidates[0] : undefined;
    this.#onlyPrefix = path?.kind === 'prefix' ? path.value : '';
  }

  /** Position of the first route that matches; -1 for none. */
  find(request: RequestView): number {
    const prefix = this.#onlyPrefix;
    if (this.#only !== undefined) return prefix.length <= request.pathEnd && request.path.startsWith(prefix) && this.#only.holds(request) ? 0 : -1;
    listed = 0;
    const { path: target, pathEnd } = request;
    if (this.#exact.size > 0 || this.#exactIgnoringCase.size > 0) {
      const path = pathEnd === target.length ? target : target.slice(0, pathEnd);
      this.#exact.get(path)?.proposeFor(request);
      if (this.#exactIgnoringCase.size > 0) this.#exactIgnoringCase.get(path.toLowerCase())?.proposeFor(request);
    }
    let count = this.#prefixes.collect(target, pathEnd, buckets, 0);
    if (!this.#prefixesIgnoringCase.isEmpty) count = this.#prefixesIgnoringCase.collect(target.slice(0, pathEnd).toLowerCase(), pathEnd, buckets, count);
    for (let i = 0; i < count; i++) (buckets[i] as Bucket).proposeFor(request);
    for (;;) {
      let first = -1;
      let from = -1;
      for (let i = 0; i < listed; i++) {
        const route = (lists[i] as readonly number[])[cursors[i] as number];
        if (route !== undefined && (first < 0 || route < first)) {
          first = route;
          from = i;
        }
      }
      if (first < 0) return -1;
      if ((this.#candidates[first] as Candidate).holds(request)) return first;
      cursors[from] = (cursors[from] as number) + 1;
    }
  }

  #bucketOf(path: PathMatcher | undefined): Bucket {
    switch (path?.kind) {
      case undefined:
      case 'present':
        return this.#prefixes.at('', newBucket);
      case 'regex':
        return this.#prefixes.at(literalPrefix(path.value), newBucket);
      case 'segments':
        return this.#prefixes.at(path.value, newBucket);
      case 'prefix':
        return path.ignoreCase ? this.#prefixesIgnoringCase.at(path.value.toLowerCase(), newBucket) : this.#prefixes.at(path.value, newBucket);
      case 'exact': {
        const paths = path.ignoreCase ? this.#exactIgnoringCase : this.#exact;
        const key = path.ignoreCase ? path.value.toLowerCase() : path.value;
        let bucket = paths.get(key);
        if (!bucket) {
          bucket = new Bucket();
          paths.set(key, bucket);
        }
        return bucket;
      }
    }
  }
}
