import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { sourceText } from '../../manifest/files.ts';
import { parseYaml } from '../../manifest/yaml.ts';
import { readTests } from '../read-tests.ts';
import type { RouteTest } from '../route-test.ts';
import { testFileSchema } from './json-schema.ts';

const validate = new Ajv({ allowUnionTypes: true }).compile(testFileSchema());

function textOf(request: string, expected: string, more = ''): string {
  return `tests:\n  - name: test\n    request: ${request}\n    expect: ${expected}\n${more}`;
}

/** Whether the reader and the schema take a text; they are of one mind, or this fails. */
function isTaken(text: string): boolean {
  const { problems } = readTests(sourceText('a.yaml', text), false);
  expect(validate(parseYaml(text).value), JSON.stringify(validate.errors ?? problems)).toBe(problems.length === 0);
  return problems.length === 0;
}

describe('the reader and the JSON Schema take', () => {
  it.each([
    ['one of everything', '{ host: a }', '{ noRoute: true }'],
    [
      'lists',
      '{ host: [a, b], method: [GET, POST], path: [/, /x?y=1], port: [80, 8080], scheme: [http, https], headers: [{ a: b }, { c: 1, d: true }] }',
      '{ status: 404 }',
    ],
    ['the target *', '{ host: a, method: OPTIONS, path: "*" }', '{ status: 404 }'],
    ['claims of any kind', '{ host: a, claims: { sub: x, groups: [a, b], nested: { a: 1 } } }', '{ status: 404 }'],
    ['addresses', '{ host: a, sourceIp: 10.0.0.1, remoteIp: [203.0.113.7, "2001:db8::1", "::", "::1", "1:2:3:4:5:6:7:8", "fe80::"] }', '{ denied: {} }'],
    ['a destination as a text', '{ host: a }', '{ destinations: cart }'],
    ['a destination as a text with port and subset', '{ host: a }', '{ destinations: [cart:8080/v1, cart/v2] }'],
    ['no destinations', '{ host: a }', '{ destinations: [] }'],
    [
      'all of a destination',
      '{ host: a }',
      '{ destinations: { host: a, subset: v1, port: 80, percent: 33.33, weight: 1, headers: { request: { set: { a: b }, removed: c } } } }',
    ],
    [
      'limits',
      '{ host: a }',
      '{ destinations: { host: a, connectionPool: { maxConnections: 1, connectTimeout: 10s }, outlierDetection: { interval: 0, minHealthPercent: 50 } } }',
    ],
    ['a subset that looks like a number', '{ host: a }', '{ destinations: { host: a, subset: 1.10 } }'],
    ['mirrors', '{ host: a }', '{ mirrors: [a/v1, { host: b, percent: 0.1 }] }'],
    ['times', '{ host: a }', '{ timeout: 1m30.5s, retries: { attempts: 0, perTryTimeout: 250ms, retryOn: [5xx, reset] } }'],
    ['a fault', '{ host: a }', '{ fault: { delay: { duration: 5s, percent: 10 }, abort: { status: 503, grpcStatus: 14, percent: 100 } } }'],
    ['no fault', '{ host: a }', '{ fault: {} }'],
    ['an answer', '{ host: a }', '{ status: 301, body: "", redirect: { status: 301, location: https://b/ } }'],
  ])('%s', (_, request, expected) => expect(isTaken(textOf(request, expected))).toBe(true));

  it.each(['deploy/cart.shop', '{ workload: cart }', '{ workload: pod/cart-1, mtls: false }'])('to: %s', (to) =>
    expect(isTaken(textOf('{ host: a }', '{ allowed: true }', `    to: ${to}\n`))).toBe(true),
  );
});

