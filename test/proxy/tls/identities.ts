// Certificates for tests: an authority, and whom it signs for.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
  X509CrlGenerator,
} from '@peculiar/x509';
import { makeRequest, requestedKey } from '../../../src/pki/certificate-request.ts';
import { issueAuthority, issueServing, issueWorkload } from '../../../src/pki/issue.ts';
import { exportKey, importKey } from '../../../src/pki/keys.ts';
import type { KeyPair, WorkloadCredentials } from '../../../src/proxy/tls/credentials.ts';
import type { CredentialSnapshot } from '../../../src/proxy/tls/held-credentials.ts';

const dayMs = 24 * 60 * 60 * 1000;

export interface Pair {
  cert: string;
  key: string;
}

export class TestAuthority {
  readonly roots: string;
  private readonly pair: { certificate: string; key: string };

  private constructor(pair: { certificate: string; key: string }) {
    this.pair = pair;
    this.roots = pair.certificate;
  }

  static async create(name = 'mesh'): Promise<TestAuthority> {
    return new TestAuthority(await issueAuthority(name, Date.now()));
  }

  /** @param id `spiffe://…`, or a path below `spiffe://cluster.local/` */
  async workload(id: string, { at = Date.now(), lifetimeMs = dayMs } = {}): Promise<Pair> {
    const spiffeId = id.startsWith('spiffe:') ? id : `spiffe://cluster.local/${id}`;
    const { request, key } = await makeRequest(spiffeId);
    return { cert: await issueWorkload(this.pair, await requestedKey(request), spiffeId, lifetimeMs, at), key };
  }

  /** Of a server, by its names. */
  async server(...names: string[]): Promise<Pair> {
    const { certificate, key } = await issueServing(this.pair, names, Date.now());
    return { cert: certificate, key };
  }

  /** Of a server, with an RSA key. */
  async rsaServer(name: string): Promise<Pair> {
    const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const { key: signingKey, algorithm: signingAlgorithm } = await importKey(this.pair.key);
    const certificate = await X509CertificateGenerator.create(
      {
        serialNumber: '77',
        subject: [{ CN: [name] }],
        issuer: new X509Certificate(this.pair.certificate).subjectName,
        notBefore: new Date(Date.now() - dayMs),
        notAfter: new Date(Date.now() + dayMs),
        publicKey: keys.publicKey,
        signingKey,
        signingAlgorithm,
        extensions: [new SubjectAlternativeNameExtension([{ type: 'dns', value: name }]), new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth])],
      },
      webcrypto,
    );
    return { cert: certificate.toString('pem'), key: await exportKey(keys.privateKey) };
  }

  /** The list of those that are not accepted any more. */
  async revoked(...pairs: Pair[]): Promise<string> {
    const { key: signingKey, algorithm: signingAlgorithm } = await importKey(this.pair.key);
    const list = await X509CrlGenerator.create(
      {
        issuer: new X509Certificate(this.pair.certificate).subjectName,
        thisUpdate: new Date(Date.now() - 60_000),
        nextUpdate: new Date(Date.now() + dayMs),
        entries: pairs.map(({ cert }) => ({ serialNumber: new X509Certificate(cert).serialNumber, revocationDate: new Date(Date.now() - 60_000) })),
        signingKey,
        signingAlgorithm,
      },
      webcrypto,
    );
    // TLS libraries know it by this name.
    return list.toString('pem').replaceAll(' CRL-', ' X509 CRL-');
  }
}

export function pairOf({ cert, key }: Pair): KeyPair {
  return { certificateChain: cert, privateKey: key };
}

export function workloadOf(pair: Pair, roots: string, spiffeId = 'spiffe://cluster.local/ns/shop/sa/app'): WorkloadCredentials {
  return { ...pairOf(pair), roots, spiffeId, expiresAt: Date.now() + dayMs };
}

export function snapshotOf(workload: WorkloadCredentials | undefined, named: CredentialSnapshot['named'] = {}): CredentialSnapshot {
  return { workload, named, sessionSecret: new Uint8Array(32).fill(7) };
}
