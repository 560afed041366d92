import { describe, expect, it } from 'vitest';
import { CliError } from '../exit.ts';
import { type GivenAddresses, parseRequest } from './request.ts';

const http = { method: 'GET', scheme: 'http', path: '/', headers: [] };

describe('a request as it is typed', () => {
  it.each<[string[], string[], object]>([
    [['http://cart'], [], { ...http, authority: 'cart' }],
    [['GET', 'http://cart/a?b=c#d'], [], { ...http, authority: 'cart', path: '/a?b=c' }],
    [['POST', 'http://cart:8080/'], [], { ...http, method: 'POST', authority: 'cart:8080', port: 8080 }],
    [['http://cart?a=b'], [], { ...http, authority: 'cart', path: '/?a=b' }],
    [['HTTPS://Cart.shop/'], [], { ...http, scheme: 'https', authority: 'Cart.shop' }],
    [['http://[::1]:80/'], [], { ...http, authority: '[::1]:80', port: 80 }],
    [['http://me:pass@cart/'], [], { ...http, authority: 'cart' }],
    [['/pay'], ['Host: cart'], { ...http, authority: 'cart', path: '/pay' }],
    [['http://gateway:81/'], ['host: cart'], { ...http, authority: 'cart', host: 'gateway', port: 81 }],
    [['https://a.example/'], ['host: b.example'], { ...http, scheme: 'https', authority: 'b.example', host: 'a.example', serverName: 'a.example' }],
    [['https://192.0.2.9/'], ['host: b.example'], { ...http, scheme: 'https', authority: 'b.example', host: '192.0.2.9', serverName: '' }],
    [
      ['http://cart/'],
      ['X-User:  a b ', 'x-empty:'],
      {
        ...http,
        authority: 'cart',
        headers: [
          ['X-User', 'a b'],
          ['x-empty', ''],
        ],
      },
    ],
    [['tcp://db:3306'], [], { kind: 'tcp', host: 'db', port: 3306 }],
    [['tls://db:3306/'], [], { kind: 'tcp', host: 'db', port: 3306, tls: { serverName: 'db' } }],
    [['tcp://[::1]:1'], [], { kind: 'tcp', host: '::1', port: 1 }],
  ])('%j %j', (words, headers, expected) => expect(parseRequest(words, headers)).toEqual(expected));

  it('has the addresses that are given', () => {
    const given = { to: '10.0.0.1', clientIp: '2001:db8::1' };
    expect(parseRequest(['http://cart/'], [], given)).toEqual({ ...http, authority: 'cart', address: '10.0.0.1', client: '2001:db8::1' });
    expect(parseRequest(['tls://db:3306'], [], { to: '10.0.0.1' })).toMatchObject({ host: 'db', address: '10.0.0.1', tls: { serverName: 'db' } });
  });

  it.each<[string, GivenAddresses, RegExp]>([
    ['http://cart/', { to: 'cart' }, /--to takes an IP address/],
    ['http://cart/', { clientIp: '10.0.0.0/8' }, /--client-ip takes an IP address/],
    ['tcp://cart:80', { claims: { sub: 'a' } }, /--claims goes with requests/],
  ])('%s with %j is none', (url, given, message) => {
    expect(() => parseRequest([url], [], given)).toThrow(message);
  });

  it.each<[string[], string[], RegExp]>([
    [['cart/a'], [], /"cart\/a" is no URL/],
    [['/a'], [], /names no host/],
    [['http:///a'], [], /names no host/],
    [['http://a:b/'], [], /names no host/],
    [['http://a:65536/'], [], /1 to 65535/],
    [['http://a/ b'], [], /white space/],
    [['GET', 'http://a', 'b'], [], /more than METHOD and URL/],
    [['G/T', 'http://a'], [], /no HTTP method/],
    [['gopher://a'], [], /gopher:\/\/ is not simulated/],
    [['tcp://a'], [], /names no port/],
    [['tcp://a:1'], ['x: y'], /has no headers/],
    [['http://a'], [': x'], /"name: value"/],
    [['http://a'], ['x y: z'], /"name: value"/],
    [['http://a'], ['x: a\nb'], /no line ends/],
  ])('%j %j is none', (words, headers, message) => {
    const parse = () => parseRequest(words, headers);
    expect(parse).toThrow(message);
    expect(parse).toThrow(CliError);
  });
});
