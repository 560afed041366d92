import { describe, expect, it } from 'vitest';
import type { AuthorizationCondition, TextMatcher } from '../../../ir/authorization.ts';
import type { ExchangeRecord } from '../exchange-record.ts';
import { record } from '../testing.ts';
import { compileCondition } from './condition.ts';
import { conditionOf } from './rule-set.ts';
import { rule } from './testing.ts';

const holds = (condition: AuthorizationCondition, subject: ExchangeRecord, doubt = false): boolean => compileCondition(condition, doubt)(subject);
const exact = (value: string, ignoreCase = false): TextMatcher => ({ kind: 'exact', value, ...(ignoreCase ? { ignoreCase } : {}) });
const prefix = (value: string): TextMatcher => ({ kind: 'prefix', value });
const suffix = (value: string, ignoreCase = false): TextMatcher => ({ kind: 'suffix', value, ...(ignoreCase ? { ignoreCase } : {}) });
const regex = (value: string): TextMatcher => ({ kind: 'regex', value });
const present: TextMatcher = { kind: 'present' };

describe('who asks', () => {
  const of = (...peerUriSans: string[]): Partial<ExchangeRecord> => ({ peerUriSans });
  const cart = of('spiffe://cluster.local/ns/shop/sa/cart');
  it.each<[string, TextMatcher, Partial<ExchangeRecord>, boolean]>([
    ['an exact name', exact('spiffe://cluster.local/ns/shop/sa/cart'), cart, true],
    ['another name', exact('spiffe://cluster.local/ns/shop/sa/car'), cart, false],
    ['the beginning', prefix('spiffe://cluster.local/ns/shop/'), cart, true],
    ['the end', regex('spiffe://.*/sa/cart'), cart, true],
    ['anybody with a certificate', regex('.+'), cart, true],
    ['a namespace', regex('.*/ns/shop/.*'), cart, true],
    ['a namespace whose name is longer', regex('.*/ns/sho/.*'), cart, false],
    ['a namespace with a wildcard', regex('.*/ns/s.*p/.*'), cart, true],
    ['a service account', regex('spiffe://.+/ns/shop/(.+/|)sa/cart(/.+)?'), cart, true],
    ['a service account of another namespace', regex('spiffe://.+/ns/ops/(.+/|)sa/cart(/.+)?'), cart, false],
    ['one of several names', exact('b'), of('a', 'b'), true],
    ['nobody without a certificate', regex('.*'), {}, false],
    ['its DNS names, where it has no URI', exact('a.example'), { peerDnsSans: ['a.example'], peerSubject: 'CN=b' }, true],
    ['its subject, where it has neither', exact('CN=b'), { peerSubject: 'CN=b' }, true],
    ['not its subject beside a URI', exact('CN=b'), { ...cart, peerSubject: 'CN=b' }, false],
  ])('SEC-R24: %s', (_, match, subject, expected) => expect(holds({ kind: 'peer', match }, record('/', [], subject))).toBe(expected));

  it.each<[string, string, string, boolean]>([
    ['source-ip', '10.0.0.0/8', '10.1.2.3', true],
    ['source-ip', '10.0.0.0/8', '11.1.2.3', false],
    ['source-ip', '10.1.2.3', '10.1.2.3', true],
    ['source-ip', '10.1.2.2/31', '10.1.2.3', true],
    ['source-ip', '2001:db8::/33', '2001:db8:7fff::1', true],
    ['source-ip', '2001:db8::/33', '2001:db8:8000::1', false],
    ['source-ip', '0.0.0.0/0', '::1', false],
    ['source-ip', '10.1.2.3', '::ffff:10.1.2.3', true],
  ])('SEC-R25: %s in %s: %s', (kind, cidr, peerAddress, expected) =>
    expect(holds({ kind: kind as 'source-ip', cidr }, record('/', [], { peerAddress }))).toBe(expected),
  );

  it('SEC-R25: the peer of the connection, the client by x-forwarded-for, and where it meant to go are three addresses', () => {
    const subject = record('/', [], { peerAddress: '10.0.0.1', remoteAddress: '10.0.0.2', localAddress: '10.0.0.3' });
    const kinds = ['source-ip', 'remote-ip', 'destination-ip'] as const;
    for (const [i, kind] of kinds.entries()) {
      expect(kinds.map((_, j) => holds({ kind, cidr: `10.0.0.${j + 1}` }, subject))).toEqual(kinds.map((_, j) => i === j));
    }
  });

  it.each<[string, readonly string[], TextMatcher, boolean, unknown, boolean]>([
    ['a text', ['sub'], exact('bob'), false, { sub: 'bob' }, true],
    ['a list with it', ['aud'], exact('b'), false, { aud: ['a', 'b'] }, true],
    ['a list without it', ['aud'], exact('c'), false, { aud: ['a', 'b'] }, false],
    ['no list where only a text counts', ['iss'], exact('b'), true, { iss: ['a', 'b'] }, false],
    ['a claim in a claim', ['a', 'b'], prefix('x'), false, { a: { b: 'xyz' } }, true],
    ['a number', ['level'], exact('3'), false, { level: 3 }, false],
    ['nothing of Object', ['constructor', 'name'], present, false, {}, false],
    ['no token', ['sub'], regex('.*'), false, undefined, false],
    ['a claim that is there', ['sub'], present, false, { sub: '' }, true],
  ])('SEC-R26: claims: %s', (_, path, match, textOnly, claims, expected) =>
    expect(holds({ kind: 'claim', path, match, ...(textOnly ? { textOnly } : {}) }, record('/', [], { claims }))).toBe(expected),
  );
});

