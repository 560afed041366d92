import type { Mirror } from '../ir/route.ts';
import type { ClusterState } from './core/balance/cluster-state.ts';
import type { Host } from './core/balance/host.ts';
import type { Timer } from './core/clock.ts';
import type { Headers } from './core/headers.ts';
import { drawMirror, mirrorHead } from './core/mirror.ts';
import type { Exchange } from './exchange.ts';
import type { ClientHandler, ClientStream, Failure, OutgoingHead } from './stream.ts';

/** A mirror that is slower than its request is given up when this much waits for it. */
const mostBufferedBytes = 1024 * 1024;

/** A copy of a request on its way; nobody waits for its response (RT-R111). */
export class MirrorRequest implements ClientHandler {
  private readonly host: Host;
  private readonly state: ClusterState;
  private stream: ClientStream | undefined = undefined;
  private timer: Timer | undefined = undefined;
  private over = false;
  private counted = false;
  /** Bytes written since there was room for more. */
  private waiting = 0;

  constructor(host: Host, state: ClusterState) {
    this.host = host;
    this.state = state;
  }

  start(exchange: Exchange, cluster: string, head: OutgoingHead, timeoutMs: number): void {
    const { deps } = exchange.scope;
    const upstream = deps.upstreams.get(cluster);
    if (upstream === undefined) return;
    const { protocol } = upstream.cluster;
    const kind = protocol === 'downstream' ? (exchange.record.protocol === 'HTTP/2' ? 'http2' : 'http1') : protocol;
    const { body } = exchange;
    const stream = upstream.pool(this.host, kind, head.authority).request(head, body.isEmpty, false, this);
    if (this.over) return;
    this.stream = stream;
    if (timeoutMs > 0) this.timer = deps.clock.setTimer(timeoutMs, () => this.reset());
    for (const chunk of body.chunks) this.write(chunk);
    if (body.complete && !body.isEmpty) this.end(body.trailers);
  }

  write(chunk: Uint8Array): void {
    if (this.over || this.stream === undefined) return;
    if (this.stream.write(chunk)) this.waiting = 0;
    else {
      this.waiting += chunk.length;
      if (this.waiting > mostBufferedBytes) this.reset();
    }
  }

  end(trailers: Headers | undefined): void {
    if (!this.over) this.stream?.end(trailers);
  }

  reset(): void {
    if (this.over) return;
    this.leave();
    this.stream?.reset();
  }

  onConnection(): void {
    this.counted = true;
    this.host.beginRequest();
  }

  onInformational(): void {}

  /** The endpoint's health is judged by copies, too. */
  onHead(status: number, _headers: Headers, endStream: boolean): void {
    this.state.recordResponse(this.host, status);
    if (endStream) this.leave();
  }

  onData(): void {}

  onEnd(): void {
    this.leave();
  }

  onFailure({ reason }: Failure): void {
    if (reason !== 'overflow') {
      this.state.recordFailure(this.host, reason === 'remote connection failure' ? 'connect' : reason === 'connection timeout' ? 'timeout' : 'reset');
    }
    this.leave();
  }

  onDrain(): void {
    this.waiting = 0;
  }

  private leave(): void {
    if (this.over) return;
    this.over = true;
    this.timer?.cancel();
    if (this.counted) this.host.endRequest();
  }
}

/** The mirrors that are drawn for a request (RT-R110), each on its way. A cluster that does not exist, or has no endpoint, gets no copy. */
export function startMirrors(exchange: Exchange, mirrors: readonly Mirror[], timeoutMs: number): MirrorRequest[] {
  const { scope, record } = exchange;
  const { random, upstreams } = scope.deps;
  const started: MirrorRequest[] = [];
  for (const mirror of mirrors) {
    if (!drawMirror(mirror, random)) continue;
    const state = upstreams.get(mirror.cluster)?.state;
    const host = state?.choose();
    if (state === undefined || host === undefined) continue;
    const request = new MirrorRequest(host, state);
    const headers = mirrorHead(record.headers, scope.policy.nodeAddress);
    request.start(
      exchange,
      mirror.cluster,
      { method: record.method, path: record.path, authority: record.authority, scheme: record.scheme, headers },
      timeoutMs,
    );
    started.push(request);
  }
  return started;
}
