import { describe, expect, it } from 'vitest';
import type { UpstreamTls } from '../../ir/cluster.ts';
import { offeredProtocols, speaksTls } from '../core/upstream-tls.ts';
import type { Credentials, NamedCredentials } from './credentials.ts';
import { acceptedNames, hostOfAuthority, serverNameFor, upstreamSettings } from './upstream-settings.ts';

describe('DR-R70, DR-R71: TLS to an endpoint', () => {
  it.each<[UpstreamTls['mode'], 'istio' | 'disabled', boolean, boolean]>([
    ['disable', 'istio', true, false],
    ['simple', 'disabled', false, true],
    ['mutual', 'disabled', false, true],
    ['istio-mutual', 'disabled', true, true],
    ['istio-mutual', 'istio', false, false],
    ['auto', 'istio', true, true],
    ['auto', 'disabled', true, false],
    ['auto', 'istio', false, false],
  ])('%s to an endpoint with tlsMode %s, with an identity %s: %s', (mode, tlsMode, meshTls, expected) => {
    expect(speaksTls({ tls: { mode } }, { tlsMode }, meshTls)).toBe(expected);
  });

  it.each<[UpstreamTls, string, string | undefined, string[][]]>([
    [{ mode: 'simple', sni: 'a.example' }, '', 'a.example', []],
    [{ mode: 'simple' }, 'b.example', 'b.example', [['b.example']]],
    [{ mode: 'simple', subjectAltNames: ['c'] }, 'b.example', 'b.example', [['c']]],
    [{ mode: 'simple', subjectAltNames: ['c', 'd'], verifyRequestName: true }, 'b.example', 'b.example', [['b.example'], ['c', 'd']]],
    [{ mode: 'simple', subjectAltNames: ['c'], verifyRequestName: true }, '', undefined, [['c']]],
    [{ mode: 'simple' }, '10.0.0.1', undefined, [['10.0.0.1']]],
    [{ mode: 'simple' }, '', undefined, []],
    [{ mode: 'simple' }, 'x'.repeat(300), undefined, [['x'.repeat(300)]]],
  ])('%j for %j: name %j, accepted %j', (tls, name, sni, accepted) => {
    expect([serverNameFor(tls, name), acceptedNames(tls, name)]).toEqual([sni, accepted]);
  });

  it('what is offered', () => {
    expect(offeredProtocols({ mode: 'simple' }, 'http1')).toEqual(['http/1.1']);
    expect(offeredProtocols({ mode: 'simple' }, 'tcp')).toEqual([]);
    expect(offeredProtocols({ mode: 'mutual' }, 'http2')).toEqual(['h2']);
    expect(offeredProtocols({ mode: 'auto' }, 'http1')).toEqual(['istio-http/1.1', 'istio', 'http/1.1']);
    expect(offeredProtocols({ mode: 'istio-mutual' }, 'http2')).toEqual(['istio-h2', 'istio', 'h2']);
    expect(offeredProtocols({ mode: 'istio-mutual' }, 'tcp')).toEqual(['istio']);
  });
});

it.each([
  ['a.example', 'a.example'],
  ['A.Example:8443', 'a.example'],
  ['[2001:DB8::1]:443', '2001:db8::1'],
  ['2001:db8::1', '2001:db8::1'],
  ['10.0.0.1:80', '10.0.0.1'],
  ['', ''],
])('the host of %j is %j', (authority, expected) => expect(hostOfAuthority(authority)).toBe(expected));

describe('where certificates come from', () => {
  const pair = { certificateChain: 'C', privateKey: 'K' };
  const own = { ...pair, spiffeId: 'spiffe://a', roots: 'MESH', expiresAt: 0 };
  const credentials = (named: Record<string, NamedCredentials>): Credentials => ({
    workload: () => own,
    named: (name) => named[name],
    onChange: () => () => {},
  });
  const of = (tls: UpstreamTls, named: Record<string, NamedCredentials> = {}) => upstreamSettings(tls, { credentials: credentials(named), namespace: 'shop' });

  it.each<[string, UpstreamTls, Record<string, NamedCredentials>, ReturnType<typeof upstreamSettings>]>([
    ['the mesh', { mode: 'istio-mutual' }, {}, { pair: own, roots: 'MESH', revoked: '' }],
    ['the system', { mode: 'simple' }, { 'file-root:system': { roots: 'SYSTEM' } }, { pair: undefined, roots: 'SYSTEM', revoked: '' }],
    [
      'a certificate is not shown where it is not asked for',
      { mode: 'simple', certificateFile: 'c', keyFile: 'k', caFile: 'r' },
      { 'file-root:r': { roots: 'R' }, 'file-cert:c~k': { pair } },
      { pair: undefined, roots: 'R', revoked: '' },
    ],
    [
      'files',
      { mode: 'mutual', certificateFile: 'c', keyFile: 'k', caFile: 'r' },
      { 'file-root:r': { roots: 'R' }, 'file-cert:c~k': { pair } },
      { pair, roots: 'R', revoked: '' },
    ],
    ['a Secret', { mode: 'mutual', credentialName: 's' }, { 'shop/s': { pair, roots: 'R' } }, { pair, roots: 'R', revoked: '' }],
    [
      'a Secret with roots beside it',
      { mode: 'simple', credentialName: 's' },
      { 'shop/s-cacert': { roots: 'R' } },
      { pair: undefined, roots: 'R', revoked: '' },
    ],
    ['nothing is verified', { mode: 'simple', insecureSkipVerify: true }, {}, { pair: undefined, roots: undefined, revoked: '' }],
    [
      'revoked ones',
      { mode: 'simple', caFile: 'r', crlFile: 'l' },
      { 'file-root:r': { roots: 'R' }, 'file-crl:l': { crl: 'L' } },
      { pair: undefined, roots: 'R', revoked: 'L' },
    ],
    [
      'revoked ones of a Secret',
      { mode: 'simple', credentialName: 's' },
      { 'shop/s': { roots: 'R', crl: 'L' } },
      { pair: undefined, roots: 'R', revoked: 'L' },
    ],
    ['roots are missing', { mode: 'simple', caFile: 'r' }, {}, undefined],
    ['the certificate is missing', { mode: 'mutual', certificateFile: 'c', keyFile: 'k', caFile: 'r' }, { 'file-root:r': { roots: 'R' } }, undefined],
    ['a certificate was never named', { mode: 'mutual', caFile: 'r' }, { 'file-root:r': { roots: 'R' } }, undefined],
    ['the list of revoked ones is missing', { mode: 'simple', caFile: 'r', crlFile: 'l' }, { 'file-root:r': { roots: 'R' } }, undefined],
  ])('%s', (_, tls, named, expected) => expect(of(tls, named)).toEqual(expected));

  it('without an identity there is no mTLS', () => {
    const none: Credentials = { workload: () => undefined, named: () => undefined, onChange: () => () => {} };
    expect(upstreamSettings({ mode: 'istio-mutual' }, { credentials: none, namespace: 'shop' })).toBeUndefined();
  });
});
