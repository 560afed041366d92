import { expect, it } from 'vitest';
import { findingsOf } from '../src/analysis/testing.ts';
import { formatPath } from '../src/manifest/problem.ts';
import analyzer from './match-gateway.ts';

const to = 'route: [{destination: {host: cart}}]';
const service = (spec: string): string =>
  `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: cart, namespace: shop}\nspec: {${spec}}\n`;
const gateway = (name: string, namespace: string): string =>
  `---\napiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: {}\n`;
const http = (gateways: string): string => `http: [{match: [{gateways: ${gateways}}], ${to}}]`;

it.each([
  ['for sidecars by default', `hosts: [cart], ${http('[mesh]')}`, []],
  ['for a gateway, bound to none', `hosts: [cart], ${http('[edge]')}`, ['spec.http[0].match[0].gateways[0]']],
  ['for sidecars, bound to a gateway', `hosts: [cart], gateways: [edge], ${http('[mesh]')}`, ['spec.http[0].match[0].gateways[0]']],
  ['one gateway by two names', `hosts: [cart], gateways: [./edge, infra/front], ${http('[shop/edge, front.infra]')}`, []],
  ['one of two', `hosts: [cart], gateways: [edge], ${http('[edge, other]')}`, ['spec.http[0].match[0].gateways[1]']],
  ['another namespace', `hosts: [cart], gateways: [infra/edge], ${http('[edge]')}`, ['spec.http[0].match[0].gateways[0]']],
  ['of a TCP rule', `hosts: [cart], tcp: [null, {match: [null, {gateways: [edge]}], ${to}}]`, ['spec.tcp[1].match[1].gateways[0]']],
  ['of a TLS rule', `hosts: [cart], tls: [{match: [{sniHosts: [cart], gateways: [edge]}], ${to}}]`, ['spec.tls[0].match[0].gateways[0]']],
  ['of a delegate', http('[edge]'), []],
])('%s', (_, spec, expected) => {
  expect(findingsOf(analyzer, service(spec), { preset: 'recommended' }).map((f) => formatPath(f.path ?? []))).toEqual(expected);
});

it('says whether the match is dead, and whether the gateway exists', () => {
  const said = (gateways: string, more: string): string | undefined =>
    findingsOf(analyzer, service(`hosts: [cart], gateways: [edge], ${http(gateways)}`) + more, { preset: 'recommended' })[0]?.text;
  expect(said('[other]', gateway('other', 'shop'))).toMatch(/"edge" only: the match never applies$/);
  expect(said('[other]', gateway('other', 'infra'))).toMatch(/, and there is no such Gateway: the match never applies$/);
  expect(said('[edge, other]', gateway('other', 'shop'))).toMatch(/"edge" only$/);
});

it.each([
  ['[infra/edge, mesh]', 'edge', 'infra/edge'],
  ['[public-gateway]', 'public-gatway', 'public-gateway'],
  ['[infra/edge, team/edge]', 'edge', undefined],
])('bound to %s, %s means %s', (gateways, name, fix) => {
  const [finding] = findingsOf(analyzer, service(`hosts: [cart], gateways: ${gateways}, ${http(`[${name}]`)}`), { preset: 'recommended' });
  expect(finding?.fix?.text).toBe(fix);
});

it('repairs only what is certainly a mistake', () => {
  const yaml = service(`hosts: [cart], gateways: [infra/edge], ${http('[edge]')}`);
  const first = (more: string, assume: 'complete' | 'auto') => findingsOf(analyzer, yaml + more, { preset: 'recommended', assume })[0];
  expect(first(gateway('edge', 'infra'), 'complete')).toMatchObject({ help: 'did you mean "infra/edge"?', fix: { text: 'infra/edge' } });
  expect(first('', 'auto')).toMatchObject({ help: 'did you mean "infra/edge"?', fix: undefined });
  expect(first(gateway('edge', 'shop'), 'complete')).toMatchObject({ help: 'name it in spec.gateways, too, or correct the name here', fix: undefined });
});
