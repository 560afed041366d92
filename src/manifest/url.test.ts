import { describe, expect, it } from 'vitest';
import { parseRequestUrl, parseUrl, UrlError } from './url.ts';

function problem(read: (text: string) => unknown, text: string): string {
  try {
    read(text);
    return '';
  } catch (error) {
    if (error instanceof UrlError) return error.message;
    throw error;
  }
}

describe('parseUrl', () => {
  it.each([
    ['https://shop.example/jwks', 'https', 'shop.example', ''],
    ['HTTP://shop.example:8080', 'http', 'shop.example', '8080'],
    ['http://user:pa%20ss@shop.example:', 'http', 'shop.example', ''],
    ['http://[fd00::1]:80/', 'http', 'fd00::1', '80'],
    ['http://[fe80::1%25eth0]/', 'http', 'fe80::1%25eth0', ''],
    ['oci:registry/filter', 'oci', '', ''],
    ['/only/path', '', '', ''],
    ['//shop.example?q', '', 'shop.example', ''],
    ['a/b:c', '', '', ''],
    ['*', '', '', ''],
    ['', '', '', ''],
    ['http://m%C3%BCller.example/?q=%zz', 'http', 'm%C3%BCller.example', ''],
    ['http://a/#f%20g', 'http', 'a', ''],
  ])('reads %s', (text, scheme, host, port) => {
    expect(parseUrl(text)).toEqual({ scheme, host, port });
  });

  it.each([
    ['://nope', 'missing protocol scheme'],
    ['hTPp\\\blah', 'control character'],
    ['a:\x7f', 'control character'],
    ['a b:c', 'cannot contain a colon'],
    ['1a:b', 'cannot contain a colon'],
    ['http://bad host/', 'invalid character " "'],
    ['http://h:8o', 'invalid port ":8o"'],
    ['http://[fd00::1', "missing ']'"],
    ['http://[10.0.0.1]', 'not an IPv6 address'],
    ['http://a%20b/', 'invalid URL escape "%20"'],
    ['http://a/%z', 'invalid URL escape "%z"'],
    ['http://a/#%zz', 'invalid URL escape "%zz"'],
    ['http://us er@a/', 'invalid user information'],
    ['http://[fe80::1%25%ff]/', 'invalid URL escape "%ff"'],
  ])('refuses %j', (text, words) => {
    expect(problem(parseUrl, text)).toContain(words);
  });
});

describe('parseRequestUrl', () => {
  it('needs a scheme or a leading slash', () => {
    expect(problem(parseRequestUrl, 'registry.example/filter')).toContain('no scheme');
    expect(problem(parseRequestUrl, '')).toContain('empty');
    expect(parseRequestUrl('//host with blanks/')).toEqual({ scheme: '', host: '', port: '' });
    expect(parseRequestUrl('localhost:5000/x')).toEqual({ scheme: 'localhost', host: '', port: '' });
  });

  it('knows no fragments', () => {
    expect(problem(parseRequestUrl, 'http://a#b')).toContain('invalid character "#"');
    expect(problem(parseRequestUrl, 'http://a/#%zz')).toContain('invalid URL escape');
  });
});
