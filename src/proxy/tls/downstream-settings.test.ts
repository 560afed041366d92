import { expect, it } from 'vitest';
import type { DownstreamTls } from '../../ir/listener.ts';
import type { Credentials, NamedCredentials } from './credentials.ts';
import { type DownstreamSettings, downstreamSettings } from './downstream-settings.ts';

const pair = { certificateChain: 'C', privateKey: 'K' };
const other = { certificateChain: 'D', privateKey: 'L' };
const own = { ...pair, spiffeId: 'spiffe://a', roots: 'MESH', expiresAt: 0 };

function settings(
  tls: Partial<DownstreamTls>,
  named: Record<string, NamedCredentials> = {},
  direction: 'inbound' | 'outbound' = 'outbound',
  workload: Credentials['workload'] = () => own,
): DownstreamSettings | undefined {
  const credentials: Credentials = { workload, named: (name) => named[name], onChange: () => () => {} };
  return downstreamSettings(
    { mode: 'SIMPLE', alpn: [], ...tls },
    { credentials, direction, namespace: 'shop', trustDomains: ['cluster.local', 'old.example'] },
  );
}

it.each<[string, DownstreamSettings | undefined, Partial<DownstreamSettings> | undefined]>([
  ['SIMPLE asks nobody', settings({ credentialName: 's' }, { 'shop/s': { pair } }), { pairs: [pair], clients: 'not-asked', roots: '' }],
  ['without any certificate that of the workload', settings({}), { pairs: [own] }],
  ['OPTIONAL_MUTUAL', settings({ mode: 'OPTIONAL_MUTUAL', credentialName: 's' }, { 'shop/s': { pair, roots: 'R' } }), { clients: 'optional', roots: 'R' }],
  [
    'roots of a Secret of their own',
    settings({ mode: 'MUTUAL', credentialName: 's', caCredentialName: 'r' }, { 'shop/s': { pair, roots: 'X' }, 'shop/r': { roots: 'R' } }),
    { clients: 'required', roots: 'R' },
  ],
  [
    'roots of the mesh, where none are given',
    settings({ mode: 'MUTUAL', certificateFile: 'c', keyFile: 'k' }, { 'file-cert:c~k': { pair } }),
    { roots: 'MESH' },
  ],
  [
    'of several Secrets those that are there',
    settings({ credentialName: 's', moreCredentialNames: ['t', 'u'] }, { 'shop/s': { pair }, 'shop/u': { pair: other } }),
    { pairs: [pair, other] },
  ],
  [
    'the mesh at a gateway: who is named',
    settings({ mode: 'ISTIO_MUTUAL', subjectAltNames: ['a'] }),
    { conditions: { names: ['a'], uriPrefixes: [], publicKeys: [], hashes: [] } },
  ],
  [
    'the mesh in front of a workload: everybody of the trust domains',
    settings({ mode: 'ISTIO_MUTUAL', subjectAltNames: ['a'] }, {}, 'inbound'),
    { conditions: { names: [], uriPrefixes: ['spiffe://cluster.local/', 'spiffe://old.example/'], publicKeys: [], hashes: [] } },
  ],
  [
    'of clients that need not show a certificate, where one that leads to a root is enough',
    settings({ mode: 'OPTIONAL_MUTUAL', credentialName: 's' }, { 'shop/s': { pair, roots: 'R' } }),
    { clients: 'optional' },
  ],
  ...[{ subjectAltNames: ['a'] }, { certificateSpkis: ['a'] }, { certificateHashes: ['a'] }].map((more): [string, ReturnType<typeof settings>, object] => [
    `and else they have to: ${Object.keys(more)}`,
    settings({ mode: 'OPTIONAL_MUTUAL', credentialName: 's', ...more }, { 'shop/s': { pair, roots: 'R' } }),
    { clients: 'required' },
  ]),
  [
    'hashes in both ways of writing',
    settings({ certificateHashes: ['AB:CD', 'ef01'] }),
    { conditions: { names: [], uriPrefixes: [], publicKeys: [], hashes: ['abcd', 'ef01'] } },
  ],
  ['no certificate', settings({ credentialName: 's' }), undefined],
  ['no roots', settings({ mode: 'MUTUAL', credentialName: 's' }, { 'shop/s': { pair } }), undefined],
  [
    'roots of a Secret of their own that is not there',
    settings({ mode: 'MUTUAL', credentialName: 's', caCredentialName: 'r' }, { 'shop/s': { pair, roots: 'X' } }),
    undefined,
  ],
  ['no list of revoked ones', settings({ mode: 'MUTUAL', credentialName: 's', crlFile: 'l' }, { 'shop/s': { pair, roots: 'R' } }), undefined],
  [
    'revoked ones of a Secret, with its roots',
    settings({ mode: 'MUTUAL', credentialName: 's' }, { 'shop/s': { pair, roots: 'R', crl: 'L' } }),
    { roots: 'R', revoked: 'L' },
  ],
  [
    'revoked ones of the roots that count, and those of a file',
    settings(
      { mode: 'MUTUAL', credentialName: 's', crlFile: 'l' },
      { 'shop/s': { pair, roots: 'X', crl: 'X' }, 'shop/s-cacert': { roots: 'R', crl: 'L' }, 'file-crl:l': { crl: 'M' } },
    ),
    { roots: 'R', revoked: 'L\nM' },
  ],
  ['no identity', settings({ mode: 'ISTIO_MUTUAL' }, {}, 'inbound', () => undefined), undefined],
])('%s', (_, got, expected) => {
  if (expected === undefined) expect(got).toBeUndefined();
  else expect(got).toMatchObject(expected);
});
