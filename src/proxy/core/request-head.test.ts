import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExchangeRecord } from './exchange-record.ts';
import type { Headers } from './headers.ts';
import { conditionRequest, type DownstreamConnection, type DownstreamHead, type HeadPolicy } from './request-head.ts';
import { withTraceReason } from './request-id.ts';
import { connection, gateway, head, id, ids, inbound, sidecar } from './testing.ts';

/** `name: value | name: value` */
function lines(headers: Headers): string {
  const out: string[] = [];
  for (let i = 0; i < headers.length; i += 2) out.push(`${headers[i]}: ${headers[i + 1]}`);
  return out.join(' | ');
}

function parse(text: string): Headers {
  return text === '' ? [] : text.split(' | ').flatMap((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]);
}

function conditioned(policy: HeadPolicy, headers: string, more: Partial<DownstreamHead> = {}, from: Partial<DownstreamConnection> = {}): ExchangeRecord {
  const record = new ExchangeRecord();
  expect(conditionRequest(head({ headers: parse(headers), ...more }), connection(from), policy, ids, record)).toBeUndefined();
  return record;
}

const added = `x-forwarded-proto: http | x-request-id: ${id}`;

describe('sidecar outbound', () => {
  it.each([
    ['RT-R40: what is added', '', added],
    [
      'RT-R40: what is kept',
      'x-request-id: my-id-1 | x-forwarded-for: 198.51.100.1 | x-forwarded-proto: https | x-forwarded-host: h | user-agent: ua',
      'x-request-id: my-id-1 | x-forwarded-for: 198.51.100.1 | x-forwarded-proto: https | x-forwarded-host: h | user-agent: ua',
    ],
    [
      'RT-R41: nobody outside of the proxy may say these',
      'x-envoy-max-retries: 3 | x-envoy-retry-on: 5xx | x-envoy-retry-grpc-on: cancelled | x-envoy-retriable-status-codes: 418 | x-envoy-retriable-header-names: x | x-envoy-upstream-rq-timeout-ms: 1 | x-envoy-upstream-rq-per-try-timeout-ms: 1 | x-envoy-expected-rq-timeout-ms: 1 | x-envoy-upstream-alt-stat-name: x | x-envoy-force-trace: true | x-envoy-internal: true | x-envoy-hedge-on-per-try-timeout: true',
      added,
    ],
    [
      'RT-R42: other x-envoy headers stay',
      'x-envoy-attempt-count: 9 | x-envoy-original-path: /zz | x-envoy-decorator-operation: op | x-envoy-external-address: 1.2.3.4 | x-envoy-internal: true | x-envoy-downstream-service-cluster: c | x-envoy-peer-metadata: abc',
      `x-envoy-attempt-count: 9 | x-envoy-original-path: /zz | x-envoy-decorator-operation: op | x-envoy-external-address: 1.2.3.4 | x-envoy-downstream-service-cluster: c | x-envoy-peer-metadata: abc | ${added}`,
    ],
    ['RT-R43: a certificate that the application claims', 'x-forwarded-client-cert: By=x;Hash=y | a: b', `a: b | ${added}`],
    [
      'RT-R44: headers of the connection',
      'connection: keep-alive, x-hop | x-hop: 1 | keep-alive: timeout=5 | proxy-connection: keep-alive | te: trailers | upgrade: foo',
      `te: trailers | ${added}`,
    ],
    ['RT-R44: te is for trailers only', 'te: gzip | connection: close', added],
    ['RT-R44: te is for trailers only', 'te: gzip;q=0.5, trailers | a: b', `te: trailers | a: b | ${added}`],
    ['RT-R44: transfer-encoding', 'transfer-encoding: chunked', added],
    [
      'RT-R44: what is not of the connection',
      'proxy-authorization: Basic x | proxy-authenticate: y | trailer: x-t',
      `proxy-authorization: Basic x | proxy-authenticate: y | trailer: x-t | ${added}`,
    ],
    ['RT-R44: named headers that are added anew', 'x-request-id: 1 | connection: x-request-id', added],
    ['RT-R44: te that is named', 'connection: te | te: trailers', `te: trailers | ${added}`],
    ['RT-R44: te that is named', 'connection: te | te: gzip', added],
    ['RT-R44: expect is forwarded', 'expect: 100-Continue | content-length: 1', `expect: 100-Continue | content-length: 1 | ${added}`],
    [
      'RT-R48: websocket',
      'connection: Upgrade | upgrade: websocket | sec-websocket-version: 13',
      `connection: Upgrade | upgrade: websocket | sec-websocket-version: 13 | ${added}`,
    ],
    ['RT-R48: other upgrades', 'connection: Upgrade, HTTP2-Settings | upgrade: h2c | http2-settings: AAA | a: b', `a: b | ${added}`],
    ['RT-R48: websocket without connection', 'upgrade: websocket', added],
    [
      'repeated headers',
      'x-multi: a | x-multi: b | cookie: a=1 | cookie: b=2 | accept: x | accept: y',
      `x-multi: a | x-multi: b | cookie: a=1 | cookie: b=2 | accept: x,y | ${added}`,
    ],
    ['referers that are no URLs', 'referer: javascript:x', added],
    ['referers that are', 'referer: https://a.test/x?y', `referer: https://a.test/x?y | ${added}`],
    ['TEL-R30: trace context', 'x-b3-traceid: 1 | b3: 0 | traceparent: 00-a', `x-b3-traceid: 1 | b3: 0 | traceparent: 00-a | ${added}`],
  ])('%s: %s', (_title, sent, forwarded) => expect(lines(conditioned(sidecar, sent).headers)).toBe(forwarded));

  it.each(['x-forwarded-for', 'X-Forwarded-Proto', ':path', 'a,b,c,d,e,f,g,h,i,j'])('RT-R44: `connection` must not name %s', (option) => {
    const refusal = conditionRequest(head({ headers: ['connection', option] }), connection(), sidecar, ids, new ExchangeRecord());
    expect(refusal).toMatchObject({ status: 400, details: 'http1.connection_header_rejected', closes: true });
  });

  it('RT-R48: an upgrade is noted', () => {
    expect(conditioned(sidecar, 'connection: keep-alive, Upgrade | upgrade: WebSocket').isUpgrade).toBe(true);
    expect(conditioned(sidecar, 'connection: Upgrade | upgrade: h2c').isUpgrade).toBe(false);
  });

  it.each([
    ['application/grpc', true],
    ['application/grpc+proto', true],
    ['application/grpc-web', false],
    ['application/grpcx', false],
    ['application/grpc;charset=x', false],
    ['application/json', false],
  ])('RT-R121: gRPC is known by its content type: %s', (type, is) => expect(conditioned(sidecar, `content-type: ${type}`).isGrpc).toBe(is));

  it.each([
    ['', '198.51.100.7', 40_000],
    ['x-forwarded-for: 1.1.1.1, 2.2.2.2', '2.2.2.2', 0],
    ['x-forwarded-for: 2001:db8::1', '2001:db8::1', 0],
    ['x-forwarded-for: 1.1.1.1, who', '198.51.100.7', 40_000],
    ['x-forwarded-for: 1.1.1.1 | x-forwarded-for: 3.3.3.3', '3.3.3.3', 0],
  ])('RT-R46: the client is the last of x-forwarded-for: %s', (sent, address, port) => {
    const record = conditioned(sidecar, sent);
    expect([record.remoteAddress, record.remotePort, record.peerAddress]).toEqual([address, port, '198.51.100.7']);
  });

  it('TEL-R32: a client that wants its trace says so in the id', () => {
    expect(lines(conditioned(sidecar, 'x-client-trace-id: 1').headers)).toContain('00000000-0000-b000-8000-000000000000');
    expect(lines(conditioned(sidecar, 'x-client-trace-id: 1 | x-request-id: mine').headers)).toContain('x-request-id: mine');
    expect(withTraceReason(id, '9')).toBe('00000000-0000-9000-8000-000000000000');
  });

  it('MAT-R14: HTTP/2 has a scheme of its own', () => {
    expect(conditioned(sidecar, '', { scheme: 'https', version: 'HTTP/2' }).scheme).toBe('https');
    expect(conditioned(sidecar, 'x-forwarded-proto: https', { version: 'HTTP/2' }).scheme).toBe('https');
  });
});

