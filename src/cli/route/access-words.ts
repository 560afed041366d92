// Conditions and decisions of policies as a person reads them.
import { type AuthorizationCondition, ruleOfName, type TextMatcher } from '../../ir/authorization.ts';
import { isTextual } from '../../proxy/core/authorization/attributes.ts';
import type { Unmet } from '../../proxy/core/authorization/explain.ts';
import type { Admission, AdmissionRule, TokenJudgement, UnknownPart } from '../../simulate/admission/admission.ts';
import { quoted, wantedText as valueText } from './words.ts';

/** `rule 1 of shop/deny-post`, of a rule with the name `ns[shop]-policy[deny-post]-rule[0]` */
export function ruleText(name: string): string {
  const parts = ruleOfName(name);
  return parts ? `rule ${parts.rule + 1} of ${parts.namespace}/${parts.policy}` : name;
}

/** Why it is denied: `by rule 1 of shop/deny-post`. */
export function deniedText(admission: Admission | undefined, details: string): string {
  switch (admission?.by) {
    case 'deny':
      return admission.rule ? `by ${ruleText(admission.rule.name)}` : details;
    case 'custom':
      return admission.rule ? `as ${ruleText(admission.rule.name)} asks a provider that there is not` : details;
    case 'token':
      return admission.token?.kind === 'refused' ? `as its token is refused: ${admission.token.text}` : details;
    case 'allow':
      return 'as no ALLOW rule takes it';
    default:
      return details;
  }
}

const parts: Readonly<Record<UnknownPart, string>> = {
  peer: 'who the caller proves to be',
  'source-ip': 'the address of the connection',
  'remote-ip': 'the address of the client',
  'destination-ip': 'the address of the workload',
  claim: 'whether the token is valid',
};

/** `who the caller proves to be, the address of the client` */
export function unknownText(unknown: readonly UnknownPart[]): string {
  return unknown.map((part) => parts[part]).join(', ');
}

/** How to tell what is not known. */
export const unknownHelp: Readonly<Record<UnknownPart, string>> = {
  peer: '--from deploy/NAME.NAMESPACE tells the service account of the caller',
  'source-ip': '--client-ip tells the address of the client',
  'remote-ip': "--client-ip, or -H 'x-forwarded-for: …', tells the address of the client",
  'destination-ip': '--to tells the address that is connected to',
  claim: '--jwks FILE has the keys of issuers, and --claims JSON a token that is taken to be verified',
};

export function tokenText(token: TokenJudgement): string {
  switch (token.kind) {
    case 'none':
      return 'there is no token, which passes';
    case 'accepted':
      return `a token of ${token.issuer === '' ? 'no issuer' : token.issuer}${token.subject === '' ? '' : ` for ${token.subject}`} is ${token.assumed ? 'taken to be verified' : 'verified'}`;
    case 'refused':
      return `the token is refused: ${token.status} ${token.text}`;
    case 'unverified':
      return `the token of ${token.issuer === '' ? 'no issuer' : token.issuer} is not verified: its keys are not here`;
  }
}

/** `the path is "/api/1", not "/admin…"`; of a rule that fails on both sides, both. */
export function unmetTexts({ permissions, principals }: Pick<AdmissionRule, 'permissions' | 'principals'>): string[] {
  return [...new Set([sideText(permissions), sideText(principals)].filter((text) => text !== ''))];
}

/** Of several operations, or sources, each fails. */
function sideText(unmet: readonly Unmet[]): string {
  return [...new Set(unmet.map(unmetText))].join('; ');
}

