import fc from 'fast-check';
import type { ProxyIdentity } from '../../../src/ir/table.ts';
import type { Backend } from './backend.ts';
import type { CertificateName, Certificates } from './certificates.ts';
import type { Probe, Speech, TlsOffer } from './client.ts';
import type { SecretFiles } from './engines.ts';

/** Manifests for one proxy, and connections to it. */
export interface AgreementSet {
  manifests: string;
  meshConfig: Record<string, unknown>;
  proxy: Partial<ProxyIdentity>;
  /** As `Served`. */
  ports: readonly number[];
  inbound: boolean;
  identity: boolean;
  secrets: Readonly<Record<string, SecretFiles>>;
  probes: readonly Probe[];
}

/** What sets are made of. */
export interface World {
  certificates: Certificates;
  /** By their names. */
  backends: Readonly<Record<string, Backend>>;
  /** Of `alice`. */
  digests: { publicKey: string; certificate: string };
}

export function doc(apiVersion: string, kind: string, name: string, spec: unknown, namespace = 'shop', created = 1): string {
  const time = new Date(Date.UTC(2024, 0, created)).toISOString();
  return `${JSON.stringify({ apiVersion, kind, metadata: { name, namespace, creationTimestamp: time }, spec })}\n---\n`;
}

export const networking = (kind: string, name: string, spec: unknown, namespace?: string, created?: number): string =>
  doc('networking.istio.io/v1', kind, name, spec, namespace, created);

export const some = <T>(one: fc.Arbitrary<T>, maxLength: number): fc.Arbitrary<T[]> => fc.array(one, { minLength: 1, maxLength });

/** A field that is there in one of `in` cases. */
export function maybe<T>(one: fc.Arbitrary<T>, inCases: number): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: 10, arbitrary: one as fc.Arbitrary<T | undefined> }, { weight: Math.round(10 * (inCases - 1)), arbitrary: fc.constant(undefined) });
}

/** Without what is undefined. */
export function defined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}

/** Certificates that clients show. */
const clients: readonly CertificateName[] = [
  'alice',
  'alice',
  'alice',
  'alice',
  'bob',
  'bob',
  'nameless',
  'rsa-client',
  'old-client',
  'only-server',
  'mesh-client',
  'mesh-client',
  'mesh-alias',
  'mesh-other',
  'mesh-longer',
  'mesh-two',
  'mesh-dns',
  'mesh-old',
  'stranger',
];

const alpns: readonly (readonly string[])[] = [
  [],
  [],
  ['h2', 'http/1.1'],
  ['http/1.1'],
  ['h2'],
  ['istio'],
  ['istio', 'h2'],
  ['istio-http/1.1', 'istio', 'http/1.1'],
  ['istio-h2', 'istio', 'h2'],
  ['istio-http/1.0'],
  ['istio-peer-exchange', 'istio'],
  ['http/1.1', 'istio-h2'],
  ['http/1.0'],
  ['other'],
  ['other', 'h2'],
  ['istio-http/1.1'],
  ['istio-h2'],
];

const versions = fc.constantFrom<Pick<TlsOffer, 'minVersion' | 'maxVersion'>>(
  {},
  {},
  {},
  {},
  { maxVersion: 'TLSv1.2' },
  { minVersion: 'TLSv1.3' },
  { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' },
  { minVersion: 'TLSv1', maxVersion: 'TLSv1.3' },
);

const ciphers = fc.constantFrom(
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384',
  'AES128-GCM-SHA256:AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:AES128-SHA',
);

export function offer(names: fc.Arbitrary<string | undefined>): fc.Arbitrary<TlsOffer> {
  return fc
    .record({
      sni: names,
      alpn: fc.constantFrom(...alpns),
      versions,
      ciphers: maybe(ciphers, 8),
      curves: maybe(fc.constantFrom('P-256', 'P-384', 'X25519', 'P-521:P-256'), 8),
      resume: maybe(fc.constant(true), 5),
      certificate: maybe(fc.oneof(fc.constantFrom<CertificateName>('alice', 'mesh-client'), fc.constantFrom(...clients)), 1.6),
    })
    .map(({ versions: range, curves, ...offered }) => {
      // OpenSSL takes no certificate with a key on a curve that the client itself does not take; those of clients are on P-256.
      const fitting = offered.certificate && !curves?.includes('P-256') ? undefined : curves;
      return defined({ ...offered, ...range, curves: fitting }) as TlsOffer;
    });
}

const speech = fc.constantFrom<Speech>('as-agreed', 'as-agreed', 'as-agreed', 'as-agreed', 'http1', 'http2', 'bytes');

const forwarded = maybe(fc.constantFrom('By=spiffe://x;URI=spiffe://y', 'Hash=00', ''), 4);

export function probe(slots: readonly number[], names: fc.Arbitrary<string | undefined>, hosts: fc.Arbitrary<string>): fc.Arbitrary<Probe> {
  return fc
    .record({
      slot: fc.constantFrom(...slots),
      tls: fc.oneof({ weight: 6, arbitrary: offer(names) as fc.Arbitrary<TlsOffer | undefined> }, { weight: 1, arbitrary: fc.constant(undefined) }),
      speech,
      host: hosts,
      path: fc.constantFrom('/', '/a', '/b/c'),
      certificate: forwarded,
      subset: maybe(fc.constant('v2'), 3),
    })
    .map(({ certificate, subset, tls, ...rest }) => ({
      ...rest,
      ...(tls ? { tls } : {}),
      headers: { ...(certificate === undefined ? {} : { 'x-forwarded-client-cert': certificate }), ...(subset ? { 'x-subset': subset } : {}) },
    }));
}
