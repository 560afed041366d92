import { describe, expect, it } from 'vitest';
import { sourceText } from '../../manifest/files.ts';
import { readTests } from '../read-tests.ts';
import { passes } from '../result.ts';
import { run } from '../testing.ts';

const mesh = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: web, namespace: front }
spec:
  hosts: [www.example.com, example.com]
  gateways: [edge/public]
  http:
    - match: [{ uri: { regex: '/users(/.*)?' }, headers: { x-type: { exact: qa } } }]
      route: [{ destination: { host: users, port: { number: 80 } } }]
    - match: [{ uri: { prefix: /partners }, method: { regex: GET|HEAD } }]
      route: [{ destination: { host: a.b.svc.cluster.local }, weight: 90 }, { destination: { host: c.d.svc.cluster.local }, weight: 10 }]
      headers: { request: { set: { x-a: b } } }
    - match: [{ uri: { prefix: /old } }]
      redirect: { uri: /new, redirectCode: 302 }
    - match: [{ uri: { prefix: /slow } }]
      fault: { abort: { percentage: { value: 100 }, httpStatus: 403 } }
      rewrite: { uri: /fast }
      route: [{ destination: { host: slow } }]
    - match: [{ uri: { prefix: /sell } }]
      delegate: { name: sellers, namespace: back }
    - match: [{ uri: { prefix: /gone } }]
      delegate: { name: nobody }
    - route: [{ destination: { host: monolith.front.svc.cluster.local } }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: sellers, namespace: back }
spec:
  http:
    - match: [{ uri: { prefix: /sell/now } }]
      route: [{ destination: { host: now } }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: wild, namespace: front }
spec:
  hosts: ['*.example.org']
  http: [{ route: [{ destination: { host: wild } }] }]
`;

function testCase(wantMatch: boolean, uri: string, expected: string, more = ''): string {
  return `testCases:
  - description: case
    wantMatch: ${wantMatch}
    request: { authority: [example.com], method: [GET], uri: ['${uri}']${more === '' ? '' : `, ${more}`} }
    ${expected}
`;
}

describe('holds', () => {
  it.each([
    ['a destination', true, '/users/1', 'route: [{ destination: { host: users, port: { number: 80 } } }]', 'headers: { x-type: qa }'],
    [
      'by its full name',
      true,
      '/users/1',
      'route: [{ destination: { host: users.front.svc.cluster.local, port: { number: 80 } } }]',
      'headers: { x-type: qa }',
    ],
    ['not another destination', false, '/users/1', 'route: [{ destination: { host: users, port: { number: 80 } } }]', ''],
    [
      'weights',
      true,
      '/partners/1',
      'route: [{ destination: { host: a.b.svc.cluster.local }, weight: 90 }, { destination: { host: c.d.svc.cluster.local }, weight: 10 }]',
      '',
    ],
    ['the weight of the only destination does not matter', true, '/', 'route: [{ destination: { host: monolith.front.svc.cluster.local }, weight: 100 }]', ''],
    ['headers', true, '/partners', 'headers: { request: { set: { x-a: b } } }', ''],
    ['a redirect', true, '/old/x', 'redirect: { redirectCode: 302, uri: /new }', ''],
    ['a fault and a rewrite', true, '/slow', 'fault: { abort: { percentage: { value: 100 }, httpStatus: 403 } }\n    rewrite: { uri: /fast }', ''],
    ['a delegate as it is written', true, '/sell/later', 'delegate: { name: sellers, namespace: back }', ''],
    ['a delegate that is not there', true, '/gone', 'delegate: { name: nobody }', ''],
    ['where the delegate sends it', true, '/sell/now', 'route: [{ destination: { host: now } }]', ''],
    ['what the delegate does not take, as the proxy does it', true, '/sell/later', 'route: [{ destination: { host: monolith } }]', ''],
    ['a query', true, '/users', 'route: [{ destination: { host: users, port: { number: 80 } } }]', 'headers: { x-type: qa }, queryParams: { a: b }'],
  ])('%s', (_, wantMatch, uri, expected, more) => expect(run(mesh, testCase(wantMatch, uri, expected, more)).results.map(passes)).toEqual([true]));

  it('every combination is tried', () => {
    const text =
      'TestCases:\n  - description: case\n    wantMatch: true\n    request: { authority: [a.example.org, b.example.org], method: [GET, PUT], uri: [/, /x] }\n    route: [{ destination: { host: wild } }]\n';
    expect(run(mesh, text).results.map(({ requests, failures }) => [requests, failures])).toEqual([[8, []]]);
  });
});

describe('does not hold', () => {
  it.each([
    [
      'another destination',
      true,
      '/',
      'route: [{ destination: { host: users } }]',
      'route | [{"destination":{"host":"users.front.svc.cluster.local"}}] | [{"destination":{"host":"monolith.front.svc.cluster.local"}}]',
    ],
    [
      'a destination that must not be',
      false,
      '/',
      'route: [{ destination: { host: monolith } }]',
      'route | anything but [{"destination":{"host":"monolith.front.svc.cluster.local"}}] | [{"destination":{"host":"monolith.front.svc.cluster.local"}}]',
    ],
    ['no rewrite', true, '/', 'rewrite: { uri: /fast }', 'rewrite | {"uri":"/fast"} | no rewrite'],
    ['another delegate', true, '/sell', 'delegate: { name: sellers }', 'delegate | {"name":"sellers"} | {"name":"sellers","namespace":"back"}'],
  ])('%s', (_, wantMatch, uri, expected, said) => {
    const failures = run(mesh, testCase(wantMatch, uri, expected)).results.flatMap((result) => result.failures);
    expect(failures.flatMap(({ mismatches }) => mismatches.map(({ field, expected: wanted, got }) => `${field} | ${wanted} | ${got}`))).toEqual([said]);
  });

  it('a host that nobody has', () => {
    const failures = run(mesh, testCase(true, '/', 'route: [{ destination: { host: a } }]').replace('example.com', 'example.net')).results.flatMap(
      (result) => result.failures,
    );
    expect(failures.map(({ outcome, rule, mismatches }) => [outcome, rule, mismatches[0]?.got])).toEqual([['no rule takes it', undefined, 'no route']]);
  });
});

describe('problems', () => {
  it.each([
    ['a misspelt field', testCase(true, '/', 'routes: []'), ['5: testCases[0].routes is not known here (did you mean route?)']],
    [
      'a case that expects nothing',
      testCase(true, '/', ''),
      ['2: testCases[0] expects nothing (give it a route, redirect, rewrite, fault, headers or delegate)'],
    ],
    [
      'no hosts',
      testCase(true, '/', 'rewrite: { uri: / }').replace('[example.com]', '[]'),
      ['4: testCases[0].request.authority takes a list with something in it'],
    ],
    ['a destination that is no map', testCase(true, '/', 'route: [users]'), ['5: testCases[0].route[0] takes a map, and is "users"']],
  ])('%s', (_, text, expected) => {
    const { problems } = readTests(sourceText('a.yaml', text), false);
    expect(problems.map(({ line, text: what, help }) => `${line}: ${what}${help ? ` (${help})` : ''}`)).toEqual(expected);
  });
});
