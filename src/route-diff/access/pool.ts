// Values of each part of a request that rules speak of, and those that meet some of their conditions.
import type { AuthorizationCondition, AuthorizationRule } from '../../ir/authorization.ts';
import { compileCondition } from '../../proxy/core/authorization/condition.ts';
import type { Conjunction, Literal } from './conjunctions.ts';
import { claimsOf, type Draft, type Part, partOf, recordOf, type Value } from './parts.ts';
import { otherValues, samplesOf } from './samples.ts';

/** Of one part; of more rules than that have them the first count. */
const mostValues = 48;
/** Of one part that has to meet conditions. */
const mostMeeting = 8;

export class Pool {
  private readonly byPart = new Map<Part, Set<Value>>();
  private readonly lists = new Map<Part, readonly Value[]>();

  /** Rules that come first count most. */
  add(rules: readonly AuthorizationRule[]): void {
    for (const { permissions, principals } of rules) for (const condition of [...permissions, ...principals]) this.addCondition(condition);
  }

  addValues(part: Part, values: readonly Value[]): void {
    let known = this.byPart.get(part);
    if (!known) {
      known = new Set(otherValues(part));
      this.byPart.set(part, known);
    }
    for (const value of values) if (known.size < mostValues) known.add(value);
    this.lists.delete(part);
  }

  /** Parts that somebody asks for. */
  get parts(): readonly Part[] {
    return [...this.byPart.keys()];
  }

  values(part: Part): readonly Value[] {
    let list = this.lists.get(part);
    if (!list) {
      list = [...(this.byPart.get(part) ?? otherValues(part))];
      this.lists.set(part, list);
    }
    return list;
  }

  private addCondition(condition: AuthorizationCondition): void {
    if (condition.kind === 'all' || condition.kind === 'some') for (const one of condition.of) this.addCondition(one);
    else if (condition.kind === 'not') this.addCondition(condition.of);
    else {
      const part = partOf(condition);
      if (part !== undefined) this.addValues(part, (this.byPart.get(part)?.size ?? 0) < mostValues ? samplesOf(condition) : []);
    }
  }
}

/**
 * Values by which each part that a conjunction asks for meets all of it, the plainest first; undefined: nothing was found that does.
 *
 * @param doubt as of `compileCondition`
 */
export function meeting(conjunction: Conjunction, doubt: boolean): Map<Part, readonly Value[]> | undefined {
  const byPart = new Map<Part, Literal[]>();
  for (const literal of conjunction) {
    const part = partOf(literal.of);
    if (part !== undefined) byPart.set(part, [...(byPart.get(part) ?? []), literal]);
    // What no client decides is as it is.
    else if (!testOf(literal, doubt)(new Map())) return undefined;
  }
  const out = new Map<Part, readonly Value[]>();
  for (const [part, literals] of byPart) {
    const tests = literals.map((literal) => testOf(literal, doubt));
    // A negation is met best by what has nothing to do with it.
    const positive = literals.filter(({ holds }) => holds);
    const samples = positive.flatMap(({ of }) => samplesOf(of));
    const tried = positive.length > 0 ? [...samples, ...otherValues(part)] : [...otherValues(part), ...literals.flatMap(({ of }) => samplesOf(of))];
    const found = [...new Set(tried)].filter((value) => {
      const draft = new Map([[part, value]]);
      return tests.every((test) => test(draft));
    });
    if (found.length === 0) return undefined;
    out.set(part, found.slice(0, mostMeeting));
  }
  return out;
}

function testOf({ of, holds }: Literal, doubt: boolean): (draft: Draft) => boolean {
  const test = compileCondition(holds ? of : { kind: 'not', of }, doubt);
  return (draft) => {
    const record = recordOf(draft, '');
    record.claims = claimsOf(draft);
    return test(record);
  };
}
