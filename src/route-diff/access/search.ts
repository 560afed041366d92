// A request about which two sides decide otherwise, made of what their rules ask for.
import type { AuthorizationRule } from '../../ir/authorization.ts';
import { type Conjunction, conjunctionsOf } from './conjunctions.ts';
import { type Decider, fateKey } from './deciders.ts';
import { type Draft, issuerPart, type Part, type Value } from './parts.ts';
import { meeting, type Pool } from './pool.ts';

/** How many requests may be tried. */
export class Budget {
  left: number;

  constructor(most: number) {
    this.left = most;
  }

  /** False: it is used up. */
  take(): boolean {
    return this.left-- > 0;
  }
}

export interface Sides {
  old: Decider;
  new: Decider;
  pool: Pool;
  /** What a token has besides. */
  token: Readonly<Record<string, unknown>>;
  /** A rule that is to let a request in beside the one that changes: of both sides. */
  allowing: readonly AuthorizationRule[];
}

/** A rule that comes or goes. */
export interface ChangedRule {
  rule: AuthorizationRule;
  /** It denies, or has somebody asked: as of `compileCondition`. */
  doubt: boolean;
}

/** Of one rule that comes or goes. */
const perRule = 800;
/** Other values are tried around each way in which a rule holds. */
const around = 24;
/** Rules that may have to let the request in, too. */
const mostAllowing = 40;

/** Undefined: none was found, as far as was tried. */
export function findDraft(sides: Sides, changed: ChangedRule | undefined, total: Budget): Draft | undefined {
  const own = new Budget(Math.min(perRule, total.left));
  const found = search(sides, changed, own);
  total.left -= Math.min(perRule, total.left) - Math.max(own.left, 0);
  return found && plainest(found, sides);
}

function search(sides: Sides, changed: ChangedRule | undefined, budget: Budget): Draft | undefined {
  const random = numbers();
  for (const { fixed, tries } of starts(sides, changed)) {
    for (let i = 0; i < tries; i++) {
      if (!budget.take()) return undefined;
      const draft = i === 0 ? firstOf(fixed) : varied(fixed, sides.pool, random);
      if (isOtherwise(sides, draft)) return draft;
    }
  }
  // Without a rule, and where none of its ways shows anything.
  while (changed === undefined && budget.take()) {
    const draft = varied(new Map(), sides.pool, random);
    if (isOtherwise(sides, draft)) return draft;
  }
  return undefined;
}

type Fixed = ReadonlyMap<Part, readonly Value[]>;

/** Ways in which the changed rule holds: alone, and then with each rule that lets requests in. */
function* starts({ allowing, pool }: Sides, changed: ChangedRule | undefined): Generator<{ fixed: Fixed; tries: number }> {
  if (!changed) {
    for (const value of pool.values(issuerPart)) yield { fixed: new Map([[issuerPart, [value]]]), tries: 1 };
    yield { fixed: new Map(), tries: around };
    for (const rule of allowing.slice(0, mostAllowing)) for (const fixed of solved(conjunctionsOf(rule), false)) yield { fixed, tries: 4 };
    return;
  }
  const { rule, doubt } = changed;
  const ways = conjunctionsOf(rule);
  for (const fixed of solved(ways, doubt)) yield { fixed, tries: 1 };
  for (const fixed of solved(ways, doubt)) yield { fixed, tries: around };
  const others = allowing.filter((one) => one !== rule).slice(0, mostAllowing);
  for (const other of others) {
    const both = conjunctionsOf(other).flatMap((more) => ways.slice(0, 4).map((way) => [...way, ...more]));
    for (const fixed of solved(both.slice(0, 12), doubt)) yield { fixed, tries: 6 };
  }
  for (const fixed of solved(ways, doubt)) yield { fixed, tries: perRule };
}

function* solved(ways: readonly Conjunction[], doubt: boolean): Generator<Fixed> {
  for (const way of ways) {
    const fixed = meeting(way, doubt);
    if (fixed) yield fixed;
  }
}

function isOtherwise({ old, new: now }: Sides, draft: Draft): boolean {
  return fateKey(old.decide(draft)) !== fateKey(now.decide(draft));
}

function firstOf(fixed: Fixed): Draft {
  return new Map([...fixed].map(([part, values]) => [part, values[0]]));
}

/** Some values of what holds, and others of what is free. */
function varied(fixed: Fixed, pool: Pool, random: () => number): Draft {
  const pick = (values: readonly Value[]): Value => values[Math.floor(random() * values.length)];
  const draft = new Map<Part, Value>();
  for (const [part, values] of fixed) draft.set(part, pick(values));
  for (const part of pool.parts) if (!fixed.has(part) && random() < 0.6) draft.set(part, pick(pool.values(part)));
  return draft;
}

/** Without what does not matter for the difference, and with the plainest values of the rest. */
function plainest(draft: Draft, sides: Sides): Draft {
  let out = new Map(draft);
  for (const part of draft.keys()) {
    const without = new Map(out);
    without.delete(part);
    if (isOtherwise(sides, without)) out = without;
  }
  for (const [part, value] of out) {
    for (const plainer of sides.pool.values(part)) {
      if (plainer === value) break;
      const other = new Map(out).set(part, plainer);
      if (!isOtherwise(sides, other)) continue;
      out = other;
      break;
    }
  }
  return new Map([...out].filter(([, value]) => value !== undefined));
}

/** From 0 to 1, the same for every search: what is told of two sides is always the same. */
function numbers(): () => number {
  let state = 0x2545f491;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
