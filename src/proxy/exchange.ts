// One request on its way through the proxy: guard, fault, CORS, router (SEC-R7, RT-R1), tries at endpoints, response. What to do is
// decided in core/; this file holds the state between events.
import type { ChooseContext } from './core/balance/choose.ts';
import type { Hash64 } from './core/balance/hash64.ts';
import type { Host } from './core/balance/host.ts';
import type { Timer } from './core/clock.ts';
import { type CompiledCluster, type CompiledRoute, chooseCluster } from './core/compiled-route.ts';
import { answerPreflight } from './core/cors.ts';
import { ExchangeRecord } from './core/exchange-record.ts';
import { drawAbort, drawDelayMs } from './core/fault.ts';
import { httpStatusOfGrpc, parseGrpcStatus } from './core/grpc.ts';
import { requestHash } from './core/hash-policy.ts';
import { getHeader, type Headers } from './core/headers.ts';
import type { LocalReply } from './core/local-reply.ts';
import * as replies from './core/local-reply.ts';
import { redirectReply, tlsRedirect } from './core/redirect.ts';
import { conditionRequest } from './core/request-head.ts';
import { addFlag, flags } from './core/response-flags.ts';
import { localResponse, upstreamResponse } from './core/response-head.ts';
import { backoffMs, type CompiledRetry, retryBufferBytes, shouldRetryReset, shouldRetryResponse } from './core/retry.ts';
import { applyRoute, decorate, prepareRetry, type RequestTimeouts } from './core/route-request.ts';
import { streamDurationMs } from './core/timeout.ts';
import type { HttpScope } from './http-scope.ts';
import { type MirrorRequest, startMirrors } from './mirror-request.ts';
import { RequestBody } from './request-body.ts';
import type { GuardedRequest, Pending } from './security/guarded-request.ts';
import type { RequestGuard } from './security/request-guard.ts';
import type { Failure, RequestHead, ServerHandler, ServerStream, UpstreamConnection } from './stream.ts';
import { UpstreamRequest } from './upstream-request.ts';
import type { UpstreamCluster } from './upstreams.ts';

const noTimeouts: RequestTimeouts = { routeMs: 0, perTryMs: 0 };

export class Exchange implements ServerHandler, GuardedRequest {
  readonly stream: ServerStream;
  readonly scope: HttpScope;
  readonly record: ExchangeRecord;
  readonly body: RequestBody;
  route: CompiledRoute | undefined = undefined;
  private destination: CompiledCluster | undefined = undefined;
  cluster: UpstreamCluster | undefined = undefined;
  private upstream: UpstreamRequest | undefined = undefined;
  private mirrors: MirrorRequest[] | undefined = undefined;
  /** Of the last try. */
  host: Host | undefined = undefined;
  private tried: Host[] | undefined = undefined;
  /** For a request that has to come by TLS (SEL-R64). */
  private tlsRedirect: LocalReply | undefined = undefined;
  /** The guard waits for somebody. */
  private judgement: Pending | undefined = undefined;
  private wantedBody: { bytes: number; ready: () => void } | undefined = undefined;
  private hash: Hash64 | undefined = undefined;
  private hashed = false;
  private retriesLeft = 0;
  private retryTaken = false;
  private timeouts: RequestTimeouts = noTimeouts;
  private totalTimer: Timer | undefined = undefined;
  private perTryTimer: Timer | undefined = undefined;
  /** Fault delay or back-off. */
  private waitTimer: Timer | undefined = undefined;
  /** While a request is given to a pool: the time of that. */
  private tryingAt = -1;
  private durationTimer: Timer | undefined = undefined;
  private headSent = false;
  private responseDone = false;
  private requestPaused = false;
  done = false;

  constructor(stream: ServerStream, scope: HttpScope, endStream: boolean) {
    this.stream = stream;
    this.scope = scope;
    this.record = new ExchangeRecord();
    this.body = new RequestBody();
    this.body.complete = endStream;
  }

