import type { KeySource } from '../../ir/authentication.ts';
import type { Clock } from '../core/clock.ts';
import { failures, type TokenFailure } from '../core/jwt/failure.ts';
import type { ParsedToken } from '../core/jwt/parse-token.ts';
import type { KeyLookup } from './key-lookup.ts';
import { digestOf, type VerifiedTokens } from './verified-tokens.ts';
import { verifySignature } from './verify-signature.ts';

export type Verdict = 'valid' | TokenFailure;

/** A request waits no longer for keys; many sources may be in front of its own. */
const mostMs = 5_000;

/** Verifies tokens that nobody has verified yet, each once at a time. */
export class TokenVerifier {
  private readonly clock: Clock;
  private readonly keys: KeyLookup;
  private readonly verified: VerifiedTokens;
  private readonly underWay = new WeakMap<KeySource, Map<string, Promise<Verdict>>>();

  constructor(clock: Clock, keys: KeyLookup, verified: VerifiedTokens) {
    this.clock = clock;
    this.keys = keys;
    this.verified = verified;
  }

  /** Waits for keys where they are on their way. Never rejects. */
  verify(source: KeySource, token: ParsedToken, text: string): Promise<Verdict> {
    const ofSource = this.underWay.get(source) ?? new Map<string, Promise<Verdict>>();
    this.underWay.set(source, ofSource);
    const known = ofSource.get(text);
    if (known !== undefined) return known;
    const verdict = this.judge(source, token, text).finally(() => ofSource.delete(text));
    ofSource.set(text, verdict);
    return verdict;
  }

  private async judge(source: KeySource, token: ParsedToken, text: string): Promise<Verdict> {
    await this.await(this.keys.first(source));
    const verdict = await this.withKeys(source, token, text);
    if (verdict !== failures.noMatchingKey) return verdict;
    const renewed = this.keys.renew(source);
    if (renewed === undefined) return verdict;
    await this.await(renewed);
    return this.withKeys(source, token, text);
  }

  private async withKeys(source: KeySource, token: ParsedToken, text: string): Promise<Verdict> {
    const keys = this.keys.keys(source);
    if (keys === undefined) return source.kind === 'inline' ? failures.noValidKeys : failures.keysNotFetched;
    const verdict = await verifySignature(keys, token);
    if (verdict === 'valid') this.verified.add(digestOf(text), token, keys);
    return verdict;
  }

  private async await(keys: Promise<void> | undefined): Promise<void> {
    if (keys === undefined) return;
    const late = Promise.withResolvers<void>();
    const timer = this.clock.setTimer(mostMs, late.resolve);
    await Promise.race([keys, late.promise]);
    timer.cancel();
  }
}
