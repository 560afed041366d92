import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { provider } from '../../../test/jwt/configurations.ts';
import { defaultJsonFormat } from '../../ir/access-log.ts';
import { ExchangeRecord } from '../core/exchange-record.ts';
import { HiddenTokens } from '../core/jwt/hidden-tokens.ts';
import { addFlag, flags, type ResponseFlag } from '../core/response-flags.ts';
import { AccessLog, accessLogLine } from './access-log.ts';

const raise = (...raised: ResponseFlag[]): number => raised.reduce(addFlag, 0);

/** The request of TEL-R11. */
function deadRequest(): ExchangeRecord {
  return Object.assign(new ExchangeRecord(), {
    method: 'GET',
    path: '/dead',
    authority: 'h',
    protocol: 'HTTP/1.1',
    headers: ['x-request-id', 'ae4b'],
    status: 503,
    flags: raise(flags.upstreamRetryLimitExceeded, flags.upstreamConnectionFailure),
    details: 'upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error: Connection refused}',
    upstreamFailure: 'delayed_connect_error:_Connection_refused',
    bytesSent: 121,
    startWall: Date.parse('2026-11-22T15:08:47.381Z'),
    startedAt: 1000.2,
    completedAt: 1070.9,
    upstreamHost: '127.0.0.1:29199',
    cluster: 'DEAD',
    route: 'DEAD',
    localAddress: '127.0.0.1',
    localPort: 29001,
    remoteAddress: '127.0.0.1',
    remotePort: 44570,
  });
}

const render = (format: string, encoding: 'text' | 'json', record = deadRequest()): string =>
  accessLogLine({ accessLogFormat: format, accessLogEncoding: encoding }, { hostname: 'pod-1' }).line(record);

describe('the access log as text', () => {
  it('TEL-R10, TEL-R11: default format, to the byte', () => {
    expect(render('', 'text')).toBe(
      '[2026-11-22T15:08:47.381Z] "GET /dead HTTP/1.1" 503 URX,UF upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused} - "delayed_connect_error:_Connection_refused" 0 121 70 - "-" "-" "ae4b" "h" "127.0.0.1:29199" DEAD - 127.0.0.1:29001 127.0.0.1:44570 - DEAD\n',
    );
  });

  it('TEL-R12: a TCP connection has no request', () => {
    const record = Object.assign(deadRequest(), {
      method: '',
      path: '',
      protocol: '',
      authority: '',
      headers: [],
      status: 0,
      details: '',
      route: '',
      bytesSent: 0,
    });
    record.flags = raise(flags.upstreamConnectionFailure, flags.upstreamRetryLimitExceeded);
    expect(render('', 'text', record)).toBe(
      '[2026-11-22T15:08:47.381Z] "- - -" 0 UF,URX - - "delayed_connect_error:_Connection_refused" 0 0 70 - "-" "-" "-" "-" "127.0.0.1:29199" DEAD - 127.0.0.1:29001 127.0.0.1:44570 - -\n',
    );
  });

  it('TEL-R12: the path as the client sent it, a client of x-forwarded-for without a port, the missing as -', () => {
    const record = Object.assign(deadRequest(), {
      path: '/new',
      headers: ['x-envoy-original-path', '/old?q', 'x-forwarded-for', '10.1.1.1', 'user-agent', 'curl'],
      remoteAddress: '10.1.1.1',
      remotePort: 0,
      cluster: '',
      upstreamHost: '',
      flags: 0,
      responseHeaders: ['x-envoy-upstream-service-time', '7'],
    });
    const line = render('', 'text', record);
    expect(line).toContain('"GET /old?q HTTP/1.1" 503 - ');
    expect(line).toContain(' 7 "10.1.1.1" "curl" "-" "h" "-" - - 127.0.0.1:29001 10.1.1.1:0 - DEAD\n');
  });

  it('ends every line, whatever the format', () => {
    expect(render('%RESPONSE_CODE% %HOSTNAME% caf\u00e9', 'text')).toBe('503 pod-1 caf\u00c3\u00a9\n');
    expect(render('%RESPONSE_CODE%\n', 'text')).toBe('503\n');
  });

  it('falls back to the default format and says why', () => {
    const { line, problem } = accessLogLine({ accessLogFormat: '%NOPE%', accessLogEncoding: 'text' });
    expect(problem).toContain('NOPE');
    expect(line(deadRequest())).toContain('"GET /dead HTTP/1.1"');
  });
});

