import { describe, expect, it } from 'vitest';
import type { HeaderPolicy } from '../../ir/route.ts';
import type { CompiledCluster, CompiledRoute } from './compiled-route.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import type { Headers } from './headers.ts';
import * as replies from './local-reply.ts';
import { redirectReply } from './redirect.ts';
import type { HeadPolicy } from './request-head.ts';
import { flagsText } from './response-flags.ts';
import { localResponse, upstreamResponse } from './response-head.ts';
import { compiled, forward, gateway, inbound, record, route, sidecar } from './testing.ts';

function lines(headers: Headers): string {
  const out: string[] = [];
  for (let i = 0; i < headers.length; i += 2) out.push(`${headers[i]}: ${headers[i + 1]}`);
  return out.join(' | ');
}
const parse = (text: string): Headers => text.split(' | ').flatMap((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]);

const plain = compiled(route());
const cors = compiled(
  route(
    forward({
      cors: {
        allowOrigins: [{ kind: 'exact', value: 'https://a.test' }],
        allowMethods: '',
        allowHeaders: '',
        exposeHeaders: 'x-e',
        allowCredentials: true,
        forwardUnmatchedPreflights: true,
      },
    }),
  ),
);

interface Case {
  of?: CompiledRoute;
  cluster?: CompiledCluster;
  request?: ExchangeRecord;
  policy?: HeadPolicy;
  status?: number;
  serviceTime?: number;
}

function upstream(
  headers: string,
  { of = plain, cluster = of.clusters[0], request = record(), policy = sidecar, status = 200, serviceTime = 5.7 }: Case = {},
): string {
  return lines(upstreamResponse(request, of, cluster, status, parse(headers), serviceTime, policy, '<date>'));
}

function local(reply: replies.LocalReply, { of, request = record(), policy = sidecar }: Case = {}): string {
  const { headers, hasBody } = localResponse(request, of, of?.clusters[0], reply, policy, '<date>');
  return `${request.status} ${lines(headers)} ${hasBody ? new TextDecoder().decode(reply.body) : ''}`.trimEnd();
}

function response(set: Record<string, string>, add: Record<string, string> = {}, remove: string[] = []): HeaderPolicy {
  const entries = (of: Record<string, string>, set: boolean) => Object.entries(of).map(([name, value]) => ({ name, value, set }));
  return { request: { remove: [], add: [] }, response: { remove, add: [...entries(set, true), ...entries(add, false)] } };
}