describe('neither takes', () => {
  it.each([
    ['a test without a request', 'tests: [{ name: a, expect: { status: 404 } }]'],
    ['a test without a name', 'tests: [{ request: { host: a }, expect: { status: 404 } }]'],
    ['a test that expects nothing', textOf('{ host: a }', '{}')],
    ['no tests', 'tests: []'],
    ['something else', 'test: []'],
    ['a list', '[]'],
    ['a request without a host', textOf('{ path: / }', '{ status: 404 }')],
    ['an empty list of methods', textOf('{ host: a, method: [] }', '{ status: 404 }')],
    ['a method that is none', textOf('{ host: a, method: "G T" }', '{ status: 404 }')],
    ['a path without a slash', textOf('{ host: a, path: pay }', '{ status: 404 }')],
    ['a port that is none', textOf('{ host: a, port: 70000 }', '{ status: 404 }')],
    ['a scheme that is none', textOf('{ host: a, scheme: ftp }', '{ status: 404 }')],
    ['a header name that is none', textOf('{ host: a, headers: { "a b": c } }', '{ status: 404 }')],
    ['a header without a value', textOf('{ host: a, headers: { a: } }', '{ status: 404 }')],
    ['an unknown field', textOf('{ host: a }', '{ mirror: a }')],
    ['more than all', textOf('{ host: a }', '{ destinations: { host: a, percent: 101 } }')],
    ['half a weight', textOf('{ host: a }', '{ destinations: { host: a, weight: 0.5 } }')],
    ['a destination without a host', textOf('{ host: a }', '{ destinations: { subset: v1 } }')],
    ['a destination that is no service', textOf('{ host: a }', '{ destinations: "a b" }')],
    ['a number as a duration', textOf('{ host: a }', '{ timeout: 3 }')],
    ['a negative duration', textOf('{ host: a }', '{ timeout: -3s }')],
    ['a redirect with 200', textOf('{ host: a }', '{ redirect: { status: 200 } }')],
    ['a client without a namespace', textOf('{ host: a }', '{ status: 404 }', 'from: { labels: { app: a } }')],
    ['a target without a workload', textOf('{ host: a }', '{ status: 404 }', '    to: { mtls: true }\n')],
    ['a target that is two', textOf('{ host: a }', '{ status: 404 }', '    to: [a, b]\n')],
    ...['10.0.0', '10.0.0.256', '10.0.0.0/8', '"1::2::3"', '":::"', '"1:2:3:4:5:6:7:8:9"', 'nobody', '7', '[]', '"fe80::1%eth0"'].map(
      (written): [string, string] => [`the address ${written}`, textOf(`{ host: a, remoteIp: ${written} }`, '{ status: 404 }')],
    ),
    ['nobody', textOf('{ host: a }', '{ status: 404 }', 'from: []')],
  ])('%s', (_, text) => expect(isTaken(text)).toBe(false));
});

function requestsOf(request: string): string[] {
  const { tests, problems } = readTests(sourceText('a.yaml', textOf(request, '{ status: 404 }')), false);
  expect(problems).toEqual([]);
  return (tests[0] as RouteTest).requests.map(
    ({ method, scheme, authority, port, path, headers = [] }) =>
      `${method} ${scheme}://${authority}${port ? ` ${port}` : ''}${path}${headers.map((pair) => ` ${pair.join('=')}`).join('')}`,
  );
}

describe('requests', () => {
  it('are every combination', () => {
    expect(requestsOf('{ host: [a, b], method: [GET, POST], path: [/x, /y] }')).toEqual([
      'GET http://a/x',
      'GET http://a/y',
      'POST http://a/x',
      'POST http://a/y',
      'GET http://b/x',
      'GET http://b/y',
      'POST http://b/x',
      'POST http://b/y',
    ]);
  });

  it('are every combination of addresses', () => {
    const { tests } = readTests(
      sourceText('a.yaml', textOf('{ host: a, sourceIp: [10.0.0.1, 10.0.0.2], remoteIp: [1.1.1.1, 2.2.2.2], claims: { a: b } }', '{ denied: {} }')),
      false,
    );
    expect((tests[0] as RouteTest).requests.map(({ client, remoteIp, claims }) => [client, remoteIp, claims])).toEqual([
      ['10.0.0.1', '1.1.1.1', { a: 'b' }],
      ['10.0.0.1', '2.2.2.2', { a: 'b' }],
      ['10.0.0.2', '1.1.1.1', { a: 'b' }],
      ['10.0.0.2', '2.2.2.2', { a: 'b' }],
    ]);
  });

  it('have values of headers as they are written', () => {
    expect(requestsOf('{ host: a, headers: { x-version: 1.10, x-on: yes, x-no: "no", x-null: "" } }')).toEqual([
      'GET http://a/ x-version=1.10 x-on=yes x-no=no x-null=',
    ]);
  });

  it('are not too many', () => {
    const many = `[${Array.from({ length: 400 }, (_, i) => `/${i}`).join(', ')}]`;
    const { problems } = readTests(sourceText('a.yaml', textOf(`{ host: ${many.replaceAll('/', 'h')}, path: ${many} }`, '{ status: 404 }')), false);
    expect(problems.map(({ line, text }) => `${line}: ${text}`)).toEqual(['3: tests[0].request makes 160000 requests, and the most is 100000']);
  });
});
