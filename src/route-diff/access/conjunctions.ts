// Conditions as alternatives, each of which is a list of simple conditions that hold together.
import type { AuthorizationCondition, AuthorizationRule } from '../../ir/authorization.ts';

/** A simple condition that holds, or that does not. */
export interface Literal {
  of: AuthorizationCondition;
  holds: boolean;
}

/** All of these. */
export type Conjunction = readonly Literal[];

/** Of more alternatives the first are looked at. */
const most = 24;

/** How a rule can hold. */
export function conjunctionsOf({ permissions, principals }: Pick<AuthorizationRule, 'permissions' | 'principals'>): Conjunction[] {
  const some = (of: readonly AuthorizationCondition[]): Conjunction[] => spread(of.map((one) => alternatives(one, true)));
  return product(some(permissions), some(principals));
}

function alternatives(condition: AuthorizationCondition, holds: boolean): Conjunction[] {
  switch (condition.kind) {
    case 'any':
      return holds ? [[]] : [];
    case 'never':
      return holds ? [] : [[]];
    case 'not':
      return alternatives(condition.of, !holds);
    case 'all':
    case 'some': {
      const parts = condition.of.map((one) => alternatives(one, holds));
      return (condition.kind === 'all') === holds ? parts.reduce<Conjunction[]>(product, [[]]) : spread(parts);
    }
    default:
      return [[{ of: condition, holds }]];
  }
}

/** One of each before the second of any. */
function spread(parts: readonly Conjunction[][]): Conjunction[] {
  const out: Conjunction[] = [];
  for (let i = 0; out.length < most && parts.some((part) => i < part.length); i++) out.push(...parts.flatMap((part) => part.slice(i, i + 1)));
  return out.slice(0, most);
}

function product(some: readonly Conjunction[], others: readonly Conjunction[]): Conjunction[] {
  const out: Conjunction[] = [];
  // By diagonals: combinations of first ones come first.
  for (let sum = 0; out.length < most && sum < some.length + others.length - 1; sum++) {
    for (let i = 0; i <= sum && out.length < most; i++) {
      const [one, other] = [some[i], others[sum - i]];
      if (one && other) out.push([...one, ...other]);
    }
  }
  return out;
}
