// One AuthorizationPolicy as rules: for requests, and for connections without HTTP (SEC-R22, R23, R29).
import type { AuthorizationCondition, AuthorizationRule } from '../../ir/authorization.ts';
import type { Status } from '../../ir/table.ts';
import type { AuthorizationPolicy, Condition, Operation, Rule, Source } from '../../manifest/istio/security.gen.ts';
import { formatPath, type Path } from '../../manifest/problem.ts';
import type { Resource } from '../../manifest/resource.ts';
import { isRe2 } from '../regexes.ts';
import { originOf, Statuses } from '../statuses.ts';
import { type Attribute, conditionAttribute, operationFields, type PolicyContext, sourceFields } from './attributes.ts';

export type Policy = Resource<AuthorizationPolicy>;
export type Action = 'ALLOW' | 'DENY' | 'AUDIT' | 'CUSTOM';

export interface PolicyRules {
  action: Action;
  http: readonly AuthorizationRule[];
  tcp: readonly AuthorizationRule[];
  /** What in the policy cannot be checked. */
  statuses: readonly Status[];
}

const actions: readonly string[] = ['ALLOW', 'DENY', 'AUDIT', 'CUSTOM'] satisfies readonly Action[];

const known = new WeakMap<Policy, { key: string; rules: PolicyRules }>();

/** The same object for the same resource, in this mesh and in the next one. @param trustDomains of the mesh: its own, then its aliases */
export function rulesOf(policy: Policy, trustDomains: readonly string[]): PolicyRules {
  const key = JSON.stringify(trustDomains);
  const found = known.get(policy);
  if (found?.key === key) return found.rules;
  const rules = new PolicyReader(policy, trustDomains).read();
  known.set(policy, { key, rules });
  return rules;
}

/** CUSTOM rules have it in front of their names, by which ext_authz knows them. */
const customPrefix = 'istio-ext-authz-';

const any: AuthorizationCondition = { kind: 'any' };
const never: AuthorizationCondition = { kind: 'never' };

/** Says that nothing may be allowed because of the rule. */
class Doubt extends Error {}

/** Conditions that all have to hold, of either side. */
interface Sides {
  permission: AuthorizationCondition[];
  principal: AuthorizationCondition[];
}

/**
 * What is not valid is taken so that more is denied: an ALLOW rule with it matches nothing, and rules of other actions match without
 * asking for it.
 */
class PolicyReader {
  private readonly policy: Policy;
  private readonly context: PolicyContext;
  private readonly action: Action;
  private readonly statuses = new Statuses();

  constructor(policy: Policy, trustDomains: readonly string[]) {
    this.policy = policy;
    this.context = { namespace: policy.namespace, trustDomains };
    const { action = 'ALLOW' } = policy.spec;
    // An action that nobody knows was not meant to allow anything.
    this.action = actions.includes(action) ? action : 'DENY';
    if (this.action !== action) this.doubt(['spec', 'action'], `the action ${action} is not one of ${actions.join(', ')}, so it is taken for DENY`);
  }

  read(): PolicyRules {
    const rules = this.policy.spec.rules ?? [];
    if (rules.length === 0) {
      const nothing: AuthorizationRule = { name: this.nameOf(0), permissions: [never], principals: [never], origin: originOf(this.policy, 'spec') };
      return { action: this.action, http: [nothing], tcp: [nothing], statuses: this.statuses.list() };
    }
    const view = (http: boolean): AuthorizationRule[] => rules.flatMap((rule, i) => this.rule(rule, i, http) ?? []);
    const http = view(true);
    return { action: this.action, http, tcp: view(false), statuses: this.statuses.list() };
  }

  private nameOf(rule: number): string {
    const { namespace, name } = this.policy;
    return `${this.action === 'CUSTOM' ? customPrefix : ''}ns[${namespace}]-policy[${name}]-rule[${rule}]`;
  }

  private doubt(path: Path, message: string): void {
    this.statuses.add(originOf(this.policy, ...path), 'invalid-policy', message);
  }

  /** Undefined: it allows nothing. */
  private rule(rule: Rule | null, index: number, http: boolean): AuthorizationRule | undefined {
    const path: Path = ['spec', 'rules', index];
    try {
      if (!rule) this.refuse(path, 'there is no rule', http);
      const common = this.conditions(rule?.when ?? [], path, http);
      const sources = (rule?.from ?? []).map((from, i) => {
        const own = this.fields(from?.source, [...path, 'from', i, 'source'], sourceFields, http);
        return all([...own, ...common.principal]);
      });
      const operations = (rule?.to ?? []).map((to, i) => {
        const own = this.fields(to?.operation, [...path, 'to', i, 'operation'], operationFields, http);
        return all([...own, ...common.permission]);
      });
      return {
        name: this.nameOf(index),
        permissions: operations.length > 0 ? operations : [all(common.permission)],
        principals: sources.length > 0 ? sources : [all(common.principal)],
        origin: originOf(this.policy, ...path),
      };
    } catch (error) {
      if (error instanceof Doubt) return undefined;
      throw error;
    }
  }

