import { expect, it } from 'vitest';
import { loadSource } from '../../manifest/load.ts';
import { referencedSecrets } from './referenced-secrets.ts';

const gateway = (tls: string): string => `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: front, namespace: shop}
spec: {servers: [null, {port: {number: 443, name: https, protocol: HTTPS}, hosts: ["*"], tls: ${tls}}]}
`;
const configuration = (namespace: string, networks: string): string => `apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: ${namespace}}
data: {meshNetworks: ${JSON.stringify(networks)}}
`;
const fromEast = 'networks: {n: {endpoints: [{fromRegistry: east}]}}';

it.each<[string, string, { names: string[]; remoteClusters: boolean } | undefined]>([
  ['nothing', gateway('{mode: PASSTHROUGH}'), undefined],
  ['no servers', 'apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: a}\n', undefined],
  ['a credential', gateway('{mode: SIMPLE, credentialName: web}'), { names: ['web'], remoteClusters: false }],
  ['one in another namespace', gateway('{credentialName: certs/web}'), { names: ['web'], remoteClusters: false }],
  ['several', gateway('{credentialNames: [rsa, ecdsa]}'), { names: ['rsa', 'ecdsa'], remoteClusters: false }],
  ['another cluster', configuration('istio-system', fromEast), { names: [], remoteClusters: true }],
  ['networks without clusters', configuration('istio-system', 'networks: {n: {endpoints: [{fromCidr: 10.0.0.0/8}]}}'), undefined],
  ['the configuration of another mesh', configuration('other', fromEast), undefined],
])('%s', (_, text, expected) => {
  const { resources } = loadSource({ name: 'a.yaml', text, json: false }, { defaultNamespace: 'default' });
  const found = referencedSecrets(resources, 'istio-system');
  expect(found && { ...found, names: [...found.names] }).toEqual(expected);
});
