import type { Socket } from 'node:net';
import type { ClusterLimits } from '../core/balance/breakers.ts';
import type { Clock } from '../core/clock.ts';
import { getHeader } from '../core/headers.ts';
import type { ClientHandler, ClientStream, Failure, OutgoingHead, UpstreamPool } from '../stream.ts';
import type { ConnectFailure, PendingConnect } from '../upstream-connect.ts';
import { type CloseReason, type ConnectionLimits, type ConnectionOwner, Http2ClientConnection } from './client-connection.ts';
import { Http2ClientStream, type WaitingRoom } from './client-stream.ts';
import { defaultLimits } from './session.ts';

/** Opens a connection; one of the two is called, never within this call. */
export type Connector = (onOpen: (socket: Socket) => void, onFailure: (failure: ConnectFailure) => void) => PendingConnect;

/** What a pool counts of its endpoint; names as in Envoy's statistics. */
export interface PoolObserver {
  /** upstream_cx_total: a connection is being made. */
  onConnecting(): void;
  /** upstream_cx_connect_fail */
  onConnectFailure(failure: ConnectFailure): void;
  /** Of a connection that was being made, in whatever way it ended. `idle`: upstream_cx_idle_timeout. */
  onConnectionClosed(why: CloseReason): void;
  /** upstream_cx_max_requests */
  onMaxRequests(): void;
}

export interface Http2PoolOptions {
  clock: Clock;
  connect: Connector;
  /** Of the cluster; all its pools share them (DR-R55). */
  limits: ClusterLimits;
  observer?: PoolObserver | undefined;
  /** Default 1 h; 0: none. */
  idleTimeoutMs?: number | undefined;
  maxConnectionDurationMs?: number | undefined;
  /** DR-R56 */
  maxRequestsPerConnection?: number | undefined;
  /** Streams at a time, if the endpoint does not allow less. */
  maxConcurrentStreams?: number | undefined;
}

/** Not limited: the numbers of streams end there. */
const mostStreams = 0x7fffffff;
const overflow: Failure = { reason: 'overflow', transport: '' };
const terminated: Failure = { reason: 'connection termination', transport: '' };

/**
 * HTTP/2 connections to one endpoint. One is enough as long as it may have more streams; requests that come while it is being made
 * wait for it, and more are made only when what is waiting would not fit.
 */
export class Http2Pool implements UpstreamPool, ConnectionOwner, WaitingRoom {
  private readonly clock: Clock;
  private readonly connect: Connector;
  private readonly limits: ClusterLimits;
  private readonly observer: PoolObserver | undefined;
  private readonly connectionLimits: ConnectionLimits;
  /** Connections that may take streams, the oldest first. */
  private readonly ready: Http2ClientConnection[] = [];
  /** All of them. */
  private readonly open = new Set<Http2ClientConnection>();
  private readonly connecting = new Set<PendingConnect>();
  /** In their order. */
  private readonly waiting = new Set<Http2ClientStream>();
  private assigning = false;
  private draining = false;

  constructor(options: Http2PoolOptions) {
    this.clock = options.clock;
    this.connect = options.connect;
    this.limits = options.limits;
    this.observer = options.observer;
    this.connectionLimits = {
      idleTimeoutMs: options.idleTimeoutMs ?? 3_600_000,
      maxConnectionDurationMs: options.maxConnectionDurationMs ?? 0,
      maxRequestsPerConnection: options.maxRequestsPerConnection ?? 0,
      maxConcurrentStreams: options.maxConcurrentStreams ?? mostStreams,
      headers: defaultLimits,
    };
  }

  request(head: OutgoingHead, endStream: boolean, upgrade: boolean, handler: ClientHandler): ClientStream {
    const protocol = upgrade ? (getHeader(head.headers, 'upgrade') ?? 'websocket') : undefined;
    const stream = new Http2ClientStream(this, head, endStream && !upgrade, protocol, handler);
    const connection = this.waiting.size === 0 ? this.available() : undefined;
    if (connection !== undefined) {
      this.assign(connection, stream);
      return stream;
    }
    if (!this.limits.pending.tryAcquire()) {
      stream.fail(overflow);
      return stream;
    }
    this.waiting.add(stream);
    this.openConnections();
    return stream;
  }