describe('upstream responses', () => {
  it.each([
    [
      'RT-R36, RT-R37, RT-R45: in place what the upstream sent, behind it what it did not',
      'content-type: application/json | server: nginx | date: Mon | x-envoy-upstream-service-time: 99 | x-request-id: fromup | x-envoy-decorator-operation: fromup | x-envoy-internal: true | content-length: 3',
      'content-type: application/json | server: envoy | date: Mon | x-envoy-upstream-service-time: 5 | x-request-id: fromup | x-envoy-internal: true | content-length: 3',
    ],
    ['RT-R37', 'content-type: a | content-length: 3', 'content-type: a | content-length: 3 | x-envoy-upstream-service-time: 5 | date: <date> | server: envoy'],
    [
      'RT-R44: nothing of the connection',
      'connection: close, x-a | x-a: 1 | keep-alive: 5 | proxy-connection: x | transfer-encoding: chunked | upgrade: foo | trailer: x-t',
      'x-a: 1 | trailer: x-t | x-envoy-upstream-service-time: 5 | date: <date> | server: envoy',
    ],
    [
      'repeated headers',
      'x-up: 1 | x-up: 2 | set-cookie: a=1 | set-cookie: b=2 | vary: a | vary: b | server: x | server: y',
      'x-up: 1 | x-up: 2 | set-cookie: a=1 | set-cookie: b=2 | vary: a,b | server: envoy | x-envoy-upstream-service-time: 5 | date: <date>',
    ],
  ])('%s', (_title, from, to) => expect(upstream(from)).toBe(to));

  it('RT-R45: no service time before the request is complete', () => expect(upstream('a: b', { serviceTime: -1 })).toBe('a: b | date: <date> | server: envoy'));

  it('RT-R48: an upgrade that is granted keeps its headers', () => {
    const granted = 'upgrade: websocket | connection: Upgrade | sec-websocket-accept: x';
    const request = record('/', [], { isUpgrade: true });
    expect(upstream(granted, { request, status: 101, serviceTime: -1 })).toBe(`${granted} | date: <date> | server: envoy`);
    expect(upstream(granted, { request, status: 200, serviceTime: -1 })).toBe('sec-websocket-accept: x | date: <date> | server: envoy');
  });

  it('RT-R36, RT-R37: header operations stand behind the service time, and the server is not for users to choose', () => {
    const of = compiled(
      route(forward({ clusters: [{ cluster: 'a', weight: 1, headers: response({ 'x-both': 'dest' }, { 'x-add': 'a2' }, ['x-powered-by']) }] }), {
        headers: response({ server: 'mine', 'x-both': 'route', 'x-set': 's1' }, { 'x-add': 'a1' }, ['x-backend-secret']),
      }),
    );
    expect(upstream('content-type: a | x-backend-secret: s | x-powered-by: php | x-set: up | x-add: up | x-keep: k', { of })).toBe(
      'content-type: a | x-add: up | x-keep: k | x-envoy-upstream-service-time: 5 | server: envoy | x-set: s1 | x-both: dest | x-add: a1 | x-add: a2 | date: <date>',
    );
  });

  it('RT-R35: response values may tell of the response', () => {
    const of = compiled(
      route(forward(), {
        name: 'my-route',
        headers: response({ 'x-code': '%RESPONSE_CODE%', 'x-flags': '%RESPONSE_FLAGS%', 'x-route': '%ROUTE_NAME%', 'x-ct': '%RESP(content-type)%' }),
      }),
    );
    const request = record('/', [], { route: 'my-route' });
    expect(upstream('content-type: a', { of, request })).toBe(
      'content-type: a | x-envoy-upstream-service-time: 5 | x-code: 200 | x-flags: - | x-route: my-route | x-ct: a | date: <date> | server: envoy',
    );
  });

  it('RT-R103: CORS stands behind header operations and overwrites in place', () => {
    const request = record('/', [], { corsOrigin: 'https://a.test' });
    expect(upstream('access-control-allow-origin: * | access-control-expose-headers: x-up | vary: A', { of: cors, request })).toBe(
      'access-control-allow-origin: https://a.test | access-control-expose-headers: x-e | vary: A | x-envoy-upstream-service-time: 5 | access-control-allow-credentials: true | date: <date> | server: envoy',
    );
  });

  it('DR-R32: the cookie of a hash policy', () => {
    const request = record('/', [], { cookies: ['sticky="1"; HttpOnly'] });
    expect(upstream('a: b', { request })).toBe('a: b | x-envoy-upstream-service-time: 5 | set-cookie: sticky="1"; HttpOnly | date: <date> | server: envoy');
  });

  it('RT-R36, RT-R40: an inbound proxy says what it is and what it calls the operation', () => {
    const request = record('/', [], { decoratorOperation: 'app:8080/*' });
    expect(upstream('a: b', { request, policy: inbound })).toBe(
      'a: b | x-envoy-upstream-service-time: 5 | date: <date> | server: istio-envoy | x-envoy-decorator-operation: app:8080/*',
    );
  });
});

