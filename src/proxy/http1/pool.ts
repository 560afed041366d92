import type { Socket } from 'node:net';
import type { ClientHandler, ClientStream, Failure, OutgoingHead, UpstreamPool } from '../stream.ts';
import type { ConnectFailure, PendingConnect } from '../upstream-connect.ts';
import { ClientConnection, type ConnectionLimits, type ConnectionOwner } from './client-connection.ts';
import { Http1ClientStream, type WaitingRoom } from './client-stream.ts';
import { type Limits, unlimited } from './limits.ts';
import { defaultLimits } from './message-parser.ts';

/** Opens a connection; one of the two is called, never within this call. */
export type Connector = (onOpen: (socket: Socket) => void, onFailure: (failure: ConnectFailure) => void) => PendingConnect;

/** Counts of an endpoint's connections; shared by whoever shows them. */
export interface PoolCounters {
  /** upstream_cx_total */
  connections: number;
  /** upstream_cx_active: open, or being opened. */
  activeConnections: number;
  /** upstream_cx_connect_fail, timeouts included. */
  connectFailures: number;
  /** upstream_cx_connect_timeout */
  connectTimeouts: number;
  /** upstream_cx_idle_timeout */
  idleTimeouts: number;
  /** upstream_cx_max_duration_reached */
  maxDurationReached: number;
  /** upstream_cx_max_requests */
  maxRequestsReached: number;
  /** upstream_rq_total */
  requests: number;
  /** upstream_rq_active */
  activeRequests: number;
  /** upstream_rq_pending_total */
  pendingTotal: number;
}

export function newPoolCounters(): PoolCounters {
  return {
    connections: 0,
    activeConnections: 0,
    connectFailures: 0,
    connectTimeouts: 0,
    idleTimeouts: 0,
    maxDurationReached: 0,
    maxRequestsReached: 0,
    requests: 0,
    activeRequests: 0,
    pendingTotal: 0,
  };
}

export interface PoolOptions extends Partial<ConnectionLimits> {
  connect: Connector;
  /** Of the cluster; all its pools share them (DR-R55). */
  limits?: Limits;
  counters?: PoolCounters;
}

const overflow: Failure = { reason: 'overflow', transport: '' };
const terminated: Failure = { reason: 'connection termination', transport: '' };

/**
 * HTTP/1.1 connections to one endpoint. The connection that was used last is used first, so that those that are not needed become
 * idle and end. When a connection cannot be made, all requests that wait fail, as none of them has a better chance.
 */
export class Http1Pool implements UpstreamPool, ConnectionOwner, WaitingRoom {
  readonly counters: PoolCounters;
  private readonly connect: Connector;
  private readonly limits: Limits;
  private readonly connectionLimits: ConnectionLimits;
  /** Idle; the last one is the next to be used. */
  private readonly idle: ClientConnection[] = [];
  private readonly open = new Set<ClientConnection>();
  private readonly connecting = new Set<PendingConnect>();
  /** In their order. */
  private readonly waiting = new Set<Http1ClientStream>();
  private draining = false;

  constructor(options: PoolOptions) {
    this.connect = options.connect;
    this.limits = options.limits ?? unlimited;
    this.counters = options.counters ?? newPoolCounters();
    this.connectionLimits = {
      maxHeadBytes: options.maxHeadBytes ?? defaultLimits.maxHeadBytes,
      maxHeaders: options.maxHeaders ?? defaultLimits.maxHeaders,
      idleTimeoutMs: options.idleTimeoutMs ?? 3_600_000,
      maxConnectionDurationMs: options.maxConnectionDurationMs ?? 0,
      maxRequestsPerConnection: options.maxRequestsPerConnection ?? 0,
    };
  }

  request(head: OutgoingHead, endStream: boolean, upgrade: boolean, handler: ClientHandler): ClientStream {
    const stream = new Http1ClientStream(this, head, endStream, upgrade, handler);
    const connection = this.idle.pop();
    if (connection !== undefined) {
      if (this.limits.requests.tryAcquire()) this.assign(connection, stream);
      else {
        this.idle.push(connection);
        stream.fail(overflow);
      }
      return stream;
    }
    if (!this.limits.pending.tryAcquire()) {
      stream.fail(overflow);
      return stream;
    }
    this.counters.pendingTotal++;
    this.waiting.add(stream);
    this.openConnections();
    return stream;
  }

  drain(): void {
    this.draining = true;
    for (const connection of this.open) {
      connection.last = true;
      if (connection.idle) connection.close();
    }
    this.idle.length = 0;
  }

  destroy(): void {
    this.draining = true;
    this.idle.length = 0;
    for (const pending of this.connecting) {
      pending.cancel();
      this.connectionGone();
    }
    this.connecting.clear();
    this.failWaiting(terminated);
    for (const connection of this.open) connection.close();
  }

  // --- what connections tell

  ready(connection: ClientConnection): void {
    for (const stream of this.waiting) {
      this.waiting.delete(stream);
      this.limits.pending.release();
      if (this.limits.requests.tryAcquire()) {
        this.assign(connection, stream);
        return;
      }
      stream.fail(overflow);
    }
    if (this.draining) {
      connection.close();
      return;
    }
    this.idle.push(connection);
    connection.rest();
  }

  requestOver(): void {
    this.counters.activeRequests--;
    this.limits.requests.release();
  }

  closed(connection: ClientConnection, why: 'idle' | 'duration' | 'other'): void {
    this.open.delete(connection);
    const at = this.idle.lastIndexOf(connection);
    if (at >= 0) this.idle.splice(at, 1);
    if (why === 'idle') this.counters.idleTimeouts++;
    else if (why === 'duration') this.counters.maxDurationReached++;
    this.connectionGone();
    this.openConnections();
  }

  /** A request that waits is given up. */
  leave(stream: Http1ClientStream): void {
    if (this.waiting.delete(stream)) this.limits.pending.release();
  }

  // ---

  private assign(connection: ClientConnection, stream: Http1ClientStream): void {
    this.counters.requests++;
    this.counters.activeRequests++;
    if (connection.take(stream)) this.counters.maxRequestsReached++;
  }

  /** One for each request that waits, as far as the limits go. */
  private openConnections(): void {
    while (this.waiting.size > this.connecting.size) {
      if (!this.limits.mayConnect(this.open.size === 0 && this.connecting.size === 0)) return;
      this.counters.connections++;
      this.counters.activeConnections++;
      const pending: PendingConnect = this.connect(
        (socket) => {
          this.connecting.delete(pending);
          const connection = new ClientConnection(socket, this, this.connectionLimits);
          connection.last = this.draining;
          this.open.add(connection);
          this.ready(connection);
        },
        (failure) => {
          this.connecting.delete(pending);
          this.counters.connectFailures++;
          if (failure.reason === 'connection timeout') this.counters.connectTimeouts++;
          this.connectionGone();
          this.failWaiting(failure);
        },
      );
      this.connecting.add(pending);
    }
  }

  private connectionGone(): void {
    this.counters.activeConnections--;
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
