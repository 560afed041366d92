import type { ExchangeRecord } from './core/exchange-record.ts';
import type { LocalReply } from './core/local-reply.ts';
import type { Exchange } from './exchange.ts';
import type { RequestBody } from './request-body.ts';
import type { GuardedRequest, Pending } from './security/guarded-request.ts';
import type { RequestGuard } from './security/request-guard.ts';

/** A request in front of a guard that asks others: its body is held back meanwhile, but for what they ask for. */
export class Admission implements GuardedRequest {
  readonly record: ExchangeRecord;
  readonly body: RequestBody;
  private readonly exchange: Exchange;
  /** The guard waits for somebody. */
  private judgement: Pending | undefined = undefined;
  private wanted: { bytes: number; ready: () => void } | undefined = undefined;

  constructor(exchange: Exchange) {
    this.exchange = exchange;
    this.record = exchange.record;
    this.body = exchange.body;
  }

  /** The exchange goes on, or replies, when the guard has decided. */
  start(guard: RequestGuard): void {
    this.judgement = guard.check(this, (denial) => this.judged(denial));
    if (this.judgement !== undefined && this.wanted === undefined) this.exchange.pauseRequest();
  }

  private judged(denial: LocalReply | undefined): void {
    const { exchange, judgement, record } = this;
    this.judgement = undefined;
    if (exchange.done) return;
    if (denial !== undefined) {
      exchange.reply(denial);
      return;
    }
    if (judgement === undefined) {
      exchange.admitted(record.startedAt);
      return;
    }
    exchange.resumeRequest();
    exchange.admitted(exchange.scope.deps.clock.now());
  }

  get isRouted(): boolean {
    return this.exchange.isRouted;
  }

  reroute(): void {
    this.exchange.reroute();
  }

  awaitBody(bytes: number, ready: () => void): void {
    const { exchange, body, record } = this;
    this.wanted = { bytes, ready };
    body.mostKept = Math.max(body.mostKept, bytes);
    this.bodyCame();
    if (this.wanted === undefined) return;
    // The client may wait for a word before it sends what is waited for here.
    if (record.expectsContinue && body.bytes === 0) exchange.stream.writeInformational(100, []);
    exchange.resumeRequest();
  }

  /** There is more of the body, or its end. @returns whether it was waited for */
  bodyCame(): boolean {
    const { wanted, body } = this;
    if (wanted === undefined) return false;
    if (!body.complete && body.bytes < wanted.bytes) return true;
    this.wanted = undefined;
    this.exchange.pauseRequest();
    wanted.ready();
    return true;
  }

  cancel(): void {
    this.judgement?.cancel();
    this.wanted = undefined;
  }
}
