import { describe, expect, it } from 'vitest';
import { provider } from '../../../../test/jwt/configurations.ts';
import type { JwtProvider, RequestAuthentication } from '../../../ir/authentication.ts';
import { HiddenTokens } from './hidden-tokens.ts';

const of = (...places: readonly Partial<JwtProvider>[]): RequestAuthentication => ({ providers: places.map((one) => provider(one)), routesByClaims: false });
const hidden = (text: string, authentication = of({ params: ['access_token', 't'] })): string | undefined => HiddenTokens.of(authentication)?.hide(text);

describe('tokens in queries', () => {
  it.each([
    ['/', '/'],
    ['/a?b=1', '/a?b=1'],
    ['/a?access_token=a.b.c', '/a?access_token=[redacted]'],
    ['/a?t=a.b.c&u=1&t=d', '/a?t=[redacted]&u=1&t=[redacted]'],
    ['/a?x=1&t=a=b?c;d#e f', '/a?x=1&t=[redacted]'],
    // By a name that is encoded, as rules find them.
    ['/a?access%5Ftoken=a.b.c', '/a?access%5Ftoken=[redacted]'],
    ['/a?%74=a', '/a?%74=[redacted]'],
    // Not found by rules; somebody meant them all the same.
    ['/a?x;t=a', '/a?x;t=[redacted]'],
    ['/a?x?t=a', '/a?x?t=[redacted]'],
    ['/a?x#t=a', '/a?x#t=[redacted]'],
    // Nothing to hide, and names that are others.
    ['/a?t=&b', '/a?t=&b'],
    ['/a?t', '/a?t'],
    ['/t=a', '/t=a'],
    ['/a?T=a&tt=b&=c', '/a?T=a&tt=b&=c'],
    ['?', '?'],
    ['https://shop.example/a?t=a.b.c', 'https://shop.example/a?t=[redacted]'],
    ['Bearer realm="http://shop/a?t=a.b.c", error="invalid_token"', 'Bearer realm="http://shop/a?t=[redacted]", error="invalid_token"'],
  ])('%s is told as %s', (text, expected) => expect(hidden(text)).toBe(expected));

  it.each<[string, RequestAuthentication | undefined, string]>([
    ['by their usual name, where a rule names no place', of({}), '/?access_token=[redacted]&t=b&c=d'],
    ['by those of all rules', of({ params: ['t'] }, { params: ['c'] }), '/?access_token=a&t=[redacted]&c=[redacted]'],
  ])('are hidden %s', (_, authentication, expected) => expect(hidden('/?access_token=a&t=b&c=d', authentication)).toBe(expected));

  it.each<[string, RequestAuthentication | undefined]>([
    ['asks for tokens', undefined],
    ['has rules', of()],
    ['looks for them in queries', of({ headers: [{ name: 'x-token', prefix: '' }] })],
  ])('are nothing special where nobody %s', (_, authentication) => expect(HiddenTokens.of(authentication)).toBeUndefined());

  it('takes no longer than the text is long', () => {
    const text = `/?${'t'.repeat(50_000)}${'&;?#'.repeat(20_000)}`;
    const began = performance.now();
    expect(hidden(text)).toBe(text);
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});
