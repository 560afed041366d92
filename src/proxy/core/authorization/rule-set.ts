import type { AuthorizationCondition, AuthorizationRule } from '../../../ir/authorization.ts';
import { compileCondition, type Test } from './condition.ts';
import { RuleIndex } from './rule-index.ts';
import type { Subject } from './subject.ts';

/** What a rule asks for as one condition. */
export function conditionOf(rule: AuthorizationRule): AuthorizationCondition {
  return {
    kind: 'all',
    of: [
      { kind: 'some', of: rule.permissions },
      { kind: 'some', of: rule.principals },
    ],
  };
}

/** In the order in which Envoy asks them, which is that of its map of policies (SEC-R30). */
export function byName(rules: readonly AuthorizationRule[]): AuthorizationRule[] {
  return [...rules].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** The rules of one action, ready to be asked: as many as there are, those that cannot hold for a request cost it nothing. */
export class RuleSet {
  /** By name. */
  readonly rules: readonly AuthorizationRule[];
  readonly #index: RuleIndex;

  /** @param doubt whether a rule holds that cannot be decided: true where that denies (see `compileCondition`) */
  constructor(rules: readonly AuthorizationRule[], doubt: boolean) {
    this.rules = byName(rules);
    this.#index = new RuleIndex(
      this.rules.map((rule) => {
        const condition = conditionOf(rule);
        const test: Test = compileCondition(condition, doubt);
        return { condition, test };
      }),
    );
  }

  /** The first rule by name that holds; undefined: none does. */
  first(subject: Subject): AuthorizationRule | undefined {
    const place = this.#index.find(subject);
    return place < 0 ? undefined : this.rules[place];
  }
}
