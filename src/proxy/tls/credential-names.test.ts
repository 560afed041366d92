import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../ir/cluster.ts';
import type { DownstreamTls, Listener } from '../../ir/listener.ts';
import { credentialNames, namedFiles, pairName, revokedName, rootsName, secretName } from './credential-names.ts';

it.each([
  ['shop-tls', 'shop/shop-tls'],
  ['kubernetes://shop-tls', 'shop/shop-tls'],
  ['kubernetes-gateway://other/shop-tls', 'other/shop-tls'],
  ['other/shop-tls', 'other/shop-tls'],
])('the Secret %s of a proxy in shop is %s', (credential, expected) => expect(secretName(credential, 'shop')).toBe(expected));

it('names of files can be read again', () => {
  expect(namedFiles(pairName('/a.crt', '/a.key'))).toEqual({ kind: 'pair', certificateFile: '/a.crt', keyFile: '/a.key' });
  expect(namedFiles(rootsName('/ca.crt'))).toEqual({ kind: 'roots', file: '/ca.crt' });
  expect(namedFiles(revokedName('/a.crl'))).toEqual({ kind: 'revoked', file: '/a.crl' });
  expect(namedFiles('shop/shop-tls')).toBeUndefined();
});

describe('what a table asks for', () => {
  const listener = (tls: DownstreamTls): Listener => ({
    name: '0.0.0.0_443',
    direction: 'outbound',
    address: '0.0.0.0',
    port: 443,
    bind: true,
    chains: [{ name: '443', match: {}, tls, filter: { kind: 'tcp', clusters: [], statPrefix: '', hashSourceIp: false } }],
    inspectHttp: false,
    inspectTls: true,
    detectionTimeoutMs: 0,
  });
  const ofListener = (tls: Partial<DownstreamTls>): string[] =>
    credentialNames({ listeners: [listener({ mode: 'MUTUAL', alpn: [], ...tls })], clusters: [], proxy: { namespace: 'shop' } as never });
  const ofCluster = (tls: Cluster['tls']): string[] =>
    credentialNames({ listeners: [], clusters: [{ tls } as Cluster], proxy: { namespace: 'shop' } as never });

  it.each<[string, Partial<DownstreamTls>, string[]]>([
    ['nothing but the identity', { mode: 'ISTIO_MUTUAL' }, []],
    ['a Secret, and that with its roots', { credentialName: 'a' }, ['shop/a', 'shop/a-cacert']],
    ['several', { credentialName: 'a', moreCredentialNames: ['b'], caCredentialName: 'c' }, ['shop/a', 'shop/a-cacert', 'shop/b', 'shop/c']],
    ['files', { certificateFile: '/a.crt', keyFile: '/a.key', caFile: '/ca', crlFile: '/crl' }, ['file-cert:/a.crt~/a.key', 'file-crl:/crl', 'file-root:/ca']],
    [
      'several files',
      { certificateFile: '/a.crt', keyFile: '/a.key', moreCertificates: [{ certificateFile: '/b.crt', keyFile: '/b.key' }] },
      ['file-cert:/a.crt~/a.key', 'file-cert:/b.crt~/b.key'],
    ],
    ['a certificate without a key is none', { certificateFile: '/a.crt' }, []],
  ])('a listener: %s', (_, tls, expected) => expect(ofListener(tls)).toEqual(expected));

  it.each<[string, Cluster['tls'], string[]]>([
    ['plain text', { mode: 'disable' }, []],
    ['the mesh', { mode: 'auto' }, []],
    ['roots of the system', { mode: 'simple' }, ['file-root:system']],
    ['roots of its own', { mode: 'simple', caFile: '/ca' }, ['file-root:/ca']],
    ['nothing is verified', { mode: 'simple', insecureSkipVerify: true }, []],
    ['a Secret', { mode: 'mutual', credentialName: 'a' }, ['shop/a', 'shop/a-cacert']],
    [
      'files',
      { mode: 'mutual', certificateFile: '/a.crt', keyFile: '/a.key', caFile: '/ca', crlFile: '/crl' },
      ['file-cert:/a.crt~/a.key', 'file-crl:/crl', 'file-root:/ca'],
    ],
  ])('a cluster: %s', (_, tls, expected) => expect(ofCluster(tls)).toEqual(expected));
});
