// What two tables ask of those who come in: rules of policies and tokens, as the routing table has them.

import type { JwtProvider } from '../ir/authentication.ts';
import type { AuthorizationCondition, AuthorizationRule, AuthorizationStages, TextMatcher } from '../ir/authorization.ts';
import type { Security } from '../ir/table.ts';
import type { ChangedRule } from './access/search.ts';
import { stableJson } from './canonical.ts';
import type { FieldChange, Side } from './change.ts';
import { differences, type Fact, leafText, leavesOf } from './facts.ts';
import type { TableChange } from './tables.ts';
import { stringText } from './words.ts';

type SecurityChange = Omit<TableChange, 'subject'>;

/** What examples of a change are looked for by. */
export interface AskedPolicies {
  old: Security | undefined;
  new: Security | undefined;
  protocol: 'http' | 'tcp';
  /** Rules that are only on one side. */
  rules: readonly ChangedRule[];
  /** Equal for the same policies. */
  key: string;
}

/** Names of policies are for people, and are no difference; what is only logged is none either. */
export function securityChanges(old: Security | undefined, now: Security | undefined): SecurityChange[] {
  const [was, is] = [stableJson(old ?? {}), stableJson(now ?? {})];
  if (was === is) return [];
  const asked = { old, new: now, key: `${was}\n${is}` };
  const [before, after] = [old?.authorization, now?.authorization];
  const ofRequests = authorizationFields(before?.http ?? open, after?.http ?? open);
  // The rules for bytes are what is left of the same policies.
  const ofBytes = ofRequests.length > 0 ? [] : authorizationFields(before?.tcp ?? open, after?.tcp ?? open);
  const tokens = differences(tokenFacts(old), tokenFacts(now));
  const rulesOf = (protocol: 'http' | 'tcp') => changedRules(before?.[protocol] ?? open, after?.[protocol] ?? open);
  return [
    ...changeOf('who may do what', ofRequests, () => ({ ...asked, protocol: 'http', rules: rulesOf('http') })),
    ...changeOf('who may connect', ofBytes, () => ({ ...asked, protocol: 'tcp', rules: rulesOf('tcp') })),
    ...changeOf('tokens', tokens, () => ({ ...asked, protocol: 'http', rules: [] })),
  ];
}

const open: AuthorizationStages = { custom: [], audit: [], deny: [] };

function changeOf(place: string, fields: FieldChange[], asked: () => AskedPolicies): SecurityChange[] {
  return fields.length > 0 ? [{ mark: 'changed', place, fields, at: {}, asked: asked() }] : [];
}

function changedRules(old: AuthorizationStages, now: AuthorizationStages): ChangedRule[] {
  const of = (before: readonly AuthorizationRule[], after: readonly AuthorizationRule[], doubt: boolean): ChangedRule[] =>
    Object.values(onlyIn(before, after)).flatMap((rules) => rules.map((rule) => ({ rule, doubt })));
  const custom = ({ custom: all }: AuthorizationStages): AuthorizationRule[] => all.flatMap(({ rules }) => rules);
  return [...of(old.deny, now.deny, true), ...of(old.allow ?? [], now.allow ?? [], false), ...of(custom(old), custom(now), true)];
}

function authorizationFields(old: AuthorizationStages, now: AuthorizationStages): FieldChange[] {
  const rest = (stages: AuthorizationStages): Side => ({ text: stages.allow ? 'denied' : 'allowed', value: stages.allow === undefined });
  const isOther = (old.allow === undefined) !== (now.allow === undefined);
  return [
    ...ruleFields('deny', old.deny, now.deny),
    ...(isOther ? [{ field: 'what no rule allows', old: rest(old), new: rest(now) }] : []),
    ...ruleFields('allow', old.allow ?? [], now.allow ?? []),
    ...customFields(old, now),
  ];
}

/** Those that come and go: of a rule that is written otherwise, both. */
function ruleFields(field: string, old: readonly AuthorizationRule[], now: readonly AuthorizationRule[]): FieldChange[] {
  const { gone, come } = onlyIn(old, now);
  return [...gone.map((rule): FieldChange => ({ field, old: ruleSide(rule) })), ...come.map((rule): FieldChange => ({ field, new: ruleSide(rule) }))];
}

function onlyIn(old: readonly AuthorizationRule[], now: readonly AuthorizationRule[]): { gone: AuthorizationRule[]; come: AuthorizationRule[] } {
  const of = (rules: readonly AuthorizationRule[]) => new Map(rules.map((rule) => [stableJson([rule.permissions, rule.principals]), rule]));
  const [before, after] = [of(old), of(now)];
  return {
    gone: [...before].flatMap(([key, rule]) => (after.has(key) ? [] : [rule])),
    come: [...after].flatMap(([key, rule]) => (before.has(key) ? [] : [rule])),
  };
}

