import type { FilterChain, HttpFilter } from '../ir/listener.ts';
import type { Clock, Random } from './core/clock.ts';
import type { ExchangeRecord } from './core/exchange-record.ts';
import type { HeadPolicy } from './core/request-head.ts';
import type { RequestIds } from './core/request-id.ts';
import { Exchange } from './exchange.ts';
import type { HostRouter } from './host-port-router.ts';
import type { RequestGuard } from './security/request-guard.ts';
import type { ConnectionInfo, Refusal, RequestHead, RequestListener, ServerHandler, ServerStream } from './stream.ts';
import type { Upstreams } from './upstreams.ts';

/** What all requests of a process share. */
export interface ExchangeDeps {
  clock: Clock;
  random: Random;
  ids: RequestIds;
  upstreams: Upstreams;
  /** Value of a `date` header. */
  date: () => string;
  /** A request is over. */
  finished: (record: ExchangeRecord, scope: HttpScope) => void;
  /** A request that never was one. */
  refused: (scope: HttpScope, connection: ConnectionInfo, refusal: Refusal) => void;
}

/**
 * How the requests of one filter chain are treated. A new table replaces router and policy in place: connections stay, and each
 * request takes what is in force when it comes.
 */
export class HttpScope implements RequestListener {
  readonly deps: ExchangeDeps;
  /** Of the filter chain, as in the access log. */
  chain: string;
  listener: string;
  direction: 'outbound' | 'inbound';
  filter: HttpFilter;
  policy: HeadPolicy;
  router: HostRouter;
  /** Undefined: everybody may come in. */
  guard: RequestGuard | undefined = undefined;
  /** Requests under way. */
  active = 0;
  /** Where a connection meant to go that was not captured: told by the request itself. */
  private readonly byRequest: ((record: ExchangeRecord) => { address: string; port: number } | undefined) | undefined;

  constructor(
    deps: ExchangeDeps,
    of: { chain: FilterChain & { filter: HttpFilter }; listener: string; direction: 'outbound' | 'inbound'; policy: HeadPolicy; router: HostRouter },
    byRequest?: (record: ExchangeRecord) => { address: string; port: number } | undefined,
  ) {
    this.deps = deps;
    this.chain = of.chain.name;
    this.listener = of.listener;
    this.direction = of.direction;
    this.filter = of.chain.filter;
    this.policy = of.policy;
    this.router = of.router;
    this.byRequest = byRequest;
  }

  onRequest(stream: ServerStream, head: RequestHead, endStream: boolean): ServerHandler {
    this.active++;
    const exchange = new Exchange(stream, this, endStream);
    exchange.start(head);
    return exchange;
  }

  onRefused(connection: ConnectionInfo, refusal: Refusal): void {
    this.deps.refused(this, connection, refusal);
  }

  /** For clusters that send on to where the client meant to connect. */
  originalDestination(connection: ConnectionInfo, record: ExchangeRecord): { address: string; port: number } | undefined {
    return this.byRequest ? this.byRequest(record) : connection.originalDestination;
  }

  finished(record: ExchangeRecord): void {
    this.active--;
    this.deps.finished(record, this);
  }
}