function unmetText({ condition, found, inDoubt, alternatives }: Unmet): string {
  if (inDoubt && condition.kind === 'metadata') return `${partText(condition)} is known to Envoy alone`;
  if (condition.kind === 'never') return 'it matches nothing';
  if (condition.kind === 'not') {
    const { of } = condition;
    if (of.kind === 'all' || of.kind === 'some') return `it must not be that ${heldText(of)}`;
    const wanted = wantedText(of);
    return found.length > 0 ? `${partText(of)} is ${listed(found)}, and must not be ${wanted}` : `it must not be ${partText(of)} ${wanted}`;
  }
  // One part, several values that it may have.
  const one = condition.kind === 'some' ? partOf(condition.of) : undefined;
  if (condition.kind === 'some' && one === undefined) return alternatives.map(unmetText).join(' and ');
  const part = one ?? partText(condition);
  if (inDoubt) return `${part} cannot be compared with ${wantedText(condition)}`;
  return found.length > 0
    ? `${part} is ${listed(found)}, not ${wantedText(condition)}`
    : `${missing[first(condition).kind] ?? `there is no ${part.replace(/^the /, '')}`}: it wants ${wantedText(condition)}`;
}

/** Of conditions that hold. */
function heldText(condition: AuthorizationCondition): string {
  if (condition.kind === 'all') return condition.of.map(heldText).join(' and ');
  if (condition.kind === 'some') return shortened(condition.of.map(heldText), ' or ');
  return `${partText(condition)} is ${wantedText(condition)}`;
}

const missing: Readonly<Partial<Record<AuthorizationCondition['kind'], string>>> = {
  peer: 'the caller has no certificate of the mesh',
  claim: 'there is no verified token with it',
  'server-name': 'there is no server name of TLS',
};

function first(condition: AuthorizationCondition): AuthorizationCondition {
  return condition.kind === 'some' ? (condition.of[0] ?? condition) : condition;
}

/** The part that all of some conditions are about. */
function partOf(conditions: readonly AuthorizationCondition[]): string | undefined {
  const names = new Set(conditions.map(partText));
  const [only] = names;
  return names.size === 1 && conditions.every((one) => one.kind !== 'all' && one.kind !== 'some' && one.kind !== 'not') ? only : undefined;
}

function partText(condition: AuthorizationCondition): string {
  switch (condition.kind) {
    case 'peer':
      return 'the caller';
    case 'source-ip':
      return 'the address of the connection';
    case 'remote-ip':
      return 'the address of the client';
    case 'destination-ip':
      return 'the address of the workload';
    case 'destination-port':
      return 'the port';
    case 'server-name':
      return 'the server name';
    case 'path-template':
      return 'the path';
    case 'header':
      return `header ${condition.name}`;
    case 'claim':
      return `claim ${condition.path.join('.')}`;
    case 'metadata':
      return `${condition.filter} ${condition.path.join('.')}`;
    case 'all':
      return condition.of.map(partText).join(' and ');
    case 'some':
      return [...new Set(condition.of.map(partText))].join(' or ');
    case 'not':
      return partText(condition.of);
    default:
      return `the ${condition.kind}`;
  }
}

function wantedText(condition: AuthorizationCondition): string {
  if (isTextual(condition)) return matcherText(condition.match);
  switch (condition.kind) {
    case 'some':
      return shortened(condition.of.map(wantedText), ' or ');
    case 'all':
      return condition.of.map(wantedText).join(' and ');
    case 'not':
      return `anything but ${wantedText(condition.of)}`;
    case 'source-ip':
    case 'remote-ip':
    case 'destination-ip':
      return condition.cidr.replace(/\/(32|128)$/, '');
    case 'destination-port':
      return String(condition.port);
    case 'path-template':
      return condition.template;
    case 'metadata':
      return matcherText(condition.match);
    default:
      return condition.kind === 'any' ? 'anything' : 'nothing';
  }
}

/** Values that are told. */
const most = 5;

function shortened(values: readonly string[], by: string): string {
  const once = [...new Set(values)];
  const more = once.length - most;
  return more > 1 ? `${once.slice(0, most).join(', ')} or one of ${more} more` : once.join(by);
}

function matcherText(matcher: TextMatcher): string {
  return matcher.kind === 'regex' && matcher.value === '.+' ? 'any value' : valueText(matcher);
}

function listed(found: readonly string[]): string {
  return shortened(found.map(quoted), ' and ');
}
