// Why policies decide as they do: every rule with what it lacks, as data, for people to read later.
import type { AuthorizationCondition, AuthorizationRule, AuthorizationStages, CustomAuthorization } from '../../../ir/authorization.ts';
import { addressOf } from './addresses.ts';
import { attributeOf, isTextual, type TextualCondition } from './attributes.ts';
import { compileCondition } from './condition.ts';
import type { Decision } from './decision.ts';
import { byName } from './rule-set.ts';
import { CompiledStages } from './stages.ts';
import type { Subject } from './subject.ts';

/** A condition that does not hold, with what the request has instead. */
export interface Unmet {
  /** No `all`, and a `some` only where each of its conditions fails: then these are in `alternatives`. Below a `not`: what holds and must not. */
  condition: AuthorizationCondition;
  /** What the request has of the part that is asked for; empty: nothing of it. */
  found: readonly string[];
  /** The condition cannot be decided: an expression that is none, an address that is not known. */
  inDoubt: boolean;
  /** Of a `some`: why each of its conditions fails. */
  alternatives: readonly Unmet[];
}

export interface ExplainedRule {
  rule: AuthorizationRule;
  holds: boolean;
  /** Empty where the rule holds: why its permissions, and why its principals do not. */
  permissions: readonly Unmet[];
  principals: readonly Unmet[];
}

export interface ExplainedStage {
  /** In the order in which they are asked (SEC-R21). */
  stage: 'custom' | 'audit' | 'dry-run deny' | 'deny' | 'dry-run allow' | 'allow';
  /** Of `custom`. */
  custom?: CustomAuthorization;
  /** By name. */
  rules: readonly ExplainedRule[];
}

export interface Explanation {
  /** As the data plane decides. */
  decision: Decision;
  /** Stages that there are policies for: also those that are not reached any more. */
  stages: readonly ExplainedStage[];
}

/** The trail of a decision. What it says about each rule is what the data plane finds. */
export function explainStages(stages: AuthorizationStages, subject: Subject): Explanation {
  const { custom, audit, deny, allow, dryRun } = stages;
  const explained: ExplainedStage[] = [];
  const add = (stage: ExplainedStage['stage'], rules: readonly AuthorizationRule[], doubt: boolean, more: Pick<ExplainedStage, 'custom'> = {}): void =>
    void explained.push({ stage, ...more, rules: byName(rules).map((rule) => explainRule(rule, subject, doubt)) });
  for (const one of custom) add('custom', one.rules, true, { custom: one });
  if (audit.length > 0) add('audit', audit, true);
  if (dryRun && dryRun.deny.length > 0) add('dry-run deny', dryRun.deny, true);
  if (deny.length > 0) add('deny', deny, true);
  if (dryRun?.allow) add('dry-run allow', dryRun.allow, false);
  if (allow) add('allow', allow, false);
  return { decision: new CompiledStages(stages).decide(subject), stages: explained };
}

/** @param doubt as of `compileCondition`: true for rules that deny, false for rules that allow */
export function explainRule(rule: AuthorizationRule, subject: Subject, doubt: boolean): ExplainedRule {
  const permissions = unmetOfSome(rule.permissions, subject, doubt);
  const principals = unmetOfSome(rule.principals, subject, doubt);
  return { rule, holds: permissions === undefined && principals === undefined, permissions: permissions ?? [], principals: principals ?? [] };
}

/** Undefined: one of them holds. */
function unmetOfSome(conditions: readonly AuthorizationCondition[], subject: Subject, doubt: boolean): Unmet[] | undefined {
  const all: Unmet[] = [];
  for (const condition of conditions) {
    const unmet = unmetOf(condition, subject, doubt);
    if (unmet.length === 0) return undefined;
    all.push(...unmet);
  }
  return all;
}

/** Empty: it holds. Of an `all` everything that fails is told. */
function unmetOf(condition: AuthorizationCondition, subject: Subject, doubt: boolean): Unmet[] {
  if (condition.kind === 'all') return condition.of.flatMap((one) => unmetOf(one, subject, doubt));
  if (compileCondition(condition, doubt)(subject)) return [];
  const inDoubt = compileCondition(condition, true)(subject) !== compileCondition(condition, false)(subject);
  const alternatives = condition.kind === 'some' ? condition.of.flatMap((one) => unmetOf(one, subject, doubt)) : [];
  return [{ condition, found: foundOf(condition, subject), inDoubt, alternatives }];
}

/** What a request has of the part that a condition is about; for a list of conditions about one part, of that. */
export function foundOf(condition: AuthorizationCondition, subject: Subject): readonly string[] {
  const texts: string[] = [];
  if (isTextual(condition)) {
    attributeOf(condition).collect(subject, texts, 0);
    return [...new Set(texts)];
  }
  switch (condition.kind) {
    case 'not':
      return foundOf(condition.of, subject);
    case 'some':
    case 'all': {
      const [first] = condition.of;
      return first && condition.of.every((one) => partOf(one) === partOf(first)) ? foundOf(first, subject) : [];
    }
    case 'source-ip':
    case 'remote-ip':
    case 'destination-ip': {
      const address = addressOf(condition.kind, subject);
      return address === '' ? [] : [address];
    }
    case 'destination-port':
      return [String(subject.localPort)];
    case 'path-template':
      return foundOf({ kind: 'path', match: { kind: 'present' } }, subject);
    default:
      return [];
  }
}

function partOf(condition: AuthorizationCondition): string {
  if (condition.kind === 'path-template') return 'path';
  return isTextual(condition) ? attributeOf(condition as TextualCondition).id : condition.kind;
}
