import fc from 'fast-check';
import type { AuthorizationStages } from '../../src/ir/authorization.ts';
import { explainStages } from '../../src/proxy/core/authorization/explain.ts';
import { firstOf, naiveDecision } from '../../src/proxy/core/authorization/naive.ts';
import { CompiledStages } from '../../src/proxy/core/authorization/stages.ts';
import type { Subject } from '../../src/proxy/core/authorization/subject.ts';
import { request, stages } from './arbitraries.ts';

/** What came out, so that a comparison of nothing but denials is seen. */
export interface Outcomes {
  decisions: number;
  allowed: number;
  denied: number;
  /** Denied by a DENY rule. */
  byRule: number;
  unrestricted: number;
}

/**
 * Compares compiled policies with the naive evaluator, and with the trail of the decision.
 *
 * @param sets how many policies there are to be, each asked about some requests
 * @param mostRules of one action
 * @throws Error with the smallest counterexample
 */
export function compareWithNaive({ sets, mostRules, seed }: { sets: number; mostRules: number; seed?: number }): Outcomes {
  const outcomes: Outcomes = { decisions: 0, allowed: 0, denied: 0, byRule: 0, unrestricted: 0 };
  const property = fc.property(stages(mostRules), fc.array(request, { minLength: 1, maxLength: 5 }), (policies, requests) => {
    const compiled = new CompiledStages(policies);
    for (const one of requests) {
      compareOne(policies, compiled, one);
      const { allowed, stage } = compiled.decide(one);
      outcomes.decisions++;
      if (allowed) outcomes.allowed++;
      else outcomes.denied++;
      if (stage === 'deny') outcomes.byRule++;
      if (stage === 'none') outcomes.unrestricted++;
    }
  });
  fc.assert(property, { numRuns: sets, ...(seed === undefined ? {} : { seed }) });
  return outcomes;
}

function compareOne(policies: AuthorizationStages, compiled: CompiledStages, subject: Subject): void {
  const wanted = naiveDecision(policies, subject);
  const decision = compiled.decide(subject);
  const { allowed, stage, rule } = decision;
  const pairs: [what: string, found: unknown, expected: unknown][] = [
    ['decision', [stage, allowed, rule?.name ?? ''], [wanted.action, wanted.allowed, wanted.rule]],
    ['audit', compiled.audit(subject)?.name, firstOf(policies.audit, subject, true)],
    ['dry-run deny', compiled.dryRunDeny(subject)?.rule?.name, firstOf(policies.dryRun?.deny ?? [], subject, true)],
    ['dry-run allow', compiled.dryRunAllow(subject)?.rule?.name, firstOf(policies.dryRun?.allow ?? [], subject, false)],
  ];
  const explained = explainStages(policies, subject);
  for (const { stage: of, rules } of explained.stages) {
    const doubt = of !== 'allow' && of !== 'dry-run allow';
    for (const { rule: own, holds, permissions, principals } of rules) {
      pairs.push([`${of} ${own.name}`, holds, firstOf([own], subject, doubt) !== undefined]);
      pairs.push([`${of} ${own.name} says what it lacks`, permissions.length + principals.length > 0, !holds]);
    }
  }
  for (const [what, found, expected] of pairs) {
    if (JSON.stringify(found) !== JSON.stringify(expected)) throw new Error(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`);
  }
}
