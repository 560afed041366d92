// What each field of a rule asks for. Texts as one line: `=` is the whole text, `^` its beginning, `$` its end, `~` a regular expression.
import { describe, expect, it } from 'vitest';
import type { AuthorizationCondition, AuthorizationRule, TextMatcher } from '../../ir/authorization.ts';
import { type TableTest, tableOf } from '../testing.ts';
import { securityDoc } from './testing.ts';

const signs: Readonly<Record<TextMatcher['kind'], string>> = { exact: '=', prefix: '^', suffix: '$', regex: '~', present: '?' };

function text(match: TextMatcher): string {
  if (match.kind === 'present') return '?';
  return `${signs[match.kind]}${match.value}${'ignoreCase' in match && match.ignoreCase ? ' (i)' : ''}`;
}

function written(condition: AuthorizationCondition): string {
  switch (condition.kind) {
    case 'any':
    case 'never':
      return condition.kind;
    case 'all':
      return condition.of.map(written).join(' and ');
    case 'some':
      return `(${condition.of.map(written).join(' or ')})`;
    case 'not':
      return `not ${written(condition.of)}`;
    case 'source-ip':
    case 'remote-ip':
    case 'destination-ip':
      return `${condition.kind} ${condition.cidr}`;
    case 'destination-port':
      return `port ${condition.port}`;
    case 'path-template':
      return `template ${condition.template}`;
    case 'header':
      return `header ${condition.name} ${text(condition.match)}`;
    case 'claim':
      return `claim ${condition.path.join('.')} ${text(condition.match)}${condition.textOnly ? '' : ' or in a list'}`;
    case 'metadata':
      return `${condition.filter} ${condition.path.join('.')} ${text(condition.match)}${condition.list ? ' in a list' : ''}`;
    default:
      return `${condition.kind} ${text(condition.match)}`;
  }
}

/** The only rule of an ALLOW policy in `shop`. */
function rule(yaml: string, test: Omit<TableTest, 'proxy'> = {}): AuthorizationRule {
  const { security, statuses } = tableOf([securityDoc('AuthorizationPolicy', 'shop/a', `rules: [${yaml}]`)], test);
  expect(statuses).toEqual([]);
  return security?.authorization?.http.allow?.[0] as AuthorizationRule;
}

const who = (yaml: string, test = {}): string[] => rule(yaml, test).principals.map(written);
const what = (yaml: string): string[] => rule(yaml).permissions.map(written);
const source = (fields: string, test = {}): string | undefined => who(`{from: [{source: {${fields}}}]}`, test)[0];
const operation = (fields: string): string | undefined => what(`{to: [{operation: {${fields}}}]}`)[0];
const when = (key: string, values: string, test = {}): string | undefined => who(`{when: [{key: "${key}", values: [${values}]}]}`, test)[0];

describe('SEC-R23: how fields, values and lists go together', () => {
  it('sources are alternatives, fields are not, and the values of one are', () => {
    expect(who('{from: [{source: {namespaces: [a, b], ipBlocks: [10.0.0.1]}}, {source: {namespaces: [c]}}]}')).toEqual([
      '(peer ~.*/ns/a/.* or peer ~.*/ns/b/.*) and (source-ip 10.0.0.1/32)',
      '(peer ~.*/ns/c/.*)',
    ]);
  });
  it('operations, too', () => {
    expect(what('{to: [{operation: {ports: ["80", "81"], methods: [GET]}}, {operation: {paths: [/a]}}]}')).toEqual([
      '(method =GET) and (port 80 or port 81)',
      '(path =/a)',
    ]);
  });
  it('all conditions hold beside each of them', () => {
    const yaml =
      '{from: [{source: {namespaces: [a]}}, {source: {namespaces: [b]}}], when: [{key: source.ip, values: [10.0.0.1]}, {key: destination.port, values: ["80"]}]}';
    expect(who(yaml)).toEqual(['(peer ~.*/ns/a/.*) and (source-ip 10.0.0.1/32)', '(peer ~.*/ns/b/.*) and (source-ip 10.0.0.1/32)']);
    expect(what(yaml)).toEqual(['(port 80)']);
  });
  it('what is not to be is none of the values', () => {
    expect(operation('paths: [/a*], notPaths: [/a/b, /a/c]')).toBe('(path ^/a) and not (path =/a/b or path =/a/c)');
    expect(who('{when: [{key: source.ip, values: [10.0.0.0/8], notValues: [10.0.0.1, 10.0.0.2]}]}')).toEqual([
      '(source-ip 10.0.0.0/8) and not (source-ip 10.0.0.1/32 or source-ip 10.0.0.2/32)',
    ]);
  });
});

