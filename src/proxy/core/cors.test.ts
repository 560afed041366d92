import { describe, expect, it } from 'vitest';
import type { CorsPolicy } from '../../ir/route.ts';
import { answerPreflight, CompiledCors } from './cors.ts';
import { record } from './testing.ts';

const policy: CorsPolicy = {
  allowOrigins: [{ kind: 'exact', value: 'https://shop.example.com' }],
  allowMethods: 'GET,POST',
  allowHeaders: 'x-custom,content-type',
  exposeHeaders: 'x-exposed',
  maxAgeSeconds: 86_400,
  allowCredentials: true,
  forwardUnmatchedPreflights: true,
};

function ask(more: Partial<CorsPolicy>, headers: Record<string, string>, method = 'OPTIONS') {
  const request = record('/', Object.entries(headers).flat(), { method });
  const answer = answerPreflight(new CompiledCors({ ...policy, ...more }), request);
  return {
    answer: answer?.reduce<string[]>((lines, text, i) => (i % 2 ? [...lines.slice(0, -1), `${lines.at(-1)}: ${text}`] : lines.concat(text)), []),
    origin: request.corsOrigin,
  };
}

const good = 'https://shop.example.com';
const preflight = { origin: good, 'access-control-request-method': 'DELETE' };

describe('preflights', () => {
  it('RT-R101: an allowed origin is answered, whatever method and headers it asks for', () => {
    expect(ask({}, preflight).answer).toEqual([
      `access-control-allow-origin: ${good}`,
      'access-control-allow-credentials: true',
      'access-control-allow-methods: GET,POST',
      'access-control-allow-headers: x-custom,content-type',
      'access-control-max-age: 86400',
      'access-control-expose-headers: x-exposed',
    ]);
  });

  it('RT-R101: `*` stands for what was asked for', () => {
    const wild = { allowMethods: '*', allowHeaders: '*', exposeHeaders: '', allowCredentials: false, maxAgeSeconds: undefined };
    expect(ask(wild, { ...preflight, 'access-control-request-headers': 'x-a' }).answer).toEqual([
      `access-control-allow-origin: ${good}`,
      'access-control-allow-methods: DELETE',
      'access-control-allow-headers: x-a',
    ]);
    expect(ask(wild, preflight).answer?.at(-1)).toBe('access-control-allow-headers: ');
  });

  it.each([
    ['no origin', { 'access-control-request-method': 'GET' }, 'OPTIONS'],
    ['an empty origin', { origin: '', 'access-control-request-method': 'GET' }, 'OPTIONS'],
    ['no method asked for', { origin: good }, 'OPTIONS'],
    ['an empty method', { origin: good, 'access-control-request-method': '' }, 'OPTIONS'],
    ['not OPTIONS', preflight, 'GET'],
  ])('RT-R100: %s: forwarded', (_title, headers, method) => expect(ask({}, headers as Record<string, string>, method).answer).toBeUndefined());

  const bad = { ...preflight, origin: 'https://evil.example.com' };
  it('RT-R102: of an origin that is not allowed: forwarded', () => expect(ask({}, bad)).toEqual({ answer: undefined, origin: '' }));
  it('RT-R102: or answered without the origin', () => {
    expect(ask({ forwardUnmatchedPreflights: false, allowCredentials: false }, bad).answer).toEqual([
      'access-control-allow-methods: GET,POST',
      'access-control-allow-headers: x-custom,content-type',
      'access-control-max-age: 86400',
    ]);
  });

  it('RT-R104: parts of a second do not count', () => expect(ask({ maxAgeSeconds: 1.9 }, preflight).answer).toContain('access-control-max-age: 1'));
});

describe('RT-R104: origins', () => {
  it.each<[CorsPolicy['allowOrigins'], string, boolean]>([
    [policy.allowOrigins, good, true],
    [policy.allowOrigins, 'HTTPS://shop.example.com', false],
    [
      [
        { kind: 'prefix', value: 'https://dev-' },
        { kind: 'exact', value: 'http://localhost:3000' },
      ],
      'https://dev-1.example.com',
      true,
    ],
    [
      [
        { kind: 'prefix', value: 'https://dev-' },
        { kind: 'exact', value: 'http://localhost:3000' },
      ],
      'http://localhost:3000',
      true,
    ],
    [[{ kind: 'prefix', value: 'https://dev-' }], 'https://prod.example.com', false],
    [[{ kind: 'regex', value: 'https://.*\\.example\\.com' }], 'https://app.example.com', true],
    [[{ kind: 'regex', value: 'https://.*\\.example\\.com' }], 'https://app.example.com.evil', false],
    [[{ kind: 'exact', value: '*' }], 'https://any', true],
    [[], 'https://any', false],
  ])('%j %s', (allowOrigins, origin, allowed) => {
    // RT-R103: an actual request is forwarded in either case; what the response gets depends on the origin noted here.
    expect(ask({ allowOrigins }, { origin }, 'GET')).toEqual({ answer: undefined, origin: allowed ? origin : '' });
  });
});