  drain(): void {
    this.draining = true;
    this.retireIfDrained();
  }

  destroy(): void {
    this.draining = true;
    for (const pending of this.connecting) {
      pending.cancel();
      this.connectionGone('other');
    }
    this.connecting.clear();
    this.failWaiting(terminated);
    for (const connection of [...this.open]) connection.destroy();
  }

  // What streams and connections tell

  leave(stream: Http2ClientStream): void {
    if (this.waiting.delete(stream)) this.limits.pending.release();
    this.retireIfDrained();
  }

  onCapacity(connection: Http2ClientConnection): void {
    if (this.waiting.size === 0 || this.assigning) return;
    this.assigning = true;
    for (const stream of this.waiting) {
      if (connection.capacity < 1) break;
      this.waiting.delete(stream);
      this.limits.pending.release();
      this.assign(connection, stream);
    }
    this.assigning = false;
    this.openConnections();
    this.retireIfDrained();
  }

  onStreamClosed(): void {
    this.limits.requests.release();
  }

  onMaxRequests(): void {
    this.observer?.onMaxRequests();
  }

  onConnectionClosed(connection: Http2ClientConnection, why: CloseReason): void {
    this.open.delete(connection);
    this.removeReady(connection);
    this.connectionGone(why);
    this.openConnections();
  }

  // ---

  private available(): Http2ClientConnection | undefined {
    for (let i = 0; i < this.ready.length; i++) {
      const connection = this.ready[i] as Http2ClientConnection;
      if (connection.capacity >= 1) return connection;
    }
    return undefined;
  }

  private assign(connection: Http2ClientConnection, stream: Http2ClientStream): void {
    if (this.limits.requests.tryAcquire()) connection.take(stream);
    else stream.fail(overflow);
  }

  /** As many as what is waiting needs, as far as the limits go. */
  private openConnections(): void {
    const { maxConcurrentStreams, maxRequestsPerConnection: most } = this.connectionLimits;
    const each = most > 0 ? Math.min(most, maxConcurrentStreams) : maxConcurrentStreams;
    while (this.waiting.size > 0 && !this.hasUnsettled() && this.waiting.size > this.connecting.size * each) {
      if (!this.limits.mayConnect(this.open.size === 0 && this.connecting.size === 0)) return;
      this.observer?.onConnecting();
      const pending: PendingConnect = this.connect(
        (socket) => {
          this.connecting.delete(pending);
          this.onOpen(socket);
        },
        (failure) => {
          this.connecting.delete(pending);
          this.observer?.onConnectFailure(failure);
          this.connectionGone('other');
          this.failWaiting(failure);
        },
      );
      this.connecting.add(pending);
    }
  }

  /** A connection that is there may take all that wait, once the settings of its peer are known. */
  private hasUnsettled(): boolean {
    for (const connection of this.ready) if (!connection.settled) return true;
    return false;
  }

  private onOpen(socket: Socket): void {
    const connection = new Http2ClientConnection(socket, this.clock, this, this.connectionLimits);
    this.open.add(connection);
    this.ready.push(connection);
    this.onCapacity(connection);
    this.retireIfDrained();
  }

  /** What waits when the pool is drained is still served. */
  private retireIfDrained(): void {
    if (!this.draining || this.waiting.size > 0) return;
    this.ready.length = 0;
    for (const connection of [...this.open]) connection.retire('other');
  }

  private removeReady(connection: Http2ClientConnection): void {
    const at = this.ready.indexOf(connection);
    if (at >= 0) this.ready.splice(at, 1);
  }

  private connectionGone(why: CloseReason): void {
    this.observer?.onConnectionClosed(why);
    this.limits.connectionClosed();
  }

  /** Those that fail may try again at once, at this endpoint too: they are not to fail twice. */
  private failWaiting(failure: Failure): void {
    const streams = [...this.waiting];
    this.waiting.clear();
    for (let i = 0; i < streams.length; i++) this.limits.pending.release();
    for (const stream of streams) stream.fail(failure);
  }
}