describe('requests that cannot be routed', () => {
  it('LR-R23: an empty Host header is one', () => {
    const empty: DownstreamHead = { method: 'GET', path: '/', authority: '', scheme: undefined, headers: [], version: 'HTTP/1.1' };
    expect(conditionRequest(empty, connection(), sidecar, ids, new ExchangeRecord())).toBeUndefined();
  });

  it.each([
    [{ authority: undefined }, 400, 'missing_host_header'],
    [{ path: '/%00' }, 400, 'path_normalization_failed'],
    [{ path: '*', method: 'OPTIONS' }, 404, 'absolute_path_rejected'],
    [{ path: '' }, 404, 'missing_path_rejected'],
  ])('LR-R23, LR-R25: %j', (more, status, details) => {
    expect(conditionRequest(head(more), connection(), sidecar, ids, new ExchangeRecord())).toMatchObject({ status, details, body: new Uint8Array(0) });
  });

  it('MAT-R10: the record has the normalized path', () => {
    const record = conditioned(sidecar, '', { path: '/a/../b?x=/../y' });
    expect([record.path, record.pathEnd]).toEqual(['/b?x=/../y', 2]);
  });
});

describe('gateway', () => {
  const from = (address: string): string =>
    `x-forwarded-for: ${address} | x-forwarded-proto: http | x-envoy-external-address: ${address} | x-request-id: ${id}`;

  it.each([
    ['', from('198.51.100.7')],
    [
      'x-forwarded-for: 1.2.3.4',
      `x-forwarded-for: 1.2.3.4,198.51.100.7 | x-forwarded-proto: http | x-envoy-external-address: 198.51.100.7 | x-request-id: ${id}`,
    ],
    [
      'x-forwarded-proto: https | x-forwarded-host: evil.test | x-forwarded-port: 444',
      `x-forwarded-proto: http | x-forwarded-host: evil.test | x-forwarded-port: 444 | x-forwarded-for: 198.51.100.7 | x-envoy-external-address: 198.51.100.7 | x-request-id: ${id}`,
    ],
    [
      'x-envoy-external-address: 9.9.9.9 | x-envoy-internal: true | x-envoy-retry-on: 5xx | x-request-id: my-own-id | x-envoy-decorator-operation: x | x-envoy-original-path: /evil | x-envoy-attempt-count: 7',
      `x-envoy-external-address: 198.51.100.7 | x-request-id: ${id} | x-envoy-attempt-count: 7 | x-forwarded-for: 198.51.100.7 | x-forwarded-proto: http`,
    ],
    ['x-forwarded-client-cert: By=x;Hash=y', from('198.51.100.7')],
  ])('RT-R41, RT-R46: nothing of a client from outside is believed: %s', (sent, forwarded) =>
    expect(lines(conditioned(gateway(0), sent).headers)).toBe(forwarded),
  );

  it.each([
    ['', '198.51.100.7'],
    ['1.2.3.4', '198.51.100.7'],
    ['1.2.3.4, 5.6.7.8, 10.0.0.9', '5.6.7.8'],
    ['1.2.3.4, x, 10.0.0.9', '198.51.100.7'],
  ])('RT-R46: two trusted proxies: %s', (xff, client) => {
    const record = conditioned(gateway(2), `x-forwarded-proto: https${xff === '' ? '' : ` | x-forwarded-for: ${xff}`}`);
    expect(record.remoteAddress).toBe(client);
    expect(lines(record.headers)).toContain(`x-envoy-external-address: ${client}`);
    expect(lines(record.headers)).toContain(`x-forwarded-for: ${xff === '' ? '' : `${xff},`}198.51.100.7`);
    expect([record.scheme, lines(record.headers).includes('x-forwarded-proto: https')]).toEqual(['https', true]);
  });

  it('RT-R46: a client on the machine itself counts as the proxy', () => {
    expect(lines(conditioned(gateway(0), '', {}, { remoteAddress: '127.0.0.1' }).headers)).toContain('x-forwarded-for: 192.0.2.2');
  });
});

