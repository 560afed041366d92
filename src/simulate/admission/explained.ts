// Every rule of a proxy with what it lacks, stage by stage.
import type { AuthorizationRule, AuthorizationStages } from '../../ir/authorization.ts';
import { type ExplainedStage, explainRule, explainStages } from '../../proxy/core/authorization/explain.ts';
import type { Subject } from '../../proxy/core/authorization/subject.ts';
import type { AdmissionRule, AdmissionStage, UnknownPart } from './admission.ts';
import type { Ruling } from './gate.ts';
import { ruleHoldsAsKnown, unknownParts } from './known.ts';

export interface Explaining {
  /** Before tokens were read, as CUSTOM policies see the request. */
  before: Subject;
  after: Subject;
  unknown: ReadonlySet<UnknownPart>;
  ruling: Ruling;
}

const actions: Readonly<Record<ExplainedStage['stage'], Pick<AdmissionStage, 'action' | 'dryRun'>>> = {
  custom: { action: 'CUSTOM', dryRun: false },
  audit: { action: 'AUDIT', dryRun: false },
  'dry-run deny': { action: 'DENY', dryRun: true },
  deny: { action: 'DENY', dryRun: false },
  'dry-run allow': { action: 'ALLOW', dryRun: true },
  allow: { action: 'ALLOW', dryRun: false },
};

/** How far a denial lets a request come: stages behind it are not asked. */
const order: readonly (ExplainedStage['stage'] | 'token')[] = ['custom', 'token', 'audit', 'dry-run deny', 'deny', 'dry-run allow', 'allow'];

/** In the order in which they are asked (SEC-R21). */
export function explainedStages(stages: AuthorizationStages, { before, after, unknown, ruling }: Explaining): AdmissionStage[] {
  const last = ruling.by ? order.indexOf(ruling.by) : order.length;
  let stopped = false;
  return explainStages(stages, after).stages.map(({ stage, custom, rules }) => {
    const subject = stage === 'custom' ? before : after;
    const doubt = actions[stage].action !== 'ALLOW';
    const reached = order.indexOf(stage) <= last && !stopped;
    if (ruling.by === 'custom' && stage === 'custom' && custom?.rules.some(({ name }) => name === ruling.rule?.name)) stopped = true;
    return {
      ...actions[stage],
      ...(custom ? { provider: { name: custom.provider, known: custom.authorizer !== undefined, failOpen: custom.authorizer?.failOpen === true } } : {}),
      reached,
      rules: rules.map(({ rule }) => explained(rule, subject, unknown, doubt)),
    };
  });
}

function explained(rule: AuthorizationRule, subject: Subject, unknown: ReadonlySet<UnknownPart>, doubt: boolean): AdmissionRule {
  const { name, origin } = rule;
  const holds = ruleHoldsAsKnown(rule, subject, unknown, doubt);
  if (holds !== false)
    return { name, origin, holds: holds ? 'yes' : 'unknown', unknown: holds ? [] : unknownParts(rule, unknown), permissions: [], principals: [] };
  const { permissions, principals } = explainRule(rule, subject, doubt);
  return { name, origin, holds: 'no', unknown: [], permissions, principals };
}