describe('the access log as JSON', () => {
  it('TEL-R13: default keys in order, numbers as numbers, null for what is missing', () => {
    const line = render('', 'json');
    expect(Object.keys(JSON.parse(line))).toEqual(Object.keys(defaultJsonFormat).sort());
    expect(line).toBe(
      '{"authority":"h","bytes_received":0,"bytes_sent":121,"connection_termination_details":null,"downstream_local_address":"127.0.0.1:29001","downstream_remote_address":"127.0.0.1:44570","duration":70,"method":"GET","path":"/dead","protocol":"HTTP/1.1","request_id":"ae4b","requested_server_name":null,"response_code":503,"response_code_details":"upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}","response_flags":"URX,UF","route_name":"DEAD","start_time":"2026-11-22T15:08:47.381Z","upstream_cluster":"DEAD","upstream_host":"127.0.0.1:29199","upstream_local_address":null,"upstream_service_time":null,"upstream_transport_failure_reason":"delayed_connect_error:_Connection_refused","user_agent":null,"x_forwarded_for":null}\n',
    );
  });

  // The expected line is what Envoy 1.40 wrote for this format.
  it('TEL-R13: custom objects: nested, sorted at every level, constants kept, mixed texts as text', () => {
    const format = {
      z: '%REQ(X-NONE)%',
      code: '%RESPONSE_CODE%',
      mixed: 'c=%RESPONSE_CODE% %REQ(X-NONE)%',
      num: 5,
      bool: true,
      nul: null,
      nested: { b: '%DURATION%', a: '%ROUTE_NAME%', empty: {} },
      list: ['%BYTES_SENT%', 'lit', 1.5, []],
      pct: '100%%',
    };
    expect(render(JSON.stringify(format), 'json')).toBe(
      '{"bool":true,"code":503,"list":[121,"lit",1.5,[]],"mixed":"c=503 -","nested":{"a":"DEAD","b":70,"empty":{}},"nul":null,"num":5,"pct":"100%","z":null}\n',
    );
  });

  it('TEL-R13: what is no UTF-8 is escaped byte by byte, what is stays', () => {
    const log = (value: string): string => render('{"v": "%REQ(x-v)%"}', 'json', Object.assign(deadRequest(), { headers: ['x-v', value] }));
    expect(log('a"b\\c\t\u00c3\u00a9')).toBe('{"v":"a\\"b\\\\c\\t\u00c3\u00a9"}\n');
    expect(log('bad\u00ff\u00fe end \u00c3\u00a9')).toBe('{"v":"bad\\u00ff\\u00fe end \\u00c3\\u00a9"}\n');
    expect(render('{"caf\u00e9": "\u20ac"}', 'json')).toBe('{"caf\u00c3\u00a9":"\u00e2\u0082\u00ac"}\n');
  });

  it.each([
    ['{', 'JSON'],
    ['[]', 'no JSON object'],
    ['null', 'no JSON object'],
    ['{"a": {"b": ["%REQ%"]}}', 'REQ'],
  ])('falls back to the default for %s', (format, why) => {
    const { line, problem } = accessLogLine({ accessLogFormat: format, accessLogEncoding: 'json' });
    expect(problem).toContain(why);
    expect(JSON.parse(line(deadRequest()))).toHaveProperty('authority', 'h');
  });

  it('is one line of JSON for whatever a client sends', () => {
    const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array).toString('latin1'));
    fc.assert(
      fc.property(fc.oneof(bytes, fc.string({ unit: 'binary' })), (value) => {
        const record = Object.assign(deadRequest(), { authority: value, route: value });
        const line = render('{"a": "%REQ(:AUTHORITY)%", "b": "x%ROUTE_NAME%"}', 'json', record);
        expect(line.indexOf('\n')).toBe(line.length - 1);
        const parsed = JSON.parse(Buffer.from(line, 'latin1').toString('utf8'));
        if (/^[ -~]+$/.test(value)) expect(parsed).toEqual({ a: value, b: `x${value}` });
        expect(Object.keys(parsed)).toEqual(['a', 'b']);
      }),
    );
  });
});

