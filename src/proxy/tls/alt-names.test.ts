import { describe, expect, it } from 'vitest';
import { dnsNameMatches, hasAltName, parseAltNames } from './alt-names.ts';

describe('names of a certificate, as Node writes them', () => {
  it.each<[string, string, Partial<ReturnType<typeof parseAltNames>>]>([
    [
      'kinds',
      'DNS:a.example, URI:spiffe://x/y, IP Address:10.0.0.1, email:me@x.org',
      { dns: ['a.example'], uris: ['spiffe://x/y'], addresses: ['10.0.0.1'], emails: ['me@x.org'] },
    ],
    ['none', '', { dns: [], uris: [], all: [] }],
    ['the order of the certificate', 'URI:u, DNS:d', { all: ['u', 'd'] }],
    ['a comma within a URI', 'URI:spiffe://a,b, DNS:d', { uris: ['spiffe://a,b'], dns: ['d'] }],
    [
      'a name that looks like two is quoted',
      'URI:"spiffe://evil, URI:spiffe://cluster.local/ns/a/sa/b"',
      { uris: ['spiffe://evil, URI:spiffe://cluster.local/ns/a/sa/b'] },
    ],
    ['a quote within a quoted name', String.raw`DNS:"a\", URI:b", DNS:c`, { dns: ['a", URI:b', 'c'], uris: [] }],
    ['what is quoted and is no text', 'DNS:"a, DNS:b', { dns: [] }],
    ['other kinds', 'othername:<unsupported>, DirName:"CN=x", Registered ID:1.2.3, DNS:a', { all: ['a'] }],
  ])('%s', (_, text, expected) => expect(parseAltNames(text)).toMatchObject(expected));

  it('no text at all', () => expect(parseAltNames(undefined).all).toEqual([]));
});

describe('MAP-R70, DR-R70: a name is matched as the reference does', () => {
  it.each([
    ['a.example', 'a.example', true],
    ['A.Example', 'a.eXample', true],
    ['b.example', 'a.example', false],
    ['a.example.org', '*.example.org', true],
    ['a.b.example.org', '*.example.org', false],
    ['example.org', '*.example.org', false],
    ['foo1.example.org', 'foo*.example.org', true],
    ['foo.example.org', 'f*o.example.org', true],
    ['fo.example.org', 'f*oo.example.org', false],
    ['a.example.org', '*.*.org', false],
    ['aa.example.org', '*a*.example.org', false],
    ['xn--a.example.org', 'xn--*.example.org', false],
    ['localhost', '*', false],
    ['a.org', '*', false],
  ])('%s by %s: %s', (name, pattern, expected) => expect(dnsNameMatches(name, pattern)).toBe(expected));

  it.each([
    ['DNS:*.example.org', 'a.example.org', true],
    ['URI:spiffe://cluster.local/ns/a/sa/b', 'spiffe://cluster.local/ns/a/sa/b', true],
    ['URI:spiffe://cluster.local/ns/a/sa/b', 'spiffe://cluster.local/ns/a/sa', false],
    ['URI:spiffe://cluster.local/ns/a/sa/B', 'spiffe://cluster.local/ns/a/sa/b', false],
    ['IP Address:10.0.0.1', '10.0.0.1', true],
    ['IP Address:2001:DB8:0:0:0:0:0:1', '2001:db8::1', true],
    ['IP Address:10.0.0.1', '10.0.0.2', false],
    ['DNS:10.0.0.1', '10.0.0.1', true],
    ['email:me@x.org', 'me@x.org', true],
    ['', 'a', false],
  ])('%j has %s: %s', (names, accepted, expected) => expect(hasAltName(parseAltNames(names), ['other.example', accepted])).toBe(expected));
});
