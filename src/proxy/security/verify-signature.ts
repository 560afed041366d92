import { failures, type TokenFailure } from '../core/jwt/failure.ts';
import type { KeySet } from '../core/jwt/key-set.ts';
import type { ParsedToken } from '../core/jwt/parse-token.ts';

const ed25519Bytes = 64;

/** Whether one of the keys that a token may mean has signed it. Never rejects. */
export async function verifySignature(keys: KeySet, token: ParsedToken): Promise<'valid' | TokenFailure> {
  const { alg, kid, header, payload } = token;
  const candidates = keys.candidates(kid, alg);
  if (candidates.length === 0) return failures.noMatchingKey;
  // Whoever made the token wants that it is not accepted where extensions of it are not understood (RFC 7515, 4.1.11).
  if (token.critical) return failures.verification;
  const signature = Buffer.from(token.signature.buffer, token.signature.byteOffset, token.signature.byteLength).toString('base64url');
  for (const key of candidates) {
    if (!key.fits(alg)) continue;
    if (alg === 'EdDSA' && token.signature.length !== ed25519Bytes) return failures.ed25519Length;
    try {
      const { flattenedVerify } = await import('jose');
      await flattenedVerify({ protected: header, payload, signature }, key.jwk, { algorithms: [alg] });
      return 'valid';
    } catch {
      // Another key may have signed it.
    }
  }
  return failures.verification;
}
