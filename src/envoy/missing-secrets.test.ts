import { expect, it } from 'vitest';
import { doc, gatewayProxy, tableOf } from '../translate/testing.ts';
import { missingSecrets } from './missing-secrets.ts';
import type { OwnSecretNames } from './options.ts';

const has =
  (...names: string[]): ((credential: string) => string | undefined) =>
  (credential) =>
    names.includes(credential) ? `x:${credential}` : undefined;
const secrets: OwnSecretNames = { pair: has('web', 'second'), roots: has('roots'), rootsBeside: has('both') };

const server = (port: number, tls: string): string => `{port: {number: ${port}, name: p${port}, protocol: HTTPS}, hosts: ['*'], tls: {${tls}}}`;
const gateway = (...servers: string[]): string => doc('Gateway', 'edge/g', `selector: {istio: ingress}, servers: [${servers.join(', ')}]`);
const external = doc('ServiceEntry', 'edge/e', 'hosts: [a.example], resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP}]');
const rule = (tls: string): string => doc('DestinationRule', 'edge/r', `host: a.example, trafficPolicy: {tls: {${tls}}}`);
const isMissing = (name: string): string => `the Secret ${name} is missing or incomplete, and connections`;

it.each<[string, string, string[]]>([
  ['a certificate that is there', gateway(server(443, 'mode: SIMPLE, credentialName: web')), []],
  [
    'one that is not',
    gateway(server(443, 'mode: SIMPLE, credentialName: later')),
    [`Gateway spec.servers.0 port 443: ${isMissing('later')} that need it fail`],
  ],
  ['one of two', gateway(server(443, 'mode: SIMPLE, credentialNames: [later, second]')), []],
  [
    'none of two',
    gateway(server(443, 'mode: SIMPLE, credentialNames: [later, never]')),
    [`Gateway spec.servers.0 port 443: ${isMissing('later')} that need it fail`],
  ],
  [
    'roots, of the second server',
    gateway(server(443, 'mode: SIMPLE, credentialName: web'), server(444, 'mode: MUTUAL, credentialName: web')),
    [`Gateway spec.servers.1 port 444: ${isMissing('web')} that need it fail`],
  ],
  ['roots of their own', gateway(server(443, 'mode: MUTUAL, credentialName: web, caCertCredentialName: roots')), []],
  [
    'roots of their own that are not there',
    gateway(server(443, 'mode: OPTIONAL_MUTUAL, credentialName: web, caCertCredentialName: others')),
    [`Gateway spec.servers.0 port 443: ${isMissing('others')} that need it fail`],
  ],
  ['roots to others', `${external}---\n${rule('mode: SIMPLE, credentialName: both')}`, []],
  [
    'a certificate to be shown to others',
    `${external}---\n${rule('mode: MUTUAL, credentialName: both')}`,
    [`DestinationRule  TLS to a.example: ${isMissing('both')} fail`],
  ],
  ['nothing that others show is verified', `${external}---\n${rule('mode: SIMPLE, credentialName: both, insecureSkipVerify: true')}`, []],
])('%s', (_, manifests, expected) => {
  const table = tableOf([manifests], { proxy: gatewayProxy });
  const found = missingSecrets(table, { meshTls: 'none', secrets });
  expect(found.map(({ origin, message }) => `${origin.kind} ${origin.path.join('.')} ${message}`)).toEqual(expected);
  // Whoever has a control plane, or nobody, is told elsewhere.
  for (const other of ['ads', 'none'] as const) expect(missingSecrets(table, { meshTls: 'none', secrets: other })).toEqual([]);
});