describe('what is asked for', () => {
  it.each<[TextMatcher, string, boolean]>([
    [exact('GET'), 'GET', true],
    [exact('GET'), 'get', false],
    [prefix('P'), 'POST', true],
    [suffix('T'), 'POST', true],
    [present, 'BREW', true],
    [present, '', false],
  ])('SEC-R27: methods: %j on %s', (match, method, expected) => expect(holds({ kind: 'method', match }, record('/', [], { method }))).toBe(expected));

  it.each<[TextMatcher, string, boolean]>([
    [exact('h.com', true), 'H.com', true],
    [exact('h.com', true), 'h.com:8080', false],
    [suffix('.Example.com', true), 'a.EXAMPLE.com', true],
    [suffix('.example.com', true), 'example.com', false],
    [present, '', true],
  ])('SEC-R27: hosts: %j on %s', (match, authority, expected) => expect(holds({ kind: 'host', match }, record('/', [], { authority }))).toBe(expected));

  it.each<[TextMatcher, string, boolean]>([
    [exact('/a'), '/a', true],
    [exact('/a'), '/a?x=1', true],
    [exact('/a'), '/A', false],
    [exact('/a'), '/a/', false],
    [prefix('/a'), '/ab', true],
    [suffix('/b'), '/a/b?c=/d', true],
    [suffix('/d'), '/a/b?c=/d', false],
    [regex('.+'), '/', true],
  ])('SEC-R27: paths: %j on %s', (match, target, expected) => expect(holds({ kind: 'path', match }, record(target))).toBe(expected));

  it.each<[string, string, boolean]>([
    ['/users/*', '/users/1', true],
    ['/users/*', '/users/1?q=/2', true],
    ['/users/*', '/users/', false],
    ['/users/*', '/users/1/2', false],
    ['/files/**', '/files/', true],
    ['/files/**', '/files/a/b', true],
    ['/files/**', '/files', false],
    ['/api/*/items/**', '/api/x/items/1/2', true],
    ['/api/*/items/**', '/api/items/1', false],
    ['/v/*/end', '/v/x/end', true],
    ['/v/*/end', '/v/x/y/end', false],
    ['/v/**/end', '/v/x/y/end', true],
    ['/v/*.json', '/v/a.json', true],
    ['/v/*.json', '/v/a.jsonx', false],
    ['/v/a+b(c)', '/v/a+b(c)', true],
    ['/v/a.b', '/v/axb', false],
    ['/users/*', '/users/%2F', true],
    ['/users/*', '/users/a*', true],
    ['/users/*', '/users/[1]', false],
  ])('SEC-R27: the template %s on %s', (template, target, expected) => expect(holds({ kind: 'path-template', template }, record(target))).toBe(expected));

  it('SEC-R27: ports are those that the client meant', () => {
    expect(holds({ kind: 'destination-port', port: 8080 }, record('/', [], { localPort: 8080 }))).toBe(true);
    expect(holds({ kind: 'destination-port', port: 8080 }, record('/', [], { localPort: 80 }))).toBe(false);
  });

  it.each<[string, TextMatcher, string[], boolean]>([
    ['x-a', exact('1'), ['x-a', '1'], true],
    ['X-A', exact('1'), ['x-a', '1'], true],
    ['x-a', exact('1'), ['x-a', '2', 'x-a', '1'], true],
    ['x-a', exact('2,1'), ['x-a', '2', 'x-a', '1'], false],
    ['x-a', present, ['x-a', ''], true],
    ['x-a', present, [], false],
    ['x-a', regex('.*'), [], false],
    [':authority', exact('reviews'), [], true],
    [':method', exact('GET'), [], true],
  ])('SEC-R28: the header %s: %j in %j', (name, match, headers, expected) =>
    expect(holds({ kind: 'header', name, match }, record('/', headers))).toBe(expected),
  );

  it('SEC-R28: the server name of TLS; without TLS there is none', () => {
    expect(holds({ kind: 'server-name', match: suffix('.shop') }, record('/', [], { serverName: 'a.shop' }))).toBe(true);
    expect(holds({ kind: 'server-name', match: regex('.*') }, record('/', [], { serverName: '' }))).toBe(false);
  });
});

