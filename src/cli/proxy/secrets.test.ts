import { expect, it } from 'vitest';
import { meshOf } from '../../analysis/testing.ts';
import { issueAuthority, issueServing } from '../../pki/issue.ts';
import { proxyIn } from '../../translate/clusters/testing.ts';
import { routingTable } from '../../translate/table.ts';
import { doc } from '../../translate/testing.ts';
import { meshSecrets } from './secrets.ts';

const authority = await issueAuthority('a', Date.now());
const { certificate, key } = await issueServing(authority, ['a'], Date.now());

const secret = (name: string, data: Record<string, string>, field = 'stringData'): string => {
  const [namespace, own] = name.split('/');
  return `apiVersion: v1\nkind: Secret\nmetadata: {name: ${own}, namespace: ${namespace}}\n${field}: ${JSON.stringify(data)}\n`;
};
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const grant = doc(
  'ReferenceGrant',
  'keys/g',
  'from: [{group: gateway.networking.k8s.io, kind: Gateway, namespace: shop}], to: [{group: "", kind: Secret, name: web}]',
);
const gateway = (credential: string): string =>
  doc(
    'Gateway',
    'shop/g',
    `selector: {istio: edge}, servers: [{port: {number: 443, name: a, protocol: HTTPS}, hosts: ["*"], tls: {mode: SIMPLE, credentialName: "${credential}"}}]`,
  );

function found(...documents: string[]): { names: string[]; problems: string[] } {
  const mesh = meshOf(documents.join('---\n'));
  const table = routingTable(mesh, proxyIn('shop', { role: 'gateway', labels: { istio: 'edge' } }));
  const { named, problems } = meshSecrets(mesh, table);
  return { names: Object.keys(named).sort(), problems };
}

const pair = { 'tls.crt': certificate, 'tls.key': key };

it('Secrets of the namespace of the proxy, in clear and encoded, and nothing that is not for TLS', () => {
  const encoded = { cert: base64(certificate), key: base64(key), cacert: base64(authority.certificate) };
  expect(found(gateway('web'), secret('shop/web', pair), secret('shop/generic', encoded, 'data'), secret('shop/db', { password: 'x' }))).toEqual({
    names: ['shop/generic', 'shop/web'],
    problems: [],
  });
});

it('one of another namespace is for who is granted it, as in a cluster', () => {
  const named = gateway('kubernetes-gateway://keys/web');
  const { names, problems } = found(named, secret('keys/web', pair));
  expect(names).toEqual([]);
  expect(problems).toEqual([
    expect.stringMatching(/^Secret keys\/web \(\S+:\d+\): it is not given to gateways of namespace shop: no ReferenceGrant in keys is for them$/),
  ]);
  expect(found(named, secret('keys/web', pair), grant)).toEqual({ names: ['keys/web'], problems: [] });
  // Of what nobody names nothing is said.
  expect(found(gateway('web'), secret('keys/web', pair))).toEqual({ names: [], problems: [] });
});

it('what is wrong with one is told with its place, and with nothing of what is in it', () => {
  const { names, problems } = found(gateway('web'), secret('shop/web', { ...pair, 'tls.key': 'hush' }));
  expect(names).toEqual(['shop/web']);
  expect(problems).toEqual([expect.stringMatching(/^Secret shop\/web \(\S+:\d+\): the private key cannot be read: it is to be PEM, without a password$/)]);
});