  start(head: RequestHead): void {
    const { scope, record, stream } = this;
    const { clock } = scope.deps;
    record.startedAt = clock.now();
    record.startWall = clock.wallTime();
    if (this.body.complete) record.requestCompleteAt = record.startedAt;
    record.filterChain = scope.chain;
    const refusal = conditionRequest(head, stream.connection, scope.policy, scope.deps.ids, record);
    if (refusal) {
      this.reply(refusal);
      return;
    }
    const route = this.chooseRoute();
    if (route !== undefined) decorate(record, route, scope.policy.egress);
    const { guard } = scope;
    if (guard === undefined) this.admitted(record.startedAt);
    else this.judge(guard);
  }

  /** The route of the request as it is now, and the cluster. */
  private chooseRoute(): CompiledRoute | undefined {
    const { record, scope, stream } = this;
    const virtualHost = scope.router.virtualHost(record.authority);
    const route = virtualHost?.match(record);
    if (virtualHost?.requireTls && stream.connection.tls === undefined) {
      this.tlsRedirect = tlsRedirect(record);
      if (this.tlsRedirect !== undefined) return undefined;
    }
    this.route = route;
    // Also of a request that is cut short the log has the cluster that it would have had (RT-R94).
    if (route?.forward) this.choose(route);
    return route;
  }

  // The guard -------------------------------------------------------------------------------------------------------------

  private judge(guard: RequestGuard): void {
    if (!guard.asksOthers) {
      this.judged(guard.decide(this.record));
      return;
    }
    this.judgement = guard.check(this, (denial) => this.judged(denial));
    if (this.judgement !== undefined && this.wantedBody === undefined) this.pauseRequest();
  }

  private judged(denial: LocalReply | undefined): void {
    const { judgement, record, scope } = this;
    this.judgement = undefined;
    if (this.done) return;
    if (denial !== undefined) {
      this.reply(denial);
      return;
    }
    if (judgement === undefined) {
      this.admitted(record.startedAt);
      return;
    }
    this.resumeRequest();
    this.admitted(scope.deps.clock.now());
  }

  get isRouted(): boolean {
    return this.route !== undefined || this.tlsRedirect !== undefined;
  }

  awaitBody(bytes: number, ready: () => void): void {
    this.wantedBody = { bytes, ready };
    this.body.mostKept = Math.max(this.body.mostKept, bytes);
    this.bodyCame();
    if (this.wantedBody === undefined) return;
    // The client may wait for a word before it sends what is waited for here.
    if (this.record.expectsContinue && this.body.bytes === 0) this.stream.writeInformational(100, []);
    this.resumeRequest();
  }

  private bodyCame(): void {
    const { wantedBody, body } = this;
    if (wantedBody === undefined || (!body.complete && body.bytes < wantedBody.bytes)) return;
    this.wantedBody = undefined;
    this.pauseRequest();
    wantedBody.ready();
  }

  reroute(): void {
    const { record } = this;
    this.route = undefined;
    this.cluster = undefined;
    this.destination = undefined;
    record.route = '';
    record.virtualHost = '';
    record.cluster = '';
    const route = this.chooseRoute();
    if (route === undefined) return;
    record.route = route.name;
    record.virtualHost = route.virtualHost;
  }

  /** The request may go on. */
  private admitted(now: number): void {
    const { route } = this;
    if (this.tlsRedirect !== undefined) {
      this.reply(this.tlsRedirect);
      return;
    }
    if (route === undefined) {
      this.reply(replies.noRoute);
      return;
    }
    const { fault } = route.route;
    if (fault === undefined) this.afterFault(route, now);
    else this.fault(route, fault, now);
  }

