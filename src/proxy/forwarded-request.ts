// A request on its way upstream: tries at endpoints, retries, and the time that all of them have. How its response goes to the client
// is left to the exchange.
import type { ForwardAction } from '../ir/route.ts';
import type { ChooseContext } from './core/balance/choose.ts';
import type { Hash64 } from './core/balance/hash64.ts';
import type { Host } from './core/balance/host.ts';
import type { Timer } from './core/clock.ts';
import type { CompiledCluster, CompiledRoute } from './core/compiled-route.ts';
import { httpStatusOfGrpc, parseGrpcStatus } from './core/grpc.ts';
import { requestHash } from './core/hash-policy.ts';
import { getHeader, type Headers } from './core/headers.ts';
import type { LocalReply } from './core/local-reply.ts';
import * as replies from './core/local-reply.ts';
import { addFlag, flags } from './core/response-flags.ts';
import { upstreamResponse } from './core/response-head.ts';
import { type CompiledRetry, type ResetReason, shouldRetryReset, shouldRetryResponse } from './core/retry.ts';
import { applyRoute, prepareRetry, type RequestTimeouts } from './core/route-request.ts';
import type { Exchange } from './exchange.ts';
import { type MirrorRequest, startMirrors } from './mirror-request.ts';
import { Retries } from './retries.ts';
import type { Failure, UpstreamConnection } from './stream.ts';
import { UpstreamRequest } from './upstream-request.ts';
import type { UpstreamCluster } from './upstreams.ts';

const noTimeouts: RequestTimeouts = { routeMs: 0, perTryMs: 0 };

export class ForwardedRequest {
  readonly exchange: Exchange;
  private readonly route: CompiledRoute;
  private readonly destination: CompiledCluster;
  private readonly cluster: UpstreamCluster;
  private timeouts: RequestTimeouts = noTimeouts;
  private hash: Hash64 | undefined = undefined;
  /** The try that is under way. */
  private upstream: UpstreamRequest | undefined = undefined;
  /** Of the last try, and of those before. */
  private host: Host | undefined = undefined;
  private tried: Host[] | undefined = undefined;
  /** While a request is given to a pool: the time of that. */
  private tryingAt = -1;
  /** Undefined: none was wanted yet. */
  private retries: Retries | undefined = undefined;
  private mirrors: MirrorRequest[] | undefined = undefined;
  private totalTimer: Timer | undefined = undefined;
  private perTryTimer: Timer | undefined = undefined;
  /** The response has begun: there are no more tries. */
  headSent = false;

  /** @param route one that forwards, `destination` one of its clusters */
  constructor(exchange: Exchange, route: CompiledRoute, destination: CompiledCluster, cluster: UpstreamCluster) {
    this.exchange = exchange;
    this.route = route;
    this.destination = destination;
    this.cluster = cluster;
  }

  start({ mirrors, hash }: ForwardAction, now: number): void {
    const { exchange } = this;
    const { record, body } = exchange;
    this.timeouts = applyRoute(record, this.route, this.destination);
    if (body.complete) this.startTotalTimer(now);
    if (mirrors.length > 0) this.mirrors = startMirrors(exchange, mirrors, this.timeouts.routeMs);
    if (hash.length > 0) this.hash = requestHash(hash, record);
    this.try(now);
  }

  /** Sends the request to an endpoint: the first time, or again. */
  private try(now: number): void {
    const { exchange, cluster, route } = this;
    const { record, body } = exchange;
    record.attempts++;
    if (this.host !== undefined) {
      if (this.tried === undefined) this.tried = [this.host];
      else this.tried.push(this.host);
    }
    const host = cluster.state.choose(this.context());
    if (host === undefined) {
      this.retries?.release();
      record.upstreamHost = '';
      exchange.reply(replies.noHealthyUpstream);
      return;
    }
    record.upstreamHost = host.key;
    if (record.attempts > 1) {
      const elapsed = record.requestCompleteAt < 0 ? 0 : now - record.requestCompleteAt;
      prepareRetry(record, route, this.timeouts, record.attempts, elapsed);
    }
    this.host = host;
    const upstream = new UpstreamRequest(this, host);
    this.upstream = upstream;
    this.tryingAt = now;
    upstream.start(cluster, record, body);
    this.tryingAt = -1;
    // It may have failed already.
    if (this.upstream === upstream && body.complete) this.startPerTryTimer(now);
  }

