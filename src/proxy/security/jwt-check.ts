// Tokens of requests, from the head of a request to the answer, or to what goes on.
import type { RequestAuthentication } from '../../ir/authentication.ts';
import type { Clock } from '../core/clock.ts';
import type { ExchangeRecord } from '../core/exchange-record.ts';
import { type ParsedToken, parseToken } from '../core/jwt/parse-token.ts';
import { authenticateHeader } from '../core/jwt/realm.ts';
import { isFailure, isPreflight, type TokenFacts, TokenRequirement } from '../core/jwt/requirement.ts';
import type { TokenRule } from '../core/jwt/rule.ts';
import { splitClaims } from '../core/jwt/split-claims.ts';
import { jwtDenied, LocalReply } from '../core/local-reply.ts';
import type { KeyLookup } from './key-lookup.ts';
import type { TokenCheck } from './token-check.ts';
import type { TokenVerifier, Verdict } from './token-verifier.ts';
import { digestOf, type VerifiedTokens } from './verified-tokens.ts';

export interface JwtCheckDeps {
  clock: Clock;
  keys: KeyLookup;
  verified: VerifiedTokens;
  verifier: TokenVerifier;
}

type Done = (denial: LocalReply | undefined) => void;

export class JwtCheck implements TokenCheck {
  private readonly requirement: TokenRequirement;
  private readonly deps: JwtCheckDeps;

  constructor(authentication: RequestAuthentication, deps: JwtCheckDeps) {
    this.requirement = new TokenRequirement(authentication);
    this.deps = deps;
  }

  sanitize({ headers }: ExchangeRecord): void {
    this.requirement.sanitize(headers);
  }

  check(record: ExchangeRecord, done: Done): { cancel(): void } | undefined {
    // Whoever was asked before may have set them.
    this.sanitize(record);
    if (isPreflight(record)) {
      done(undefined);
      return undefined;
    }
    const attempt = new Attempt(this.requirement, this.deps, record, done);
    return attempt.run() ? undefined : attempt;
  }
}

/** One request: tried again each time that something about its tokens is known which was not. */
class Attempt {
  private readonly requirement: TokenRequirement;
  private readonly deps: JwtCheckDeps;
  private readonly record: ExchangeRecord;
  private readonly done: Done;
  private readonly facts: TokenFacts;
  /** Tokens that nobody has verified before, as they were sent. */
  private readonly texts = new Map<ParsedToken, string>();
  private readonly verdicts = new Map<TokenRule, Map<string, Verdict>>();
  private cancelled = false;

  constructor(requirement: TokenRequirement, deps: JwtCheckDeps, record: ExchangeRecord, done: Done) {
    this.requirement = requirement;
    this.deps = deps;
    this.record = record;
    this.done = done;
    this.facts = {
      nowSeconds: Math.floor(deps.clock.wallTime() / 1000),
      parse: (text) => this.parse(text),
      verify: (rule, token) => this.verify(rule, token),
    };
  }

  cancel(): void {
    this.cancelled = true;
  }

  /** @returns it is over */
  run(): boolean {
    const { record } = this;
    const carrier = { headers: record.headers.slice(), path: record.path, pathEnd: record.pathEnd };
    const outcome = this.requirement.check(carrier, this.facts);
    if (outcome.kind === 'unverified') {
      void this.settle(outcome.rule, outcome.token);
      return false;
    }
    if (outcome.kind === 'refused') {
      this.done(jwtDenied(outcome.failure.status, outcome.failure.text, authenticateHeader(record)));
      return true;
    }
    if (outcome.impossibleHeader !== undefined) {
      this.done(impossibleHeader(outcome.impossibleHeader));
      return true;
    }
    record.headers = carrier.headers;
    record.path = carrier.path;
    record.pathEnd = carrier.pathEnd;
    if (outcome.claims !== undefined && outcome.rule !== undefined) record.claims = splitClaims(outcome.claims, outcome.rule.provider.spaceDelimitedClaims);
    this.done(undefined);
    return true;
  }

  private parse(text: string): ReturnType<TokenFacts['parse']> {
    const known = this.deps.verified.get(digestOf(text));
    if (known !== undefined) {
      this.texts.set(known, text);
      return known;
    }
    const token = parseToken(text);
    if (!isFailure(token)) this.texts.set(token, text);
    return token;
  }

  private verify(rule: TokenRule, token: ParsedToken): Verdict | undefined {
    const { keys, verified } = this.deps;
    const now = keys.keys(rule.provider.keys);
    if (now !== undefined && verified.isVerified(token, now)) return 'valid';
    return this.verdicts.get(rule)?.get(this.texts.get(token) as string);
  }

  private async settle(rule: TokenRule, token: ParsedToken): Promise<void> {
    const text = this.texts.get(token) as string;
    const verdict = await this.deps.verifier.verify(rule.provider.keys, token, text);
    if (this.cancelled) return;
    const ofRule = this.verdicts.get(rule) ?? new Map<string, Verdict>();
    this.verdicts.set(rule, ofRule.set(text, verdict));
    this.run();
  }
}

/** As Envoy answers where a filter made a header that cannot be sent. */
function impossibleHeader(name: string): LocalReply {
  return new LocalReply(503, `invalid header value for: ${name}`, 0, `filter_removed_required_request_headers{invalid_header_value_for:_${name}}`);
}
