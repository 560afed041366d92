import type { ExchangeRecord } from '../core/exchange-record.ts';
import type { LocalReply } from '../core/local-reply.ts';
import type { GuardedRequest, Pending } from './guarded-request.ts';

/** What a service says about a request. */
export type ExternalVerdict =
  | { kind: 'allowed'; changed: boolean }
  | { kind: 'denied'; reply: LocalReply }
  /** It is no request that it can be asked about. */
  | { kind: 'refused'; reply: LocalReply }
  /** There is no answer that could be understood. */
  | { kind: 'error'; reply: LocalReply };

/** A service that is asked about requests (ext_authz). */
export interface ExternalCheck {
  /**
   * On `allowed` the request's headers are changed as the service said, and `changed` tells whether they were.
   *
   * @param done called once, perhaps within the call
   * @returns takes it back; undefined: `done` was called
   */
  check(request: GuardedRequest, done: (verdict: ExternalVerdict) => void): Pending | undefined;
}

/** A service that is asked about connections. */
export interface ConnectionCheck {
  /** As `check` of `ExternalCheck`. */
  checkConnection(record: ExchangeRecord, done: (verdict: ExternalVerdict['kind']) => void): Pending | undefined;
}
