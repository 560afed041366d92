// Tokens that were verified already, so that one that comes with every request is verified once.
import { hash } from 'node:crypto';
import type { KeySet } from '../core/jwt/key-set.ts';
import type { ParsedToken } from '../core/jwt/parse-token.ts';

/** Longer ones are verified each time. */
const longestToken = 16_384;

/** What a token is remembered by: itself is a secret, and is not kept. Undefined: it is not remembered. */
export type TokenDigest = string | undefined;

export function digestOf(token: string): TokenDigest {
  return token.length > longestToken ? undefined : hash('sha256', token, 'base64');
}

interface Verified {
  token: ParsedToken;
  /** Key sets that have verified it: new keys have not. */
  by: WeakSet<KeySet>;
}

/** The last ones that were used; when there are too many, the one that was used longest ago goes. */
export class VerifiedTokens {
  private readonly most: number;
  private readonly tokens = new Map<string, Verified>();
  private readonly byToken = new WeakMap<ParsedToken, Verified>();

  constructor(most = 4096) {
    this.most = most;
  }

  get size(): number {
    return this.tokens.size;
  }

  get(digest: TokenDigest): ParsedToken | undefined {
    if (digest === undefined) return undefined;
    const found = this.tokens.get(digest);
    if (found === undefined) return undefined;
    this.tokens.delete(digest);
    this.tokens.set(digest, found);
    return found.token;
  }

  /** @param token as `get` gave it */
  isVerified(token: ParsedToken, keys: KeySet): boolean {
    return this.byToken.get(token)?.by.has(keys) === true;
  }

  add(digest: TokenDigest, token: ParsedToken, keys: KeySet): void {
    if (digest === undefined) return;
    const known = this.tokens.get(digest);
    if (known !== undefined) {
      known.by.add(keys);
      return;
    }
    const verified = { token, by: new WeakSet([keys]) };
    this.tokens.set(digest, verified);
    this.byToken.set(token, verified);
    if (this.tokens.size <= this.most) return;
    const [oldest] = this.tokens.keys();
    this.tokens.delete(oldest as string);
  }
}
