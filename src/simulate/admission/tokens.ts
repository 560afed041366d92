// Tokens of a simulated request: who has verified them is known or not, and nothing is guessed.
import type { RequestAuthentication } from '../../ir/authentication.ts';
import type { ExchangeRecord } from '../../proxy/core/exchange-record.ts';
import { applyAccepted } from '../../proxy/core/jwt/accepted.ts';
import { failures, type TokenFailure } from '../../proxy/core/jwt/failure.ts';
import type { TokenCarrier } from '../../proxy/core/jwt/locations.ts';
import { type ParsedToken, parseToken } from '../../proxy/core/jwt/parse-token.ts';
import { authenticateHeader } from '../../proxy/core/jwt/realm.ts';
import { isFailure, isPreflight, TokenRequirement } from '../../proxy/core/jwt/requirement.ts';
import type { TokenRule } from '../../proxy/core/jwt/rule.ts';
import { splitClaims } from '../../proxy/core/jwt/split-claims.ts';
import { jwtDenied, type LocalReply } from '../../proxy/core/local-reply.ts';
import type { TokenJudgement } from './admission.ts';

/** What is known of tokens beside what is in them. */
export interface TokenKnowledge {
  /** Whole seconds since 1970, by which tokens expire; undefined: no token is too old or too new. */
  nowSeconds: number | undefined;
  /** Whether the keys of a rule verify a token; undefined: nobody knows. */
  verify(rule: TokenRule, token: ParsedToken, text: string): 'valid' | TokenFailure | undefined;
}

export const nothingVerified: TokenKnowledge = { nowSeconds: undefined, verify: () => undefined };

export interface JudgedToken {
  judgement: TokenJudgement;
  /** To a token that is refused. */
  denial?: LocalReply;
}

/** The rules of a proxy for tokens. */
export class TokenGate {
  private readonly requirement: TokenRequirement;

  constructor(authentication: RequestAuthentication) {
    this.requirement = new TokenRequirement(authentication);
  }

  /**
   * Reads the tokens of a request; of one that is accepted the record has the claims, and the headers that go on (SEC-R42).
   *
   * @param assumed payload of a token that is taken to be verified; undefined: the tokens are those of the request
   */
  judge(record: ExchangeRecord, knowledge: TokenKnowledge, assumed: unknown): JudgedToken {
    this.requirement.sanitize(record.headers);
    if (isPreflight(record)) return { judgement: { kind: 'none' } };
    return assumed === undefined ? this.written(record, knowledge) : this.assumed(record, knowledge, assumed);
  }

  private written(record: ExchangeRecord, knowledge: TokenKnowledge): JudgedToken {
    const texts = new Map<ParsedToken, string>();
    const parsed = new Map<string, ParsedToken | TokenFailure>();
    const carrier: TokenCarrier = { headers: record.headers.slice(), path: record.path, pathEnd: record.pathEnd };
    const outcome = this.requirement.check(carrier, {
      nowSeconds: knowledge.nowSeconds ?? 0,
      parse: (text) => {
        const found = parsed.get(text) ?? timeless(parseToken(text), knowledge);
        parsed.set(text, found);
        if (!isFailure(found)) texts.set(found, text);
        return found;
      },
      verify: (rule, token) => knowledge.verify(rule, token, texts.get(token) ?? ''),
    });
    if (outcome.kind === 'unverified') {
      const { provider } = outcome.rule;
      return { judgement: { kind: 'unverified', origin: provider.origin, issuer: outcome.token.issuer } };
    }
    if (outcome.kind === 'refused') return refused(record, outcome.failure);
    const { claims, rule } = outcome;
    if (claims === undefined || rule === undefined) return { judgement: { kind: 'none' } };
    Object.assign(record, carrier);
    return accepted(record, rule, claims, false);
  }

  /** By the first rule that has nothing against it. */
  private assumed(record: ExchangeRecord, knowledge: TokenKnowledge, payload: unknown): JudgedToken {
    const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    // Of a token that nobody signed the signature is not looked at.
    const token = timeless(parseToken(`${encoded({ alg: 'RS256' })}.${encoded(payload)}.AAAA`), knowledge);
    if (isFailure(token)) return refused(record, token);
    let told: TokenFailure = failures.unknownIssuer;
    for (const rule of this.requirement.rules) {
      const failure = rule.failureOf(token, knowledge.nowSeconds ?? 0);
      if (failure) {
        if (failure !== failures.unknownIssuer) told = failure;
        continue;
      }
      const carrier: TokenCarrier = { headers: record.headers, path: record.path, pathEnd: record.pathEnd };
      applyAccepted(rule, token, { token: '', remove: () => {} }, carrier);
      return accepted(record, rule, token.claims, true);
    }
    return refused(record, told);
  }
}

/** Without a clock a token is valid at any time. */
function timeless(token: ParsedToken | TokenFailure, { nowSeconds }: TokenKnowledge): ParsedToken | TokenFailure {
  return isFailure(token) || nowSeconds !== undefined ? token : { ...token, notBefore: undefined, expiresAt: undefined };
}

function accepted(record: ExchangeRecord, { provider }: TokenRule, claims: ParsedToken['claims'], assumed: boolean): JudgedToken {
  record.claims = splitClaims(claims, provider.spaceDelimitedClaims);
  const text = (name: string): string => (typeof claims[name] === 'string' ? claims[name] : '');
  return { judgement: { kind: 'accepted', origin: provider.origin, issuer: text('iss'), subject: text('sub'), assumed } };
}

function refused(record: ExchangeRecord, { status, text }: TokenFailure): JudgedToken {
  return { judgement: { kind: 'refused', status, text }, denial: jwtDenied(status, text, authenticateHeader(record)) };
}
