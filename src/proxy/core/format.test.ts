import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExchangeRecord } from './exchange-record.ts';
import { compileFormat, Format, type FormatOptions } from './format.ts';
import { addFlag, flags } from './response-flags.ts';
import { record } from './testing.ts';

function format(text: string, options?: FormatOptions): Format {
  const made = compileFormat(text, options);
  if (made instanceof Format) return made;
  throw new Error(made.error);
}

const full: Partial<ExchangeRecord> = {
  authority: 'h:80',
  protocol: 'HTTP/1.1',
  headers: ['x-a', '1', 'x-a', '2', 'x-request-id', 'ae4b', 'user-agent', ''],
  isGrpc: true,
  status: 503,
  details: 'upstream_reset_before_response_started{remote connection failure}',
  flags: addFlag(addFlag(0, flags.upstreamRetryLimitExceeded), flags.upstreamConnectionFailure),
  responseHeaders: ['x-envoy-upstream-service-time', '7', 'grpc-status', '14'],
  responseTrailers: ['x-t', 'tv'],
  bytesReceived: 3,
  bytesSent: 121,
  upstreamHost: '127.0.0.1:29199',
  upstreamLocal: '[::1]:5000',
  upstreamProtocol: 'HTTP/2',
  upstreamFailure: 'delayed_connect_error:_Connection_refused',
  attempts: 3,
  cluster: 'DEAD',
  route: 'my-route',
  virtualHost: 'h:80',
  filterChain: 'chain',
  remoteAddress: '9.9.9.9',
  remotePort: 0,
  peerAddress: '::1',
  peerPort: 44_570,
  localAddress: '127.0.0.1',
  localPort: 29_001,
  serverName: 'sni.test',
  peerUriSans: ['spiffe://a', 'spiffe://b'],
  tlsVersion: 'TLSv1.3',
  connectionId: 4,
  startWall: Date.UTC(2026, 10, 22, 15, 8, 47, 381),
  startedAt: 1000.5,
  requestCompleteAt: 1001.6,
  lastUpstreamTxAt: 1002.5,
  firstUpstreamRxAt: 1010.5,
  completedAt: 1070.9,
};
const one = record('/dead?q=1&r=2', [], full);
const empty = record('', [], { authority: '', method: '' });

