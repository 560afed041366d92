import { describe, expect, it } from 'vitest';
import { validateAuthorizationPolicy } from './authorization-policy.ts';
import { placeOf, problemsOf } from './testing.ts';

const problems = (yaml: string) => problemsOf(validateAuthorizationPolicy, 'AuthorizationPolicy', yaml, { name: 'guard' });
const places = (yaml: string): string[] => problems(yaml).map(placeOf);
const source = (fields: string): string => `rules: [{from: [{source: {${fields}}}]}]`;
const operation = (fields: string): string => `rules: [{to: [{operation: {${fields}}}]}]`;

describe('validateAuthorizationPolicy', () => {
  it.each([
    '{}',
    'action: ALLOW',
    'rules: [{}]',
    '{action: DENY, rules: [{}]}',
    '{action: CUSTOM, provider: {name: opa}, rules: [{to: [{operation: {paths: [/a]}}]}]}',
    source('principals: ["*"], namespaces: [a], ipBlocks: [10.0.0.0/8, "fd00::1", "::/0"]'),
    source('serviceAccounts: [cart, shop/cart], requestPrincipals: ["*"]'),
    operation('ports: ["0", "65535"], hosts: ["*.shop.example"], paths: ["/a/{*}/b/{**}", "/x*", "/"]'),
  ])('takes %s', (yaml) => {
    expect(problems(yaml)).toEqual([]);
  });

  it.each([
    ['action: DENY', 'action'],
    ['action: CUSTOM', 'action'],
    ['{action: CUSTOM, rules: []}', 'action'],
    ['{action: CUSTOM, rules: [{}]}', 'provider.name'],
    ['{provider: {name: opa}}', 'provider'],
    ['{action: CUSTOM, provider: {name: opa}, rules: [{from: [{source: {notPrincipals: [a]}}]}]}', 'rules[0].from[0].source.notPrincipals'],
    ['{action: CUSTOM, provider: {name: opa}, rules: [{when: [{key: "request.auth.claims[iss]", values: [a]}]}]}', 'rules[0].when[0]'],
    ['rules: [{from: [null]}]', 'rules[0].from[0]'],
    ['rules: [{}, {to: [{}]}]', 'rules[1].to[0]'],
    ['rules: [{from: [{source: {}}]}]', 'rules[0].from[0].source'],
    [source('serviceAccounts: [a], namespaces: [b]'), 'rules[0].from[0].source'],
    [source('ipBlocks: [10.0.0.1, 10.0.0.0/33]'), 'rules[0].from[0].source.ipBlocks[1]'],
    [source('notRemoteIpBlocks: [shop]'), 'rules[0].from[0].source.notRemoteIpBlocks[0]'],
    [source('namespaces: [a, ""]'), 'rules[0].from[0].source.namespaces[1]'],
    [source('serviceAccounts: [a/b/c]'), 'rules[0].from[0].source.serviceAccounts[0]'],
    [source('serviceAccounts: ["shop/*"]'), 'rules[0].from[0].source.serviceAccounts[0]'],
    [source(`notServiceAccounts: [${'a,'.repeat(17)}]`), 'rules[0].from[0].source.notServiceAccounts[16]'],
    [operation('ports: ["80", "65536"]'), 'rules[0].to[0].operation.ports[1]'],
    [operation('notPorts: [http]'), 'rules[0].to[0].operation.notPorts[0]'],
    [operation('paths: ["/{**}/a/{*}"]'), 'rules[0].to[0].operation.paths[0]'],
    [operation('paths: ["/{name}"]'), 'rules[0].to[0].operation.paths[0]'],
    [operation('notPaths: ["/{*}/a b"]'), 'rules[0].to[0].operation.notPaths[0]'],
  ])('refuses %s', (yaml, path) => {
    expect(places(yaml)).toEqual([`IST0106 spec.${path}`]);
  });

  it('names the policy in errors, and not in warnings', () => {
    expect(problems('action: DENY')[0]?.text).toMatch(/^policy guard\.shop: /);
    expect(problems('selector: {}').map((p) => [p.code, p.text.startsWith('policy')])).toEqual([['IST0133', false]]);
  });

  it.each([
    ['1.2.3.256/8', '255'],
    ['fd00:12345::/8', 'up to 4 hexadecimal'],
    ['1:2:3:4:5:6:7:1.2.3.4/8', 'the last 2'],
  ])('tells what the address of the range %s has to be: %s', (range, words) => {
    expect(problems(source(`ipBlocks: ["${range}"]`))[0]?.text).toContain(words);
  });

  it('counts as one what the reference says once', () => {
    const sames = (yaml: string): number => new Set(problems(yaml).map((p) => p.same)).size;
    expect(sames(source('ipBlocks: [a], notIpBlocks: [a, b]'))).toBe(2);
    expect(sames(source('namespaces: ["", ""], notNamespaces: [""]'))).toBe(2);
    expect(sames(operation('paths: ["/{a}", "/{b}"]'))).toBe(1);
    expect(sames('rules: [{from: [{source: {}}, {}]}, {from: [{}]}]')).toBe(3);
  });

  it.each([
    ['to: [{operation: {paths: [/a]}}]', true],
    ['to: [{operation: {paths: [/a]}}, {operation: {ports: ["80"]}}]', false],
    ['to: [{operation: {paths: [/a]}}]\n  from: [{source: {namespaces: [a]}}]', true],
    ['from: [{source: {requestPrincipals: ["*"]}}]', true],
    ['from: [{source: {notIpBlocks: [1.2.3.4]}}]', false],
    ['when: [{key: "request.headers[a]", values: [b]}]', false],
  ])('warns of DENY rules that TCP connections always meet: %s', (rule, warned) => {
    expect(places(`action: DENY\nrules:\n- ${rule}`)).toEqual(warned ? ['IST0133 spec.rules[0]'] : []);
    expect(places(`rules:\n- ${rule}`)).toEqual([]);
  });
});