describe('together', () => {
  const yes: AuthorizationCondition = { kind: 'any' };
  const no: AuthorizationCondition = { kind: 'never' };
  it.each<[AuthorizationCondition, boolean]>([
    [{ kind: 'all', of: [yes, yes] }, true],
    [{ kind: 'all', of: [yes, no] }, false],
    [{ kind: 'all', of: [] }, true],
    [{ kind: 'some', of: [no, yes] }, true],
    [{ kind: 'some', of: [no, no] }, false],
    [{ kind: 'some', of: [] }, false],
    [{ kind: 'not', of: no }, true],
    [{ kind: 'not', of: { kind: 'some', of: [no, yes] } }, false],
  ])('SEC-R23: %j', (condition, expected) => expect(holds(condition, record())).toBe(expected));

  it('SEC-R23: many values of one part are one question', () => {
    const of = Array.from({ length: 10_000 }, (_, i): AuthorizationCondition => ({ kind: 'path', match: exact(`/p${i}`) }));
    expect(holds({ kind: 'some', of }, record('/p9999?x'))).toBe(true);
    expect(holds({ kind: 'some', of }, record('/p10000'))).toBe(false);
  });

  it('SEC-R22: a rule needs one of its permissions and one of its principals', () => {
    const asked = (permissions: AuthorizationCondition[], principals: AuthorizationCondition[]): boolean =>
      holds(conditionOf(rule('a', permissions, principals)), record());
    expect([asked([no, yes], [yes, no]), asked([no], [yes]), asked([yes], [no]), asked([], [yes])]).toEqual([true, false, false, false]);
  });
});

describe('in doubt', () => {
  it.each<[string, AuthorizationCondition]>([
    ['an expression that is none', { kind: 'path', match: regex('(') }],
    ['an expression with look-ahead', { kind: 'header', name: 'x-a', match: regex('(?=a)') }],
    ['a block that is none', { kind: 'source-ip', cidr: '10.0.0.0/33' }],
    ['a name in place of a block', { kind: 'remote-ip', cidr: 'shop' }],
    ['a template that is none', { kind: 'path-template', template: '/a/**/*' }],
    ['metadata of a filter that there is not', { kind: 'metadata', filter: 'f', path: ['k'], match: present, list: false }],
    ['an address that is not known', { kind: 'source-ip', cidr: '10.0.0.0/8' }],
  ])('%s lets nobody in, negated or not, and denies', (_, condition) => {
    const subject = record('/', ['x-a', 'a'], { peerAddress: '', remoteAddress: '10.0.0.1' });
    const nested: AuthorizationCondition[] = [condition, { kind: 'not', of: condition }, { kind: 'not', of: { kind: 'not', of: condition } }];
    for (const one of nested) {
      expect(holds(one, subject, false)).toBe(false);
      expect(holds(one, subject, true)).toBe(true);
      expect(holds({ kind: 'some', of: [one, { kind: 'never' }] }, subject, false)).toBe(false);
      expect(holds({ kind: 'all', of: [one, { kind: 'any' }] }, subject, true)).toBe(true);
    }
  });

  it('what is certain anyway stays certain', () => {
    const bad: AuthorizationCondition = { kind: 'path', match: regex('(') };
    expect(holds({ kind: 'some', of: [bad, { kind: 'any' }] }, record(), false)).toBe(true);
    expect(holds({ kind: 'all', of: [bad, { kind: 'never' }] }, record(), true)).toBe(false);
  });
});