describe('operators', () => {
  it.each([
    ['%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%', 'GET /dead?q=1&r=2 HTTP/1.1'],
    ['%REQ(x-a)% %REQ(x-b?X-A)% %REQ(:authority)% %REQ(host)% %REQ(:scheme)%', '1,2 1,2 h:80 h:80 http'],
    ['%REQ(x-request-id):2%|%REQ(x-none):2%|%REQ(user-agent)%', 'ae|-|'],
    ['%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% %RESP(:status)% %RESP(x)% %TRAILER(x-t)%', '7 503 - tv'],
    ['%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_FLAGS_LONG%', '503 URX,UF UpstreamRetryLimitExceeded,UpstreamConnectionFailure'],
    ['%RESPONSE_CODE_DETAILS%', 'upstream_reset_before_response_started{remote_connection_failure}'],
    ['%CONNECTION_TERMINATION_DETAILS% %UPSTREAM_TRANSPORT_FAILURE_REASON%', '- delayed_connect_error:_Connection_refused'],
    ['%BYTES_RECEIVED% %BYTES_SENT%', '3 121'],
    ['%DURATION% %REQUEST_DURATION% %REQUEST_TX_DURATION% %RESPONSE_DURATION% %RESPONSE_TX_DURATION%', '70 1 2 10 60'],
    ['%UPSTREAM_HOST% %UPSTREAM_CLUSTER_RAW% %UPSTREAM_CLUSTER% %UPSTREAM_REMOTE_PORT%', '127.0.0.1:29199 DEAD DEAD 29199'],
    ['%UPSTREAM_LOCAL_ADDRESS% %UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT% %UPSTREAM_PROTOCOL% %UPSTREAM_REQUEST_ATTEMPT_COUNT%', '[::1]:5000 ::1 HTTP/2 3'],
    [
      '%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_PORT% %DOWNSTREAM_REMOTE_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%',
      '127.0.0.1:29001 29001 9.9.9.9:0 9.9.9.9',
    ],
    ['%DOWNSTREAM_DIRECT_REMOTE_ADDRESS% %DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%', '[::1]:44570 ::1'],
    ['%REQUESTED_SERVER_NAME% %DOWNSTREAM_PEER_URI_SAN% %DOWNSTREAM_TLS_VERSION% %DOWNSTREAM_PEER_SUBJECT%', 'sni.test spiffe://a,spiffe://b TLSv1.3 -'],
    ['%ROUTE_NAME% %VIRTUAL_HOST_NAME% %FILTER_CHAIN_NAME% %CONNECTION_ID%', 'my-route h:80 chain 4'],
    ['%GRPC_STATUS% %GRPC_STATUS(SNAKE_STRING)% %GRPC_STATUS(NUMBER)% %GRPC_STATUS_NUMBER%', 'Unavailable UNAVAILABLE 14 14'],
    ['%HOSTNAME% %ENVIRONMENT(A)% %ENVIRONMENT(B)%', 'node a -'],
    ['%QUERY_PARAM(r)% %PATH(NQ)% %PATH(WQ:PATH)%', '2 /dead /dead?q=1&r=2'],
    ['%DYNAMIC_METADATA(istio:a)% %FILTER_STATE(x:PLAIN):5% %UPSTREAM_METADATA(a)%', '- - -'],
    ['100%% %%%PROTOCOL%%%', '100% %HTTP/1.1%'],
  ])('TEL-R12, RT-R35: %s', (text, expected) => expect(format(text, { hostname: 'node', environment: { A: 'a' } }).render(one, '-')).toBe(expected));

  it.each([
    ['%START_TIME%', '2026-11-22T15:08:47.381Z'],
    ['%START_TIME(%Y-%m-%d %H:%M:%S.%3f %z)%', '2026-11-22 15:08:47.381 +0000'],
    ['%START_TIME(%s)% %START_TIME(%3s)% %START_TIME(%9f)%', '1795360127 1795360127381 381000000'],
    ['%START_TIME(%a %b %e %j %I%p %F %T %q)%', 'Sun Nov 22 326 03PM 2026-11-22 15:08:47 %q'],
    ['%EMIT_TIME%', '2026-11-22T15:08:47.451Z'],
  ])('TEL-R12: %s', (text, expected) => expect(format(text).render(one, '-')).toBe(expected));

  it('RT-R35: what is missing is empty in headers and a dash in logs; flags are never missing', () => {
    const text = '%REQ(x)%|%PROTOCOL%|%UPSTREAM_HOST%|%ROUTE_NAME%|%DURATION%|%GRPC_STATUS%|%RESPONSE_FLAGS%|%RESPONSE_CODE%|%REQ(:path)%';
    expect(format(text).render(empty, '')).toBe('||||||-|0|');
    expect(format(text).render(empty, '-')).toBe('-|-|-|-|-|-|-|0|-');
  });

  it('TEL-R13: a format of one operator has a value with a type', () => {
    expect(format('%RESPONSE_CODE%').value(one)).toBe(503);
    expect(format('%REQ(x-none)%').value(one)).toBeUndefined();
    expect(format('a %REQ(x-none)%').value(one)).toBe('a -');
    expect(format('a').value(one)).toBe('a');
    expect([format('').constant, format('a%%').constant, format('%PROTOCOL%').constant]).toEqual(['', 'a%', undefined]);
  });
});

it('TEL-R10, TEL-R11: the default line', () => {
  const line =
    '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n';
  const dead = record('/dead', ['x-request-id', 'ae4b'], {
    ...full,
    headers: ['x-request-id', 'ae4b'],
    authority: 'h',
    isGrpc: false,
    responseHeaders: [],
    bytesReceived: 0,
    upstreamLocal: '',
    remoteAddress: '127.0.0.1',
    remotePort: 44_570,
    serverName: '',
    route: 'DEAD',
    details: 'upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}',
  });
  expect(format(line).render(dead, '-')).toBe(
    '[2026-11-22T15:08:47.381Z] "GET /dead HTTP/1.1" 503 URX,UF upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused} - "delayed_connect_error:_Connection_refused" 0 121 70 - "-" "-" "ae4b" "h" "127.0.0.1:29199" DEAD - 127.0.0.1:29001 127.0.0.1:44570 - DEAD\n',
  );
});

describe('errors', () => {
  it.each(['%UNKNOWN%', '%', 'a % b', '%REQ%', '%REQ()%', '%REQ(x%', '%PROTOCOL', '%PROTOCOL(x)%', '%req(x)%', '%GRPC_STATUS(x)%', '%RESP%', '%REQ(x):a%'])(
    'RT-R35: %s',
    (text) => expect(compileFormat(text)).toEqual({ error: expect.any(String) }),
  );

  it('RT-R35: every text compiles or says why not, and texts without a percent sign are themselves', () => {
    const piece = fc.constantFrom('%', '%%', 'REQ', '(x)', ':3', 'PROTOCOL', '%PROTOCOL%', 'a', ' ', '%REQ(x-a)%', '(', ')');
    fc.assert(
      fc.property(
        fc.array(piece).map((all) => all.join('')),
        (text) => {
          const made = compileFormat(text);
          if (made instanceof Format) expect(typeof made.render(one, '-')).toBe('string');
          else expect(text).toContain('%');
          if (!text.includes('%')) expect((made as Format).constant).toBe(text);
        },
      ),
    );
  });
});