  private context(): ChooseContext | undefined {
    const { cluster, exchange, hash, tried, route } = this;
    const original = cluster.cluster.loadBalancer.policy === 'original-destination';
    if (hash === undefined && tried === undefined && !original) return undefined;
    const { scope, stream, record } = exchange;
    return {
      hash,
      tried,
      retry: route.retry?.policy,
      destination: original ? scope.originalDestination(stream.connection, record) : undefined,
    };
  }

  /** Nothing more is wanted of it: all that is held is given back. */
  cancel(): void {
    this.totalTimer?.cancel();
    this.perTryTimer?.cancel();
    this.retries?.cancel();
    this.drop();
    if (this.mirrors !== undefined && !this.exchange.body.complete) for (const mirror of this.mirrors) mirror.reset();
  }

  private drop(): void {
    const { upstream } = this;
    this.upstream = undefined;
    upstream?.reset();
  }

  // The request -----------------------------------------------------------------------------------------------------------

  write(chunk: Uint8Array): void {
    const { exchange, upstream, mirrors } = this;
    const { body } = exchange;
    if (upstream === undefined || this.mayBeSentAgain) body.add(chunk, !this.headSent);
    else if (!body.overflowed) body.release();
    if (mirrors !== undefined) for (const mirror of mirrors) mirror.write(chunk);
    if (upstream !== undefined) {
      if (!upstream.write(chunk)) exchange.pauseRequest();
    } else if (body.isLong) exchange.pauseRequest();
  }

  private get mayBeSentAgain(): boolean {
    const { retry } = this.route;
    if (retry === undefined || this.headSent || this.exchange.record.isUpgrade) return false;
    return (this.retries === undefined ? retry.attempts : this.retries.left) > 0;
  }

  /** @param now when all of it was there */
  end(trailers: Headers | undefined, now: number): void {
    const { upstream, mirrors } = this;
    const { record } = this.exchange;
    if (mirrors !== undefined) for (const mirror of mirrors) mirror.end(trailers);
    this.startTotalTimer(now);
    if (upstream === undefined) return;
    if (record.firstUpstreamTxAt >= 0) record.lastUpstreamTxAt = now;
    upstream.end(trailers);
    this.startPerTryTimer(now);
  }

  /** The client takes more of the response. */
  resume(): void {
    this.upstream?.resume();
  }

  // The endpoint ----------------------------------------------------------------------------------------------------------

  onUpstreamConnection(connection: UpstreamConnection, host: Host): void {
    const { record, body, scope } = this.exchange;
    record.upstreamLocal = `${connection.localAddress}:${connection.localPort}`;
    record.upstreamProtocol = connection.protocol;
    const now = this.tryingAt >= 0 ? this.tryingAt : scope.deps.clock.now();
    if (record.firstUpstreamTxAt < 0) record.firstUpstreamTxAt = now;
    if (body.complete) record.lastUpstreamTxAt = now;
    this.cluster.state.recordConnect(host);
  }

  /** There is room for more of the request. */
  onUpstreamDrain(): void {
    this.exchange.resumeRequest();
  }

  onUpstreamInformational(status: number, headers: Headers): void {
    // Also 100: who waits for it gets that of the endpoint (RT-R44).
    if (!this.headSent) this.exchange.stream.writeInformational(status, headers);
  }

  onUpstreamHead(status: number, headers: Headers, endStream: boolean, upgraded: boolean, host: Host): void {
    const { exchange, route, cluster } = this;
    const { record, body, scope } = exchange;
    const now = scope.deps.clock.now();
    record.firstUpstreamRxAt = now;
    const grpc = record.isGrpc ? parseGrpcStatus(getHeader(headers, 'grpc-status')) : -1;
    cluster.state.recordResponse(host, grpc >= 0 ? httpStatusOfGrpc(grpc) : status);
    const { retry } = route;
    if (retry !== undefined && !upgraded && shouldRetryResponse(retry, status, headers) && this.mayRetry(retry)) {
      this.drop();
      this.scheduleRetry();
      return;
    }
    this.retries?.release();
    this.stopPerTryTimer();
    this.headSent = true;
    body.release();
    record.firstDownstreamTxAt = now;
    const serviceTime = record.requestCompleteAt < 0 ? -1 : now - record.requestCompleteAt;
    const head = upstreamResponse(record, route, this.destination, status, headers, serviceTime, scope.policy, scope.deps.date());
    exchange.respond(status, head, endStream, upgraded);
  }

