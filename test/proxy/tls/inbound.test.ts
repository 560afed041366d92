// TLS that is ended in front of an application: which connections are taken for what, and whose certificates are accepted.
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { closeAll, until } from '../support.ts';
import { type Pair, snapshotOf, TestAuthority, workloadOf } from './identities.ts';
import { type Inbound, type InboundOptions, inbound, plainClient, secureClient } from './inbound.ts';

afterEach(closeAll);

let mesh: TestAuthority;
let other: TestAuthority;
let app: Pair;
let client: Pair;

beforeAll(async () => {
  mesh = await TestAuthority.create();
  other = await TestAuthority.create('other');
  app = await mesh.workload('ns/shop/sa/app');
  client = await mesh.workload('ns/shop/sa/client');
});

async function world(options: InboundOptions): Promise<Inbound> {
  const made = await inbound(options);
  made.sidecar.credentials.set(snapshotOf(workloadOf(app, mesh.roots)));
  return made;
}

const get = 'GET / HTTP/1.1\r\nhost: app\r\n\r\n';
const http = ['istio-http/1.1', 'istio', 'http/1.1'];

/** What becomes of a connection: `http`, `tcp` in the proxy's TLS or without; `passed` on with the TLS of the client; `refused`. */
async function fate({ port }: Inbound, how: { alpn?: string[]; plain?: boolean; mostMs?: number }, send: string): Promise<string> {
  if (how.plain) {
    const { received, gone } = await plainClient(port, send, 100, how.mostMs);
    return received.startsWith('HTTP/1.1 200') ? 'http' : received.startsWith('got') ? 'tcp' : gone ? 'refused' : 'waiting';
  }
  const { received, error, protocol } = await secureClient(port, { ...client, ...(how.alpn ? { ALPNProtocols: how.alpn } : {}) }, send, 100);
  if (received.startsWith('HTTP/1.1 200')) return 'http';
  if (received.startsWith('got')) return 'tcp';
  // The application answers a ClientHello with what TLS cannot read.
  if (protocol === undefined && error === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') return 'passed';
  if (protocol === undefined && error?.startsWith('ERR_SSL_WRONG_VERSION')) return 'passed';
  return error === undefined ? 'waiting' : 'refused';
}

describe('SEC-R3: what is taken, by the mode of the peer policy and the protocol of the port', () => {
  const mtlsHttp = { alpn: http };
  const mtlsTcp = { alpn: ['istio'] };
  const foreign = { alpn: ['http/1.1'] };
  const without = {};
  const plain = { plain: true };
  test.each<[InboundOptions['mode'], string, [string, Parameters<typeof fate>[1], string, string][]]>([
    [
      'STRICT',
      'http',
      [
        ['mTLS', mtlsHttp, get, 'http'],
        ['mTLS without ALPN', without, get, 'http'],
        ['mTLS with ALPN that is not of the mesh', foreign, get, 'http'],
        ['plain text', plain, get, 'refused'],
      ],
    ],
    [
      'STRICT',
      'tcp',
      [
        ['mTLS', mtlsTcp, 'x', 'tcp'],
        ['mTLS with HTTP inside', mtlsHttp, 'x', 'tcp'],
        ['mTLS without ALPN', without, 'x', 'tcp'],
        ['plain text', plain, 'hello', 'refused'],
        ['plain text, too short to tell', { plain: true, mostMs: 1500 }, 'x', 'waiting'],
      ],
    ],
    [
      'STRICT',
      'auto',
      [
        ['mTLS with HTTP inside', mtlsHttp, get, 'http'],
        ['mTLS with something else', mtlsTcp, 'x', 'tcp'],
        ['the same from a proxy of Istio, with other protocols to agree on than those of HTTP before', { alpn: ['istio-peer-exchange', 'istio'] }, 'x', 'tcp'],
        ['mTLS without ALPN', without, 'x', 'tcp'],
        ['plain text', plain, get, 'refused'],
      ],
    ],
    [
      'PERMISSIVE',
      'http',
      [
        ['mTLS', mtlsHttp, get, 'http'],
        ['mTLS of TCP clients', mtlsTcp, get, 'http'],
        ['plain text', plain, get, 'http'],
        ['TLS that is not of the mesh', foreign, get, 'refused'],
      ],
    ],
    [
      'PERMISSIVE',
      'tcp',
      [
        ['mTLS', mtlsTcp, 'x', 'tcp'],
        ['plain text', plain, 'x', 'tcp'],
        ['TLS of the application', foreign, 'x', 'passed'],
      ],
    ],
    [
      'PERMISSIVE',
      'auto',
      [
        ['mTLS with HTTP inside', mtlsHttp, get, 'http'],
        ['mTLS with something else', mtlsTcp, 'x', 'tcp'],
        ['plain HTTP', plain, get, 'http'],
        ['other plain text', plain, '\u0001\u0002\u0003\u0004\u0005', 'tcp'],
        ['TLS of the application', foreign, 'x', 'passed'],
      ],
    ],
    ['DISABLE', 'http', [['plain text', plain, get, 'http']]],
    ['DISABLE', 'tcp', [['TLS of the application', foreign, 'x', 'passed']]],
  ])('%s, %s', async (mode, kind, cases) => {
    const made = await world({ mode, kind });
    for (const [name, how, send, expected] of cases) expect([name, await fate(made, how, send)]).toEqual([name, expected]);
  });
});

describe('SEC-R4: plain text where mTLS is asked for', () => {
  test('is closed without a word, with one line in the log', async () => {
    const made = await world({ mode: 'STRICT', kind: 'http' });
    expect(await plainClient(made.port, get, 50)).toEqual({ received: '', gone: true });
    expect(made.lines()).toEqual(['NR filter_chain_not_found']);
    expect(made.sidecar.metrics?.listener('virtualInbound').noFilterChain).toBe(1);
  });
});

describe('MAP-R70: whose certificate is accepted', () => {
  const refusals: [string, () => Promise<Pair | undefined>, string, RegExp][] = [
    ['none', async () => undefined, 'fail_verify_no_cert', /^ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED$/],
    ['of another authority', () => other.workload('ns/shop/sa/client'), 'fail_verify_error', /closed|ECONNRESET/],
    ['of another trust domain', () => mesh.workload('spiffe://elsewhere.example/ns/shop/sa/client'), 'fail_verify_san', /closed|ECONNRESET/],
    ['of a trust domain that begins the same', () => mesh.workload('spiffe://cluster.local.evil/ns/shop/sa/client'), 'fail_verify_san', /closed|ECONNRESET/],
    ['of a server', () => mesh.server('client.example'), 'fail_verify_error', /closed|ECONNRESET/],
    [
      'that has expired',
      () => mesh.workload('ns/shop/sa/client', { at: Date.now() - 3 * 3600e3, lifetimeMs: 3600e3 }),
      'fail_verify_error',
      /closed|ECONNRESET/,
    ],
  ];
  test.each(refusals)('not %s', async (_, pair, counter, expected) => {
    const made = await world({ mode: 'STRICT', kind: 'http' });
    const { received, error } = await secureClient(made.port, { ...(await pair()), ALPNProtocols: http }, get, 50);
    expect([received, error]).toEqual(['', expect.stringMatching(expected)]);
    const counters = made.sidecar.metrics?.listener('virtualInbound').tls;
    await until(() => counters?.[counter as 'fail_verify_san'] === 1, `${counter} counted: ${JSON.stringify(counters)}`);
    expect(counters).toMatchObject({ handshake: 0 });
    // Nothing that it sent was looked at.
    expect(made.log).toEqual([]);
  });

  test('of an alias of the trust domain', async () => {
    const made = await world({ mode: 'STRICT', kind: 'http', meshConfig: 'trustDomainAliases: [old.example]' });
    const pair = await mesh.workload('spiffe://old.example/ns/shop/sa/client');
    expect((await secureClient(made.port, { ...pair, ALPNProtocols: http }, get, 50)).received).toContain('HTTP/1.1 200');
  });

  test('a refused handshake of a connection that is to be passed on is in the log, with its reason', async () => {
    const made = await world({ mode: 'STRICT', kind: 'tcp' });
    await secureClient(made.port, { ...(await other.workload('ns/shop/sa/client')), ALPNProtocols: ['istio'] }, 'x', 50);
    await until(() => made.log.length === 1, 'a line');
    expect(made.log[0]?.downstreamFailure).toContain('CERTIFICATE_VERIFY_FAILED:verify_cert_failed:_X509_verify_cert');
  });
});

describe('SEC-R6: what the application and the log are told', () => {
  test('of the client', async () => {
    const made = await world({ mode: 'STRICT', kind: 'http' });
    const { received, alpn, protocol } = await secureClient(made.port, { ...client, ALPNProtocols: http, servername: 'outbound_.80_._.app.shop' }, get, 50);
    expect([alpn, protocol]).toEqual(['http/1.1', 'TLSv1.3']);
    expect(received).toContain('x-forwarded-proto: https');
    expect(received).toMatch(
      /x-forwarded-client-cert: By=spiffe:\/\/cluster\.local\/ns\/shop\/sa\/app;Hash=[0-9a-f]{64};Subject="";URI=spiffe:\/\/cluster\.local\/ns\/shop\/sa\/client/,
    );
    expect(made.log[0]).toMatchObject({
      tlsVersion: 'TLSv1.3',
      tlsCipher: 'TLS_AES_128_GCM_SHA256',
      serverName: 'outbound_.80_._.app.shop',
      peerUriSans: ['spiffe://cluster.local/ns/shop/sa/client'],
      localUriSans: ['spiffe://cluster.local/ns/shop/sa/app'],
    });
  });

  test('not in plain text, whatever the client says', async () => {
    const made = await world({ mode: 'PERMISSIVE', kind: 'http' });
    const { received } = await plainClient(made.port, 'GET / HTTP/1.1\r\nhost: app\r\nx-forwarded-client-cert: By=spoof\r\n\r\n', 50);
    expect(received).toContain('x-forwarded-proto: http\n');
    expect(received).not.toContain('x-forwarded-client-cert');
  });

  test('in the metrics: mutual_tls, and who called whom', async () => {
    const made = await world({ mode: 'PERMISSIVE', kind: 'http' });
    await secureClient(made.port, { ...client, ALPNProtocols: http }, get, 50);
    await plainClient(made.port, get, 50);
    const labels = made.sidecar.metrics
      ?.snapshot()
      .find(({ name }) => name === 'istio_requests_total')
      ?.series.map((one) => one.labels.join(' '));
    expect(labels).toHaveLength(2);
    expect(
      labels?.some(
        (text) => text.includes('connection_security_policy mutual_tls') && text.includes('source_principal spiffe://cluster.local/ns/shop/sa/client'),
      ),
    ).toBe(true);
    expect(labels?.some((text) => text.includes('connection_security_policy none') && text.includes('source_principal unknown'))).toBe(true);
  });
});

describe('without an identity', () => {
  test('nobody is let in who has to show a certificate; plain text goes on', async () => {
    const made = await inbound({ mode: 'PERMISSIVE', kind: 'http' });
    const { error } = await secureClient(made.port, { ...client, ALPNProtocols: http }, get, 50);
    expect(error).toMatch(/ECONNRESET|closed/);
    expect(made.sidecar.metrics?.listener('virtualInbound').tls.secrets_not_ready).toBe(1);
    expect((await plainClient(made.port, get, 50)).received).toContain('HTTP/1.1 200');
    made.sidecar.credentials.set(snapshotOf(workloadOf(app, mesh.roots)));
    expect((await secureClient(made.port, { ...client, ALPNProtocols: http }, get, 50)).received).toContain('HTTP/1.1 200');
  });
});
