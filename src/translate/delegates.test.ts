import { describe, expect, it } from 'vitest';
import { meshOf } from '../analysis/testing.ts';
import type { HTTPRoute } from '../manifest/istio/networking.gen.ts';
import { type Delegation, delegate } from './delegates.ts';

const service = (name: string, namespace: string, spec: string): string =>
  `---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: ${spec}\n`;
const to = 'route: [{destination: {host: b}}]';

function outcome(root: string, own: string): Delegation {
  const mesh = meshOf(service('root', 'shop', `{hosts: [a.example], http: [{${root}, delegate: {name: d, namespace: team}}]}`) + service('d', 'team', own));
  const [found] = mesh.list('VirtualService');
  return delegate(mesh, found as never, found?.spec.http?.[0] as HTTPRoute);
}

/** The rules that a root rule and a delegate's rule make together. */
function merge(root: string, own: string): HTTPRoute[] {
  const found = outcome(root, `{http: [{${own}, ${to}}]}`);
  return found.kind === 'merged' ? found.rules.map((r) => r.route) : [];
}

it.each([
  ['no such virtual service', `---\n`, 'missing'],
  ['one with hosts', service('d', 'shop', `{hosts: [b], http: [{${to}}]}`), 'has-hosts'],
  ['one that is exported', service('d', 'shop', `{exportTo: [shop], http: [{${to}}]}`), 'merged'],
  ['one of the own namespace', service('d', 'shop', `{exportTo: ["."], http: [{${to}}]}`), 'merged'],
  ['one for another namespace', service('d', 'shop', `{exportTo: [team], http: [{${to}}]}`), 'not-exported'],
  ['one without rules', service('d', 'shop', '{tcp: []}'), 'empty'],
])('%s', (_, own, kind) => {
  const mesh = meshOf(service('root', 'shop', '{hosts: [a.example], http: [{delegate: {name: d}}]}') + own);
  const root = mesh.find('VirtualService', 'shop', 'root');
  expect(delegate(mesh, root as never, root?.spec.http?.[0] as HTTPRoute).kind).toBe(kind);
});

describe('a rule of the root and one of the delegate', () => {
  it.each([
    ['a longer prefix', '{uri: {prefix: /a}}', '{uri: {prefix: /a/b}}', true],
    ['an exact path under the prefix', '{uri: {prefix: /a}}', '{uri: {exact: /a/b}}', true],
    ['another prefix', '{uri: {prefix: /a}}', '{uri: {prefix: /b}}', false],
    ['the same exact path', '{uri: {exact: /a}}', '{uri: {exact: /a}}', true],
    ['a prefix under an exact path', '{uri: {exact: /a}}', '{uri: {prefix: /a}}', false],
    ['the same expression twice', '{uri: {regex: /a.*}}', '{uri: {regex: /a.*}}', false],
    ['an expression and nothing', '{uri: {regex: /a.*}}', '{method: {exact: GET}}', true],
    ['two methods', '{method: {exact: GET}}', '{method: {exact: POST}}', false],
    ['a header that only has to be there', '{headers: {x: {}}}', '{headers: {x: {exact: "1"}}}', false],
    ['two headers', '{headers: {x: {exact: "1"}}}', '{headers: {z: {exact: "1"}}}', true],
    ['case ignored by one', '{uri: {prefix: /a}, ignoreUriCase: true}', '{uri: {prefix: /a}}', false],
    ['two ports', '{port: 80}', '{port: 81}', false],
    ['one port', '{port: 80}', '{uri: {prefix: /a}}', true],
    ['a source namespace that the delegate leaves out', '{sourceNamespace: x}', '{uri: {prefix: /a}}', false],
    ['two values of a source label', '{sourceLabels: {app: a}}', '{sourceLabels: {app: b}}', false],
    ['two source labels', '{sourceLabels: {app: a}}', '{sourceLabels: {tier: b}}', true],
    ["a gateway that is not the root's", '{gateways: [mesh]}', '{gateways: [edge]}', false],
    ['one gateway by two names', '{gateways: [team/edge]}', '{gateways: [edge]}', true],
  ])('%s', (_, root, own, together) => {
    expect(merge(`match: [${root}]`, `match: [${own}]`)).toHaveLength(together ? 1 : 0);
  });

  it('is each match with each, and dropped when one match goes with none', () => {
    const root = 'match: [{uri: {prefix: /a}}, {method: {exact: GET}}]';
    expect(merge(root, 'match: [{uri: {prefix: /a/b}}]')[0]?.match?.map((m) => [m.uri?.prefix, m.method?.exact])).toEqual([
      ['/a/b', undefined],
      ['/a/b', 'GET'],
    ]);
    const dropped = outcome('match: [{uri: {prefix: /a}}]', `{http: [null, {match: [{uri: {prefix: /a/b}}, {uri: {prefix: /z}}], ${to}}]}`);
    expect(dropped).toMatchObject({ rules: [], dropped: [{ rule: 1, match: 1, field: 'uri' }] });
  });

  it('has the matches of the one that has any', () => {
    expect(merge('name: r', 'match: [{uri: {prefix: /b}}]')[0]?.match).toHaveLength(1);
    expect(merge('match: [{uri: {prefix: /b}}]', 'name: d')[0]?.match).toHaveLength(1);
  });

  it('has what the delegate says, else what the root says', () => {
    const [rule] = merge(
      'name: r, timeout: 3s, retries: {attempts: 1}, match: [{name: rm}]',
      'name: d, timeout: 0s, retries: {attempts: 2}, match: [{name: dm}]',
    );
    expect(rule).toMatchObject({ name: 'r-d', timeout: '3s', retries: { attempts: 2 }, match: [{ name: 'rm-dm' }] });
  });
});
