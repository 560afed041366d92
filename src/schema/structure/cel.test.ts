import { describe, expect, it } from 'vitest';
import { isUrl, size, substring, url } from './cel.ts';

describe('isUrl', () => {
  // What Go's url.ParseRequestURI says.
  it.each([
    ['http://example.com:80/a', 'http'],
    ['HTTP://a', 'http'],
    ['oci://ghcr.io/a/b:latest', 'oci'],
    ['ghcr.io/a/b:latest', undefined],
    ['file:///a/b', 'file'],
    ['http:foo', 'http'],
    ['/foo', ''],
    ['*', ''],
    ['', undefined],
    ['foo/bar', undefined],
    [':foo', undefined],
    ['1http://a', undefined],
    ['http://example.com:a/a', undefined],
    ['http://exa mple.com', undefined],
    ['http://[::1]:80/', 'http'],
    ['http://[fe80::1%25en0]:80/', 'http'],
    ['http://[fe80::1%en0]:80/', undefined],
    ['http://[::1/', undefined],
    ['http://[abc]/', undefined],
    ['http://::1/', undefined],
    ['http://user@host/', 'http'],
    ['http://us er@host/', undefined],
    ['http://a/%20', 'http'],
    ['http://a/%zz', undefined],
    ['http://a?%zz', 'http'],
    ['http://#%blah$#@', undefined],
    ['http://ü.de/', 'http'],
    ['http://a\u0000', undefined],
  ])('%s', (text, scheme) => {
    expect(isUrl(text) ? url(text).scheme : undefined).toBe(scheme);
  });
});

describe('texts', () => {
  it('have the length of their characters', () => {
    expect(['', 'abc', 'ü', '😀a'].map((text) => size(text))).toEqual([0, 3, 1, 2]);
  });

  it('are cut by characters, and not beyond their end', () => {
    expect(substring('😀abc', 1, 3)).toBe('ab');
    expect(() => substring('abc', 2, 4)).toThrow();
  });
});
