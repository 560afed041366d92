import { createServer, type Server, type Socket } from 'node:net';
import type { DownstreamTls, FilterChain, HttpFilter, Listener, TcpFilter } from '../ir/listener.ts';
import { ActiveListener } from './active-listener.ts';
import type { Clock } from './core/clock.ts';
import type { ConnectionTls } from './core/connection-tls.ts';
import { allAddresses, ignoreError, listen, probe } from './server-sockets.ts';
import { type Detection, Detector } from './tcp/detect.ts';

/** An accepted connection that has found its filter chain. */
export interface Accepted {
  id: number;
  socket: Socket;
  /** What was read already. */
  bytes: Buffer;
  detection: Detection;
  /** Where the client meant to connect. */
  localAddress: string;
  localPort: number;
  /** The same, of a redirected connection only. */
  originalDestination: { address: string; port: number } | undefined;
  remoteAddress: string;
  remotePort: number;
  listener: Listener;
  /** Of TLS that was ended here. */
  tls?: ConnectionTls;
}

/** Who takes connections over. */
export interface ConnectionTaker {
  http(accepted: Accepted, chain: FilterChain & { filter: HttpFilter }): void;
  tcp(accepted: Accepted, chain: FilterChain & { filter: TcpFilter }): void;
  /** TLS is to be ended before the filter of the chain has it. */
  tls(accepted: Accepted, chain: FilterChain & { tls: DownstreamTls }): void;
  /** No chain takes it (SEL-R75); the socket is reset afterwards. */
  refused(accepted: Accepted): void;
}

export interface ListenerOptions {
  clock: Clock;
  taker: ConnectionTaker;
  /** Address of listeners that are for every address, where connections are not captured; `*`: every one, of IPv4 and IPv6. */
  bind: string;
  /** Several workers share each port. */
  reusePort: boolean;
  /** Numbers of connections are `first`, `first + step` …: no two threads give the same one. */
  connectionIds: { first: number; step: number };
  /** Of a connection that has not said what it speaks, where its listener has no time for it (RT-R65, TCP-R12); 0: none. */
  idleTimeoutMs: number;
  /** For a ClientHello that has begun. */
  helloTimeoutMs: number;
  /** Sockets for captured connections, by direction; the original destination chooses the listener (SEL-R40). */
  capture?: {
    outboundPort: number;
    inboundPort: number;
    /** Undefined: the connection was not redirected. */
    originalDestination: (socket: Socket) => { address: string; port: number } | undefined;
  };
}

interface Bound {
  server: Server;
  key: string;
  address: string;
  port: number;
  /** Connections that came before the listener is in force; undefined: it is. */
  early: Socket[] | undefined;
}

/** The sockets of a new table are open: what is still to be done cannot fail. */
export interface PreparedListeners {
  /** From now on connections are dispatched as these listeners say. */
  commit(): void;
  /** The listeners that are in force stay. */
  abandon(): void;
}

/** A connection whose first bytes are awaited. */
interface Undecided {
  accepted: Omit<Accepted, 'bytes' | 'detection'>;
  bound: Bound;
}

/**
 * What a client has that connected just before its listener was closed, to send its first bytes. Longer than any round trip of those
 * that mean to send them at once.
 */
const undecidedMs = 1000;

const anyAddress: ReadonlySet<string> = new Set(['0.0.0.0', '::', '']);

/**
 * The sockets of a table's listeners. A new table closes those that it does not have any more and opens what is new; a port that
 * stays is never closed in between. Connections that are there go on.
 */
export class ListenerSet {
  private readonly options: ListenerOptions;
  private readonly bound = new Map<string, Bound>();
  private readonly byName = new Map<string, ActiveListener>();
  private readonly undecided = new Set<Undecided>();
  private outbound: ActiveListener | undefined;
  private inbound: ActiveListener | undefined;
  private draining = false;
  private inboundDrained = false;
  private nextConnection: number;

  constructor(options: ListenerOptions) {
    this.options = options;
    this.nextConnection = options.connectionIds.first;
  }

