// Makes certificates: authorities, and what they sign. Keys made here are ECDSA with P-256.
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  type PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { exportKey, importKey, newKeys, ownAlgorithm } from './keys.ts';
import { authorityLifetimeMs, backdatedMs, servingLifetimeMs } from './lifetimes.ts';
import type { KeyPair } from './pem.ts';
import { extensionOfPod } from './pod-extension.ts';

/** What a certificate is to say. */
interface Subject {
  /** Empty: the alternative names alone say whose it is. */
  commonName: string;
  names: JsonGeneralName[];
  usages: ExtendedKeyUsage[];
  lifetimeMs: number;
  more?: Extension[];
}

/** One that signs itself. @param now milliseconds since the epoch */
export async function issueAuthority(name: string, now: number, lifetimeMs = authorityLifetimeMs): Promise<KeyPair> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: newSerial(),
      name: [{ CN: [name] }],
      notBefore: new Date(now - backdatedMs),
      notAfter: new Date(now + lifetimeMs),
      keys,
      signingAlgorithm: ownAlgorithm,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return { certificate: pem(certificate), key: await exportKey(keys.privateKey) };
}

/** A certificate of a TLS server, with a key made for it. @param now milliseconds since the epoch */
export async function issueServing(authority: KeyPair, dnsNames: readonly string[], now: number): Promise<KeyPair> {
  const keys = await newKeys();
  const certificate = await sign(authority, keys.publicKey, now, {
    commonName: dnsNames[0] ?? '',
    names: dnsNames.map((value) => ({ type: 'dns', value })),
    usages: [ExtendedKeyUsage.serverAuth],
    lifetimeMs: servingLifetimeMs,
  });
  return { certificate, key: await exportKey(keys.privateKey) };
}

/**
 * A certificate of a workload for a key that it has proven to have: client and server, its identity the only name.
 *
 * @param spiffeId `spiffe://cluster.local/ns/shop/sa/cart`
 * @param now milliseconds since the epoch
 * @param pod that it is for; undefined: it says nothing of a pod
 * @returns PEM; it does not outlive its authority
 */
export function issueWorkload(authority: KeyPair, publicKey: PublicKey, spiffeId: string, lifetimeMs: number, now: number, pod?: string): Promise<string> {
  return sign(authority, publicKey, now, {
    commonName: '',
    names: [{ type: 'url', value: spiffeId }],
    usages: [ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth],
    lifetimeMs,
    more: pod === undefined ? [] : [extensionOfPod(pod)],
  });
}

async function sign(
  authority: KeyPair,
  publicKey: PublicKey | webcrypto.CryptoKey,
  now: number,
  { commonName, names, usages, lifetimeMs, more = [] }: Subject,
): Promise<string> {
  const issuer = new X509Certificate(authority.certificate);
  const { key: signingKey, algorithm } = await importKey(authority.key);
  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: newSerial(),
      subject: commonName === '' ? '' : [{ CN: [commonName] }],
      issuer: issuer.subjectName,
      notBefore: new Date(Math.max(now - backdatedMs, issuer.notBefore.getTime())),
      notAfter: new Date(Math.min(now + lifetimeMs, issuer.notAfter.getTime())),
      publicKey,
      signingKey,
      signingAlgorithm: algorithm,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment, true),
        new ExtendedKeyUsageExtension(usages),
        // Where the subject is empty, nobody may pass over the names (RFC 5280, 4.2.1.6).
        new SubjectAlternativeNameExtension(names, commonName === ''),
        await AuthorityKeyIdentifierExtension.create(issuer.publicKey, false, webcrypto),
        await SubjectKeyIdentifierExtension.create(publicKey, false, webcrypto),
        ...more,
      ],
    },
    webcrypto,
  );
  return pem(certificate);
}

/** Positive, and with 126 random bits never the same twice. */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

function pem(certificate: X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}