describe('SEC-R24: identities', () => {
  it.each([
    ['principals: ["cluster.local/ns/a/sa/b"]', '(peer =spiffe://cluster.local/ns/a/sa/b)'],
    ['principals: ["cluster.local/ns/a/*"]', '(peer ^spiffe://cluster.local/ns/a/)'],
    ['principals: ["*/sa/b"]', '(peer ~spiffe://.*/sa/b)'],
    ['principals: ["*/sa/b.c+d"]', '(peer ~spiffe://.*/sa/b\\.c\\+d)'],
    ['principals: ["*"]', '(peer ~.+)'],
    ['notPrincipals: ["*"]', 'not (peer ~.+)'],
    ['namespaces: [a]', '(peer ~.*/ns/a/.*)'],
    ['namespaces: ["p*", "*-x", "a*z"]', '(peer ~.*/ns/p.*/.* or peer ~.*/ns/.*-x/.* or peer ~.*/ns/a.*z/.*)'],
    ['namespaces: ["a.b"]', '(peer ~.*/ns/a\\.b/.*)'],
    ['serviceAccounts: [b]', '(peer ~spiffe://.+/ns/shop/(.+/|)sa/b(/.+)?)'],
    ['serviceAccounts: [a/b]', '(peer ~spiffe://.+/ns/a/(.+/|)sa/b(/.+)?)'],
    ['notServiceAccounts: [a/b.c]', 'not (peer ~spiffe://.+/ns/a/(.+/|)sa/b\\.c(/.+)?)'],
  ])('%s', (fields, expected) => expect(source(fields)).toBe(expected));

  const domains = { meshConfig: { trustDomain: 'new', trustDomainAliases: ['old', 'older'] } };
  it.each([
    ['the own trust domain', 'new/ns/a/sa/b', ['=spiffe://new/ns/a/sa/b', '=spiffe://old/ns/a/sa/b', '=spiffe://older/ns/a/sa/b']],
    ['an alias', 'old/ns/a/sa/b', ['=spiffe://new/ns/a/sa/b', '=spiffe://old/ns/a/sa/b', '=spiffe://older/ns/a/sa/b']],
    ['cluster.local, which stands for it', 'cluster.local/ns/a/sa/b', ['=spiffe://new/ns/a/sa/b', '=spiffe://old/ns/a/sa/b', '=spiffe://older/ns/a/sa/b']],
    ['ends that some have', '*ld/ns/a/sa/b', ['=spiffe://new/ns/a/sa/b', '~spiffe://.*ld/ns/a/sa/b', '=spiffe://older/ns/a/sa/b']],
    ['any', '*/ns/a/sa/b', ['~spiffe://.*/ns/a/sa/b']],
    ['another one', 'foreign/ns/a/sa/b', ['=spiffe://foreign/ns/a/sa/b']],
    ['with a wildcard at the end', 'new/ns/a/sa/*', ['^spiffe://new/ns/a/sa/', '^spiffe://old/ns/a/sa/', '^spiffe://older/ns/a/sa/']],
    ['what is not of the form', 'new/ns/a', ['=spiffe://new/ns/a']],
  ])('trust domains: %s', (_, principal, expected) => {
    expect(source(`principals: ["${principal}"]`, domains)).toBe(`(${expected.map((one) => `peer ${one}`).join(' or ')})`);
  });
});

it.each([
  ['ipBlocks: [10.0.0.0/8, 10.0.0.1]', '(source-ip 10.0.0.0/8 or source-ip 10.0.0.1/32)'],
  ['notIpBlocks: ["fd00::1"]', 'not (source-ip fd00::1/128)'],
  ['remoteIpBlocks: ["fd00::/8"]', '(remote-ip fd00::/8)'],
  ['notRemoteIpBlocks: [1.2.3.4]', 'not (remote-ip 1.2.3.4/32)'],
])('SEC-R25: %s', (fields, expected) => expect(source(fields)).toBe(expected));

it.each([
  ['iss/sub', 'claim iss =iss and claim sub =sub'],
  ['https://a.example/x/sub', 'claim iss =https://a.example/x and claim sub =sub'],
  ['iss/*', 'claim iss =iss and claim sub ~.+'],
  ['iss/s*', 'claim iss =iss and claim sub ^s'],
  ['*/sub', 'claim iss ~.+ and claim sub =sub'],
  ['*example/sub', 'claim iss $example and claim sub =sub'],
  ['*', 'claim iss ~.+ and claim sub ~.+'],
  ['*ub', 'claim iss ~.+ and claim sub $ub'],
  ['iss*', 'claim iss ^iss and claim sub ~.+'],
  ['iss', 'claim iss =iss and claim sub ='],
])('SEC-R26: requestPrincipals %s', (value, expected) => {
  expect(source(`requestPrincipals: ["${value}"]`)).toBe(expected);
  expect(source(`notRequestPrincipals: ["${value}"]`)).toBe(`not ${expected}`);
  expect(when('request.auth.principal', `"${value}"`)).toBe(expected);
});

