import { deprecatedMirrorPercent } from '../../../manifest/istio/deprecated.ts';
import type { HTTPRoute } from '../../../manifest/istio/networking.gen.ts';
import type { Path } from '../../../manifest/problem.ts';
import { checkDuration } from '../primitives.ts';
import type { ProblemSink } from '../validator.ts';
import { checkCors } from './cors.ts';
import { checkDestination, checkMirrorPercentage, checkMirrors, checkRoute } from './destinations.ts';
import { checkFault } from './fault.ts';
import { checkAuthorityOnce, checkHeaders } from './header-rules.ts';
import { checkHttpMatches } from './http-match.ts';
import { checkDirectResponse, checkRedirect } from './responses.ts';
import { checkRetries } from './retries.ts';
import { checkRewrite } from './rewrite.ts';

/** @param isDelegate the virtual service has no hosts: others delegate to it */
export function checkHttpRoute(sink: ProblemSink, path: Path, rule: HTTPRoute, isDelegate: boolean): void {
  checkAction(sink, path, rule, isDelegate);
  checkHttpMatches(sink, [...path, 'match'], rule.match);
  if (rule.headers) checkHeaders(sink, [...path, 'headers'], rule.headers);
  if (rule.corsPolicy) checkCors(sink, [...path, 'corsPolicy'], rule.corsPolicy);
  if (rule.fault) checkFault(sink, [...path, 'fault'], rule.fault);
  checkMirroring(sink, path, rule);
  if (rule.redirect) checkRedirect(sink, [...path, 'redirect'], rule.redirect);
  if (rule.directResponse) checkDirectResponse(sink, [...path, 'directResponse'], rule.directResponse);
  if (rule.retries) checkRetries(sink, [...path, 'retries'], rule.retries);
  if (rule.rewrite) checkRewrite(sink, [...path, 'rewrite'], rule.rewrite);
  if (rule.rewrite || rule.headers) checkAuthorityOnce(sink, path, rule.rewrite, rule.headers);
  checkRoute(sink, [...path, 'route'], rule.route);
  if (rule.timeout !== undefined) checkDuration(sink, [...path, 'timeout'], rule.timeout);
}

function checkMirroring(sink: ProblemSink, path: Path, rule: HTTPRoute): void {
  if ((rule.mirrorPercent ?? 0) > 100) {
    sink.error([...path, 'mirrorPercent'], `the percentage of mirrored requests is ${rule.mirrorPercent}; the most is 100`);
  }
  const deprecated = deprecatedMirrorPercent(rule, ['spec', ...path]);
  if (deprecated) sink.warning([...path, 'mirrorPercent'], deprecated.text, deprecated);
  if (rule.mirrorPercentage) checkMirrorPercentage(sink, [...path, 'mirrorPercentage'], rule.mirrorPercentage.value, 'mirrorPercentage');
  if (rule.mirror) checkDestination(sink, [...path, 'mirror'], rule.mirror);
  if (rule.mirrors) checkMirrors(sink, [...path, 'mirrors'], rule.mirrors);
}

type Action = 'redirect' | 'directResponse' | 'route' | 'fault' | 'rewrite';

/** What a rule that answers by itself cannot have beside that answer. */
const conflicts: Readonly<Record<'redirect' | 'directResponse', readonly Action[]>> = {
  redirect: ['route', 'fault', 'rewrite', 'directResponse'],
  directResponse: ['route', 'fault', 'rewrite'],
};

/** A rule does one thing with a request: route it, redirect it, answer it, or delegate it to another virtual service. */
function checkAction(sink: ProblemSink, path: Path, rule: HTTPRoute, isDelegate: boolean): void {
  const routes = (rule.route ?? []).length > 0;
  if (rule.delegate && !isDelegate) {
    for (const field of ['redirect', 'route'] as const) {
      if (field === 'route' ? !routes : !rule.redirect) continue;
      sink.error([...path, field], `${rule.name ? `rule ${rule.name}` : 'a rule'} with a delegate cannot have a ${field}: the delegate decides`);
    }
    return;
  }
  if (rule.delegate) sink.error([...path, 'delegate'], 'a virtual service without hosts is a delegate itself, and delegates cannot delegate');
  const answer = rule.redirect ? 'redirect' : rule.directResponse ? 'directResponse' : undefined;
  if (answer) {
    for (const other of conflicts[answer]) {
      if (other === 'route' ? routes : rule[other]) sink.error([...path, other], `a rule with ${answer} cannot have ${other}`);
    }
  } else if (!routes) sink.error(path, 'the rule does nothing with requests: it needs a route, redirect or directResponse');
  if (rule.mirror && (rule.mirrors ?? []).length > 0) sink.error([...path, 'mirrors'], 'a rule cannot have both mirror and mirrors');
}
