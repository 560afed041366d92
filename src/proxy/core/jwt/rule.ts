import type { JwtProvider } from '../../../ir/authentication.ts';
import { AudienceCheck } from './audience.ts';
import { failures, type TokenFailure } from './failure.ts';
import { TokenLocations } from './locations.ts';
import { type ParsedToken, timeFailure } from './parse-token.ts';

/** One rule, ready for requests. */
export class TokenRule {
  readonly provider: JwtProvider;
  readonly locations: TokenLocations;
  /** Headers that only this rule may set; lower case. */
  readonly outputs: readonly string[];
  private readonly audiences: AudienceCheck;

  constructor(provider: JwtProvider) {
    this.provider = provider;
    this.locations = new TokenLocations(provider);
    this.audiences = new AudienceCheck(provider.audiences);
    const { payloadHeader, claimHeaders } = provider;
    this.outputs = [...(payloadHeader === undefined ? [] : [payloadHeader]), ...claimHeaders.map(({ header }) => header)].map((name) => name.toLowerCase());
  }

  /** What the rule has against a token, whoever signed it. */
  failureOf(token: ParsedToken, nowSeconds: number): TokenFailure | undefined {
    const { issuer } = this.provider;
    if (issuer !== '' && issuer !== token.issuer) return failures.unknownIssuer;
    return timeFailure(token, nowSeconds) ?? (this.audiences.allows(token.audiences) ? undefined : failures.audience);
  }
}
