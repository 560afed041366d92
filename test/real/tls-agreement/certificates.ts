// The certificates of a random comparison: made once, in files, and the same for all engines, clients and servers.
import 'reflect-metadata';
import { webcrypto, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  X509Certificate as PeculiarCertificate,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
  X509CrlGenerator,
  X509CrlReason,
} from '@peculiar/x509';
import { issueAuthority } from '../../../src/pki/issue.ts';
import { exportKey, importKey, newKeys } from '../../../src/pki/keys.ts';
import type { KeyPair } from '../../../src/pki/pem.ts';
import type { Credentials, NamedCredentials, WorkloadCredentials } from '../../../src/proxy/tls/credentials.ts';

const dayMs = 24 * 60 * 60 * 1000;

export interface Shown {
  cert: string;
  key: string;
}

interface Subject {
  commonName?: string;
  names: JsonGeneralName[];
  /** Default: both. */
  usages?: ExtendedKeyUsage[];
  rsa?: boolean;
  /** Of its end, from now; default: a day. */
  endsMs?: number;
}

const dns = (...values: string[]): JsonGeneralName[] => values.map((value) => ({ type: 'dns', value }));
const uri = (value: string): JsonGeneralName[] => [{ type: 'url', value }];

let serial = 0x4000;

async function issue(authority: KeyPair, { commonName, names, usages, rsa, endsMs = dayMs }: Subject): Promise<Shown> {
  const rsaAlgorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
  const keys = rsa ? await webcrypto.subtle.generateKey(rsaAlgorithm, true, ['sign', 'verify']) : await newKeys();
  const { key: signingKey, algorithm: signingAlgorithm } = await importKey(authority.key);
  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: (serial++).toString(16),
      subject: commonName === undefined ? '' : [{ CN: [commonName] }],
      issuer: new PeculiarCertificate(authority.certificate).subjectName,
      notBefore: new Date(Date.now() - 2 * dayMs),
      notAfter: new Date(Date.now() + endsMs),
      publicKey: keys.publicKey,
      signingKey,
      signingAlgorithm,
      extensions: [
        ...(names.length > 0 ? [new SubjectAlternativeNameExtension(names, commonName === undefined)] : []),
        new ExtendedKeyUsageExtension(usages ?? [ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      ],
    },
    webcrypto,
  );
  return { cert: `${certificate.toString('pem')}\n`, key: await exportKey(keys.privateKey) };
}

/** The list of those that an authority does not stand for any more. */
async function revoked(authority: KeyPair, pairs: readonly Shown[]): Promise<string> {
  const { key: signingKey, algorithm: signingAlgorithm } = await importKey(authority.key);
  const list = await X509CrlGenerator.create(
    {
      issuer: new PeculiarCertificate(authority.certificate).subjectName,
      thisUpdate: new Date(Date.now() - dayMs),
      nextUpdate: new Date(Date.now() + dayMs),
      // An entry with an empty list of extensions is none for BoringSSL.
      entries: pairs.map(({ cert }) => ({
        serialNumber: new PeculiarCertificate(cert).serialNumber,
        revocationDate: new Date(Date.now() - dayMs),
        reason: X509CrlReason.keyCompromise,
      })),
      signingKey,
      signingAlgorithm,
    },
    webcrypto,
  );
  // TLS libraries know it by this name.
  return list.toString('pem').replaceAll(' CRL-', ' X509 CRL-');
}

/** Who signs. `strangers`: nobody trusts them. */
const authorities = ['mesh', 'clients', 'servers', 'strangers'] as const;
type Authority = (typeof authorities)[number];

const mesh = (path: string, domain = 'cluster.local'): JsonGeneralName[] => uri(`spiffe://${domain}/ns/shop/sa/${path}`);

