// Key sets of issuers, by their address or by discovery (OpenID Connect Discovery 1.0).
import type { KeySource } from '../../ir/authentication.ts';
import { KeySet } from '../core/jwt/key-set.ts';
import { type FetchLimits, type FetchOptions, fetchText } from './fetch-text.ts';

export type RemoteSource = Exclude<KeySource, { kind: 'inline' }>;

/** Gets the keys of a source once. @throws Error that tells why not */
export type FetchKeys = (source: RemoteSource, signal: AbortSignal) => Promise<KeySet>;

/** A key set of a hundred RSA keys of 8192 bits has half of that. */
const maxBytes = 512 * 1024;
const maxRedirects = 3;
/** Whatever a rule says: a fetch takes the place of others. */
const mostMs = 60_000;

export function fetchKeysWith(trusted: FetchOptions['trusted']): FetchKeys {
  return async (source, signal) => {
    const limits: FetchLimits = { timeoutMs: Math.min(source.timeoutMs, mostMs), maxBytes, maxRedirects };
    const uri = source.kind === 'remote' ? source.uri : await discovered(source.issuer, { ...limits, trusted, signal });
    const found = KeySet.parse(await fetchText(uri, { ...limits, trusted, signal }));
    if (found instanceof KeySet) return found;
    throw new Error(`the key set of ${nameOf(source)} ${found.problem}`);
  };
}

async function discovered(issuer: string, options: FetchOptions): Promise<string> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const text = await fetchText(address, options);
  let uri: unknown;
  try {
    uri = (JSON.parse(text) as { jwks_uri?: unknown } | null)?.jwks_uri;
  } catch {
    throw new Error(`the discovery document of ${nameOf({ issuer })} is no JSON`);
  }
  if (typeof uri !== 'string') throw new Error(`the discovery document of ${nameOf({ issuer })} has no "jwks_uri"`);
  return uri;
}

/** As it may be told: without user and query. */
export function nameOf(source: { uri: string } | { issuer: string }): string {
  const text = 'uri' in source ? source.uri : source.issuer;
  const url = URL.parse(text);
  return url ? `${url.protocol}//${url.host}${url.pathname}` : JSON.stringify(text);
}
