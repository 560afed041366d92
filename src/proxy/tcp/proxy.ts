import type { Socket } from 'node:net';
import type { Cluster } from '../../ir/cluster.ts';
import type { TcpFilter } from '../../ir/listener.ts';
import type { ClusterState } from '../core/balance/cluster-state.ts';
import { hash64 } from '../core/balance/hash64.ts';
import type { Host } from '../core/balance/host.ts';
import type { Clock, Random, Timer } from '../core/clock.ts';
import type { ConnectionDenial } from '../security/connection-guard.ts';
import type { Pending } from '../security/guarded-request.ts';
import type { Secure } from '../tls/origination.ts';
import { resetAndDestroy } from '../tls/raw-socket.ts';
import { type ConnectFailure, connectUpstream, type PendingConnect } from '../upstream-connect.ts';

/** Of the connection from the client, where neither the filter nor the destination rule says (TCP-R12). */
const defaultIdleTimeoutMs = 3_600_000;
/** Of a client of which is not known yet whether it may come in. */
const mostHeldBytes = 64 * 1024;
/** Given to a closed connection for what is still to be sent. */
const closeDelayMs = 1000;

/** A cluster as this proxy uses it. */
export interface TcpCluster {
  readonly cluster: Cluster;
  readonly state: ClusterState;
}

/** One line of the access log (TEL-R12). */
export interface TcpRecord {
  /** `-`, `UF,URX`, `UH`, `NC`, `UO`, `UR`, `DR`, `DT` */
  flags: string;
  /** Undefined where the cluster does not exist. */
  cluster: Cluster | undefined;
  /** Last one that was tried. */
  host: Host | undefined;
  upstreamLocalAddress: string;
  upstreamLocalPort: number;
  /** As in `%UPSTREAM_TRANSPORT_FAILURE_REASON%`. */
  transportFailure: string;
  /** Why the proxy closed it, as in `%CONNECTION_TERMINATION_DETAILS%` and `%RESPONSE_CODE_DETAILS%`; empty: it did not. */
  terminationDetails: string;
  details: string;
  /** Of the client and to it. */
  bytesReceived: number;
  bytesSent: number;
  /** Milliseconds since 1970. */
  startTime: number;
  durationMs: number;
}

/** What a connection tells while it is there. */
export interface TcpObserver {
  /** The connection to the endpoint is there. */
  onConnected(record: TcpRecord): void;
  /** Once, when everything is over. */
  onClosed(record: TcpRecord): void;
}

export interface TcpProxyDeps {
  clock: Clock;
  random: Random;
  /** By name; undefined: there is none of this name. */
  cluster(name: string): TcpCluster | undefined;
  /** TLS to an endpoint; what it returns undefined for is plain text. Absent: all is. */
  secure?(cluster: Cluster, host: Host): Secure | undefined;
}

export interface TcpDownstream {
  /** Paused, allowHalfOpen, without listeners. */
  socket: Socket;
  /** What was read of it already; goes on as it is. */
  bytes: Uint8Array;
  remoteAddress: string;
  /** Where a captured connection meant to go. */
  originalDestination: { address: string; port: number } | undefined;
  /**
   * Asked once, at the client's first byte or its end: only then bytes go on to the endpoint, to which there may be a connection by
   * then (SEC-R30). `decided` is told why the connection is closed; undefined: it goes on. Absent: everybody may come in.
   */
  judge?: ((decided: (denial: ConnectionDenial | undefined) => void) => Pending | undefined) | undefined;
}

/** Bytes between a client and an endpoint of a cluster that is chosen once (TCP-R7, TCP-R12). */
export class TcpProxyConnection {
  private readonly deps: TcpProxyDeps;
  private readonly filter: TcpFilter;
  private readonly downstream: Socket;
  private readonly observer: TcpObserver;
  private readonly record: TcpRecord;
  private readonly began: number;
  /** Once a connection of its limit is taken. */
  private state: ClusterState | undefined;
  private upstream: Socket | undefined;
  private pending: PendingConnect | undefined;
  /** Not sent on yet. */
  private first: Uint8Array;
  /** Undefined: it may come in. */
  private judge: TcpDownstream['judge'];
  private judgement: Pending | undefined;
  private lastActivity: number;
  private idleTimer: Timer | undefined;
  private durationTimer: Timer | undefined;
  private downstreamEnded = false;
  private upstreamEnded = false;
  private closed = false;

