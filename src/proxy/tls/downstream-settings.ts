// What TLS is ended with for the clients of a filter chain (SEC-R3, MAP-R70): which certificates are shown, and whose are accepted.
import { meshCipherSuites } from '../../ir/cipher-suites.ts';
import type { DownstreamTls, Listener } from '../../ir/listener.ts';
import { pairName, rootsName, secretName } from './credential-names.ts';
import type { Credentials, KeyPair, NamedCredentials } from './credentials.ts';
import type { TlsParameters } from './parameters.ts';
import { type Roots, rootsBeside, withRevoked } from './roots.ts';

/** What is asked of a certificate besides what leads to a root. */
export interface Conditions {
  /** One of its names is one of these; empty: any. */
  names: readonly string[];
  /** One of its URIs begins with one of these; empty: any. */
  uriPrefixes: readonly string[];
  /** SHA-256 of the public key in base64, and of the certificate in hexadecimal: one of either. Both empty: any. */
  publicKeys: readonly string[];
  hashes: readonly string[];
}

export interface DownstreamSettings {
  /** Of which the client is shown one, by the name that it asks for. */
  pairs: readonly KeyPair[];
  clients: 'not-asked' | 'optional' | 'required';
  /** PEM; of clients, where they are asked. */
  roots: string;
  revoked: string;
  conditions: Conditions;
  parameters: TlsParameters;
}

export interface TlsContext {
  credentials: Credentials;
  direction: Listener['direction'];
  /** Of the proxy. */
  namespace: string;
  trustDomains: readonly string[];
}

/** @returns undefined where certificates are missing: nobody is let in */
export function downstreamSettings(tls: DownstreamTls, context: TlsContext): DownstreamSettings | undefined {
  const { mode } = tls;
  const pairs = shownPairs(tls, context);
  if (pairs.length === 0) return undefined;
  const clients = mode === 'SIMPLE' ? 'not-asked' : mode === 'OPTIONAL_MUTUAL' && !asksMore(tls) ? 'optional' : 'required';
  const judges = clients === 'not-asked' ? { roots: '' } : clientRoots(tls, context);
  if (!judges) return undefined;
  // At the workload itself whoever is of the mesh; a gateway may name whom it takes.
  const mesh = context.direction === 'inbound' && isMesh(tls);
  return {
    pairs,
    clients,
    roots: judges.roots,
    revoked: judges.crl ?? '',
    conditions: {
      names: mesh ? [] : (tls.subjectAltNames ?? []),
      uriPrefixes: mesh ? context.trustDomains.map((domain) => `spiffe://${domain}/`) : [],
      publicKeys: tls.certificateSpkis ?? [],
      hashes: (tls.certificateHashes ?? []).map((hash) => hash.replaceAll(':', '').toLowerCase()),
    },
    parameters: {
      ...(tls.minVersion ? { minVersion: tls.minVersion } : {}),
      ...(tls.maxVersion ? { maxVersion: tls.maxVersion } : {}),
      ...(tls.ecdhCurves ? { ecdhCurves: tls.ecdhCurves } : {}),
      cipherSuites: tls.cipherSuites?.length ? tls.cipherSuites : mesh ? meshCipherSuites : [],
    },
  };
}

/** Whether a certificate that leads to a root is not enough; then Envoy takes nobody without one. */
function asksMore({ subjectAltNames = [], certificateSpkis = [], certificateHashes = [] }: DownstreamTls): boolean {
  return subjectAltNames.length + certificateSpkis.length + certificateHashes.length > 0;
}

export function isMesh({ mode }: DownstreamTls): boolean {
  return mode === 'ISTIO_MUTUAL' || mode === 'PERMISSIVE';
}

function shownPairs(tls: DownstreamTls, { credentials, namespace }: TlsContext): KeyPair[] {
  const workload = (): KeyPair[] => {
    const own = credentials.workload();
    return own ? [own] : [];
  };
  if (isMesh(tls)) return workload();
  const { credentialName, moreCredentialNames = [], certificateFile, keyFile, moreCertificates = [] } = tls;
  const names = credentialName
    ? [credentialName, ...moreCredentialNames].map((name) => secretName(name, namespace))
    : certificateFile && keyFile
      ? [{ certificateFile, keyFile }, ...moreCertificates].map((files) => pairName(files.certificateFile, files.keyFile))
      : [];
  // Where none is given it is that of the workload.
  return names.length === 0 ? workload() : names.flatMap((name) => credentials.named(name)?.pair ?? []);
}

/** By which clients are judged; undefined: there are none, or it is not known who is revoked. */
function clientRoots(tls: DownstreamTls, { credentials, namespace }: TlsContext): Roots | undefined {
  const { credentialName, caCredentialName, caFile, crlFile } = tls;
  const own = credentials.workload();
  const ofMesh = own && { roots: own.roots };
  if (isMesh(tls)) return ofMesh;
  const found: NamedCredentials | undefined = caCredentialName
    ? credentials.named(secretName(caCredentialName, namespace))
    : credentialName
      ? rootsBeside(secretName(credentialName, namespace), credentials)
      : caFile
        ? credentials.named(rootsName(caFile))
        : ofMesh;
  return withRevoked(found, crlFile, credentials);
}
