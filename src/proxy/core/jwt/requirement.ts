// Whether the tokens of a request satisfy the rules together (SEC-R40), in Envoy's order, which decides what is told and what goes on.
import type { RequestAuthentication } from '../../../ir/authentication.ts';
import type { RequestView } from '../exchange-record.ts';
import { getHeader, type Headers, removeHeader } from '../headers.ts';
import { applyAccepted } from './accepted.ts';
import { failures, type TokenFailure } from './failure.ts';
import type { FoundToken, TokenCarrier } from './locations.ts';
import type { ParsedToken } from './parse-token.ts';
import { TokenRule } from './rule.ts';

/** What is known of tokens. */
export interface TokenFacts {
  /** Whole seconds since 1970. */
  nowSeconds: number;
  parse(token: string): ParsedToken | TokenFailure;
  /** Whether the keys of a rule verify a token; undefined: nobody knows yet. */
  verify(rule: TokenRule, token: ParsedToken): 'valid' | TokenFailure | undefined;
}

export type TokenOutcome =
  /** `claims`: undefined without a token. `impossibleHeader`: has to have a claim that no header can have. */
  | { kind: 'passed'; claims: ParsedToken['claims'] | undefined; rule: TokenRule | undefined; impossibleHeader: string | undefined }
  | { kind: 'refused'; failure: TokenFailure }
  /** It cannot be decided before `rule` has an answer for `token`. */
  | { kind: 'unverified'; rule: TokenRule; token: ParsedToken };

/** More in one request are nobody's. */
const mostTokens = 16;

type RuleResult = 'valid' | 'missing' | { failure: TokenFailure } | { unverified: ParsedToken };

export class TokenRequirement {
  readonly rules: readonly TokenRule[];
  private readonly outputs: ReadonlySet<string>;

  constructor({ providers }: Pick<RequestAuthentication, 'providers'>) {
    this.rules = providers.map((provider) => new TokenRule(provider));
    this.outputs = new Set(this.rules.flatMap(({ outputs }) => outputs));
  }

  /** Drops what only rules may say: a client must not say it by itself, with a token or without. */
  sanitize(headers: Headers): void {
    if (this.outputs.size === 0) return;
    for (const name of this.outputs) if (getHeader(headers, name) !== undefined) removeHeader(headers, name);
  }

  /** @param carrier sanitized; changed to what goes on where the tokens pass, and of no use else */
  check(carrier: TokenCarrier, facts: TokenFacts): TokenOutcome {
    return new Check(carrier, facts).run(this.rules);
  }
}

/** Preflights have no token, and go past the rules (SEC-R41). */
export function isPreflight({ method, headers }: Pick<RequestView, 'method' | 'headers'>): boolean {
  return method === 'OPTIONS' && (getHeader(headers, 'origin') ?? '') !== '' && (getHeader(headers, 'access-control-request-method') ?? '') !== '';
}

class Check {
  private readonly carrier: TokenCarrier;
  private readonly facts: TokenFacts;
  private claims: ParsedToken['claims'] | undefined;
  private acceptedBy: TokenRule | undefined;
  private impossibleHeader: string | undefined;
  private told: TokenFailure | undefined;

  constructor(carrier: TokenCarrier, facts: TokenFacts) {
    this.carrier = carrier;
    this.facts = facts;
  }

  run(rules: readonly TokenRule[]): TokenOutcome {
    let tokens = false;
    for (const rule of rules) {
      const result = this.ask(rule);
      if (result === 'valid') return this.passed();
      if (result === 'missing') continue;
      tokens = true;
      if ('unverified' in result) return { kind: 'unverified', rule, token: result.unverified };
      this.tell(result.failure);
    }
    // Not one rule takes all of its tokens: the request passes where nobody has anything against it.
    if (tokens && rules.length > 1) {
      for (const rule of rules) {
        const result = this.ask(rule);
        if (result === 'valid' || result === 'missing') continue;
        if ('unverified' in result) return { kind: 'unverified', rule, token: result.unverified };
        this.tell(result.failure);
        return this.refused();
      }
    }
    return tokens && rules.length === 1 ? this.refused() : this.passed();
  }

  /** All tokens of a rule's places, the last first, have to be valid. */
  private ask(rule: TokenRule): RuleResult {
    const { carrier } = this;
    for (const name of rule.outputs) removeHeader(carrier.headers, name);
    const found = rule.locations.find(carrier);
    if (found.length === 0) return 'missing';
    if (found.length > mostTokens) return { failure: failures.verification };
    for (let i = found.length - 1; i >= 0; i--) {
      const result = this.askOne(rule, found[i] as FoundToken);
      if (result !== 'valid') return result;
    }
    return 'valid';
  }

  private askOne(rule: TokenRule, found: FoundToken): RuleResult {
    const { facts, carrier } = this;
    const token = facts.parse(found.token);
    if (isFailure(token)) return { failure: token };
    const failure = rule.failureOf(token, facts.nowSeconds);
    if (failure !== undefined) return { failure };
    const verdict = facts.verify(rule, token);
    if (verdict === undefined) return { unverified: token };
    if (verdict !== 'valid') return { failure: verdict };
    const impossible = applyAccepted(rule, token, found, carrier);
    this.impossibleHeader ??= impossible;
    this.claims = token.claims;
    this.acceptedBy = rule;
    return 'valid';
  }

  /** The last failure counts; that a token is another issuer's only where there is no other. */
  private tell(failure: TokenFailure): void {
    if (this.told === undefined || failure !== failures.unknownIssuer) this.told = failure;
  }

  private refused(): TokenOutcome {
    return { kind: 'refused', failure: this.told ?? failures.verification };
  }

  private passed(): TokenOutcome {
    return { kind: 'passed', claims: this.claims, rule: this.acceptedBy, impossibleHeader: this.impossibleHeader };
  }
}

export function isFailure(token: ParsedToken | TokenFailure): token is TokenFailure {
  return 'text' in token;
}