describe('the log', () => {
  it('writes a line for each request in the format of the table in force', () => {
    const lines: string[] = [];
    const log = new AccessLog(() => 'old\n', { write: (line) => lines.push(line) });
    log.log(deadRequest());
    log.setLine(accessLogLine({ accessLogFormat: '%RESPONSE_FLAGS%', accessLogEncoding: 'text' }).line);
    log.log(deadRequest());
    expect(lines).toEqual(['old\n', 'URX,UF\n']);
  });
});

describe('tokens in queries', () => {
  const authentication = { providers: [provider()], routesByClaims: false };
  const target = '/a?x=1&access_token=PLANTED.TOKEN.TEXT';
  const refused = (): ExchangeRecord =>
    Object.assign(new ExchangeRecord(), {
      path: target,
      pathEnd: 2,
      headers: ['referer', `https://shop.example${target}`, 'x-envoy-original-path', target],
      responseHeaders: ['www-authenticate', `Bearer realm="http://shop${target}", error="invalid_token"`, 'location', `https://shop${target}`],
    });
  const operators = [
    ...['REQ(:PATH)', 'REQ(X-ENVOY-ORIGINAL-PATH?:PATH)', 'REQ(x-none?:path)', 'REQ(REFERER)', 'REQ(:PATH):30', 'PATH', 'PATH(WQ:PATH)', 'PATH(WQ:ORIG)'],
    ...['QUERY_PARAM(access_token)', 'QUERY_PARAM(access_token:9)', 'RESP(WWW-AUTHENTICATE)', 'RESP(location)'],
  ];

  it.each(operators)('are not told by %s', (operator) => {
    for (const encoding of ['text', 'json'] as const) {
      const format = encoding === 'json' ? JSON.stringify({ a: `%${operator}%`, b: `[%${operator}%]` }) : `%${operator}%`;
      const settings = { accessLogFormat: format, accessLogEncoding: encoding };
      expect(accessLogLine(settings).line(refused())).toContain('PLANT');
      const line = accessLogLine(settings, { hiddenTokens: HiddenTokens.of(authentication) }).line(refused());
      expect(line).not.toContain('PLANT');
      expect(line).toMatch(/access_token=\[reda|\[redacted\]/);
    }
  });

  it.each(['text', 'json'] as const)('are not told by the default format, as %s', (accessLogEncoding) => {
    const line = accessLogLine({ accessLogFormat: '', accessLogEncoding }, { hiddenTokens: HiddenTokens.of(authentication) }).line(refused());
    expect(line).toContain('/a?x=1&access_token=[redacted]');
    expect(line).not.toContain('PLANT');
  });

  it('leave what is missing missing, and the rest as it is', () => {
    const line = accessLogLine(
      { accessLogFormat: '%QUERY_PARAM(access_token)% %QUERY_PARAM(x)% %PATH(NQ)% %REQ(none)%', accessLogEncoding: 'text' },
      { hiddenTokens: HiddenTokens.of(authentication) },
    ).line(Object.assign(refused(), { path: '/b?x=2', headers: [] }));
    expect(line).toBe('- 2 /b -\n');
  });
});
