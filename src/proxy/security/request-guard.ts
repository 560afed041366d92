// What stands in front of everything else that is done with a request: CUSTOM, tokens, AUDIT, DENY, ALLOW (SEC-R7, SEC-R21).
import type { AuthorizationRule, ExternalAuthorizer } from '../../ir/authorization.ts';
import { type DryRun, deniedDetails } from '../core/authorization/decision.ts';
import type { CompiledStages } from '../core/authorization/stages.ts';
import type { ExchangeRecord } from '../core/exchange-record.ts';
import { accessDenied, type LocalReply } from '../core/local-reply.ts';
import type { AuthorizationCounters } from '../telemetry/authorization-counters.ts';
import type { ExternalCheck } from './external-check.ts';
import type { GuardedRequest, Judged, Pending } from './guarded-request.ts';
import type { TokenCheck } from './token-check.ts';

export interface RequestGuardOptions {
  /** Undefined: there are no policies. */
  stages: CompiledStages | undefined;
  /** Undefined: tokens are not asked for. */
  tokens: TokenCheck | undefined;
  /** Routes are chosen by what tokens say. */
  routesByClaims: boolean;
  counters: AuthorizationCounters;
  /** Whom providers stand for. */
  external(authorizer: ExternalAuthorizer): ExternalCheck;
}

/** Judges the requests of one filter chain by one table. */
export class RequestGuard {
  /** Others have to be asked, and waited for. */
  readonly asksOthers: boolean;
  private readonly options: RequestGuardOptions;
  private readonly replies = new Map<string, LocalReply>();

  constructor(options: RequestGuardOptions) {
    this.options = options;
    this.asksOthers = options.tokens !== undefined || (options.stages?.custom.length ?? 0) > 0;
  }

  /**
   * @param judged called once, within the call where nothing has to be waited for
   * @returns takes it back; undefined: `judged` was called
   */
  check(request: GuardedRequest, judged: Judged): Pending | undefined {
    const { stages, tokens } = this.options;
    // Else nobody reads them before the tokens are looked at.
    if (tokens !== undefined && (stages?.custom.length ?? 0) > 0) tokens.sanitize(request.record);
    const judgement = new Judgement(this, this.options, request, judged);
    judgement.next();
    return judgement.over ? undefined : judgement;
  }

  /** AUDIT, DENY, ALLOW, which wait for nobody. */
  decide(record: ExchangeRecord): LocalReply | undefined {
    const { stages, counters } = this.options;
    if (stages === undefined) return undefined;
    if (stages.auditRules !== undefined) {
      const rule = stages.audit(record);
      counters.allowed++;
      if (rule) counters.logged++;
      else counters.notLogged++;
      record.authorization = { audit: rule?.name ?? '', dryRun: undefined };
    }
    if (stages.denyRules !== undefined || stages.dryRunDenyRules !== undefined) {
      const dryRun = stages.dryRunDeny(record);
      if (dryRun) {
        if (dryRun.denied) counters.dryRunDenyDenied++;
        else counters.dryRunDenyAllowed++;
        note(record, { deny: dryRun, allow: undefined });
      }
      const rule = stages.denyRules?.first(record);
      if (rule) return this.denied(deniedDetails(rule.name));
      if (stages.denyRules !== undefined) counters.allowed++;
    }
    const dryRun = stages.dryRunAllow(record);
    if (dryRun) {
      if (dryRun.allowed) counters.dryRunAllowAllowed++;
      else counters.dryRunAllowDenied++;
      note(record, { deny: record.authorization?.dryRun?.deny, allow: dryRun });
    }
    if (stages.allowRules === undefined) return undefined;
    if (stages.allowRules.first(record) === undefined) return this.denied(deniedDetails('none'));
    counters.allowed++;
    return undefined;
  }

  /** By a rule whose provider does not exist. */
  deniedByCustom(rule: AuthorizationRule): LocalReply {
    return this.denied(deniedDetails(rule.name));
  }

  private denied(details: string): LocalReply {
    this.options.counters.denied++;
    let reply = this.replies.get(details);
    if (!reply) {
      reply = accessDenied(details);
      this.replies.set(details, reply);
    }
    return reply;
  }
}

function note(record: ExchangeRecord, dryRun: DryRun): void {
  record.authorization = { audit: record.authorization?.audit, dryRun };
}

/** One request on its way through stages that may wait. */
class Judgement implements Pending {
  over = false;
  private readonly guard: RequestGuard;
  private readonly options: RequestGuardOptions;
  private readonly request: GuardedRequest;
  private readonly judged: Judged;
  /** Who is asked next: providers, and behind them tokens. */
  private stage = 0;
  private pending: Pending | undefined = undefined;
  private routeIsOld = false;

  constructor(guard: RequestGuard, options: RequestGuardOptions, request: GuardedRequest, judged: Judged) {
    this.guard = guard;
    this.options = options;
    this.request = request;
    this.judged = judged;
  }

  cancel(): void {
    this.over = true;
    this.pending?.cancel();
    this.pending = undefined;
  }

  next(): void {
    const { stages, tokens } = this.options;
    const { record } = this.request;
    for (;;) {
      this.pending = undefined;
      if (this.over) return;
      const stage = this.stage++;
      const custom = stages?.custom[stage];
      if (custom !== undefined) {
        const rule = custom.rules.first(record);
        if (rule === undefined) continue;
        const { authorizer } = custom.custom;
        if (!authorizer) {
          this.finish(this.guard.deniedByCustom(rule));
          return;
        }
        // As in Envoy nobody is asked about a request that goes nowhere.
        if (!this.request.isRouted) continue;
        if (!this.ask(authorizer)) return;
      } else if (stage === (stages?.custom.length ?? 0)) {
        if (tokens !== undefined && !this.verify(tokens)) return;
      } else {
        if (this.routeIsOld) this.request.reroute();
        this.finish(this.guard.decide(record));
        return;
      }
    }
  }

  /** @returns whether the next stage may be asked at once */
  private ask(authorizer: ExternalAuthorizer): boolean {
    const { counters } = this.options;
    return this.wait((passed) =>
      this.options.external(authorizer).check(this.request, (verdict) => {
        if (verdict.kind === 'allowed') {
          counters.askedAllowed++;
          if (verdict.changed && authorizer.clearRouteCache) this.routeIsOld = true;
        } else if (verdict.kind === 'denied') counters.askedDenied++;
        else if (verdict.kind === 'error') {
          counters.askedError++;
          if (authorizer.failOpen) counters.askedFailOpen++;
        }
        passed(verdict.kind === 'allowed' || (verdict.kind === 'error' && authorizer.failOpen) ? undefined : verdict.reply);
      }),
    );
  }

  private verify(tokens: TokenCheck): boolean {
    return this.wait((passed) =>
      tokens.check(this.request.record, (denial) => {
        if (!denial && this.options.routesByClaims) this.routeIsOld = true;
        passed(denial);
      }),
    );
  }

  /** @returns whether it passed within the call; else `next` is called when it does */
  private wait(start: (passed: Judged) => Pending | undefined): boolean {
    let within = true;
    let ended = false;
    let result = false;
    const pending = start((denial) => {
      if (ended || this.over) return;
      ended = true;
      if (denial) this.finish(denial);
      else if (within) result = true;
      else this.next();
    });
    within = false;
    if (!ended) this.pending = pending;
    return result;
  }

  private finish(denial: LocalReply | undefined): void {
    this.over = true;
    this.judged(denial);
  }
}
