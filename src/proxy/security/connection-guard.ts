// What stands in front of the bytes of a connection without HTTP: CUSTOM, DENY, ALLOW (SEC-R21, SEC-R29).
import type { ExternalAuthorizer } from '../../ir/authorization.ts';
import { deniedDetails } from '../core/authorization/decision.ts';
import type { CompiledStages } from '../core/authorization/stages.ts';
import type { ExchangeRecord } from '../core/exchange-record.ts';
import type { AuthorizationCounters } from '../telemetry/authorization-counters.ts';
import type { ConnectionCheck } from './external-check.ts';
import type { Pending } from './guarded-request.ts';

/** Why a connection is closed. */
export interface ConnectionDenial {
  /** As in `%CONNECTION_TERMINATION_DETAILS%`: of policies; empty of services that were asked. */
  termination: string;
  /** As in `%RESPONSE_CODE_DETAILS%` and `%RESPONSE_FLAGS%`: of services; empty and `-` of policies. */
  details: string;
  flags: string;
}

export interface ConnectionGuardOptions {
  stages: CompiledStages;
  counters: AuthorizationCounters;
  external(authorizer: ExternalAuthorizer): ConnectionCheck;
}

type Decided = (denial: ConnectionDenial | undefined) => void;

/** Judges connections by one table: each once, at its first byte, as Envoy does. */
export class ConnectionGuard {
  private readonly options: ConnectionGuardOptions;

  constructor(options: ConnectionGuardOptions) {
    this.options = options;
  }

  /**
   * @param record of the connection, in which is noted what its policies say
   * @param decided called once, perhaps within the call; undefined: it may go on
   * @returns takes it back; undefined: `decided` was called
   */
  check(record: ExchangeRecord, decided: Decided): Pending | undefined {
    return this.ask(0, record, decided);
  }

  private ask(stage: number, record: ExchangeRecord, decided: Decided): Pending | undefined {
    const { stages, counters, external } = this.options;
    const custom = stages.custom[stage];
    if (custom === undefined) {
      decided(this.decide(record));
      return undefined;
    }
    const rule = custom.rules.first(record);
    if (rule === undefined) return this.ask(stage + 1, record, decided);
    const { authorizer } = custom.custom;
    if (!authorizer) {
      counters.denied++;
      decided(byPolicy(rule.name));
      return undefined;
    }
    let later: Pending | undefined;
    let over = false;
    const pending = external(authorizer).checkConnection(record, (verdict) => {
      if (verdict === 'allowed') counters.askedAllowed++;
      else if (verdict === 'denied') counters.askedDenied++;
      else {
        counters.askedError++;
        if (authorizer.failOpen) counters.askedFailOpen++;
      }
      if (verdict === 'allowed' || (verdict === 'error' && authorizer.failOpen)) later = this.ask(stage + 1, record, decided);
      else decided({ termination: '', details: verdict === 'denied' ? 'ext_authz_denied' : 'ext_authz_error', flags: 'UAEX' });
      over = later === undefined;
    });
    if (over) return undefined;
    return { cancel: () => (later ?? pending)?.cancel() };
  }

  private decide(record: ExchangeRecord): ConnectionDenial | undefined {
    const { stages, counters } = this.options;
    if (stages.auditRules !== undefined) {
      const rule = stages.audit(record);
      counters.allowed++;
      if (rule) counters.logged++;
      else counters.notLogged++;
      record.authorization = { audit: rule?.name ?? '', dryRun: undefined };
    }
    const wouldDeny = stages.dryRunDeny(record);
    if (wouldDeny?.denied) counters.dryRunDenyDenied++;
    else if (wouldDeny) counters.dryRunDenyAllowed++;
    const denial = stages.denyRules?.first(record);
    const wouldAllow = denial ? undefined : stages.dryRunAllow(record);
    if (wouldAllow?.allowed) counters.dryRunAllowAllowed++;
    else if (wouldAllow) counters.dryRunAllowDenied++;
    if (wouldDeny || wouldAllow) record.authorization = { audit: record.authorization?.audit, dryRun: { deny: wouldDeny, allow: wouldAllow } };
    if (denial) {
      counters.denied++;
      return byPolicy(denial.name);
    }
    if (stages.denyRules) counters.allowed++;
    if (!stages.allowRules) return undefined;
    if (stages.allowRules.first(record) === undefined) {
      counters.denied++;
      return byPolicy('none');
    }
    counters.allowed++;
    return undefined;
  }
}

const byPolicy = (name: string): ConnectionDenial => ({ termination: deniedDetails(name), details: '', flags: '-' });
