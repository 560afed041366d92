import { expect, test } from 'vitest';
import type { DestinationRule } from '../../manifest/istio/networking.gen.ts';
import { checkClientTls } from './client-tls.ts';
import { placeOf, problemsOf } from './testing.ts';
import type { Validator } from './validator.ts';

const validate: Validator<DestinationRule> = ({ trafficPolicy }, sink) => checkClientTls(sink, [], trafficPolicy?.tls, 'shop');

test.each<[string, string, string[]]>([
  ['files', '{mode: MUTUAL, clientCertificate: a, privateKey: b}', []],
  ['no files', '{mode: MUTUAL}', ['IST0106 spec.clientCertificate', 'IST0106 spec.privateKey']],
  ['no files needed', '{mode: SIMPLE}', []],
  ['a credential', '{mode: MUTUAL, credentialName: c}', []],
  ['a credential and files', '{mode: SIMPLE, credentialName: c, caCertificates: a, caCrl: b}', ['IST0106 spec.caCertificates']],
  ['a credential that the mode does not use', '{mode: ISTIO_MUTUAL, credentialName: c, caCertificates: a}', []],
  ['no check of the server, SIMPLE', '{mode: SIMPLE, insecureSkipVerify: true, credentialName: c}', ['IST0106 spec.insecureSkipVerify']],
  ['no check of the server, MUTUAL', '{mode: MUTUAL, insecureSkipVerify: true, credentialName: c}', []],
  ['no check of the server, names', '{mode: MUTUAL, insecureSkipVerify: true, credentialName: c, subjectAltNames: [a]}', ['IST0106 spec.insecureSkipVerify']],
  ['a check of the server', '{mode: SIMPLE, insecureSkipVerify: false, subjectAltNames: [a]}', []],
  ['a ConfigMap', '{mode: SIMPLE, credentialName: "configmap://shop/ca"}', []],
  ['a ConfigMap elsewhere', '{mode: DISABLE, credentialName: "configmap://front/ca"}', ['IST0106 spec.credentialName']],
  ['half a ConfigMap', '{mode: SIMPLE, credentialName: "configmap://ca"}', ['IST0106 spec.credentialName']],
])('%s', (_, tls, places) => {
  const problems = problemsOf(validate, 'DestinationRule', `trafficPolicy: {tls: ${tls}}`);
  expect(problems.map(placeOf)).toEqual(places);
});