  /** @throws Doubt where the rule is to allow something */
  private refuse(path: Path, problem: string, http: boolean): void {
    // Both views have the same problems.
    if (http) {
      const effect = this.action === 'ALLOW' ? 'so the rule allows nothing' : 'so the rule is for more than it says';
      this.doubt(path, `${problem}: ${formatPath(path)} cannot be checked, ${effect}`);
    }
    this.leaveOut();
  }

  /** @throws Doubt where the rule is to allow something */
  private leaveOut(): void {
    if (this.action === 'ALLOW') throw new Doubt();
  }

  private fields<T extends Source | Operation>(
    written: T | undefined,
    path: Path,
    fields: readonly (readonly [keyof T, keyof T, Attribute])[],
    http: boolean,
  ): AuthorizationCondition[] {
    const lists = (written ?? {}) as Readonly<Record<keyof T, readonly string[] | undefined>>;
    if (!fields.some(([field, notField]) => lists[field]?.length || lists[notField]?.length)) this.refuse(path, 'nothing is asked for', http);
    return fields.flatMap(([field, notField, attribute]) => [
      ...this.oneOf(attribute, lists[field] ?? [], [...path, String(field)], http),
      ...this.noneOf(attribute, lists[notField] ?? [], [...path, String(notField)], http),
    ]);
  }

  private conditions(written: readonly (Condition | null)[], path: Path, http: boolean): Sides {
    const sides: Sides = { permission: [], principal: [] };
    for (const [i, condition] of written.entries()) {
      const { key = '', values = [], notValues = [] } = condition ?? {};
      const at = [...path, 'when', i];
      const attribute = conditionAttribute(key);
      if (!attribute) {
        this.refuse([...at, 'key'], key === '' ? 'a condition has no key' : `there is no attribute ${key}`, http);
        continue;
      }
      if (values.length + notValues.length === 0) this.refuse(at, `the condition on ${key} has neither values nor notValues`, http);
      sides[attribute.side].push(...this.oneOf(attribute, values, [...at, 'values'], http), ...this.noneOf(attribute, notValues, [...at, 'notValues'], http));
    }
    return sides;
  }

  /** That the attribute has one of some values; nothing where that is not asked for, or cannot be. */
  private oneOf(attribute: Attribute, values: readonly string[], path: Path, http: boolean): AuthorizationCondition[] {
    const found = this.valuesOf(attribute, values, path, http);
    // Whoever has a value that cannot be checked is meant as well.
    return found.length === 0 || found.includes(undefined) ? [] : [some(attribute, found)];
  }

  /** That it has none of them: one that cannot be checked excepts nobody. */
  private noneOf(attribute: Attribute, values: readonly string[], path: Path, http: boolean): AuthorizationCondition[] {
    const found = this.valuesOf(attribute, values, path, http).filter((condition) => condition !== undefined);
    return found.length === 0 ? [] : [{ kind: 'not', of: some(attribute, found) }];
  }

  /** Undefined for a value that cannot be checked. */
  private valuesOf(attribute: Attribute, values: readonly string[], path: Path, http: boolean): (AuthorizationCondition | undefined)[] {
    if (values.length === 0) return [];
    if (attribute.onlyHttp && !http) {
      this.leaveOut();
      return [];
    }
    if (attribute.ofToken && this.action === 'CUSTOM') {
      this.refuse(path, 'tokens are verified after a CUSTOM policy was asked for', http);
      return [];
    }
    return values.flatMap((value, i) => {
      if (typeof value !== 'string' || value === '') {
        this.refuse([...path, i], 'a value is empty', http);
        return [undefined];
      }
      return (attribute.expand?.(value, this.context) ?? [value]).map((one) => {
        const condition = attribute.matches(one, this.context);
        const problem = 'problem' in condition ? condition.problem : isTooLong(condition) ? 'is too long' : undefined;
        if (!('problem' in condition) && problem === undefined) return condition;
        this.refuse([...path, i], `${one.slice(0, mostShown)} ${problem}`, http);
        return undefined;
      });
    });
  }
}

const mostShown = 100;

/** For a regular expression, as proxies limit them. */
function isTooLong(condition: AuthorizationCondition): boolean {
  return 'match' in condition && condition.match.kind === 'regex' && !isRe2(condition.match.value);
}

function some({ bare }: Attribute, conditions: readonly (AuthorizationCondition | undefined)[]): AuthorizationCondition {
  const of = conditions.filter((condition) => condition !== undefined);
  return bare && of.length === 1 ? (of[0] as AuthorizationCondition) : { kind: 'some', of };
}

function all(conditions: readonly AuthorizationCondition[]): AuthorizationCondition {
  return { kind: 'all', of: conditions.length > 0 ? conditions : [any] };
}
