import type { ExchangeRecord } from '../core/exchange-record.ts';
import type { LocalReply } from '../core/local-reply.ts';
import type { RequestBody } from '../request-body.ts';

/** Something that is waited for. */
export interface Pending {
  cancel(): void;
}

/** Told once: the answer to a request that may not go on; undefined: it may. */
export type Judged = (denial: LocalReply | undefined) => void;

/** A request that is judged, as its exchange has it. While it is, its body is held back, but for what is asked for. */
export interface GuardedRequest {
  readonly record: ExchangeRecord;
  readonly body: RequestBody;
  /** There is a route for it. Of one without there is nothing to ask others about. */
  readonly isRouted: boolean;
  /** Calls back when the body is complete or has so many bytes; within the call where it is, or has them. */
  awaitBody(bytes: number, ready: () => void): void;
  /** Chooses the route once more: headers or claims have changed. */
  reroute(): void;
}