  private fault(route: CompiledRoute, policy: NonNullable<CompiledRoute['route']['fault']>, now: number): void {
    const { scope, record } = this;
    const { random, clock } = scope.deps;
    const delay = drawDelayMs(policy, random);
    if (delay < 0) {
      this.afterDelay(route, policy, now);
      return;
    }
    record.flags = addFlag(record.flags, flags.delayInjected);
    this.pauseRequest();
    this.waitTimer = clock.setTimer(delay, () => {
      this.waitTimer = undefined;
      this.resumeRequest();
      this.afterDelay(route, policy, clock.now());
    });
  }

  private afterDelay(route: CompiledRoute, policy: NonNullable<CompiledRoute['route']['fault']>, now: number): void {
    const abort = drawAbort(policy, this.scope.deps.random);
    if (abort) this.reply(abort);
    else this.afterFault(route, now);
  }

  private choose(route: CompiledRoute): void {
    const chosen = chooseCluster(route, this.scope.deps.random);
    this.destination = chosen;
    this.cluster = this.scope.deps.upstreams.get(chosen.cluster);
    this.record.cluster = this.cluster ? chosen.cluster : '';
  }

  private afterFault(route: CompiledRoute, now: number): void {
    const { record, scope } = this;
    const { action } = route.route;
    if (action.kind === 'redirect') {
      this.reply(redirectReply(route, record));
      return;
    }
    if (action.kind === 'direct') {
      this.reply(replies.direct(action.status, route.body ?? ''));
      return;
    }
    if (route.cors !== undefined) {
      const headers = answerPreflight(route.cors, record);
      if (headers !== undefined) {
        this.reply(replies.corsPreflight(headers));
        return;
      }
    }
    const { cluster, destination } = this;
    if (cluster === undefined || destination === undefined) {
      this.reply(replies.clusterNotFound[action.missingClusterStatus]);
      return;
    }
    this.retriesLeft = route.retry?.attempts ?? 0;
    const duration = streamDurationMs(action, record.isGrpc, record.headers);
    if (duration > 0) this.durationTimer = scope.deps.clock.setTimer(duration, () => this.onDuration());
    this.timeouts = applyRoute(record, route, destination);
    if (this.body.complete) this.startTotalTimer(now);
    if (action.mirrors.length > 0) this.mirrors = startMirrors(this, action.mirrors, this.timeouts.routeMs);
    this.try(now);
  }