describe('local replies', () => {
  const tail = 'date: <date> | server: envoy';
  const text = (body: string): string => `content-length: ${body.length} | content-type: text/plain | ${tail} ${body}`;
  const connect = 'upstream connect error or disconnect/reset before headers. reset reason: ';
  const again = 'upstream connect error or disconnect/reset before headers. retried and the latest reset reason: ';
  const beforeResponse = (reason: string): string => `upstream_reset_before_response_started{${reason}}`;
  const refused = 'delayed_connect_error:_Connection_refused';

  it.each<[string, replies.LocalReply, string, string, string]>([
    ['LR-R1', replies.noRoute, `404 ${tail}`, 'NR', 'route_not_found'],
    ['LR-R2, RT-R5', replies.clusterNotFound[503], `503 ${tail}`, 'NC', 'cluster_not_found'],
    ['LR-R2, SEL-R83', replies.clusterNotFound[500], `500 ${tail}`, 'NC', 'cluster_not_found'],
    ['LR-R3, RT-R6', replies.noHealthyUpstream, `503 ${text('no healthy upstream')}`, 'UH', 'no_healthy_upstream'],
    [
      'LR-R4',
      replies.upstreamReset('remote connection failure', false, refused),
      `503 ${text(`${connect}remote connection failure`)}`,
      'UF',
      beforeResponse(`remote_connection_failure|${refused}`),
    ],
    [
      'LR-R5',
      replies.upstreamReset('remote connection failure', true, refused),
      `503 ${text(`${again}remote connection failure`)}`,
      'UF',
      beforeResponse(`remote_connection_failure|${refused}`),
    ],
    ['LR-R6', replies.upstreamReset('connection timeout', false), `503 ${text(`${connect}connection timeout`)}`, 'UF', beforeResponse('connection_timeout')],
    [
      'LR-R7',
      replies.upstreamReset('connection termination', false),
      `503 ${text(`${connect}connection termination`)}`,
      'UC',
      beforeResponse('connection_termination'),
    ],
    ['LR-R9', replies.upstreamReset('protocol error', false), `502 ${text(`${connect}protocol error`)}`, 'UPE', beforeResponse('protocol_error')],
    ['LR-R10', replies.upstreamReset('overflow', false), `503 x-envoy-overloaded: true | ${text(`${connect}overflow`)}`, 'UO', beforeResponse('overflow')],
    ['RST_STREAM', replies.upstreamReset('remote reset', false), `503 ${text(`${connect}remote reset`)}`, 'UR', beforeResponse('remote_reset')],
    [
      'REFUSED_STREAM',
      replies.upstreamReset('remote refused stream reset', false),
      `503 ${text(`${connect}remote refused stream reset`)}`,
      'UR',
      beforeResponse('remote_refused_stream_reset'),
    ],
    ['LR-R11, RT-R61', replies.responseTimeout, `504 ${text('upstream request timeout')}`, 'UT', 'response_timeout'],
    ['LR-R12, RT-R77', replies.perTryTimeout, `504 ${text('upstream request timeout')}`, 'UT', 'upstream_per_try_timeout'],
    ['LR-R13, RT-R92', replies.faultAbort({ share: 1, httpStatus: 555 }), `555 ${text('fault filter abort')}`, 'FI', 'fault_filter_abort'],
    ['LR-R14, RT-R19', replies.direct(418, 'teapot'), `418 ${text('teapot')}`, '-', 'direct_response'],
    ['LR-R14, SEL-R73', replies.direct(502, ''), `502 ${tail}`, '-', 'direct_response'],
    [
      'LR-R15',
      replies.accessDenied('rbac_access_denied_matched_policy[none]'),
      `403 ${text('RBAC: access denied')}`,
      '-',
      'rbac_access_denied_matched_policy[none]',
    ],
    [
      'LR-R16',
      replies.jwtDenied(401, 'Jwt is expired', 'Bearer realm="http://h/"'),
      `401 www-authenticate: Bearer realm="http://h/" | ${text('Jwt is expired')}`,
      '-',
      'jwt_authn_access_denied{Jwt_is_expired}',
    ],
    ['LR-R20', replies.rateLimited, `429 ${text('local_rate_limited')}`, 'RL', 'local_rate_limited'],
    ['LR-R22', replies.maxStreamDuration, `504 ${text('upstream max stream duration reached')}`, 'UMSDR', 'upstream_max_stream_duration_reached'],
    ['LR-R23', replies.missingHost, `400 ${tail}`, '-', 'missing_host_header'],
    ['LR-R25', replies.badPath, `400 ${tail}`, '-', 'path_normalization_failed'],
    ['RT-R64', replies.durationTimeout(true), `504 ${text('downstream duration timeout')}`, 'DT', 'max_duration_timeout'],
    ['RT-R101', replies.corsPreflight(['access-control-allow-origin', 'x']), `200 access-control-allow-origin: x | ${tail}`, '-', 'cors_response'],
  ])('%s, RT-R120: %o', (_rule, reply, expected, flag, details) => {
    const request = record();
    expect(local(reply, { request })).toBe(expected);
    expect([flagsText(request.flags), request.details]).toEqual([flag, details]);
  });

  it('LR-R8: details of a response that was cut off', () => {
    expect(replies.resetAfterResponse('protocol error')).toBe('upstream_reset_after_response_started{protocol_error}');
    expect(replies.resetAfterResponse('connection termination')).toBe('upstream_reset_after_response_started{connection_termination}');
    expect(flagsText(replies.resetFlag('connection termination'))).toBe('UC');
  });

  it('LR-R17: details of a client that went away', () => expect(replies.downstreamDisconnect).toBe('downstream_remote_disconnect'));

  const operated = compiled(
    route(forward({ clusters: [{ cluster: 'a', weight: 1, headers: response({ 'x-d': 'dest' }) }] }), { headers: response({ 'x-h': 'route' }) }),
  );
  it.each([
    ['404 x-h: route | x-d: dest', replies.noRoute],
    ['503 x-h: route | x-d: dest', replies.clusterNotFound[503]],
    ['503 x-h: route | x-d: dest | content-length: 18 | content-type: text/plain', replies.faultAbort({ share: 1, httpStatus: 503 })],
    ['503 x-h: route | x-d: dest | x-envoy-overloaded: true | content-length: 81', replies.upstreamReset('overflow', false)],
    ['504 x-h: route | x-d: dest | content-length: 24', replies.responseTimeout],
    ['200 date', replies.corsPreflight([])],
  ])('RT-R20: header operations of the route apply to its local replies: %s', (expected, reply) =>
    expect(local(reply, { of: operated }).startsWith(expected)).toBe(true),
  );

  it('RT-R18, RT-R20: a redirect has its location first', () => {
    const of = compiled(route({ kind: 'redirect', status: 301, path: '/x' }, { headers: response({ 'x-h': 'redirect' }) }));
    const request = record('/redir');
    expect(local(redirectReply(of, request), { of, request })).toBe(`301 location: http://reviews/x | x-h: redirect | ${tail}`);
    expect([request.details, request.flags]).toEqual(['direct_response', 0]);
  });

  it('RT-R19: a content type of the route stays, but not without a body', () => {
    const of = compiled(route({ kind: 'direct', status: 200, body: '{}' }, { headers: response({ 'content-type': 'application/json' }) }));
    expect(local(replies.direct(200, of.body as Uint8Array), { of })).toBe(`200 content-type: application/json | content-length: 2 | ${tail} {}`);
    expect(local(replies.direct(200, ''), { of })).toBe(`200 ${tail}`);
  });

  it('RT-R19, RT-R120: the length counts bytes', () => {
    expect(local(replies.direct(200, 'é'))).toContain('content-length: 2');
    expect(compiled(route({ kind: 'direct', status: 200, body: 'AP8=', binary: true })).body).toEqual(Buffer.from([0, 255]));
  });

  it('RT-R103: CORS headers are on local replies of a forwarding route, too', () => {
    const request = record('/', [], { corsOrigin: 'https://a.test' });
    expect(local(replies.noHealthyUpstream, { of: cors, request })).toContain(
      'text/plain | access-control-allow-origin: https://a.test | access-control-allow-credentials: true',
    );
  });

  it('RT-R36, RT-R40: gateway and inbound', () => {
    expect(local(replies.noRoute, { policy: gateway(0) })).toBe('404 date: <date> | server: istio-envoy');
    expect(local(replies.noHealthyUpstream, { policy: inbound, of: plain, request: record('/', [], { decoratorOperation: ':0/*' }) })).toContain(
      'server: istio-envoy | x-envoy-decorator-operation: :0/*',
    );
  });

  describe('RT-R121: gRPC', () => {
    const grpc = (reply: replies.LocalReply, of?: CompiledRoute): string => local(reply, { of, request: record('/', [], { isGrpc: true }) });
    it.each<readonly [replies.LocalReply, string]>([
      [replies.noRoute, '12'],
      [replies.clusterNotFound[503], '14'],
      [replies.noHealthyUpstream, '14 | grpc-message: no healthy upstream'],
      [replies.responseTimeout, '14 | grpc-message: upstream request timeout'],
      [replies.accessDenied('rbac_access_denied_matched_policy[none]'), '7 | grpc-message: RBAC: access denied'],
      [replies.direct(418, 'teapot'), '2 | grpc-message: teapot'],
      [replies.direct(200, 'a%~ü\n'), '2 | grpc-message: a%25%7E%C3%BC%0A'],
      [replies.faultAbort({ share: 1, grpcStatus: 8 }), '8 | grpc-message: fault filter abort'],
      ...([400, 401, 403, 404, 429, 500, 502, 503, 504] as const).map(
        (status, i) =>
          [replies.faultAbort({ share: 1, httpStatus: status }), `${[13, 16, 7, 12, 14, 2, 14, 14, 14][i]} | grpc-message: fault filter abort`] as const,
      ),
    ])('%o', (reply, status) => expect(grpc(reply)).toBe(`200 content-type: application/grpc | grpc-status: ${status} | ${tail}`));

    it('keeps headers of the route and of the reply', () => {
      expect(grpc(replies.direct(301, '', ['location', 'http://z.test/x']))).toBe(
        `200 location: http://z.test/x | content-type: application/grpc | grpc-status: 2 | ${tail}`,
      );
      expect(grpc(replies.noRoute, operated)).toBe(`200 x-h: route | x-d: dest | content-type: application/grpc | grpc-status: 12 | ${tail}`);
    });

    it('RT-R93: an abort by gRPC status is 200 with a body for others', () => {
      expect(local(replies.faultAbort({ share: 1, grpcStatus: 14 }))).toBe(`200 ${text('fault filter abort')}`);
    });
  });
});
