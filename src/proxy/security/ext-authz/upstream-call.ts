import type { Host } from '../../core/balance/host.ts';
import type { Clock, Timer } from '../../core/clock.ts';
import { emptyHeaders, type Headers } from '../../core/headers.ts';
import type { ClientHandler, ClientStream, Failure, OutgoingHead } from '../../stream.ts';
import type { UpstreamCluster, UpstreamProtocol, Upstreams } from '../../upstreams.ts';
import type { Pending } from '../guarded-request.ts';

export interface CallDeps {
  clock: Clock;
  upstreams: Upstreams;
}

export interface CallRequest {
  cluster: string;
  protocol: UpstreamProtocol;
  head: OutgoingHead;
  body: Uint8Array;
  timeoutMs: number;
}

export interface CallAnswer {
  status: number;
  headers: Headers;
  body: Uint8Array;
  trailers: Headers;
}

/** A longer answer is none. */
const mostAnswerBytes = 1024 * 1024;

/** One request of the proxy's own at an endpoint of a cluster, and its whole answer. It is not tried again. */
export class UpstreamCall implements ClientHandler, Pending {
  private readonly cluster: UpstreamCluster;
  private readonly host: Host;
  private readonly done: (answer: CallAnswer | undefined) => void;
  private stream: ClientStream | undefined;
  private timer: Timer | undefined;
  private counted = false;
  private over = false;
  private status = 0;
  private headers: Headers = emptyHeaders;
  private readonly chunks: Uint8Array[] = [];
  private bytes = 0;

  private constructor(cluster: UpstreamCluster, host: Host, done: (answer: CallAnswer | undefined) => void) {
    this.cluster = cluster;
    this.host = host;
    this.done = done;
  }

  /**
   * @param done called once, perhaps within the call; undefined: there is no answer
   * @returns takes it back; undefined: `done` was called
   */
  static start({ clock, upstreams }: CallDeps, request: CallRequest, done: (answer: CallAnswer | undefined) => void): Pending | undefined {
    const cluster = upstreams.get(request.cluster);
    const host = cluster?.state.choose();
    if (!cluster || !host) {
      done(undefined);
      return undefined;
    }
    const call = new UpstreamCall(cluster, host, done);
    call.send(clock, request);
    return call.over ? undefined : call;
  }

  private send(clock: Clock, { protocol, head, body, timeoutMs }: CallRequest): void {
    const stream = this.cluster.pool(this.host, protocol, head.authority).request(head, body.length === 0, false, this);
    if (this.over) return;
    this.stream = stream;
    this.timer = clock.setTimer(timeoutMs, () => this.giveUp('timeout'));
    if (body.length === 0) return;
    stream.write(body);
    if (!this.over) stream.end();
  }

  cancel(): void {
    if (this.over) return;
    this.leave();
    this.stream?.reset();
  }

  onConnection(): void {
    this.counted = true;
    this.host.beginRequest();
  }

  onInformational(): void {}

  onHead(status: number, headers: Headers, endStream: boolean): void {
    if (this.over) return;
    this.cluster.state.recordResponse(this.host, status);
    this.status = status;
    this.headers = headers;
    if (endStream) this.finish(emptyHeaders);
  }

  onData(chunk: Uint8Array): void {
    if (this.over) return;
    this.bytes += chunk.length;
    if (this.bytes > mostAnswerBytes) this.giveUp();
    // HTTP/1 may use the memory of a chunk again.
    else this.chunks.push(chunk.slice());
  }

  onEnd(trailers?: Headers): void {
    this.finish(trailers ?? emptyHeaders);
  }

  onFailure({ reason }: Failure): void {
    if (this.over) return;
    if (reason !== 'overflow') {
      this.cluster.state.recordFailure(this.host, reason === 'remote connection failure' ? 'connect' : reason === 'connection timeout' ? 'timeout' : 'reset');
    }
    this.leave();
    this.done(undefined);
  }

  onDrain(): void {}

  private giveUp(failure?: 'timeout'): void {
    if (this.over) return;
    if (failure) this.cluster.state.recordFailure(this.host, failure);
    this.leave();
    this.stream?.reset();
    this.done(undefined);
  }

  private finish(trailers: Headers): void {
    if (this.over) return;
    this.leave();
    this.done({ status: this.status, headers: this.headers, body: Buffer.concat(this.chunks), trailers });
  }

  private leave(): void {
    this.over = true;
    this.timer?.cancel();
    if (this.counted) this.host.endRequest();
  }
}