  /** Sends the request to an endpoint: the first time, or again. */
  private try(now: number): void {
    const { record, route, cluster } = this;
    if (this.done || route === undefined || cluster === undefined) return;
    record.attempts++;
    if (this.host !== undefined) {
      if (this.tried === undefined) this.tried = [this.host];
      else this.tried.push(this.host);
    }
    const host = cluster.state.choose(this.context(route));
    if (host === undefined) {
      this.finishRetry();
      record.upstreamHost = '';
      this.reply(replies.noHealthyUpstream);
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
    upstream.start(cluster, record, this.body);
    this.tryingAt = -1;
    // It may have failed already.
    if (this.upstream === upstream && this.body.complete) this.startPerTryTimer(now);
  }

  private context(route: CompiledRoute): ChooseContext | undefined {
    const { cluster, stream } = this;
    if (!this.hashed) {
      this.hashed = true;
      const hash = route.forward?.hash;
      if (hash !== undefined && hash.length > 0) this.hash = requestHash(hash, this.record);
    }
    const original = cluster?.cluster.loadBalancer.policy === 'original-destination';
    if (this.hash === undefined && this.tried === undefined && !original) return undefined;
    return {
      hash: this.hash,
      tried: this.tried,
      retry: route.retry?.policy,
      destination: original ? this.scope.originalDestination(stream.connection, this.record) : undefined,
    };
  }

  // The client ------------------------------------------------------------------------------------------------------------

  onData(chunk: Uint8Array): void {
    const { record, body, upstream, route } = this;
    if (this.done) return;
    record.bytesReceived += chunk.length;
    const keep = !this.headSent && (upstream === undefined || (route?.retry !== undefined && this.retriesLeft > 0 && !record.isUpgrade));
    if (keep || upstream === undefined) body.add(chunk, keep);
    else if (!body.overflowed) body.release();
    if (this.mirrors !== undefined) for (const mirror of this.mirrors) mirror.write(chunk);
    if (upstream !== undefined) {
      if (!upstream.write(chunk)) this.pauseRequest();
    } else if (this.wantedBody !== undefined) this.bodyCame();
    else if (body.bytes > retryBufferBytes) this.pauseRequest();
  }

  onEnd(trailers?: Headers): void {
    if (this.done) return;
    const { record, body, scope } = this;
    body.complete = true;
    body.trailers = trailers;
    const now = scope.deps.clock.now();
    record.requestCompleteAt = now;
    if (this.wantedBody !== undefined) {
      this.bodyCame();
      return;
    }
    if (this.mirrors !== undefined) for (const mirror of this.mirrors) mirror.end(trailers);
    if (this.cluster !== undefined && record.attempts > 0) this.startTotalTimer(now);
    if (this.upstream !== undefined) {
      if (record.firstUpstreamTxAt >= 0) record.lastUpstreamTxAt = now;
      this.upstream.end(trailers);
      this.startPerTryTimer(now);
    }
  }

  onReset(reason: 'disconnect' | 'protocol-error' | 'reset'): void {
    if (this.done) return;
    const { record } = this;
    record.flags = addFlag(
      record.flags,
      reason === 'protocol-error' ? flags.downstreamProtocolError : reason === 'reset' ? flags.downstreamRemoteReset : flags.downstreamConnectionTermination,
    );
    record.details = reason === 'protocol-error' ? 'http1.codec_error' : reason === 'reset' ? 'http2.remote_reset' : 'downstream_remote_disconnect';
    this.finish();
  }

  onDrain(): void {
    this.upstream?.resume();
  }

  // The endpoint ----------------------------------------------------------------------------------------------------------

  onUpstreamConnection(connection: UpstreamConnection, host: Host): void {
    const { record } = this;
    record.upstreamLocal = `${connection.localAddress}:${connection.localPort}`;
    record.upstreamProtocol = connection.protocol;
    const now = this.tryingAt >= 0 ? this.tryingAt : this.scope.deps.clock.now();
    if (record.firstUpstreamTxAt < 0) record.firstUpstreamTxAt = now;
    if (this.body.complete) record.lastUpstreamTxAt = now;
    this.cluster?.state.recordConnect(host);
  }

  /** There is room for more of the request. */
  onUpstreamDrain(): void {
    this.resumeRequest();
  }

  onUpstreamInformational(status: number, headers: Headers): void {
    // Also 100: who waits for it gets that of the endpoint (RT-R44).
    if (!this.headSent) this.stream.writeInformational(status, headers);
  }

  onUpstreamHead(status: number, headers: Headers, endStream: boolean, upgraded: boolean, host: Host): void {
    const { record, route, cluster, scope } = this;
    if (route === undefined || cluster === undefined) return;
    const now = scope.deps.clock.now();
    record.firstUpstreamRxAt = now;
    const grpc = record.isGrpc ? parseGrpcStatus(getHeader(headers, 'grpc-status')) : -1;
    cluster.state.recordResponse(host, grpc >= 0 ? httpStatusOfGrpc(grpc) : status);
    const { retry } = route;
    if (retry !== undefined && !upgraded && shouldRetryResponse(retry, status, headers)) {
      if (this.mayRetry(retry)) {
        if (endStream) this.upstream = undefined;
        else this.dropUpstream();
        this.scheduleRetry(retry);
        return;
      }
    }
    this.finishRetry();
    this.perTryTimer?.cancel();
    this.perTryTimer = undefined;
    this.headSent = true;
    this.body.release();
    record.firstDownstreamTxAt = now;
    const serviceTime = record.requestCompleteAt < 0 ? -1 : now - record.requestCompleteAt;
    const final = upstreamResponse(record, route, this.destination, status, headers, serviceTime, scope.policy, scope.deps.date());
    if (endStream) this.responseDone = true;
    if (upgraded) this.stream.writeUpgrade(status, final);
    else this.stream.writeHead(status, final, endStream);
    if (endStream) this.finish();
  }

  onUpstreamData(chunk: Uint8Array): void {
    this.record.bytesSent += chunk.length;
    if (!this.stream.write(chunk)) this.upstream?.pause();
  }

  onUpstreamEnd(trailers: Headers | undefined): void {
    this.responseDone = true;
    if (trailers !== undefined) this.record.responseTrailers = trailers;
    this.upstream = undefined;
    this.stream.end(trailers);
    this.finish();
  }

  onUpstreamFailure(failure: Failure, host: Host, headersSent: boolean): void {
    const { record, route, cluster } = this;
    this.upstream = undefined;
    if (cluster === undefined || route === undefined) return;
    const { reason } = failure;
    if (reason !== 'overflow') {
      cluster.state.recordFailure(host, reason === 'remote connection failure' ? 'connect' : reason === 'connection timeout' ? 'timeout' : 'reset');
    }
    if (this.headSent) {
      this.failAfterHead(failure);
      return;
    }
    record.upstreamFailure = failure.transport;
    const { retry } = route;
    if (retry !== undefined && shouldRetryReset(retry, reason, headersSent) && this.mayRetry(retry)) {
      this.scheduleRetry(retry);
      return;
    }
    this.finishRetry();
    this.reply(replies.upstreamReset(reason, record.attempts > 1, failure.transport));
  }

  /** The response is cut off; HTTP/1 can only tell by closing (LR-R8). */
  private failAfterHead(failure: Failure): void {
    const { record } = this;
    record.flags = addFlag(record.flags, replies.resetFlag(failure.reason));
    record.details = replies.resetAfterResponse(failure.reason, failure.transport);
    this.stream.reset(failure.code);
    this.finish();
  }

  // Retries ---------------------------------------------------------------------------------------------------------------

  /** Whether there may be another try; says why not in the record (RT-R78, RT-R79). */
  private mayRetry(retry: CompiledRetry): boolean {
    const { record, body, cluster } = this;
    this.finishRetry();
    if (this.headSent || record.isUpgrade) return false;
    // What was not kept cannot be sent again, and nobody is told that a retry was wanted (RT-R80).
    if (body.overflowed) return false;
    if (this.retriesLeft <= 0) {
      if (retry.attempts >= 0) record.flags = addFlag(record.flags, flags.upstreamRetryLimitExceeded);
      return false;
    }
    if (cluster === undefined || !cluster.state.breakers.tryRetry()) {
      record.flags = addFlag(record.flags, flags.upstreamOverflow);
      return false;
    }
    this.retryTaken = true;
    this.retriesLeft--;
    return true;
  }

  private finishRetry(): void {
    if (!this.retryTaken) return;
    this.retryTaken = false;
    this.cluster?.state.breakers.retries.release();
  }

  private scheduleRetry(retry: CompiledRetry): void {
    const { scope } = this;
    this.perTryTimer?.cancel();
    this.perTryTimer = undefined;
    const number = retry.attempts - this.retriesLeft;
    this.waitTimer = scope.deps.clock.setTimer(backoffMs(retry, number, scope.deps.random), () => {
      this.waitTimer = undefined;
      this.try(scope.deps.clock.now());
    });
    this.resumeRequest();
  }

  // Time ------------------------------------------------------------------------------------------------------------------

  /** It runs from when the whole request is there, over all tries (RT-R60). */
  private startTotalTimer(now: number): void {
    const { routeMs } = this.timeouts;
    if (routeMs > 0 && this.totalTimer === undefined) this.totalTimer = this.scope.deps.clock.setTimer(routeMs, () => this.onTimeout(), now);
  }

  private startPerTryTimer(now: number): void {
    if (this.timeouts.perTryMs <= 0 || this.headSent || this.upstream === undefined) return;
    this.perTryTimer?.cancel();
    this.perTryTimer = this.scope.deps.clock.setTimer(this.timeouts.perTryMs, () => this.onPerTryTimeout(), now);
  }

  private onTimeout(): void {
    const { record, upstream } = this;
    if (this.done) return;
    this.totalTimer = undefined;
    // Only the timeout counts, whatever tries before it ended with (RT-R83).
    record.flags = addFlag(0, flags.upstreamRequestTimeout);
    if (upstream !== undefined) {
      if (!this.headSent) this.cluster?.state.recordFailure(upstream.host, 'timeout');
      this.dropUpstream();
    }
    this.finishRetry();
    record.details = 'response_timeout';
    if (this.headSent) {
      this.stream.reset();
      this.finish();
    } else this.reply(replies.responseTimeout);
  }

  private onPerTryTimeout(): void {
    const { upstream, route } = this;
    this.perTryTimer = undefined;
    if (this.done || this.headSent || upstream === undefined || route === undefined) return;
    this.cluster?.state.recordFailure(upstream.host, 'timeout');
    this.dropUpstream();
    const { retry } = route;
    if (retry !== undefined && shouldRetryReset(retry, 'local reset', true) && this.mayRetry(retry)) {
      this.scheduleRetry(retry);
      return;
    }
    this.finishRetry();
    this.reply(replies.perTryTimeout);
  }

  private onDuration(): void {
    if (this.done) return;
    this.durationTimer = undefined;
    const reply = replies.durationTimeout(this.body.complete);
    this.dropUpstream();
    if (this.headSent) {
      this.record.flags = addFlag(this.record.flags, flags.durationTimeout);
      this.record.details = reply.details;
      this.stream.reset();
      this.finish();
    } else this.reply(reply);
  }

  // The end ---------------------------------------------------------------------------------------------------------------

  private dropUpstream(): void {
    const { upstream } = this;
    this.upstream = undefined;
    upstream?.reset();
  }

  private pauseRequest(): void {
    if (this.requestPaused || this.body.complete) return;
    this.requestPaused = true;
    this.stream.pause();
  }

  private resumeRequest(): void {
    if (!this.requestPaused) return;
    this.requestPaused = false;
    this.stream.resume();
  }

  /** The proxy answers by itself. */
  private reply(reply: LocalReply): void {
    if (this.done) return;
    const { record, route, scope, stream } = this;
    record.firstDownstreamTxAt = scope.deps.clock.now();
    if (record.details === '' || reply.details !== '') record.details = reply.details;
    const { headers, hasBody } = localResponse(record, route, this.destination, reply, scope.policy, scope.deps.date());
    this.headSent = true;
    this.responseDone = true;
    // A body that is still coming is not waited for.
    this.resumeRequest();
    if (reply.closes) stream.closeAfter();
    if (!hasBody || record.isHead) {
      stream.writeHead(record.status, headers, true);
    } else {
      stream.writeHead(record.status, headers, false);
      record.bytesSent += reply.body.length;
      stream.write(reply.body);
      stream.end();
    }
    this.finish();
  }

  /** Once: everything that is held is given back, and the request is counted and logged. */
  private finish(): void {
    if (this.done) return;
    this.done = true;
    this.totalTimer?.cancel();
    this.perTryTimer?.cancel();
    this.waitTimer?.cancel();
    this.durationTimer?.cancel();
    this.judgement?.cancel();
    this.wantedBody = undefined;
    this.finishRetry();
    if (!this.responseDone || !this.body.complete) this.dropUpstream();
    if (this.mirrors !== undefined && !this.body.complete) for (const mirror of this.mirrors) mirror.reset();
    const { record, scope } = this;
    record.completedAt = scope.deps.clock.now();
    scope.finished(this);
  }
}
