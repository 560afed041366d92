import type { ExchangeRecord } from '../core/exchange-record.ts';
import type { LocalReply } from '../core/local-reply.ts';

/** Reads and verifies the tokens of requests of one proxy, as its table's `security.authentication` says. */
export interface TokenCheck {
  /** Drops headers that only rules may set (SEC-R42): before anybody reads them, such as a service that is asked. */
  sanitize(record: ExchangeRecord): void;
  /**
   * On success `record.claims` is the payload of the verified token (unchanged without one), and `record.headers` are as they go
   * upstream (SEC-R42).
   *
   * @param done called once, within the call where nothing has to be waited for; with the answer to a request that may not go on
   * @returns takes it back: `done` will not be called; undefined: `done` was called
   */
  check(record: ExchangeRecord, done: (denial: LocalReply | undefined) => void): { cancel(): void } | undefined;
}