  /**
   * Opens what is not open yet.
   *
   * @param exclusive of ports that threads share: first makes sure that no other process has them
   * @throws Error where a port cannot be opened; the listeners that were there go on
   */
  async prepare(listeners: readonly Listener[], exclusive = false): Promise<PreparedListeners> {
    const actives = listeners.map((listener) => new ActiveListener(listener, this.options));
    const wanted = this.socketsOf(listeners);
    const opened: Bound[] = [];
    const abandon = (): void => {
      for (const { server, early } of opened) {
        server.close();
        for (const socket of early ?? []) socket.destroy();
      }
    };
    try {
      for (const [key, { address, port }] of wanted) {
        if (this.bound.has(key)) continue;
        if (exclusive) await probe(address, port);
        opened.push(await this.open(key, address, port));
      }
    } catch (error) {
      abandon();
      throw error;
    }
    return { abandon, commit: () => (this.draining ? abandon() : this.commit(actives, wanted, opened)) };
  }

  private commit(actives: readonly ActiveListener[], wanted: ReadonlyMap<string, unknown>, opened: readonly Bound[]): void {
    this.byName.clear();
    this.outbound = undefined;
    this.inbound = undefined;
    for (const active of actives) {
      const { listener } = active;
      this.byName.set(listener.name, active);
      if (listener.bind) {
        for (const address of [listener.address, ...(listener.moreAddresses ?? [])])
          this.byName.set(`bound|${this.addressOf(address)}|${listener.port}`, active);
      }
      if (listener.name === 'virtualOutbound') this.outbound = active;
      if (listener.name === 'virtualInbound') this.inbound = active;
    }
    for (const [key, bound] of this.bound) {
      if (wanted.has(key)) continue;
      this.bound.delete(key);
      this.closeBound(bound);
    }
    for (const bound of opened) {
      this.bound.set(bound.key, bound);
      const early = bound.early ?? [];
      bound.early = undefined;
      for (const socket of early) {
        socket.off('error', ignoreError);
        this.accept(socket, bound);
      }
    }
  }

  /** Addresses that need a socket of their own, by a key of them. */
  private socketsOf(listeners: readonly Listener[]): Map<string, { address: string; port: number }> {
    const wanted = new Map<string, { address: string; port: number }>();
    for (const listener of listeners) {
      if (!listener.bind) continue;
      for (const address of [listener.address, ...(listener.moreAddresses ?? [])]) {
        const own = this.addressOf(address);
        wanted.set(`${own}|${listener.port}`, { address: own, port: listener.port });
      }
    }
    const { capture } = this.options;
    if (capture) {
      for (const port of new Set([capture.outboundPort, capture.inboundPort])) {
        if (port === capture.inboundPort && this.inboundDrained) continue;
        if (port !== 0) wanted.set(`${allAddresses}|${port}`, { address: allAddresses, port });
      }
    }
    return wanted;
  }

  /** No new connections. */
  drain(direction?: 'inbound'): void {
    if (direction === undefined) this.draining = true;
    else this.inboundDrained = true;
    for (const [key, bound] of this.bound) {
      if (direction === 'inbound' && bound.port !== this.options.capture?.inboundPort) continue;
      this.bound.delete(key);
      this.closeBound(bound);
    }
  }

  private closeBound(bound: Bound): void {
    bound.server.close();
    const waiting = [...this.undecided].filter((one) => one.bound === bound);
    if (waiting.length === 0) return;
    this.options.clock.setTimer(undecidedMs, () => {
      for (const one of waiting) if (this.undecided.has(one)) one.accepted.socket.destroy();
    });
  }

  /** Sockets that are open, `address:port` of each. */
  addresses(): { name: string; address: string; port: number }[] {
    return [...this.bound.values()].map(({ server, address, port }) => {
      const actual = server.address();
      return { name: `${address}_${port}`, address, port: typeof actual === 'object' && actual ? actual.port : port };
    });
  }

