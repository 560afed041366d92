import 'reflect-metadata';
import { createPublicKey, generateKeyPairSync, webcrypto, X509Certificate } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509Certificate as PeculiarCertificate,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
} from '@peculiar/x509';
import { describe, expect, it } from 'vitest';
import { pluggedAuthority, rootAuthority } from './authority.ts';
import { makeRequest, requestedKey } from './certificate-request.ts';
import { issueAuthority, issueServing, issueWorkload } from './issue.ts';
import { algorithmOf, newKeys, ownAlgorithm } from './keys.ts';
import { certificatesOf, trustBundle } from './pem.ts';
import { extensionOfPod, podOfCertificate } from './pod-extension.ts';

const now = Date.parse('2030-01-01T00:00:00Z');
const hour = 60 * 60 * 1000;
const cart = 'spiffe://cluster.local/ns/shop/sa/cart';

describe('a certificate of a workload', () => {
  it('has its identity as its only name, proven by the key of the request', async () => {
    const authority = await issueAuthority('root', now);
    const { request, key } = await makeRequest(cart);
    const certificate = new X509Certificate(await issueWorkload(authority, await requestedKey(request), cart, hour, now));
    expect(certificate.subjectAltName).toBe(`URI:${cart}`);
    expect(certificate.subject ?? '').toBe('');
    expect(certificate.ca).toBe(false);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect(certificate.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
    const { createPrivateKey } = await import('node:crypto');
    expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(certificate.validToDate.getTime()).toBe(now + hour);
  });

  it('has the identity that the authority gives, whatever the request says', async () => {
    const authority = await issueAuthority('root', now);
    const { request } = await makeRequest('spiffe://cluster.local/ns/kube-system/sa/admin');
    const certificate = new X509Certificate(await issueWorkload(authority, await requestedKey(request), cart, hour, now));
    expect(certificate.subjectAltName).toBe(`URI:${cart}`);
  });

  it('has none of the extensions that a request asks for, and not its subject', async () => {
    const authority = await issueAuthority('root', now);
    const keys = await newKeys();
    const request = await Pkcs10CertificateRequestGenerator.create(
      {
        name: 'CN=istiod.istio-system.svc',
        keys,
        signingAlgorithm: ownAlgorithm,
        extensions: [
          new BasicConstraintsExtension(true, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.codeSigning]),
          new SubjectAlternativeNameExtension([
            { type: 'dns', value: 'istiod.istio-system.svc' },
            { type: 'url', value: 'spiffe://cluster.local/ns/istio-system/sa/istiod' },
          ]),
          extensionOfPod('other-pod'),
          new Extension('2.25.99', true, Buffer.from([5, 0])),
        ],
      },
      webcrypto,
    );
    const certificate = new X509Certificate(await issueWorkload(authority, await requestedKey(request.toString('pem')), cart, hour, now));
    expect([certificate.subjectAltName, certificate.subject ?? '', certificate.ca]).toEqual([`URI:${cart}`, '', false]);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect(podOfCertificate(certificate.raw)).toBeUndefined();
    expect(new PeculiarCertificate(new Uint8Array(certificate.raw)).getExtension('2.25.99')).toBeNull();
  });

  it.each(['cart-1', `${'a'.repeat(200)}.b`])('says for which pod it is: %s', async (pod) => {
    const authority = await issueAuthority('root', now);
    const { request } = await makeRequest(cart);
    const { raw, subjectAltName } = new X509Certificate(await issueWorkload(authority, await requestedKey(request), cart, hour, now, pod));
    expect(podOfCertificate(raw)).toBe(pod);
    expect(subjectAltName).toBe(`URI:${cart}`);
    expect(podOfCertificate(new X509Certificate(authority.certificate).raw)).toBeUndefined();
  });

  it('does not outlive its authority', async () => {
    const authority = await issueAuthority('root', now, hour);
    const { request } = await makeRequest(cart);
    const certificate = new X509Certificate(await issueWorkload(authority, await requestedKey(request), cart, 24 * hour, now));
    expect(certificate.validToDate.getTime()).toBe(now + hour);
  });
});

