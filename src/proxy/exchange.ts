// One request of a client and its response: guard, fault, CORS, router (SEC-R7, RT-R1). What to do is decided in core/; this file holds
// the state between events. What goes on behind the router is forwarded-request.ts.
import { Admission } from './admission.ts';
import type { Timer } from './core/clock.ts';
import { type CompiledCluster, type CompiledRoute, chooseCluster } from './core/compiled-route.ts';
import { answerPreflight } from './core/cors.ts';
import { ExchangeRecord } from './core/exchange-record.ts';
import { GrpcMessages } from './core/grpc-messages.ts';
import type { Headers } from './core/headers.ts';
import type { LocalReply } from './core/local-reply.ts';
import * as replies from './core/local-reply.ts';
import { redirectReply, tlsRedirect } from './core/redirect.ts';
import { conditionRequest } from './core/request-head.ts';
import { addFlag, flags } from './core/response-flags.ts';
import { localResponse } from './core/response-head.ts';
import { decorate } from './core/route-request.ts';
import { streamDurationMs } from './core/timeout.ts';
import { ForwardedRequest } from './forwarded-request.ts';
import type { HttpScope } from './http-scope.ts';
import { injectFault } from './inject-fault.ts';
import { RequestBody } from './request-body.ts';
import type { RequestHead, ServerHandler, ServerStream } from './stream.ts';
import type { UpstreamCluster } from './upstreams.ts';

export class Exchange implements ServerHandler {
  readonly stream: ServerStream;
  readonly scope: HttpScope;
  readonly record: ExchangeRecord;
  readonly body: RequestBody;
  private route: CompiledRoute | undefined = undefined;
  private destination: CompiledCluster | undefined = undefined;
  private cluster: UpstreamCluster | undefined = undefined;
  /** For a request that has to come by TLS (SEL-R64). */
  private tlsRedirect: LocalReply | undefined = undefined;
  /** Undefined: the guard has nobody to ask. */
  private admission: Admission | undefined = undefined;
  /** A fault that is waited for. */
  private delay: Timer | undefined = undefined;
  /** Undefined: it goes to no endpoint, or not yet. */
  private forwarded: ForwardedRequest | undefined = undefined;
  private durationTimer: Timer | undefined = undefined;
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
    if (record.isGrpc) record.messages = new GrpcMessages();
    const route = this.chooseRoute();
    if (route !== undefined) decorate(record, route, scope.policy.egress);
    const { guard } = scope;
    if (guard === undefined) this.admitted(record.startedAt);
    else if (guard.asksOthers) {
      this.admission = new Admission(this);
      this.admission.start(guard);
    } else {
      const denial = guard.decide(record);
      if (denial === undefined) this.admitted(record.startedAt);
      else this.reply(denial);
    }
  }

  // The route -------------------------------------------------------------------------------------------------------------

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
    if (route?.forward) {
      const chosen = chooseCluster(route, scope.deps.random);
      this.destination = chosen;
      this.cluster = scope.deps.upstreams.get(chosen.cluster);
      record.cluster = this.cluster ? chosen.cluster : '';
    }
    return route;
  }

  get isRouted(): boolean {
    return this.route !== undefined || this.tlsRedirect !== undefined;
  }

  /** Chooses once more: the guard has changed headers, or knows claims. */
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

  // On its way ------------------------------------------------------------------------------------------------------------

  /** The guard lets it in. */
  admitted(now: number): void {
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
    else this.delay = injectFault(this, fault, now, (later) => this.afterFault(route, later));
  }

  private afterFault(route: CompiledRoute, now: number): void {
    const { record, scope, cluster, destination } = this;
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
    if (cluster === undefined || destination === undefined) {
      this.reply(replies.clusterNotFound[action.missingClusterStatus]);
      return;
    }
    const duration = streamDurationMs(action, record.isGrpc, record.headers);
    if (duration > 0) this.durationTimer = scope.deps.clock.setTimer(duration, () => this.onDuration());
    this.forwarded = new ForwardedRequest(this, route, destination, cluster);
    this.forwarded.start(action, now);
  }

  private onDuration(): void {
    const { record, forwarded } = this;
    this.durationTimer = undefined;
    const reply = replies.durationTimeout(this.body.complete);
    if (!forwarded?.headSent) {
      this.reply(reply);
      return;
    }
    record.flags = addFlag(record.flags, flags.durationTimeout);
    record.details = reply.details;
    this.cutResponse();
  }

  // The client ------------------------------------------------------------------------------------------------------------

  onData(chunk: Uint8Array): void {
    const { record, body, forwarded } = this;
    if (this.done) return;
    record.bytesReceived += chunk.length;
    record.messages?.request.add(chunk);
    if (forwarded !== undefined) {
      forwarded.write(chunk);
      return;
    }
    body.add(chunk, true);
    if (!this.admission?.bodyCame() && body.isLong) this.pauseRequest();
  }

  onEnd(trailers?: Headers): void {
    if (this.done) return;
    const { record, body, scope } = this;
    body.complete = true;
    body.trailers = trailers;
    const now = scope.deps.clock.now();
    record.requestCompleteAt = now;
    if (this.forwarded !== undefined) this.forwarded.end(trailers, now);
    else this.admission?.bodyCame();
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
    this.forwarded?.resume();
  }

  /** No more of the body is taken. */
  pauseRequest(): void {
    if (this.requestPaused || this.body.complete) return;
    this.requestPaused = true;
    this.stream.pause();
  }

  resumeRequest(): void {
    if (!this.requestPaused) return;
    this.requestPaused = false;
    this.stream.resume();
  }

  // The response ----------------------------------------------------------------------------------------------------------

  /** Of an endpoint. @param headers as they go to the client */
  respond(status: number, headers: Headers, endStream: boolean, upgraded: boolean): void {
    if (upgraded) this.stream.writeUpgrade(status, headers);
    else this.stream.writeHead(status, headers, endStream);
    if (endStream) this.finish();
  }

  /** @returns false when the client is slow: the request is resumed when it is not */
  respondData(chunk: Uint8Array): boolean {
    const { record } = this;
    record.bytesSent += chunk.length;
    record.messages?.response.add(chunk);
    return this.stream.write(chunk);
  }

  endResponse(trailers: Headers | undefined): void {
    if (trailers !== undefined) this.record.responseTrailers = trailers;
    this.stream.end(trailers);
    this.finish();
  }

  /** It will never be whole; HTTP/1 can only tell by closing (LR-R8). @param code of RST_STREAM */
  cutResponse(code?: number): void {
    this.stream.reset(code);
    this.finish();
  }

  /** The proxy answers by itself. */
  reply(reply: LocalReply): void {
    if (this.done) return;
    const { record, route, scope, stream } = this;
    record.firstDownstreamTxAt = scope.deps.clock.now();
    if (record.details === '' || reply.details !== '') record.details = reply.details;
    const { headers, hasBody } = localResponse(record, route, this.destination, reply, scope.policy, scope.deps.date());
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
    this.delay?.cancel();
    this.durationTimer?.cancel();
    this.admission?.cancel();
    this.forwarded?.cancel();
    const { record, scope } = this;
    record.completedAt = scope.deps.clock.now();
    scope.finished(record);
  }
}