/** Names of whom gateways and servers are asked for, too. */
const subjects = {
  // Of gateways.
  'gate-a': ['servers', { commonName: 'gate-a', names: dns('a.example', '*.b.example') }],
  'gate-b': ['servers', { commonName: 'gate-b', names: dns('b.example') }],
  'gate-rsa': ['servers', { commonName: 'gate-rsa', names: dns('a.example', 'b.example'), rsa: true }],
  // The proxy itself.
  own: ['mesh', { names: mesh('own') }],
  // Clients.
  alice: ['clients', { commonName: 'alice', names: dns('alice.example') }],
  bob: [
    'clients',
    { commonName: 'bob', names: [...dns('bob.example', '*.bob.example'), { type: 'ip', value: '10.0.0.7' }, { type: 'email', value: 'bob@bob.example' }] },
  ],
  nameless: ['clients', { commonName: 'nameless', names: [] }],
  'rsa-client': ['clients', { commonName: 'rsa-client', names: dns('rsa.example'), rsa: true }],
  'old-client': ['clients', { commonName: 'old-client', names: dns('alice.example'), endsMs: -dayMs }],
  'only-server': ['clients', { commonName: 'only-server', names: dns('alice.example'), usages: [ExtendedKeyUsage.serverAuth] }],
  'mesh-client': ['mesh', { names: mesh('client') }],
  'mesh-alias': ['mesh', { names: mesh('client', 'alias.test') }],
  'mesh-other': ['mesh', { names: mesh('client', 'other.test') }],
  'mesh-longer': ['mesh', { names: mesh('client', 'cluster.local.test') }],
  'mesh-two': ['mesh', { names: [...mesh('client', 'other.test'), ...mesh('client')] }],
  'mesh-dns': ['mesh', { commonName: 'mesh-dns', names: dns('cluster.local') }],
  'mesh-old': ['mesh', { names: mesh('client'), endsMs: -dayMs }],
  stranger: ['strangers', { names: mesh('client') }],
  // Servers behind a proxy.
  'server-mesh': ['mesh', { names: mesh('app') }],
  'server-mesh-other': ['mesh', { names: mesh('else') }],
  'server-dns': ['servers', { commonName: 'server-dns', names: dns('s0.example', 's1.example', '*.wild.example') }],
  'server-rsa': ['servers', { commonName: 'server-rsa', names: dns('s0.example', 's1.example', 's2.example'), rsa: true }],
  'server-old': ['servers', { commonName: 'server-old', names: dns('s0.example', 's1.example', 's2.example'), endsMs: -dayMs }],
  'server-stranger': ['strangers', { commonName: 'server-stranger', names: dns('s0.example', 's1.example', 's2.example') }],
} satisfies Record<string, [Authority, Subject]>;

export type CertificateName = keyof typeof subjects;
export const certificateNames = Object.keys(subjects) as CertificateName[];

export class Certificates {
  readonly folder: string;
  private readonly pairs: ReadonlyMap<string, Shown>;
  private readonly roots: ReadonlyMap<Authority, string>;
  private readonly byFingerprint: ReadonlyMap<string, string>;

  private constructor(folder: string, pairs: ReadonlyMap<string, Shown>, roots: ReadonlyMap<Authority, string>) {
    this.folder = folder;
    this.pairs = pairs;
    this.roots = roots;
    this.byFingerprint = new Map([...pairs].map(([name, { cert }]) => [new X509Certificate(cert).fingerprint256, name]));
    for (const [name, { cert, key }] of pairs) {
      writeFileSync(join(folder, `${name}.crt`), cert);
      writeFileSync(join(folder, `${name}.key`), key, { mode: 0o600 });
    }
    for (const [name, pem] of roots) writeFileSync(join(folder, `${name}-roots.crt`), pem);
    writeFileSync(join(folder, 'all-roots.crt'), [...roots].flatMap(([name, pem]) => (name === 'strangers' ? [] : pem)).join(''));
  }

  static async create(): Promise<Certificates> {
    const signers = new Map<Authority, KeyPair>();
    for (const name of authorities) signers.set(name, await issueAuthority(name, Date.now() - 3 * dayMs, 30 * dayMs));
    const pairs = new Map<string, Shown>();
    for (const [name, [authority, subject]] of Object.entries(subjects)) pairs.set(name, await issue(signers.get(authority as Authority) as KeyPair, subject));
    const lists = {
      clients: await revoked(signers.get('clients') as KeyPair, [pairs.get('bob') as Shown]),
      servers: await revoked(signers.get('servers') as KeyPair, [pairs.get('server-rsa') as Shown]),
    };
    const roots = new Map([...signers].map(([name, { certificate }]) => [name, certificate] as const));
    const made = new Certificates(mkdtempSync(join(tmpdir(), 'weft-tls-agreement-')), pairs, roots);
    for (const [name, list] of Object.entries(lists)) writeFileSync(made.file(`${name}.crl`), list);
    return made;
  }

  pair(name: CertificateName): Shown {
    return this.pairs.get(name) as Shown;
  }

  rootsOf(authority: Authority): string {
    return this.roots.get(authority) as string;
  }

  /** For manifests. */
  file(name: string): string {
    return join(this.folder, name);
  }

  /** Whose certificate this is. */
  nameOf(certificate: { fingerprint256: string } | undefined): string {
    return certificate ? (this.byFingerprint.get(certificate.fingerprint256) ?? 'unknown') : 'none';
  }

  /** SHA-256 of the public key in base64, and of the certificate in hexadecimal. */
  async digests(name: CertificateName): Promise<{ publicKey: string; certificate: string }> {
    const x509 = new X509Certificate(this.pair(name).cert);
    const digest = await webcrypto.subtle.digest('SHA-256', new Uint8Array(x509.publicKey.export({ type: 'spki', format: 'der' })));
    return { publicKey: Buffer.from(digest).toString('base64'), certificate: x509.fingerprint256 };
  }

  /** The identity of the proxy. */
  identity(): Credentials {
    const { cert, key } = this.pair('own');
    const workload: WorkloadCredentials = {
      certificateChain: cert,
      privateKey: key,
      roots: this.rootsOf('mesh'),
      spiffeId: 'spiffe://cluster.local/ns/shop/sa/own',
      expiresAt: Date.now() + dayMs,
    };
    return { workload: () => workload, named: (): NamedCredentials | undefined => undefined, onChange: () => () => {} };
  }

  delete(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