describe('a certificate request is refused', () => {
  it('when it is none', async () => {
    await expect(requestedKey('-----BEGIN CERTIFICATE REQUEST-----\nabc\n-----END CERTIFICATE REQUEST-----')).rejects.toThrow('cannot be read');
    await expect(requestedKey('x'.repeat(100_000))).rejects.toThrow('too long');
  });

  it('when it is signed by another key than its own', async () => {
    const { request } = await makeRequest(cart);
    const bytes = Buffer.from(request.replace(/-----[^-]+-----|\s/g, ''), 'base64');
    // The last bytes are those of the signature.
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 3) ^ 1, bytes.length - 3);
    const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
    await expect(requestedKey(forged)).rejects.toThrow('not signed by the key');
  });

  it.each([512, 1024])('when its key is weak: RSA of %i bits', async (modulusLength) => {
    const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength, publicExponent: new Uint8Array([1, 0, 1]) };
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const weak = await Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm: algorithm }, webcrypto);
    await expect(requestedKey(weak.toString('pem'))).rejects.toThrow(`${modulusLength} bits is too short`);
  });

  it.each([
    ['an exponent of one', 256, 'AQ', 'exponent with which anybody can sign'],
    ['an even exponent', 256, 'BA', 'exponent with which anybody can sign'],
    ['more bits than anybody wants to verify', 1200, 'AQAB', '9600 bits is too long'],
  ])('when its key has %s', (_, bytes, e, problem) => {
    const modulus = Buffer.alloc(bytes, 0xa5);
    modulus[bytes - 1] = 0xff;
    const key = createPublicKey({ key: { kty: 'RSA', n: modulus.toString('base64url'), e }, format: 'jwk' });
    expect(() => algorithmOf(key)).toThrow(problem);
  });

  it.each<[string, 'x25519' | 'ed448' | 'rsa-pss', string]>([
    ['only agrees on keys', 'x25519', 'type x25519 is not taken'],
    ['is of a curve that others do not know', 'ed448', 'type ed448 is not taken'],
    ['is of another kind of RSA', 'rsa-pss', 'type rsa-pss is not taken'],
  ])('when its key %s', (_, type, problem) => {
    const { publicKey } = type === 'rsa-pss' ? generateKeyPairSync('rsa-pss', { modulusLength: 2048 }) : generateKeyPairSync(type as 'x25519');
    expect(() => algorithmOf(publicKey)).toThrow(problem);
  });
});

describe('an authority that a user plugs in', () => {
  async function files() {
    const root = await issueAuthority('root', now);
    return { certificate: root.certificate, key: root.key, chain: '', roots: root.certificate };
  }

  it('may be its own root', async () => {
    const plugged = await files();
    expect(pluggedAuthority(plugged, now)).toEqual(rootAuthority({ certificate: plugged.certificate, key: plugged.key }));
  });

  it('is refused with the file that is wrong', async () => {
    const good = await files();
    const other = await files();
    expect(() => pluggedAuthority({ ...good, key: other.key }, now)).toThrow('ca-key.pem is not the key');
    expect(() => pluggedAuthority({ ...good, key: 'nothing' }, now)).toThrow('ca-key.pem is not the key');
    expect(() => pluggedAuthority({ ...good, roots: other.roots }, now)).toThrow('not signed by root-cert.pem');
    expect(() => pluggedAuthority({ ...good, roots: '' }, now)).toThrow('root-cert.pem has no certificate');
    expect(() => pluggedAuthority({ ...good, certificate: 'x' }, now)).toThrow('ca-cert.pem has no certificate');
    expect(() => pluggedAuthority(good, now + 20 * 365 * 24 * hour)).toThrow('has expired');
    const leaf = await issueServing({ certificate: good.certificate, key: good.key }, ['a.example'], now);
    expect(() => pluggedAuthority({ ...good, certificate: leaf.certificate, key: leaf.key }, now)).toThrow('not that of an authority');
  });
});

describe('a trust bundle', () => {
  it('has each certificate once, and none that has expired', async () => {
    const [a, b, old] = await Promise.all([issueAuthority('a', now), issueAuthority('b', now), issueAuthority('old', now - 2 * hour, hour)]);
    const bundle = trustBundle([a.certificate, `${old.certificate}${b.certificate}`, a.certificate.replaceAll('\n', '\r\n'), 'nothing'], now);
    expect(certificatesOf(bundle)).toEqual([a.certificate, b.certificate]);
  });
});
