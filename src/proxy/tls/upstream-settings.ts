// What TLS is spoken with to the endpoints of a cluster (DR-R70, DR-R71, MAP-R55, MAP-R56).
import { isIP } from 'node:net';
import type { UpstreamTls } from '../../ir/cluster.ts';
import { pairName, rootsName, secretName, systemRoots } from './credential-names.ts';
import type { Credentials, KeyPair } from './credentials.ts';
import type { TlsParameters } from './parameters.ts';
import { rootsBeside, withRevoked } from './roots.ts';

export interface UpstreamSettings {
  /** Shown when the server asks for one. */
  pair: KeyPair | undefined;
  /** PEM; undefined: nothing is verified. */
  roots: string | undefined;
  revoked: string;
  /** Absent: what the proxy takes. */
  parameters?: TlsParameters;
}

export interface UpstreamContext {
  credentials: Credentials;
  /** Of the proxy. */
  namespace: string;
}

/** With TLS to the outside, names that are not written are those of the request (DR-R70). */
export function namesOfRequest({ mode, sni }: UpstreamTls): boolean {
  return (mode === 'simple' || mode === 'mutual') && !sni;
}

/** @returns undefined where certificates are missing: no connection is made */
export function upstreamSettings(tls: UpstreamTls, context: UpstreamContext): UpstreamSettings | undefined {
  const { credentials } = context;
  if (tls.mode !== 'simple' && tls.mode !== 'mutual') {
    const own = credentials.workload();
    return own && { pair: own, roots: own.roots, revoked: '' };
  }
  const { mode, credentialName, insecureSkipVerify, cipherSuites, ecdhCurves } = tls;
  const written = { ...(cipherSuites ? { cipherSuites } : {}), ...(ecdhCurves ? { ecdhCurves } : {}) };
  const parameters = cipherSuites || ecdhCurves ? { parameters: written } : {};
  const secret = credentialName ? secretName(credentialName, context.namespace) : undefined;
  const pair = mode === 'mutual' ? ownPair(tls, secret, credentials) : undefined;
  if (mode === 'mutual' && !pair) return undefined;
  if (insecureSkipVerify) return { pair, roots: undefined, revoked: '', ...parameters };
  const found = secret === undefined ? credentials.named(tls.caFile ? rootsName(tls.caFile) : systemRoots) : rootsBeside(secret, credentials);
  const judges = withRevoked(found, tls.crlFile, credentials);
  return judges && { pair, roots: judges.roots, revoked: judges.crl ?? '', ...parameters };
}

function ownPair({ certificateFile, keyFile }: UpstreamTls, secret: string | undefined, credentials: Credentials): KeyPair | undefined {
  if (secret !== undefined) return credentials.named(secret)?.pair;
  return certificateFile && keyFile ? credentials.named(pairName(certificateFile, keyFile))?.pair : undefined;
}

/** Longer ones do not fit. */
const maxServerNameBytes = 255;

/** What is said of whom the connection is for; undefined: nothing, as of an address. */
export function serverNameFor({ sni }: UpstreamTls, ofRequest: string): string | undefined {
  const name = sni || ofRequest;
  return name === '' || isIP(name) !== 0 || Buffer.byteLength(name) > maxServerNameBytes ? undefined : name;
}

/** By which names the server's certificate is judged: it has to have one of each list. */
export function acceptedNames({ subjectAltNames = [], verifyRequestName }: UpstreamTls, ofRequest: string): readonly (readonly string[])[] {
  const written = subjectAltNames.length > 0;
  return [...(ofRequest !== '' && (!written || verifyRequestName) ? [[ofRequest]] : []), ...(written ? [subjectAltNames] : [])];
}

/** The host of a Host header, as a name of TLS. */
export function hostOfAuthority(authority: string): string {
  const bracket = authority.startsWith('[') ? authority.indexOf(']') : -1;
  if (bracket > 0) return authority.slice(1, bracket).toLowerCase();
  const colon = authority.lastIndexOf(':');
  return (colon < 0 || authority.indexOf(':') !== colon ? authority : authority.slice(0, colon)).toLowerCase();
}