  onUpstreamData(chunk: Uint8Array): void {
    if (!this.exchange.respondData(chunk)) this.upstream?.pause();
  }

  onUpstreamEnd(trailers: Headers | undefined): void {
    this.upstream = undefined;
    this.exchange.endResponse(trailers);
  }

  onUpstreamFailure(failure: Failure, host: Host, headersSent: boolean): void {
    const { exchange, cluster } = this;
    const { record } = exchange;
    const { reason } = failure;
    this.upstream = undefined;
    if (reason !== 'overflow') {
      cluster.state.recordFailure(host, reason === 'remote connection failure' ? 'connect' : reason === 'connection timeout' ? 'timeout' : 'reset');
    }
    if (this.headSent) {
      record.flags = addFlag(record.flags, replies.resetFlag(reason));
      record.details = replies.resetAfterResponse(reason, failure.transport);
      exchange.cutResponse(failure.code);
      return;
    }
    record.upstreamFailure = failure.transport;
    this.retryOrReply(reason, headersSent, replies.upstreamReset(reason, record.attempts > 1, failure.transport));
  }

  // Retries ---------------------------------------------------------------------------------------------------------------

  /** A try ended without a response. */
  private retryOrReply(reason: ResetReason, headersSent: boolean, reply: LocalReply): void {
    const { retry } = this.route;
    if (retry !== undefined && shouldRetryReset(retry, reason, headersSent) && this.mayRetry(retry)) {
      this.scheduleRetry();
      return;
    }
    this.retries?.release();
    this.exchange.reply(reply);
  }

  private mayRetry(retry: CompiledRetry): boolean {
    const { record, body } = this.exchange;
    // What was not kept cannot be sent again, and nobody is told that a retry was wanted (RT-R80).
    if (record.isUpgrade || body.overflowed) return false;
    this.retries ??= new Retries(retry, this.cluster.state.breakers);
    return this.retries.take(record);
  }

  private scheduleRetry(): void {
    const { deps } = this.exchange.scope;
    this.stopPerTryTimer();
    this.retries?.schedule(deps, () => this.try(deps.clock.now()));
    this.exchange.resumeRequest();
  }

  // Time ------------------------------------------------------------------------------------------------------------------

  /** It runs from when the whole request is there, over all tries (RT-R60). */
  private startTotalTimer(now: number): void {
    const { routeMs } = this.timeouts;
    if (routeMs > 0 && this.totalTimer === undefined) this.totalTimer = this.exchange.scope.deps.clock.setTimer(routeMs, () => this.onTimeout(), now);
  }

  private startPerTryTimer(now: number): void {
    const { perTryMs } = this.timeouts;
    if (perTryMs <= 0 || this.headSent || this.upstream === undefined) return;
    this.perTryTimer?.cancel();
    this.perTryTimer = this.exchange.scope.deps.clock.setTimer(perTryMs, () => this.onPerTryTimeout(), now);
  }

  private stopPerTryTimer(): void {
    this.perTryTimer?.cancel();
    this.perTryTimer = undefined;
  }

  private onTimeout(): void {
    const { exchange, upstream } = this;
    const { record } = exchange;
    this.totalTimer = undefined;
    // Only the timeout counts, whatever tries before it ended with (RT-R83).
    record.flags = addFlag(0, flags.upstreamRequestTimeout);
    if (upstream !== undefined && !this.headSent) this.cluster.state.recordFailure(upstream.host, 'timeout');
    this.drop();
    this.retries?.release();
    record.details = 'response_timeout';
    if (this.headSent) exchange.cutResponse();
    else exchange.reply(replies.responseTimeout);
  }

  private onPerTryTimeout(): void {
    const { upstream } = this;
    this.perTryTimer = undefined;
    if (this.headSent || upstream === undefined) return;
    this.cluster.state.recordFailure(upstream.host, 'timeout');
    this.drop();
    this.retryOrReply('local reset', true, replies.perTryTimeout);
  }
}
