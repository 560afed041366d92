import { expect, it } from 'vitest';
import { findingsOf } from '../src/analysis/testing.ts';
import analyzer from './gateway-certificate.ts';

const gateway = (name: string, tls: string, selector = '{istio: gw}'): string =>
  `apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: ${name}, namespace: shop}\nspec: {selector: ${selector}, servers: [null, {hosts: [${name}.example], tls: ${tls}}]}`;
const run = (...yaml: string[]): string[] => findingsOf(analyzer, yaml.join('\n---\n')).map((f) => f.text);
const said = (a: string, b: string): string => `gateways [shop/${a} shop/${b}] serve the same certificate`;

const named = '{mode: SIMPLE, credentialName: cert}';
const files = '{mode: SIMPLE, serverCertificate: /c.pem, privateKey: /k.pem}';
it.each([
  ['one credential', gateway('a', named), gateway('b', named), [said('a', 'b'), said('b', 'a')]],
  ['two credentials', gateway('a', named), gateway('b', '{credentialName: other}'), []],
  ['the same files', gateway('a', files), gateway('b', files), [said('a', 'b'), said('b', 'a')]],
  ['another key', gateway('a', files), gateway('b', '{serverCertificate: /c.pem, privateKey: /x.pem}'), []],
  ['a credential and files', gateway('a', named), gateway('b', files), []],
  ['no certificate', gateway('a', '{mode: PASSTHROUGH}'), gateway('b', '{mode: PASSTHROUGH}'), []],
  ['other workloads', gateway('a', named), gateway('b', named, '{istio: other}'), []],
  ['a narrower selector', gateway('a', named), gateway('b', named, '{istio: gw, zone: eu}'), [said('a', 'b')]],
  ['no selector', gateway('a', named), gateway('b', named, '{}'), [said('b', 'a')]],
])('%s', (_, a, b, expected) => expect(run(a, b)).toEqual(expected));

it('says a pair once, however many servers share the certificate', () => {
  const twice = gateway('a', named).replace('null', `{tls: ${named}}`);
  expect(run(twice, gateway('b', named))).toEqual([said('a', 'b'), said('b', 'a')]);
});

it('stays linear where very many gateways share a certificate', () => {
  const found = run(...Array.from({ length: 300 }, (_, i) => gateway(`g${i}`, named)));
  expect(found).toHaveLength(300);
  expect(found[0]).toMatch(/ and others\]/);
});