describe('sidecar inbound', () => {
  const peerCertificate = { uriSans: ['spiffe://cluster.local/ns/shop/sa/client'], dnsSans: [], subject: 'CN=client', hash: '7306' };
  const own = 'By=spiffe://cluster.local/ns/shop/sa/app;Hash=7306;Subject="CN=client";URI=spiffe://cluster.local/ns/shop/sa/client';

  it('RT-R43: on mTLS the certificate is told, and added to what was told before', () => {
    const tls = { tls: { version: 'TLSv1.3', peerCertificate, localUriSans: ['spiffe://cluster.local/ns/shop/sa/app'] } };
    expect(lines(conditioned(inbound, '', {}, tls).headers)).toBe(`x-forwarded-proto: https | x-request-id: ${id} | x-forwarded-client-cert: ${own}`);
    expect(lines(conditioned(inbound, 'x-forwarded-client-cert: By=spoof;Hash=00', {}, tls).headers)).toBe(
      `x-forwarded-client-cert: By=spoof;Hash=00,${own} | x-forwarded-proto: https | x-request-id: ${id}`,
    );
  });

  it('RT-R43: on plain text it is not believed', () => {
    expect(lines(conditioned(inbound, 'x-forwarded-client-cert: By=spoof;Hash=00').headers)).toBe(added);
  });
});

