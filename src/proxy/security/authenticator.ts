import type { RequestAuthentication } from '../../ir/authentication.ts';
import type { Clock } from '../core/clock.ts';
import { JwksStore, type JwksStoreOptions } from './jwks-store.ts';
import { JwtCheck } from './jwt-check.ts';
import type { TokenCheck } from './token-check.ts';
import { TokenVerifier } from './token-verifier.ts';
import { VerifiedTokens } from './verified-tokens.ts';

/** Tokens of one thread's requests: keys and verified tokens stay while tables change. */
export class Authenticator {
  private readonly clock: Clock;
  private readonly store: JwksStore;
  private readonly verified = new VerifiedTokens();
  private readonly verifier: TokenVerifier;

  constructor(options: Omit<JwksStoreOptions, 'changed'>) {
    this.clock = options.clock;
    this.store = new JwksStore(options);
    this.verifier = new TokenVerifier(options.clock, this.store, this.verified);
  }

  /** What a table asks of tokens, from now on: its keys begin to be fetched, and those of other issuers go. */
  apply(authentication: RequestAuthentication | undefined): TokenCheck | undefined {
    const { clock, store: keys, verified, verifier } = this;
    keys.retain(authentication?.providers.map((provider) => provider.keys) ?? []);
    return authentication && authentication.providers.length > 0 ? new JwtCheck(authentication, { clock, keys, verified, verifier }) : undefined;
  }

  close(): void {
    this.store.close();
  }
}
