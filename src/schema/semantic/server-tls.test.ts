import { expect, test } from 'vitest';
import type { Gateway } from '../../manifest/istio/networking.gen.ts';
import { checkServerTls } from './server-tls.ts';
import { placeOf, problemsOf } from './testing.ts';
import type { Validator } from './validator.ts';

const validate: Validator<Gateway> = ({ servers }, sink) => checkServerTls(sink, [], servers?.[0]?.tls ?? {});
const problems = (tls: string): ReturnType<typeof problemsOf> => problemsOf(validate, 'Gateway', `servers: [{tls: ${tls}}]`);

test.each<[string, string[]]>([
  ['{}', []],
  ['{credentialName: c}', ['IST0133 credentialName']],
  ['{mode: AUTO_PASSTHROUGH, caCrl: c}', ['IST0133 caCrl']],
  ['{credentialName: c, caCrl: c}', ['IST0133 credentialName', 'IST0106 caCrl']],
  ['{mode: ISTIO_MUTUAL}', []],
  [
    '{mode: ISTIO_MUTUAL, serverCertificate: a, privateKey: b, credentialNames: [c]}',
    ['IST0106 serverCertificate', 'IST0106 privateKey', 'IST0106 credentialNames'],
  ],
  ['{mode: SIMPLE}', ['IST0106 serverCertificate', 'IST0106 privateKey']],
  ['{mode: SIMPLE, credentialName: c}', []],
  ['{mode: OPTIONAL_MUTUAL, credentialNames: [c]}', []],
  ['{mode: SIMPLE, serverCertificate: a, privateKey: b}', []],
  ['{mode: SIMPLE, serverCertificate: a, privateKey: b, caCrl: c}', ['IST0106 caCrl']],
  ['{mode: MUTUAL, serverCertificate: a, privateKey: b, caCrl: c}', ['IST0106 caCertificates']],
  ['{mode: OPTIONAL_MUTUAL, serverCertificate: a, privateKey: b, caCertificates: c}', []],
  ['{mode: SIMPLE, serverCertificate: a, credentialName: c}', []],
  ['{mode: SIMPLE, serverCertificate: a, privateKey: b, credentialName: c}', ['IST0106 ']],
  [
    '{mode: SIMPLE, tlsCertificates: [{serverCertificate: a, privateKey: b}, null]}',
    ['IST0106 tlsCertificates[1].serverCertificate', 'IST0106 tlsCertificates[1].privateKey'],
  ],
  [
    '{mode: SIMPLE, tlsCertificates: [{serverCertificate: a, privateKey: a}, {serverCertificate: b, privateKey: b}, {serverCertificate: c, privateKey: c}]}',
    ['IST0133 tlsCertificates'],
  ],
  ['{minProtocolVersion: TLSV1_1}', ['IST0133 minProtocolVersion']],
  ['{minProtocolVersion: TLSV1_1, cipherSuites: [AES128-SHA]}', []],
  ['{minProtocolVersion: TLSV1_2}', []],
  ['{cipherSuites: [ALL, "", -AES128-SHA, "[A|B]"]}', []],
])('%s', (tls, places) => {
  expect(problems(tls).map((p) => placeOf(p).replace(/spec\.?/, ''))).toEqual(places);
});

test('cipher suites that are not known and that come twice are listed once, sorted', () => {
  const texts = problems('{cipherSuites: [ROT13, AES128-SHA, AES-NOPE, AES128-SHA, AES128-SHA, ROT13]}').map((p) => p.text);
  expect(texts).toEqual([expect.stringContaining('[AES-NOPE ROT13]'), expect.stringContaining('[AES128-SHA]')]);
});