  constructor(deps: TcpProxyDeps, filter: TcpFilter, from: TcpDownstream, observer: TcpObserver) {
    this.deps = deps;
    this.filter = filter;
    this.downstream = from.socket;
    this.first = from.bytes;
    this.judge = from.judge;
    this.observer = observer;
    this.began = deps.clock.now();
    this.lastActivity = this.began;
    this.record = {
      flags: '-',
      cluster: undefined,
      host: undefined,
      upstreamLocalAddress: '',
      upstreamLocalPort: 0,
      transportFailure: '',
      terminationDetails: '',
      details: '',
      bytesReceived: 0,
      bytesSent: 0,
      startTime: deps.clock.wallTime(),
      durationMs: 0,
    };
    this.downstream.on('error', this.onDownstreamError);
    this.downstream.on('close', this.onDownstreamClose);
    // A paused socket tells its end all the same when nothing came before it.
    this.downstream.on('end', this.onDownstreamEnd);
    // The endpoint need not know of a client that has said already what it is denied for.
    if (this.judge && this.first.length > 0) this.ask(() => this.connect(from));
    else this.connect(from);
  }

  /** Ends it in order: what was received is still sent. */
  close(): void {
    this.finish('-');
  }

  destroy(): void {
    this.abort('-');
  }

  /** Asks whether the client may come in. */
  private ask(admitted: () => void): void {
    const { judge } = this;
    this.judge = undefined;
    this.judgement = judge?.((denial) => {
      this.judgement = undefined;
      if (this.closed) return;
      if (!denial) {
        admitted();
        return;
      }
      this.record.terminationDetails = denial.termination;
      this.record.details = denial.details;
      // The log has the cluster that it would have had.
      this.record.cluster ??= this.deps.cluster(drawCluster(this.filter, this.deps.random))?.cluster;
      this.finish(denial.flags);
    });
  }

  private connect(from: TcpDownstream): void {
    const cluster = this.deps.cluster(drawCluster(this.filter, this.deps.random));
    if (!cluster) {
      this.abort('NC');
      return;
    }
    this.record.cluster = cluster.cluster;
    const { breakers } = cluster.state;
    // Not as in HTTP: also the first connection to an endpoint must be allowed.
    if (!breakers.mayConnect(false)) {
      this.abort('UO');
      return;
    }
    this.state = cluster.state;
    const host = cluster.state.choose({
      hash: this.filter.hashSourceIp ? hash64(from.remoteAddress) : undefined,
      destination: from.originalDestination,
    });
    if (!host) {
      this.abort('UH');
      return;
    }
    // A connection that is being made waits like a request does (DR-R53).
    if (!breakers.pending.tryAcquire()) {
      this.abort('UO');
      return;
    }
    this.record.host = host;
    host.beginConnection();
    const { pool, sourceAddress } = cluster.cluster;
    this.pending = connectUpstream(
      {
        address: host.address,
        port: host.port,
        localAddress: sourceAddress,
        timeoutMs: pool.connectTimeoutMs,
        tcpKeepalive: pool.tcpKeepalive,
        secure: this.deps.secure?.(cluster.cluster, host),
      },
      this.deps.clock,
      (socket) => this.onConnected(socket, cluster, host),
      (failure) => this.onConnectFailure(failure, cluster, host),
    );
  }

  private onConnectFailure({ reason, transport }: ConnectFailure, { state }: TcpCluster, host: Host): void {
    this.pending = undefined;
    state.breakers.pending.release();
    host.countConnectFailure();
    this.record.transportFailure = transport;
    state.recordFailure(host, reason === 'connection timeout' ? 'timeout' : 'connect');
    this.abort('UF,URX');
  }

  private onConnected(upstream: Socket, { state, cluster }: TcpCluster, host: Host): void {
    this.pending = undefined;
    this.upstream = upstream;
    state.breakers.pending.release();
    state.recordConnect(host, true);
    host.beginRequest();
    this.record.upstreamLocalAddress = upstream.localAddress ?? '';
    this.record.upstreamLocalPort = upstream.localPort ?? 0;
    upstream.on('error', this.onUpstreamError);
    upstream.on('close', this.onUpstreamClose);
    upstream.on('data', this.onUpstreamData);
    upstream.on('end', this.onUpstreamEnd);
    upstream.on('drain', this.onUpstreamDrain);
    const { downstream } = this;
    downstream.on('data', this.onDownstreamData);
    downstream.on('drain', this.onDownstreamDrain);
    this.startTimers(cluster);
    this.observer.onConnected(this.record);
    this.record.bytesReceived += this.first.length;
    if (this.judge && this.downstreamEnded) this.ask(() => this.sendOn(upstream));
    else this.sendOn(upstream);
    if (!this.closed) upstream.resume();
  }

  /** What waited for the endpoint goes there. */
  private sendOn(upstream: Socket): void {
    const { downstream } = this;
    let ready = true;
    if (this.first.length > 0) {
      ready = upstream.write(this.first);
      this.first = new Uint8Array(0);
    }
    if (this.downstreamEnded) upstream.end();
    else if (ready) downstream.resume();
  }

  private startTimers(cluster: Cluster): void {
    const idle = this.filter.idleTimeoutMs ?? defaultIdleTimeoutMs;
    this.lastActivity = this.deps.clock.now();
    if (idle > 0) this.idleTimer = this.deps.clock.setTimer(idle, () => this.checkIdle(idle));
    const most = this.filter.maxConnectionDurationMs ?? cluster.pool.maxConnectionDurationMs;
    if (most !== undefined && most > 0) {
      this.durationTimer = this.deps.clock.setTimer(Math.max(0, most - (this.deps.clock.now() - this.began)), () => this.finish('DT'));
    }
  }

