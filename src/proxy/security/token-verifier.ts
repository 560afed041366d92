import type { KeySource } from '../../ir/authentication.ts';
import { failures, type TokenFailure } from '../core/jwt/failure.ts';
import type { ParsedToken } from '../core/jwt/parse-token.ts';
import type { KeyLookup } from './key-lookup.ts';
import { digestOf, type VerifiedTokens } from './verified-tokens.ts';
import { verifySignature } from './verify-signature.ts';

export type Verdict = 'valid' | TokenFailure;

/** Verifies tokens that nobody has verified yet, each once at a time. */
export class TokenVerifier {
  private readonly keys: KeyLookup;
  private readonly verified: VerifiedTokens;
  private readonly underWay = new Map<string, Promise<Verdict>>();

  constructor(keys: KeyLookup, verified: VerifiedTokens) {
    this.keys = keys;
    this.verified = verified;
  }

  /** Waits for keys where they are on their way. Never rejects. */
  verify(source: KeySource, token: ParsedToken, text: string): Promise<Verdict> {
    const name = `${JSON.stringify(source)} ${text}`;
    const known = this.underWay.get(name);
    if (known !== undefined) return known;
    const verdict = this.judge(source, token, text).finally(() => this.underWay.delete(name));
    this.underWay.set(name, verdict);
    return verdict;
  }

  private async judge(source: KeySource, token: ParsedToken, text: string): Promise<Verdict> {
    await this.keys.first(source);
    const verdict = await this.withKeys(source, token, text);
    if (verdict !== failures.noMatchingKey) return verdict;
    const renewed = this.keys.renew(source);
    if (renewed === undefined) return verdict;
    await renewed;
    return this.withKeys(source, token, text);
  }

  private async withKeys(source: KeySource, token: ParsedToken, text: string): Promise<Verdict> {
    const keys = this.keys.keys(source);
    if (keys === undefined) return source.kind === 'inline' ? failures.noValidKeys : failures.keysNotFetched;
    const verdict = await verifySignature(keys, token);
    if (verdict === 'valid') this.verified.add(digestOf(text), token, keys);
    return verdict;
  }
}
