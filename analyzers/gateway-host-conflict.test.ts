import { describe, expect, it } from 'vitest';
import { findingsOf } from '../src/analysis/testing.ts';
import { formatPath } from '../src/manifest/problem.ts';
import analyzer from './gateway-host-conflict.ts';

const to = 'route: [{destination: {host: cart}}]';
const service = (fullName: string, rules: string[], more = 'hosts: [a.example], gateways: [shop/edge]', metadata = ''): string => {
  const [namespace, name] = fullName.split('/');
  return `---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: ${name}, namespace: ${namespace}${metadata}}\nspec: {${more}, http: [${rules.map((r) => `{${r}${to}}`).join(', ')}]}\n`;
};
const at = (...paths: string[]): string => `match: [${paths.map((p) => `{uri: {prefix: ${p}}}`).join(', ')}], `;
const exact = (path: string): string => `match: [{uri: {exact: ${path}}}], `;
const gateway = (...hosts: string[]): string =>
  `---\napiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: edge, namespace: shop}\nspec: {selector: {istio: edge}, servers: [${hosts.map((h) => `{port: {number: 80, name: http, protocol: HTTP}, hosts: [${h}]}`).join(', ')}]}\n`;
const found = (...yaml: string[]) => findingsOf(analyzer, yaml.join(''), { preset: 'recommended' });
const places = (...yaml: string[]): string[] =>
  found(...yaml).map(({ level, resource, path }) => `${level} ${resource.fullName} ${formatPath(path ?? []).replace('spec.', '')}`);

describe('two virtual services for a host of a gateway', () => {
  it.each([
    ['with one path each', [service('shop/a', [at('/a')]), service('shop/b', [at('/b')])], ['Info shop/b hosts[0]']],
    ['with one path', [service('shop/a', [exact('/a')]), service('shop/b', [exact('/a'), exact('/b')])], ['Warning shop/b http[0]']],
    ['that both take the rest', [service('shop/a', [at('/a'), '']), service('shop/b', [at('/b'), ''])], ['Warning shop/b http[1]']],
    ['one of which takes the rest', [service('shop/a', ['']), service('shop/b', [at('/b')])], ['Info shop/b hosts[0]']],
    ['with one match of two', [service('shop/a', [at('/a')]), service('shop/b', [at('/b', '/a/b')])], ['Warning shop/b http[0].match[1]']],
    ['with both matches', [service('shop/a', [at('/a')]), service('shop/b', [at('/a/a', '/a/b')])], ['Warning shop/b http[0]']],
    ['one of which hides its own', [service('shop/a', [at('/a')]), service('shop/b', [at('/b'), at('/b/b')])], ['Info shop/b hosts[0]']],
    ['with other hosts', [service('shop/a', ['']), service('shop/b', [''], 'hosts: [b.example], gateways: [edge]')], []],
    ['with a wildcard', [service('shop/a', ['']), service('shop/b', [''], 'hosts: ["*.example"], gateways: [edge]')], []],
    ['with other letters', [service('shop/a', ['']), service('shop/b', [''], 'hosts: [A.Example], gateways: [edge]')], ['Warning shop/b http[0]']],
    ['of other gateways', [service('shop/a', ['']), service('shop/b', [''], 'hosts: [a.example], gateways: [other]')], []],
    ['of sidecars', [service('shop/a', [''], 'hosts: [a.example]'), service('shop/b', [''], 'hosts: [a.example], gateways: [mesh]')], []],
    [
      'of a gateway by two names',
      [service('shop/a', ['']), service('shop/b', [''], 'hosts: [a.example], gateways: [./edge, mesh]')],
      ['Warning shop/b http[0]'],
    ],
    ['for other namespaces', [service('shop/a', ['']), service('shop/b', [''], 'hosts: [a.example], gateways: [edge], exportTo: ["."]')], []],
    ['of two namespaces, at an unknown gateway', [service('shop/a', ['']), service('team/b', [''])], []],
    ['of two namespaces', [gateway('"*"'), service('shop/a', ['']), service('team/b', [''])], ['Warning team/b http[0]']],
    ['of two namespaces, with a server for each', [gateway('./a.example', 'team/a.example'), service('shop/a', ['']), service('team/b', [''])], []],
    [
      'with a short name, of two namespaces',
      [gateway('"*"'), service('shop/a', [''], 'hosts: [cart], gateways: [edge]'), service('team/b', [''], 'hosts: [cart], gateways: [shop/edge]')],
      [],
    ],
    ['that the gateway does not take', [gateway('b.example'), service('shop/a', ['']), service('shop/b', [''])], []],
    ['without rules for HTTP', [service('shop/a', ['']), service('shop/b', [])], []],
  ])('%s', (_, yaml, expected) => {
    expect(places(...yaml)).toEqual(expected);
    expect(places(...yaml.toReversed())).toEqual(expected);
  });
});

it('says what it depends on', () => {
  const text = (a: string, b: string): string =>
    found(service('shop/a', [at('/a/b')], undefined, a), service('shop/b', [at('/a')], undefined, b))[0]?.text ?? '';
  expect(text('', '')).toMatch(
    /^a\.example at gateway shop\/edge is routed by shop\/a, too: .*; if shop\/b is the older one, rule 1 of shop\/a is never reached$/,
  );
  const older = [', creationTimestamp: "2025-01-01T00:00:00Z"', ', creationTimestamp: "2025-01-02T00:00:00Z"'] as const;
  expect(text(older[0], older[1])).toMatch(/those of the oldest first$/);
  expect(text(older[1], older[0])).toMatch(
    /^rule 1 is never reached .*: match 1 of rule 1 of shop\/b takes every request that it matches, and shop\/b is older$/,
  );
  const rest = found(service('shop/a', ['']), service('shop/b', ['']))[0]?.text;
  expect(rest).toMatch(
    /^rule 1 is never reached for a\.example at gateway shop\/edge: rule 1 of shop\/a takes .*, if shop\/a is the older one, or both are created at once$/,
  );
});

it('is one finding for all hosts of two virtual services', () => {
  const hosts = 'hosts: [a.example, b.example], gateways: [edge]';
  expect(found(service('shop/a', [''], hosts), service('shop/b', [''], hosts)).map((f) => f.text)).toEqual([
    expect.stringContaining('for a.example, b.example at gateway shop/edge'),
  ]);
});

it('is one finding for all gateways, if the rules are the same at each', () => {
  const gateways = 'hosts: [a.example], gateways: [edge, other]';
  const said = (rules: string[]): string[] => found(service('shop/a', rules, gateways), service('shop/b', rules, gateways)).map((f) => f.text);
  expect(said([''])).toEqual([expect.stringContaining('for a.example at gateways shop/edge, shop/other')]);
  expect(said(['match: [{gateways: [edge]}], ', ''])).toEqual([
    expect.stringContaining('rule 1 is never reached for a.example at gateway shop/edge'),
    expect.stringContaining('rule 2 is never reached for a.example at gateway shop/other'),
  ]);
});

it('finds the same match twice among very many', () => {
  const many = Array.from({ length: 150 }, (_, i) => exact(`/p${i}`));
  expect(places(service('shop/a', many), service('shop/b', [...many.map((m) => m.replace('/p', '/q')), exact('/p7')]))).toEqual(['Warning shop/b http[150]']);
});