  /** The timer is not moved with every byte: when it fires it looks how long nothing came. */
  private checkIdle(idle: number): void {
    const left = idle - (this.deps.clock.now() - this.lastActivity);
    // Less than a tick of the timer is nothing to wait for.
    if (left < 1) this.finish('-');
    else this.idleTimer = this.deps.clock.setTimer(left, () => this.checkIdle(idle));
  }

  private readonly onDownstreamData = (chunk: Buffer): void => {
    this.lastActivity = this.deps.clock.now();
    this.record.bytesReceived += chunk.length;
    const upstream = this.upstream as Socket;
    if (this.judge || this.judgement) {
      this.first = this.first.length === 0 ? chunk : Buffer.concat([this.first, chunk]);
      // It is read on so that its end is seen, as long as there is not too much.
      if (this.first.length > mostHeldBytes) this.downstream.pause();
      if (this.judge) this.ask(() => this.sendOn(upstream));
    } else if (!upstream.write(chunk)) this.downstream.pause();
  };

  private readonly onUpstreamData = (chunk: Buffer): void => {
    this.lastActivity = this.deps.clock.now();
    this.record.bytesSent += chunk.length;
    if (!this.downstream.write(chunk)) (this.upstream as Socket).pause();
  };

  private readonly onUpstreamDrain = (): void => {
    this.lastActivity = this.deps.clock.now();
    this.downstream.resume();
  };

  private readonly onDownstreamDrain = (): void => {
    this.lastActivity = this.deps.clock.now();
    this.upstream?.resume();
  };

  /** One side may end while the other goes on. */
  private readonly onDownstreamEnd = (): void => {
    this.downstreamEnded = true;
    const { upstream } = this;
    if (!upstream || this.judgement) return;
    if (this.judge) this.ask(() => this.sendOn(upstream));
    else upstream.end();
  };

  private readonly onUpstreamEnd = (): void => {
    this.upstreamEnded = true;
    this.downstream.end();
  };

  private readonly onDownstreamError = (error: NodeJS.ErrnoException): void => {
    this.abort(error.code === 'ECONNRESET' ? 'DR' : '-');
  };

  private readonly onUpstreamError = (error: NodeJS.ErrnoException): void => {
    this.abort(error.code === 'ECONNRESET' ? 'UR' : '-');
  };

  private readonly onDownstreamClose = (): void => {
    if (this.downstreamEnded && this.upstreamEnded) this.over();
    else if (!this.closed) this.finish('-');
  };

  private readonly onUpstreamClose = (): void => {
    if (!(this.downstreamEnded && this.upstreamEnded)) this.finish('-');
  };

  /** Both connections are closed, after what is still to be sent. */
  private finish(flags: string): void {
    if (this.closed) return;
    this.record.flags = flags;
    this.pending?.cancel();
    this.downstream.destroySoon();
    this.upstream?.destroySoon();
    this.over();
    // A peer that does not read cannot keep what is left to send, and the socket, for ever.
    this.deps.clock.setTimer(closeDelayMs, () => {
      this.downstream.destroy();
      this.upstream?.destroy();
    });
  }

  /** Both connections are reset. */
  private abort(flags: string): void {
    if (this.closed) return;
    this.record.flags = flags;
    this.pending?.cancel();
    if (!this.downstream.destroyed) resetAndDestroy(this.downstream);
    if (this.upstream && !this.upstream.destroyed) resetAndDestroy(this.upstream);
    this.over();
  }

  private over(): void {
    if (this.closed) return;
    this.closed = true;
    this.judgement?.cancel();
    this.judgement = undefined;
    this.idleTimer?.cancel();
    this.durationTimer?.cancel();
    this.downstream.off('data', this.onDownstreamData);
    this.upstream?.off('data', this.onUpstreamData);
    const { state, record } = this;
    if (state) {
      if (this.pending) state.breakers.pending.release();
      this.pending = undefined;
      if (this.upstream) record.host?.endRequest();
      record.host?.endConnection();
      state.breakers.connectionClosed();
    }
    record.durationMs = this.deps.clock.now() - this.began;
    this.observer.onClosed(record);
  }
}

/** By weight among those that have one (TCP-R7). */
export function drawCluster(filter: Pick<TcpFilter, 'clusters'>, random: Random): string {
  const { clusters } = filter;
  if (clusters.length === 1) return (clusters[0] as { cluster: string }).cluster;
  let total = 0;
  for (const { weight } of clusters) total += weight;
  let left = random() * total;
  for (const { cluster, weight } of clusters) {
    left -= weight;
    if (left < 0) return cluster;
  }
  return '';
}
