import { expect, it } from 'vitest';
import { runAnalyzer } from '../src/analysis/testing.ts';
import analyzer from './externalcontrolplane.ts';

const configuration = (client: string, name = 'istio-sidecar-injector-ext', kind = 'Mutating'): string =>
  `apiVersion: admissionregistration.k8s.io/v1\nkind: ${kind}WebhookConfiguration\nmetadata: {name: ${name}}\nwebhooks: [{name: a.istio.io, clientConfig: ${client}}]\n`;
const noUrl = '{}';

it.each([
  ['{url: "https://istiod.example:15017/inject"}', []],
  ['{url: "https://192.0.2.7.nip.example/"}', []],
  ['{url: "https://192.0.2.7:15017/inject"}', ['IST0164']],
  ['{url: "https://user@192.0.2.7/"}', ['IST0164']],
  ['{url: "https://[2001:db8::1]:15017/inject"}', ['IST0164']],
  ['{url: "192.0.2.7"}', []],
  ['{url: ""}', []],
  ['{url: 5}', []],
  ['{url: "https://bad host/"}', ['IST0163']],
  ['{url: "https://a:port/"}', ['IST0163']],
  ['{url: "://a"}', ['IST0163']],
  ['{service: {name: istiod}}', []],
  [noUrl, ['IST0163']],
  ['null', ['IST0163']],
])('%s', (client, expected) => {
  expect(runAnalyzer(analyzer, configuration(client)).map(({ code }) => code)).toEqual(expected);
});

it.each([
  ['istio-sidecar-injector', 'Mutating', 1],
  ['my-injector', 'Mutating', 0],
  ['istiod-default-validator', 'Mutating', 0],
  ['istiod-default-validator', 'Validating', 1],
  ['istio-validator-blue', 'Validating', 1],
  ['istio-sidecar-injector', 'Validating', 0],
])('%s as %sWebhookConfiguration', (name, kind, count) => {
  expect(runAnalyzer(analyzer, configuration(noUrl, name, kind))).toHaveLength(count);
});
