import { describe, expect, it } from 'vitest';
import type { ClientCertDetail, HttpFilter } from '../../ir/listener.ts';
import { forwardedClientCert, type PeerCertificate } from './client-certificate.ts';

const client: PeerCertificate = {
  uriSans: ['spiffe://cluster.local/ns/shop/sa/client'],
  dnsSans: [],
  subject: 'CN=client',
  hash: '7306',
  certificate: 'PEM',
  chain: 'PEMPEM',
};
const local = ['spiffe://cluster.local/ns/shop/sa/app'];
const inbound: readonly ClientCertDetail[] = ['subject', 'dns', 'uri'];

function value(
  forwardClientCert: HttpFilter['forwardClientCert'],
  {
    sent,
    peer = client,
    details = inbound,
    by = local,
  }: { sent?: string; peer?: PeerCertificate | undefined; details?: readonly ClientCertDetail[]; by?: string[] } = {},
): string | undefined {
  return forwardedClientCert({ forwardClientCert, clientCertDetails: details }, sent, peer, by);
}

const own = 'By=spiffe://cluster.local/ns/shop/sa/app;Hash=7306;Subject="CN=client";URI=spiffe://cluster.local/ns/shop/sa/client';

describe('RT-R43, SEC-R6: x-forwarded-client-cert', () => {
  it.each<[string, string | undefined, string | undefined]>([
    ['added', value('append-forward'), own],
    ['added to what was sent', value('append-forward', { sent: 'By=x' }), `By=x,${own}`],
    ['instead of what was sent', value('sanitize-set', { sent: 'By=x' }), own],
    ['only what was sent', value('forward-only', { sent: 'By=x' }), 'By=x'],
    ['nothing', value('sanitize', { sent: 'By=x' }), undefined],
    ['whatever was sent', value('always-forward-only', { sent: 'By=x' }), 'By=x'],
  ])('%s', (_, got, expected) => expect(got).toBe(expected));

  it('without a certificate of the client nothing that was sent is believed', () => {
    const sent = 'By=x';
    for (const mode of ['append-forward', 'sanitize-set', 'forward-only', 'sanitize'] as const) {
      expect(forwardedClientCert({ forwardClientCert: mode, clientCertDetails: inbound }, sent, undefined, local)).toBeUndefined();
    }
  });

  it('details come in the order of the reference, whatever they are asked for in', () => {
    const peer = { ...client, dnsSans: ['a.example', 'b.example'], uriSans: ['u:1', 'u:2'] };
    expect(value('sanitize-set', { peer, by: [], details: ['dns', 'uri', 'subject', 'chain', 'cert'] })).toBe(
      'Hash=7306;Cert="PEM";Chain="PEMPEM";Subject="CN=client";URI=u:1;URI=u:2;DNS=a.example;DNS=b.example',
    );
  });

  it('a URI is told also where there is none, a DNS name is not', () => {
    expect(value('sanitize-set', { peer: { ...client, uriSans: [] }, by: [] })).toBe('Hash=7306;Subject="CN=client";URI=');
  });

  it('without details the hash alone', () => expect(value('sanitize-set', { details: [] })).toBe('By=spiffe://cluster.local/ns/shop/sa/app;Hash=7306'));
});
