import { expect, it } from 'vitest';
import { meshOf } from '../analysis/testing.ts';
import { matchesAtGateway } from './gateway-routes.ts';

const to = 'route: [{destination: {host: cart}}]';
const service = (name: string, ...rules: string[]): string =>
  `---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: ${name}, namespace: shop}\nspec: {hosts: [a.example], gateways: [edge], http: [${rules.map((r) => `{${r}, ${to}}`).join(', ')}]}\n`;
const at = (path: string, more = ''): string => `match: [{uri: {prefix: ${path}}${more}}]`;

it.each([
  ['one after the other', [[at('/a'), at('/b')], [at('/c')]], ['a0', 'a1', 'b0']],
  ['what takes all is last', [[at('/a'), at('/')], ['name: all'], [at('/c')]], ['a0', 'c0', 'a1', 'b0']],
  ['nothing after it', [[at('/'), at('/b')], [at('/c')]], ['b0', 'a0']],
  ['an expression that takes all', [['match: [{uri: {regex: .*}}]'], [at('/c')]], ['b0', 'a0']],
  ['a header is a condition', [['match: [{method: {exact: GET}}]'], [at('/c')]], ['a0', 'b0']],
  ['other gateways', [[at('/a', ', gateways: [mesh]'), at('/b', ', gateways: [shop/edge]')]], ['a1']],
  ['callers', [[at('/a', ', sourceLabels: {app: web}'), at('/b', ', gateways: [edge], sourceLabels: {app: web}')]], ['a1']],
  ['delegates', [[`${at('/a')}, delegate: {name: d}`, at('/b')]], ['a1']],
])('%s', (_, services, expected) => {
  const mesh = meshOf(services.map((rules, i) => service('abc'[i] as string, ...rules)).join(''));
  expect(matchesAtGateway(mesh.list('VirtualService'), 'shop/edge').map((m) => `${m.service.name}${m.match.rule}`)).toEqual(expected);
});