  private addressOf(address: string): string {
    return anyAddress.has(address) ? (this.options.capture ? allAddresses : this.options.bind) : address;
  }

  private open(key: string, address: string, port: number): Promise<Bound> {
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: false });
    const bound: Bound = { server, key, address, port, early: [] };
    server.on('connection', (socket: Socket) => {
      if (bound.early) {
        // It may be reset while it waits.
        socket.on('error', ignoreError);
        bound.early.push(socket);
      } else this.accept(socket, bound);
    });
    return listen(server, address, port, this.options.reusePort).then(() => bound);
  }

  private accept(socket: Socket, bound: Bound): void {
    if (this.draining) {
      socket.resetAndDestroy();
      return;
    }
    const remoteAddress = plain(socket.remoteAddress);
    const remotePort = socket.remotePort;
    // The client went away between connecting and now.
    if (remoteAddress === '' || remotePort === undefined) {
      socket.destroy();
      return;
    }
    let localAddress = plain(socket.localAddress);
    let localPort = socket.localPort ?? bound.port;
    let originalDestination: Accepted['originalDestination'];
    let active = this.byName.get(`bound|${bound.address}|${bound.port}`);
    const { capture } = this.options;
    if (capture && bound.address === allAddresses && (bound.port === capture.outboundPort || bound.port === capture.inboundPort)) {
      const original = capture.originalDestination(socket);
      if (original) {
        localAddress = plain(original.address);
        localPort = original.port;
        originalDestination = { address: localAddress, port: localPort };
      }
      active = bound.port === capture.inboundPort ? this.inbound : this.outboundFor(localAddress, localPort);
    }
    if (!active) {
      socket.resetAndDestroy();
      return;
    }
    this.detect(
      { id: this.nextId(), socket, localAddress, localPort, originalDestination, remoteAddress, remotePort, listener: active.listener },
      active,
      bound,
    );
  }

  private nextId(): number {
    const id = this.nextConnection;
    this.nextConnection += this.options.connectionIds.step;
    return id;
  }

  /** SEL-R40 */
  private outboundFor(address: string, port: number): ActiveListener | undefined {
    const { capture } = this.options;
    if (port === capture?.outboundPort) return this.outbound;
    return this.byName.get(`${address}_${port}`) ?? this.byName.get(`0.0.0.0_${port}`) ?? this.outbound;
  }

  private detect(accepted: Undecided['accepted'], active: ActiveListener, bound: Bound): void {
    const options = active.detectionAt(accepted.localPort);
    const waiting: Undecided = { accepted, bound };
    this.undecided.add(waiting);
    Detector.detect(accepted.socket, options, this.options.clock, (detection, bytes) => {
      this.undecided.delete(waiting);
      if (detection) this.dispatch({ ...accepted, detection, bytes }, active, options.http === 'preface');
    });
  }

  private dispatch(accepted: Accepted, active: ActiveListener, onlyHttp: boolean): void {
    const { detection } = accepted;
    const chain = active.matcher.find({
      address: accepted.localAddress,
      port: accepted.localPort,
      serverName: detection.serverName,
      transport: detection.protocol === 'tls' ? 'tls' : 'raw_buffer',
      // Where the protocol is not what chains are chosen by, whatever comes is for the HTTP codec to judge.
      applicationProtocols: onlyHttp && detection.protocol !== 'tls' ? [] : detection.applicationProtocols,
    });
    const { taker } = this.options;
    if (!chain) {
      taker.refused(accepted);
      accepted.socket.resetAndDestroy();
    } else if (chain.tls) taker.tls(accepted, chain as FilterChain & { tls: DownstreamTls });
    else if (chain.filter.kind === 'http') taker.http(accepted, chain as FilterChain & { filter: HttpFilter });
    else taker.tcp(accepted, chain as FilterChain & { filter: TcpFilter });
  }
}

/** IPv4 in its own form where the socket is one for both. */
function plain(address: string | undefined): string {
  return address === undefined ? '' : address.startsWith('::ffff:') ? address.slice(7) : address;
}
