import type { Host } from './core/balance/host.ts';
import type { ExchangeRecord } from './core/exchange-record.ts';
import type { Headers } from './core/headers.ts';
import type { ForwardedRequest } from './forwarded-request.ts';
import type { RequestBody } from './request-body.ts';
import type { ClientHandler, ClientStream, Failure, UpstreamConnection } from './stream.ts';
import type { UpstreamCluster } from './upstreams.ts';

/** One try of a request at one endpoint. What a try that was given up still hears is lost. */
export class UpstreamRequest implements ClientHandler {
  readonly host: Host;
  private readonly request: ForwardedRequest;
  private stream: ClientStream | undefined = undefined;
  private over = false;
  private counted = false;
  /** What comes is written at once by HTTP/1, which copies what it has to keep. */
  readonly borrows: boolean;

  constructor(request: ForwardedRequest, host: Host) {
    this.request = request;
    this.borrows = request.exchange.record.protocol !== 'HTTP/2';
    this.host = host;
  }

  start(cluster: UpstreamCluster, record: ExchangeRecord, body: RequestBody): void {
    const { protocol } = cluster.cluster;
    const kind = protocol === 'downstream' ? (record.protocol === 'HTTP/2' ? 'http2' : 'http1') : protocol;
    const upgrade = record.isUpgrade && kind === 'http1';
    const stream = cluster.pool(this.host, kind, record.authority).request(record, body.isEmpty && !upgrade, upgrade, this);
    if (this.over) return;
    this.stream = stream;
    for (const chunk of body.chunks) stream.write(chunk);
    if (this.over) return;
    if (body.complete && (!body.isEmpty || upgrade)) stream.end(body.trailers);
  }

  write(chunk: Uint8Array): boolean {
    return this.stream === undefined ? false : this.stream.write(chunk);
  }

  end(trailers: Headers | undefined): void {
    this.stream?.end(trailers);
  }

  pause(): void {
    this.stream?.pause();
  }

  resume(): void {
    this.stream?.resume();
  }

  reset(): void {
    if (this.over) return;
    this.leave();
    this.stream?.reset();
  }

  onConnection(connection: UpstreamConnection): void {
    if (this.over) return;
    this.counted = true;
    this.host.beginRequest();
    this.request.onUpstreamConnection(connection, this.host);
  }

  onInformational(status: number, headers: Headers): void {
    if (!this.over) this.request.onUpstreamInformational(status, headers);
  }

  onHead(status: number, headers: Headers, endStream: boolean, upgraded: boolean): void {
    if (this.over) return;
    if (endStream) this.leave();
    this.request.onUpstreamHead(status, headers, endStream, upgraded, this.host);
  }

  onData(chunk: Uint8Array): void {
    if (!this.over) this.request.onUpstreamData(chunk);
  }

  onEnd(trailers?: Headers): void {
    if (this.over) return;
    this.leave();
    this.request.onUpstreamEnd(trailers);
  }

  onFailure(failure: Failure): void {
    if (this.over) return;
    const { counted } = this;
    this.leave();
    this.request.onUpstreamFailure(failure, this.host, counted);
  }

  onDrain(): void {
    if (!this.over) this.request.onUpstreamDrain();
  }

  private leave(): void {
    this.over = true;
    if (this.counted) this.host.endRequest();
  }
}