function ruleSide({ permissions, principals, origin }: AuthorizationRule): Side {
  const [what, who] = [anyOf(permissions, 'everything'), anyOf(principals, 'everybody')];
  return { text: `${what} by ${who}`, value: { permissions, principals }, origin };
}

/** Services that are asked, by their providers; a rule of one of them is told as any other. */
function customFields({ custom: old }: AuthorizationStages, { custom: now }: AuthorizationStages): FieldChange[] {
  const providers = [...new Set([...old, ...now].map(({ provider }) => provider))];
  return providers.flatMap((provider) => {
    const [before, after] = [old, now].map((list) => list.find((one) => one.provider === provider));
    const facts = (one: typeof before): Fact[] =>
      one?.authorizer ? leavesOf(one.authorizer).map(([path, value]) => ({ field: `${provider} ${path}`, text: leafText(path, value), value })) : [];
    const both = before && after ? differences(facts(before), facts(after)) : [];
    return [...ruleFields(`ask ${provider === '' ? 'nobody, and deny' : provider}`, before?.rules ?? [], after?.rules ?? []), ...both];
  });
}

function tokenFacts(security: Security | undefined): Fact[] {
  const issuers = new Map<string, JwtProvider[]>();
  for (const provider of security?.authentication?.providers ?? []) {
    const { issuer } = provider;
    issuers.set(issuer, [...(issuers.get(issuer) ?? []), provider]);
  }
  return [...issuers].map(([issuer, providers]) => {
    const values = providers.map(({ name: _, origin: __, ...rest }) => rest);
    const field = issuer === '' ? 'of any issuer' : `of ${issuer}`;
    return { field, text: values.map(tokenText).join('; '), value: values, origin: () => providers[0]?.origin };
  });
}

function tokenText({ audiences, keys, headers, params, cookies, forward }: Omit<JwtProvider, 'name' | 'origin'>): string {
  const places = [...headers.map(({ name }) => name), ...params.map((name) => `?${name}`), ...cookies.map((name) => `cookie ${name}`)];
  return [
    audiences.length > 0 ? `for ${audiences.join(', ')}` : 'for any audience',
    keys.kind === 'inline' ? 'keys as written' : `keys of ${keys.kind === 'remote' ? keys.uri : keys.issuer}`,
    ...(places.length > 0 ? [`in ${places.join(', ')}`] : []),
    ...(forward ? ['passed on'] : []),
  ].join(', ');
}

function anyOf(conditions: readonly AuthorizationCondition[], all: string): string {
  if (conditions.length === 0) return 'nothing';
  return conditions
    .map(unwrapped)
    .map((one) => (one.kind === 'any' ? all : conditionText(one)))
    .join(' or ');
}

function unwrapped(condition: AuthorizationCondition): AuthorizationCondition {
  const [only, ...more] = condition.kind === 'all' || condition.kind === 'some' ? condition.of : [];
  return only && more.length === 0 ? unwrapped(only) : condition;
}

function conditionText(condition: AuthorizationCondition): string {
  switch (condition.kind) {
    case 'any':
      return 'anything';
    case 'never':
      return 'nothing';
    case 'all':
      return condition.of.map(inner).join(' and ');
    case 'some':
      return condition.of.map(inner).join(' or ');
    case 'not':
      return `not ${inner(condition.of)}`;
    case 'peer':
    case 'method':
    case 'server-name':
    case 'host':
    case 'path':
      return `${condition.kind} ${matcherText(condition.match)}`;
    case 'source-ip':
    case 'remote-ip':
    case 'destination-ip':
      return `${condition.kind} ${condition.cidr}`;
    case 'destination-port':
      return `port ${condition.port}`;
    case 'path-template':
      return `path ${condition.template}`;
    case 'header':
      return `header ${condition.name} ${matcherText(condition.match)}`;
    case 'claim':
      return `claim ${condition.path.join('.')} ${matcherText(condition.match)}`;
    case 'metadata':
      return `${condition.filter} ${condition.path.join('.')} ${matcherText(condition.match)}`;
  }
}

/** What is joined by words is in brackets inside of others. */
function inner(condition: AuthorizationCondition): string {
  const text = conditionText(condition);
  return (condition.kind === 'all' || condition.kind === 'some') && condition.of.length > 1 ? `(${text})` : text;
}

function matcherText(matcher: TextMatcher): string {
  return matcher.kind === 'suffix' ? `*${matcher.value}` : stringText(matcher);
}
