// Policies as the rules say them, one after the other and without an index: what the compiled ones are compared with. Three values:
// undefined is a condition that cannot be decided.
import type { AuthorizationCondition, AuthorizationRule, AuthorizationStages, TextMatcher } from '../../../ir/authorization.ts';
import { cidrContains, parseCidr, parseIp } from '../ip.ts';
import { compileRegex } from '../regex.ts';
import type { Subject } from './subject.ts';

type Answer = boolean | undefined;

/** SEC-R21 without what waits for others: the action and the name of the rule that decides. */
export function naiveDecision(stages: AuthorizationStages, subject: Subject): { action: 'custom' | 'deny' | 'allow' | 'none'; allowed: boolean; rule: string } {
  for (const { rules, authorizer } of stages.custom) {
    const rule = firstOf(rules, subject, true);
    if (rule !== undefined && !authorizer) return { action: 'custom', allowed: false, rule };
  }
  const denied = firstOf(stages.deny, subject, true);
  if (denied !== undefined) return { action: 'deny', allowed: false, rule: denied };
  if (!stages.allow) return { action: 'none', allowed: true, rule: '' };
  const allowed = firstOf(stages.allow, subject, false);
  return { action: 'allow', allowed: allowed !== undefined, rule: allowed ?? '' };
}

/** Name of the first rule by name that holds. */
export function firstOf(rules: readonly AuthorizationRule[], subject: Subject, doubt: boolean): string | undefined {
  const names = rules.filter((rule) => ruleHolds(rule, subject) ?? doubt).map(({ name }) => name);
  return names.sort()[0];
}

function ruleHolds({ permissions, principals }: AuthorizationRule, subject: Subject): Answer {
  return and([or(permissions.map((one) => holds(one, subject))), or(principals.map((one) => holds(one, subject)))]);
}

const and = (answers: Answer[]): Answer => (answers.includes(false) ? false : answers.includes(undefined) ? undefined : true);
const or = (answers: Answer[]): Answer => (answers.includes(true) ? true : answers.includes(undefined) ? undefined : false);

function holds(condition: AuthorizationCondition, subject: Subject): Answer {
  switch (condition.kind) {
    case 'any':
      return true;
    case 'never':
      return false;
    case 'metadata':
      return undefined;
    case 'all':
      return and(condition.of.map((one) => holds(one, subject)));
    case 'some':
      return or(condition.of.map((one) => holds(one, subject)));
    case 'not': {
      const answer = holds(condition.of, subject);
      return answer === undefined ? undefined : !answer;
    }
    case 'destination-port':
      return subject.localPort === condition.port;
    case 'source-ip':
      return inBlock(subject.peerAddress, condition.cidr);
    case 'remote-ip':
      return inBlock(subject.remoteAddress, condition.cidr);
    case 'destination-ip':
      return inBlock(subject.localAddress, condition.cidr);
    case 'path-template':
      return matchesTemplate(condition.template, subject.path.split('?')[0] as string);
    default: {
      const answers = textsOf(condition, subject).map((text) => matches(condition.match, text));
      return condition.match.kind === 'regex' && !compileRegex(condition.match.value) ? undefined : or(answers);
    }
  }
}

function textsOf(condition: AuthorizationCondition, subject: Subject): string[] {
  switch (condition.kind) {
    case 'peer':
      return (
        [[...subject.peerUriSans], [...subject.peerDnsSans], subject.peerSubject === '' ? [] : [subject.peerSubject]].find((names) => names.length > 0) ?? []
      );
    case 'host':
      return [subject.authority];
    case 'method':
      return subject.method === '' ? [] : [subject.method];
    case 'server-name':
      return subject.serverName === '' ? [] : [subject.serverName];
    case 'path':
      return subject.path === '' ? [] : [subject.path.split('?')[0] as string];
    case 'header':
      return headersOf(condition.name.toLowerCase(), subject);
    case 'claim': {
      let value = subject.claims as Record<string, unknown> | undefined;
      for (const key of condition.path) {
        const inside = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
        value = inside ? (value?.[key] as Record<string, unknown>) : undefined;
      }
      if (condition.textOnly && typeof value !== 'string') return [];
      return [value as unknown].flat().filter((one) => typeof one === 'string');
    }
    default:
      return [];
  }
}

function headersOf(name: string, subject: Subject): string[] {
  const pseudo: Record<string, string> = {
    ':method': subject.method,
    ':path': subject.path,
    ':authority': subject.authority,
    host: subject.authority,
    ':scheme': subject.scheme,
  };
  if (name in pseudo) return [pseudo[name] as string];
  return subject.headers.filter((_, i) => i % 2 === 1 && subject.headers[i - 1] === name);
}

function matches(matcher: TextMatcher, text: string): boolean {
  if (matcher.kind === 'present') return true;
  if (matcher.kind === 'regex') return compileRegex(matcher.value)?.matches(text) ?? false;
  const [value, of] = matcher.ignoreCase ? [matcher.value.toLowerCase(), text.toLowerCase()] : [matcher.value, text];
  return matcher.kind === 'exact' ? of === value : matcher.kind === 'prefix' ? of.startsWith(value) : of.endsWith(value);
}

function inBlock(address: string, block: string): Answer {
  const cidr = parseCidr(block);
  const bytes = parseIp(address);
  return cidr && bytes ? cidrContains(cidr, bytes) : undefined;
}

/** Segment by segment. */
function matchesTemplate(template: string, path: string): Answer {
  const wanted = template.split('/');
  const stars = wanted.slice(1).filter((segment) => segment.startsWith('*'));
  const isValid = wanted.every((segment, i) => {
    if (i === 0 || segment === '') return segment === '' && (i === 0 || i === wanted.length - 1);
    const rest = segment.replace(/^\*\*?/, '');
    return (rest === '' || /^[^*[\]^|{}"<> ]*$/.test(rest)) && (rest === segment || rest === '' || i === wanted.length - 1);
  });
  const greedy = stars.findIndex((segment) => segment.startsWith('**'));
  if (!isValid || wanted.length < 2 || (greedy >= 0 && greedy < stars.length - 1)) return undefined;
  return matchesSegments(wanted.slice(1), path.split('/').slice(1)) && path.startsWith('/');
}

const isCharacters = (text: string): boolean => [...text].every((c) => /[-\w.~%!$&'()+,;:@=*]/.test(c));

function matchesSegments(wanted: readonly string[], segments: readonly string[]): boolean {
  const [first, ...others] = wanted;
  if (first === undefined) return segments.length === 0;
  const [segment, ...rest] = segments;
  if (segment === undefined) return false;
  if (first.startsWith('**')) {
    // It takes any number of segments, the slashes between them included.
    for (let taken = segments.length; taken > 0; taken--) {
      const text = segments.slice(0, taken).join('/');
      const suffix = first.slice(2);
      const body = text.slice(0, text.length - suffix.length);
      if (text.endsWith(suffix) && body.split('/').every(isCharacters) && matchesSegments(others, segments.slice(taken))) return true;
    }
    return false;
  }
  if (!first.startsWith('*')) return segment === first && matchesSegments(others, rest);
  const suffix = first.slice(1);
  const body = segment.slice(0, segment.length - suffix.length);
  return segment.endsWith(suffix) && body.length > 0 && isCharacters(body) && matchesSegments(others, rest);
}
