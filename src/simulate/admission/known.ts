// Conditions of which not everything is known that they ask for.
import type { AuthorizationCondition, AuthorizationRule } from '../../ir/authorization.ts';
import { compileCondition } from '../../proxy/core/authorization/condition.ts';
import type { RuleSet } from '../../proxy/core/authorization/rule-set.ts';
import type { Subject } from '../../proxy/core/authorization/subject.ts';
import type { UnknownPart } from './admission.ts';

type Unknown = ReadonlySet<UnknownPart>;

/** Undefined: it hinges on what is not known. @param doubt as of `compileCondition` */
export function holdsAsKnown(condition: AuthorizationCondition, subject: Subject, unknown: Unknown, doubt: boolean): boolean | undefined {
  switch (condition.kind) {
    case 'all':
      return everyOf(condition.of.map((one) => holdsAsKnown(one, subject, unknown, doubt)));
    case 'some':
      return someOf(condition.of.map((one) => holdsAsKnown(one, subject, unknown, doubt)));
    case 'not': {
      const holds = holdsAsKnown(condition.of, subject, unknown, !doubt);
      return holds === undefined ? undefined : !holds;
    }
    default:
      return unknown.has(condition.kind as UnknownPart) ? undefined : compileCondition(condition, doubt)(subject);
  }
}

export function ruleHoldsAsKnown({ permissions, principals }: AuthorizationRule, subject: Subject, unknown: Unknown, doubt: boolean): boolean | undefined {
  const side = (of: readonly AuthorizationCondition[]): boolean | undefined => holdsAsKnown({ kind: 'some', of }, subject, unknown, doubt);
  return everyOf([side(permissions), side(principals)]);
}

/** Unknown parts that a rule asks for. */
export function unknownParts({ permissions, principals }: AuthorizationRule, unknown: Unknown): UnknownPart[] {
  const found = new Set<UnknownPart>();
  const look = (condition: AuthorizationCondition): void => {
    if (condition.kind === 'all' || condition.kind === 'some') condition.of.forEach(look);
    else if (condition.kind === 'not') look(condition.of);
    else if (unknown.has(condition.kind as UnknownPart)) found.add(condition.kind as UnknownPart);
  };
  for (const condition of [...permissions, ...principals]) look(condition);
  return [...found];
}

export interface Found {
  /** The first rule by name that holds for certain. */
  rule: AuthorizationRule | undefined;
  /** Some rule may hold, and none does for certain. */
  maybe: boolean;
}

/** The first rule of a set that holds. @param doubt as the set was made with */
export function firstAsKnown(set: RuleSet | undefined, subject: Subject, unknown: Unknown, doubt: boolean): Found {
  if (!set) return { rule: undefined, maybe: false };
  if (unknown.size === 0) return { rule: set.first(subject), maybe: false };
  let maybe = false;
  for (const rule of set.rules) {
    const holds = ruleHoldsAsKnown(rule, subject, unknown, doubt);
    if (holds) return { rule, maybe: false };
    maybe ||= holds === undefined;
  }
  return { rule: undefined, maybe };
}

function everyOf(values: readonly (boolean | undefined)[]): boolean | undefined {
  if (values.includes(false)) return false;
  return values.includes(undefined) ? undefined : true;
}

function someOf(values: readonly (boolean | undefined)[]): boolean | undefined {
  if (values.includes(true)) return true;
  return values.includes(undefined) ? undefined : false;
}
