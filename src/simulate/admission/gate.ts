// The policies of one proxy, asked about one request after the other in the order of the proxy: CUSTOM, tokens, AUDIT, DENY, ALLOW
// (SEC-R7, SEC-R21). What decides is what the proxy itself asks.
import type { AuthorizationRule, AuthorizationStages } from '../../ir/authorization.ts';
import type { Security } from '../../ir/table.ts';
import { peerNames } from '../../proxy/core/authorization/attributes.ts';
import { deniedDetails } from '../../proxy/core/authorization/decision.ts';
import { CompiledStages } from '../../proxy/core/authorization/stages.ts';
import type { ExchangeRecord } from '../../proxy/core/exchange-record.ts';
import { accessDenied, type LocalReply } from '../../proxy/core/local-reply.ts';
import type { Admission, UnknownPart, Verdict } from './admission.ts';
import { explainedStages } from './explained.ts';
import { firstAsKnown } from './known.ts';
import { type JudgedToken, TokenGate, type TokenKnowledge } from './tokens.ts';

export interface GateOptions {
  unknown: ReadonlySet<UnknownPart>;
  tokens: TokenKnowledge;
  /** Payload of a token that is taken to be verified. */
  claims: unknown;
  /** There is a route for the request: of one without nobody is asked. */
  isRouted: boolean;
}

export interface Admitted {
  admission: Admission;
  /** To a request that is denied. */
  denial?: LocalReply;
}

/** A decision, as far as it can be told. */
export interface Ruling {
  verdict: Verdict;
  by?: NonNullable<Admission['by']>;
  rule?: AuthorizationRule;
  details?: string;
}

const no: ReadonlySet<UnknownPart> = new Set();

export class Gate {
  /** Routes are chosen once more when a token was read. */
  readonly routesByClaims: boolean;
  private readonly http: CompiledStages | undefined;
  private readonly tcp: CompiledStages | undefined;
  private readonly tokens: TokenGate | undefined;

  constructor({ authorization, authentication }: Security) {
    this.http = authorization && new CompiledStages(authorization.http);
    this.tcp = authorization && new CompiledStages(authorization.tcp);
    this.tokens = authentication && authentication.providers.length > 0 ? new TokenGate(authentication) : undefined;
    this.routesByClaims = authentication?.routesByClaims === true;
  }

  /** Of a request: its record gets the claims of a token, and the headers that go on. */
  request(record: ExchangeRecord, options: GateOptions): Admitted {
    const before = this.tokens ? snapshot(record) : record;
    const custom = this.http && askedOf(this.http, before, options);
    let token: JudgedToken | undefined;
    let ruling = custom?.ruling;
    if (!ruling) {
      token = this.tokens?.judge(record, options.tokens, options.claims);
      if (token?.denial) ruling = { verdict: 'denied', by: 'token', details: token.denial.details };
    }
    const unverified = token?.judgement.kind === 'unverified';
    const unknown = unverified ? new Set([...options.unknown, 'claim' as const]) : options.unknown;
    ruling ??= this.http ? ruled(this.http, record, unknown) : { verdict: 'allowed' };
    // A token that turns out to be bad is refused, whatever policies say of it.
    if (unverified && ruling.verdict === 'allowed') ruling = { ...ruling, verdict: 'unknown' };
    const admission = this.admission('http', this.http?.stages, ruling, custom, { before, after: record, unknown }, token);
    if (ruling.verdict !== 'denied') return { admission };
    return { admission, denial: token?.denial ?? accessDenied(ruling.details ?? '') };
  }

  /** Of a connection without HTTP. */
  connection(record: ExchangeRecord, options: Pick<GateOptions, 'unknown'>): Admission {
    const { unknown } = options;
    const custom = this.tcp && askedOf(this.tcp, record, { unknown, isRouted: true });
    const ruling = custom?.ruling ?? (this.tcp ? ruled(this.tcp, record, unknown) : { verdict: 'allowed' as const });
    return this.admission('tcp', this.tcp?.stages, ruling, custom, { before: record, after: record, unknown }, undefined);
  }

  private admission(
    protocol: Admission['protocol'],
    stages: AuthorizationStages | undefined,
    ruling: Ruling,
    custom: Asked | undefined,
    { before, after, unknown }: { before: ExchangeRecord; after: ExchangeRecord; unknown: ReadonlySet<UnknownPart> },
    token: JudgedToken | undefined,
  ): Admission {
    const { by, rule, details } = ruling;
    const asked = custom?.asked ?? [];
    const waits = ruling.verdict === 'allowed' && asked.length > 0;
    const verdict = waits ? 'asked' : ruling.verdict === 'allowed' && custom?.maybe ? 'unknown' : ruling.verdict;
    const out: Admission = {
      protocol,
      peer: peerNames(after),
      unknown: [...unknown],
      ...(token ? { token: token.judgement } : {}),
      verdict,
      ...(by ? { by } : {}),
      ...(rule ? { rule: { name: rule.name, origin: rule.origin } } : {}),
      ...(details ? { details } : {}),
      asked,
    };
    if (!stages) return out;
    // Most of an admission, and not everybody looks at it. The record of the caller goes on and is another one then.
    const own = snapshot(after);
    const then = before === after ? own : before;
    let explained: Admission['stages'];
    return Object.defineProperty(out, 'stages', {
      enumerable: true,
      configurable: true,
      get: () => {
        explained ??= explainedStages(stages, { before: then, after: own, unknown, ruling });
        return explained;
      },
    });
  }
}

interface Asked {
  asked: Admission['asked'];
  /** Some provider may be asked. */
  maybe: boolean;
  /** Of a rule whose provider does not exist (SEC-R31). */
  ruling?: Ruling;
}

function askedOf(stages: CompiledStages, subject: ExchangeRecord, { unknown, isRouted }: Pick<GateOptions, 'unknown' | 'isRouted'>): Asked {
  const asked: Admission['asked'] = [];
  let maybe = false;
  for (const { custom, rules } of stages.custom) {
    const found = firstAsKnown(rules, subject, unknown, true);
    if (found.rule && !custom.authorizer) {
      return { asked, maybe, ruling: { verdict: 'denied', by: 'custom', rule: found.rule, details: deniedDetails(found.rule.name) } };
    }
    if (found.rule && isRouted) asked.push({ provider: custom.provider, rule: { name: found.rule.name, origin: found.rule.origin } });
    maybe ||= found.maybe;
  }
  return { asked, maybe };
}

/** DENY, then ALLOW. */
function ruled(stages: CompiledStages, subject: ExchangeRecord, unknown: ReadonlySet<UnknownPart> = no): Ruling {
  const denied = firstAsKnown(stages.denyRules, subject, unknown, true);
  if (denied.rule) return { verdict: 'denied', by: 'deny', rule: denied.rule, details: deniedDetails(denied.rule.name) };
  if (!stages.allowRules) return { verdict: denied.maybe ? 'unknown' : 'allowed' };
  const allowed = firstAsKnown(stages.allowRules, subject, unknown, false);
  if (allowed.rule) return { verdict: denied.maybe ? 'unknown' : 'allowed', rule: allowed.rule };
  if (allowed.maybe) return { verdict: 'unknown' };
  // By a DENY rule or by none that allows.
  return { verdict: 'denied', by: 'allow', details: deniedDetails('none') };
}

function snapshot(record: ExchangeRecord): ExchangeRecord {
  return { ...record, headers: record.headers.slice() };
}