it('RT-R41, RT-R44: whatever is sent, nothing of the connection and nothing of Envoy goes through, and what is known is there', () => {
  const name = fc.constantFrom(
    'connection',
    'te',
    'upgrade',
    'keep-alive',
    'x-envoy-retry-on',
    'x-envoy-internal',
    'x-forwarded-for',
    'x-forwarded-proto',
    'x-request-id',
    'x-a',
    'accept',
    'referer',
    'x-forwarded-client-cert',
  );
  const value = fc.constantFrom(
    '',
    'x-a',
    'te',
    'close, x-request-id',
    'Upgrade',
    'websocket',
    'trailers',
    'gzip',
    '1.2.3.4',
    ',',
    ' , ,',
    'x-envoy-internal',
    'https',
    'accept,x-a',
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value)), fc.constantFrom(sidecar, gateway(0), gateway(3), inbound), (headers, policy) => {
      const record = new ExchangeRecord();
      const sent = headers.flat();
      const before = sent.slice();
      const refusal = conditionRequest(head({ headers: sent }), connection(), policy, ids, record);
      expect(sent).toEqual(before);
      if (refusal) return;
      const names = record.headers.filter((_, i) => i % 2 === 0);
      expect(record.headers.length % 2).toBe(0);
      expect(names.some((n) => ['keep-alive', 'x-envoy-retry-on', 'x-envoy-internal'].includes(n))).toBe(false);
      if (!record.isUpgrade) expect(names.some((n) => n === 'connection' || n === 'upgrade')).toBe(false);
      for (const once of ['x-request-id', 'x-forwarded-proto']) expect(names.filter((n) => n === once)).toHaveLength(1);
      expect(['http', 'https']).toContain(record.scheme);
    }),
    { numRuns: 2000 },
  );
});