it('SEC-R26: several are alternatives', () => {
  expect(source('requestPrincipals: [a/b, "*"]')).toBe('(claim iss =a and claim sub =b or claim iss ~.+ and claim sub ~.+)');
});

it.each([
  ['methods: [GET, "P*", "*T", "*"]', '(method =GET or method ^P or method $T or method ?)'],
  ['notMethods: [get]', 'not (method =get)'],
  ['hosts: [a.example, "*.example", "a.*", "*"]', '(host =a.example (i) or host $.example (i) or host ^a. (i) or host ?)'],
  ['hosts: ["a.example:8080"]', '(host =a.example:8080 (i))'],
  ['paths: [/a, "/a*", "*/b", "*"]', '(path =/a or path ^/a or path $/b or path ~.+)'],
  ['paths: ["/u/{*}", "/f/{**}", "/u/{*}/f/{**}"]', '(template /u/* or template /f/** or template /u/*/f/**)'],
  ['paths: ["/a{b}"]', '(path =/a{b})'],
  ['ports: ["80", "0"]', '(port 80 or port 0)'],
  ['notPorts: ["80"]', 'not (port 80)'],
])('SEC-R27: %s', (fields, expected) => expect(operation(fields)).toBe(expected));

describe('SEC-R28: conditions', () => {
  it.each([
    ['request.headers[X-User]', 'a, "a*", "*"', '(header x-user =a or header x-user ^a or header x-user ?)'],
    ['request.headers[:path]', '/a', '(header :path =/a)'],
    ['request.experimental.inline.headers[x-list]', '"a.b", "*"', '(header x-list ~^a\\.b$|^a\\.b,.*|.*,a\\.b,.*|.*,a\\.b$ or header x-list ?)'],
    [
      'request.experimental.inline.headers[x-list]',
      '"a*", "*b"',
      '(header x-list ~^a.*$|^a.*,.*|.*,a.*,.*|.*,a.*$ or header x-list ~^.*b$|^.*b,.*|.*,.*b,.*|.*,.*b$)',
    ],
    ['source.ip', '10.0.0.1', '(source-ip 10.0.0.1/32)'],
    ['remote.ip', '10.0.0.0/8', '(remote-ip 10.0.0.0/8)'],
    ['source.namespace', 'a', '(peer ~.*/ns/a/.*)'],
    ['source.serviceAccount', 'a/b', '(peer ~spiffe://.+/ns/a/(.+/|)sa/b(/.+)?)'],
    ['source.principal', 'cluster.local/ns/a/sa/b', '(peer =spiffe://cluster.local/ns/a/sa/b)'],
    ['request.auth.audiences', 'a', 'claim aud =a or in a list'],
    ['request.auth.audiences', 'a, b', '(claim aud =a or in a list or claim aud =b or in a list)'],
    ['request.auth.presenter', '"a*"', 'claim azp ^a or in a list'],
    ['request.auth.claims[group]', 'a', 'claim group =a or in a list'],
    ['request.auth.claims[https://a.example/group]', 'a', 'claim https://a.example/group =a or in a list'],
    ['request.auth.claims[a][b]', '"*"', 'claim a.b ~.+ or in a list'],
  ])('%s: %s', (key, values, expected) => expect(when(key, values)).toBe(expected));

  it.each([
    ['destination.ip', '10.0.0.1', '(destination-ip 10.0.0.1/32)'],
    ['destination.port', '"80"', '(port 80)'],
    ['connection.sni', '"a.example", "*.example"', '(server-name =a.example or server-name $.example)'],
    ['experimental.envoy.filters.a.b[c]', '"d*"', 'envoy.filters.a.b c ^d'],
    ['experimental.envoy.filters.a.b[c]', '"[d]", e', '(envoy.filters.a.b c =d in a list or envoy.filters.a.b c =e)'],
  ])('%s: %s', (key, values, expected) => expect(what(`{when: [{key: "${key}", values: [${values}]}]}`)).toEqual([expected]));

  it('principals are expanded there, too', () => {
    expect(when('source.principal', 'old/ns/a/sa/b', { meshConfig: { trustDomain: 'new', trustDomainAliases: ['old'] } })).toBe(
      '(peer =spiffe://new/ns/a/sa/b or peer =spiffe://old/ns/a/sa/b)',
    );
  });
});
