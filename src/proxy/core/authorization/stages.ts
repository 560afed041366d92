import type { AuthorizationRule, AuthorizationStages, CustomAuthorization } from '../../../ir/authorization.ts';
import { type Decision, type DryRun, deniedDetails, type Verdict } from './decision.ts';
import { RuleSet } from './rule-set.ts';
import type { Subject } from './subject.ts';

/** A provider and the rules by which it is asked. */
export interface CompiledCustom {
  readonly custom: CustomAuthorization;
  readonly rules: RuleSet;
}

const open: Verdict = { allowed: true, stage: 'none', rule: undefined, details: '' };

/**
 * The policies for one proxy and protocol, ready to be asked (SEC-R21). A data plane, which has to wait for providers and tokens in
 * between, asks the stages one by one: `custom`, `audit`, `dryRunDeny`, `deny`, `dryRunAllow`, `allow`. Whoever only wants to know
 * what becomes of a request asks `decide`; why, tells `explainStages`.
 */
export class CompiledStages {
  readonly stages: AuthorizationStages;
  readonly custom: readonly CompiledCustom[];
  /** Undefined where there are no rules. */
  readonly auditRules: RuleSet | undefined;
  readonly denyRules: RuleSet | undefined;
  /** Undefined: there is no ALLOW policy. */
  readonly allowRules: RuleSet | undefined;
  readonly dryRunDenyRules: RuleSet | undefined;
  readonly dryRunAllowRules: RuleSet | undefined;

  constructor(stages: AuthorizationStages) {
    const { custom, audit, deny, allow, dryRun } = stages;
    this.stages = stages;
    // Whom a rule in doubt is asked about is not let in by it.
    this.custom = custom.map((one) => ({ custom: one, rules: new RuleSet(one.rules, true) }));
    this.auditRules = audit.length > 0 ? new RuleSet(audit, true) : undefined;
    this.denyRules = deny.length > 0 ? new RuleSet(deny, true) : undefined;
    this.allowRules = allow && new RuleSet(allow, false);
    this.dryRunDenyRules = dryRun && dryRun.deny.length > 0 ? new RuleSet(dryRun.deny, true) : undefined;
    this.dryRunAllowRules = dryRun?.allow && new RuleSet(dryRun.allow, false);
  }

  /** The first AUDIT rule that holds. */
  audit(subject: Subject): AuthorizationRule | undefined {
    return this.auditRules?.first(subject);
  }

  /** A denial; undefined: no DENY rule holds. */
  deny(subject: Subject): Verdict | undefined {
    const rule = this.denyRules?.first(subject);
    return rule && { allowed: false, stage: 'deny', rule, details: deniedDetails(rule.name) };
  }

  /** To be asked when `deny` denies nothing. */
  allow(subject: Subject): Verdict {
    if (!this.allowRules) return open;
    const rule = this.allowRules.first(subject);
    return rule ? { allowed: true, stage: 'allow', rule, details: '' } : { allowed: false, stage: 'allow', rule, details: deniedDetails('none') };
  }

  dryRunDeny(subject: Subject): DryRun['deny'] {
    if (!this.dryRunDenyRules) return undefined;
    const rule = this.dryRunDenyRules.first(subject);
    return { denied: rule !== undefined, rule };
  }

  dryRunAllow(subject: Subject): DryRun['allow'] {
    if (!this.dryRunAllowRules) return undefined;
    const rule = this.dryRunAllowRules.first(subject);
    return { allowed: rule !== undefined, rule };
  }

  /** All stages, as if every provider allowed what it is asked about. */
  decide(subject: Subject): Decision {
    const asked: Decision['asked'][number][] = [];
    for (const { custom, rules } of this.custom) {
      const rule = rules.first(subject);
      if (!rule) continue;
      asked.push({ custom, rule });
      if (!custom.authorizer) {
        return { allowed: false, stage: 'custom', rule, details: deniedDetails(rule.name), asked, audit: undefined, dryRun: undefined };
      }
    }
    const audit = this.audit(subject);
    const wouldDeny = this.dryRunDeny(subject);
    const denial = this.deny(subject);
    const wouldAllow = denial ? undefined : this.dryRunAllow(subject);
    const dryRun = wouldDeny || wouldAllow ? { deny: wouldDeny, allow: wouldAllow } : undefined;
    return { ...(denial ?? this.allow(subject)), asked, audit, dryRun };
  }
}
