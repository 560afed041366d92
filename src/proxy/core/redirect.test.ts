import { describe, expect, it } from 'vitest';
import type { RedirectAction } from '../../ir/route.ts';
import type { RouteMatch } from '../../ir/route-match.ts';
import { redirectReply, tlsRedirect } from './redirect.ts';
import { anyMatch, compiled, record, route } from './testing.ts';

function location(action: Partial<RedirectAction>, target: string, authority = 'h', scheme = 'http', match: RouteMatch = anyMatch): string {
  const of = compiled(route({ kind: 'redirect', status: 301, ...action }, { match }));
  return redirectReply(of, record(target, ['x-forwarded-proto', scheme], { authority, scheme })).leading.join(' ');
}

describe('redirects', () => {
  it.each<[string, Partial<RedirectAction>, string, string, string, string]>([
    ['RT-R15', {}, '/a?b', 'h:8080', 'http', 'http://h:8080/a?b'],
    ['RT-R15', {}, '/a', 'h', 'https', 'https://h/a'],
    ['RT-R15', { host: 'other.test' }, '/a?b', 'h:8080', 'http', 'http://other.test/a?b'],
    ['RT-R16', { path: '/n' }, '/redir2?y=2', 'h', 'http', 'http://h/n?y=2'],
    ['RT-R16', { path: '/n?x=1' }, '/redir?y=2', 'h', 'http', 'http://h/n?x=1'],
    ['RT-R16', { path: '%PREFIX()%/fresh' }, '/legacy/1?x=2', 'h', 'http', 'http://h/%PREFIX()%/fresh?x=2'],
    ['RT-R17', { port: 8443 }, '/', 'h:80', 'http', 'http://h:8443/'],
    ['RT-R17', { port: 80 }, '/', 'h:8080', 'http', 'http://h/'],
    ['RT-R17', { port: 443, scheme: 'https' }, '/', 'h:8080', 'http', 'https://h/'],
    ['RT-R17', { port: 80, scheme: 'https' }, '/', 'h', 'http', 'https://h:80/'],
    ['RT-R17', { scheme: 'https' }, '/secure?x=1', 'h', 'http', 'https://h/secure?x=1'],
    ['RT-R17', { scheme: 'https' }, '/p', 'h:8080', 'http', 'https://h:8080/p'],
    ['RT-R17', { scheme: 'https' }, '/p', 'h:80', 'http', 'https://h/p'],
    ['RT-R17', { scheme: 'http' }, '/p', 'h:443', 'https', 'http://h/p'],
    ['RT-R17', { scheme: 'https' }, '/p', 'h:443', 'http', 'https://h:443/p'],
    ['RT-R17', { scheme: 'https' }, '/p', '[::1]:80', 'http', 'https://[::1]/p'],
    ['RT-R17', { port: 90 }, '/p', '[::1]', 'http', 'http://[::1]:90/p'],
    ['RT-R17', { port: 8080, host: 'o.test' }, '/p', 'h:1', 'http', 'http://o.test:8080/p'],
  ])('%s: %j %s of %s by %s', (_rule, action, target, authority, scheme, expected) =>
    expect(location(action, target, authority, scheme)).toBe(`location ${expected}`),
  );

  it('replaces the matched prefix, or every match of an expression', () => {
    const match: RouteMatch = { ...anyMatch, path: { kind: 'segments', value: '/old' } };
    expect(location({ prefix: '/new' }, '/old/a?b', 'h', 'http', match)).toBe('location http://h/new/a?b');
    expect(location({ regex: { pattern: 'l', substitution: 'L' } }, '/all?l')).toBe('location http://h/aLL?l');
  });

  it('RT-R15, RT-R18: the status is the one that was asked for', () => {
    const reply = redirectReply(compiled(route({ kind: 'redirect', status: 308 })), record());
    expect([reply.status, reply.body.length, reply.details, reply.flag]).toEqual([308, 0, 'direct_response', 0]);
  });

  it('a virtual host that wants TLS keeps the host as it is', () => {
    const request = record('/a?b=c', ['x-forwarded-proto', 'http'], { authority: 'shop.example.com:80' });
    expect(tlsRedirect(request)).toMatchObject({ status: 301, leading: ['location', 'https://shop.example.com:80/a?b=c'] });
    expect(tlsRedirect(record('/', ['x-forwarded-proto', 'https']))).toBeUndefined();
  });
});
