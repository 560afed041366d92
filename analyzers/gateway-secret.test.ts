import { expect, it } from 'vitest';
import { findingsOfAsync, type TestOptions } from '../src/analysis/testing.ts';
import analyzer from './gateway-secret.ts';

/** Of shop.example, valid from 2026-11-22 to 2026-12-22. */
const certificate = `-----BEGIN CERTIFICATE-----
MIIBgzCCASmgAwIBAgIUGlqQjAVT4DJhnBqAlzoIAZ3XGAwwCgYIKoZIzj0EAwIw
FzEVMBMGA1UEAwwMc2hvcC5leGFtcGxlMB4XDTI2MTEyMjE4MTY0M1oXDTI2MTIy
MjE4MTY0M1owFzEVMBMGA1UEAwwMc2hvcC5leGFtcGxlMFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAEjvuh2RCrlfgsNKSlZd3TxSOVFbtgfM+L5YbWs8QoThIXd0Ug
lURWPnbGeRHkon/PoTSNGScBNkfwPpiCaU26WqNTMFEwHQYDVR0OBBYEFFXoOYiK
n4u6X1RiRXUcZz2yDeOeMB8GA1UdIwQYMBaAFFXoOYiKn4u6X1RiRXUcZz2yDeOe
MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAJ29AKU1dw8lfm/c
o5NFF9iFLeGd8ls6wKNTyFYDsu5LAiAYed20v3dpWr0NzjCAF060xraNTwAxK0ko
lJr4WgRzhQ==
-----END CERTIFICATE-----
`;
const broken = certificate.replace('MIIBgzCC', 'MIIBgzCD');
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const data = (fields: Record<string, string>): string => `data: ${JSON.stringify(Object.fromEntries(Object.entries(fields).map(([k, v]) => [k, base64(v)])))}`;

const gateway = (tls: string, selector = 'istio: gw'): string =>
  `apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: edge, namespace: shop}\nspec: {selector: {${selector}}, servers: [null, {tls: {${tls}}}]}`;
const pod = (namespace = 'infra'): string => `apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: ${namespace}, labels: {istio: gw}}`;
const secret = (content: string, name = 'cert', namespace = 'infra'): string =>
  `apiVersion: v1\nkind: Secret\nmetadata: {name: ${name}, namespace: ${namespace}}\n${content}`;
const run = (yaml: string[], options: TestOptions = {}) =>
  findingsOfAsync(analyzer, yaml.join('\n---\n'), { now: new Date('2026-12-01T00:00:00Z'), ...options });
const said = async (yaml: string[], options: TestOptions = {}): Promise<string[]> =>
  (await run(yaml, options)).map((f) => `${f.code} ${f.path?.slice(1).join('.')}`);

const good = data({ 'tls.crt': certificate, 'tls.key': 'k' });
const simple = gateway('mode: SIMPLE, credentialName: cert');
const missing = ['IST0101 servers.1.tls.credentialName'];
it.each([
  ['there', [pod(), secret(good), simple], []],
  ['not there', [pod(), simple], missing],
  ['in the namespace of the gateway', [pod(), secret(good, 'cert', 'shop'), simple], missing],
  ['named with its namespace', [pod(), secret(good, 'cert', 'shop'), gateway('credentialName: shop/cert')], []],
  ['no credential', [pod(), gateway('mode: SIMPLE')], []],
  ['no workload', [simple], ['IST0101 selector.istio']],
  ['a workload without a namespace, as the reference sees it', [pod('""'), simple], ['IST0101 selector.istio']],
])('Secret: %s', async (_, yaml, expected) => expect(await said(yaml)).toEqual(expected));

it.each([
  ['cert and key', data({ cert: certificate, key: 'k' }), undefined],
  ['no key', data({ 'tls.crt': certificate }), 'needs tls.crt and tls.key (or cert and key), and has: tls.crt'],
  ['an empty key', data({ 'tls.crt': certificate, 'tls.key': '' }), 'needs tls.crt and tls.key (or cert and key), and has: tls.crt, tls.key'],
  ['nothing', '', 'needs tls.crt and tls.key (or cert and key), and has: nothing'],
  ['data of a wrong type', 'data: [1]', 'needs tls.crt and tls.key (or cert and key), and has: nothing'],
  ['no PEM', data({ 'tls.crt': 'hush', 'tls.key': 'k' }), 'holds in tls.crt a certificate that is not PEM'],
  ['a broken certificate', data({ 'tls.crt': broken, 'tls.key': 'k' }), 'holds in tls.crt a certificate that cannot be read'],
  ['a good certificate', good, undefined],
])('content: %s', async (_, content, reason) => {
  expect((await run([pod(), secret(content), simple])).map((f) => f.text)).toEqual(
    reason === undefined ? [] : [`the credential of gateway edge cannot be served: Secret cert in namespace infra ${reason}`],
  );
});

it.each([
  ['2026-11-22T18:16:42Z', /is not valid before 2026-11-22$/],
  ['2026-11-22T18:16:43Z', undefined],
  ['2026-12-22T18:16:43Z', undefined],
  ['2026-12-22T18:16:44Z', /expired on 2026-12-22$/],
])('at %s', async (now, text) => {
  const [finding] = await run([pod(), secret(good), simple], { now: new Date(now) });
  if (text) expect(finding?.text).toMatch(text);
  else expect(finding).toBeUndefined();
});

const plain = `stringData: {tls.crt: ${JSON.stringify(certificate)}, tls.key: k}`;
it.each([
  ['text that is not base64', [pod(), secret(plain), simple], 1, 0],
  ['a mode that needs no certificate', [pod(), gateway('mode: PASSTHROUGH, credentialName: cert')], 1, 0],
  ['several credentials', [pod(), secret(good), gateway('mode: SIMPLE, credentialNames: [cert, other]')], 0, 1],
  ['a workload without a namespace', [pod('""'), secret(good, 'cert', '""'), simple], 1, 0],
])('is right where the reference is not: %s', async (_, yaml, reference, recommended) => {
  expect(await run(yaml)).toHaveLength(reference);
  expect(await run(yaml, { preset: 'recommended' })).toHaveLength(recommended);
});

it.each([
  ['no Secrets', [pod(), simple], 0],
  ['some Secrets', [pod(), secret(good, 'other'), simple], 1],
  ['no pods', [secret(good), simple], 0],
  ['a gateway that Istio installs', [pod(), secret(good), gateway('credentialName: x', 'istio: ingressgateway')], 0],
])('says only what is known: %s', async (_, yaml, count) => expect(await run(yaml, { assume: 'auto' })).toHaveLength(count));

it.each([
  ['cert-shop', 'shop', 'the gateway reads Secrets of the namespace of its pods: put it into infra'],
  ['cert-shp', 'infra', 'did you mean "cert-shp"?'],
  ['other', 'infra', 'add the Secret to namespace infra; if cert-manager makes it, make the Certificate there'],
])('helps when there is %s in %s', async (name, namespace, help) => {
  const [finding] = await run([pod(), secret(good, name, namespace), gateway('credentialName: cert-shop')]);
  expect(finding?.help).toBe(help);
});
