import { randomFillSync } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Cluster } from '../ir/cluster.ts';
import type { DownstreamTls, FilterChain, HttpFilter, Listener, TcpFilter } from '../ir/listener.ts';
import { byHostHeader, restOf } from '../ir/outbound-listener.ts';
import type { RoutingTable } from '../ir/table.ts';
import type { Host } from './core/balance/host.ts';
import { StateArena } from './core/balance/shared-state.ts';
import type { Clock } from './core/clock.ts';
import type { ExchangeRecord } from './core/exchange-record.ts';
import { HttpDate } from './core/http-date.ts';
import { HeadPolicy } from './core/request-head.ts';
import { RequestIds } from './core/request-id.ts';
import { compileRouter, type Router } from './core/router.ts';
import { Names, type Resolve } from './dns.ts';
import { HostPortRouter } from './host-port-router.ts';
import { type ExchangeDeps, HttpScope, type Outcome } from './http-scope.ts';
import { ServerConnection } from './http1/server-connection.ts';
import { defaultServerOptions } from './http1/server-options.ts';
import { Http2ServerConnection } from './http2/server-connection.ts';
import { type Accepted, ListenerSet, type PreparedListeners } from './listeners.ts';
import { type OpenConnection, OpenConnections } from './open-connections.ts';
import { destinationOf, withOutboundListener } from './outbound-listener.ts';
import { poolFor } from './pools.ts';
import { Authenticator } from './security/authenticator.ts';
import { ExternalAuthorizers } from './security/ext-authz/authorizers.ts';
import { type FetchKeys, fetchKeysWith } from './security/fetch-keys.ts';
import { type CompiledPolicies, compilePolicies, TableSecurity } from './security/table-security.ts';
import { trustedRoots } from './security/trusted-roots.ts';
import type { ConnectionInfo, Refusal } from './stream.ts';
import { versionOf } from './table-version.ts';
import { type Detection, Detector } from './tcp/detect.ts';
import { TcpProxyConnection } from './tcp/proxy.ts';
import type { Metrics } from './telemetry/metrics.ts';
import { connectionRecord, failedHandshakeRecord, type LoggedConnection, refusalRecord, refusedConnectionRecord } from './telemetry/records.ts';
import { TcpTelemetry } from './telemetry/tcp-telemetry.ts';
import { HeldCredentials } from './tls/held-credentials.ts';
import { type Secure, TlsOrigination } from './tls/origination.ts';
import { resetAndDestroy } from './tls/raw-socket.ts';
import { defaultHandshakeMs, TlsTermination } from './tls/termination.ts';
import { Upstreams } from './upstreams.ts';

/** How long clients may take; 0: without end. Absent: as docs/proxy-limits.md says. */
export interface ClientLimits {
  /** HTTP/1: from the first byte of a head to its end. HTTP/2: for the preface, and for a header block that began. */
  headersTimeoutMs?: number;
  /** HTTP/1: no byte of a body that is owed, or none taken of a response. */
  stallTimeoutMs?: number;
  /** HTTP/1: a body is held back because its endpoint does not take it. */
  heldTimeoutMs?: number;
  /** Without a request, where the listener does not say. */
  idleTimeoutMs?: number;
  /** TLS: from the first byte of a ClientHello to its end, and from there to the end of the handshake. */
  handshakeTimeoutMs?: number;
}

export interface SidecarOptions {
  clock: Clock;
  /** Address of listeners that are for every address; `*`: every one, of IPv4 and IPv6. */
  bind: string;
  /** One HTTP listener for all that the application sends, by the Host header; 0: none. */
  outboundPort: number;
  inboundPort: number;
  /** Tells where a redirected connection meant to go; undefined: connections are not captured. */
  originalDestination?: (socket: Socket) => { address: string; port: number } | undefined;
  /** Other threads listen on the same ports. */
  reusePort: boolean;
  /** Default: 1, 2, 3 … */
  connectionIds?: { first: number; step: number };
  /** Of connections that are to end: what they have at most. Default 45 s. */
  drainMs?: number;
  /** Other limits for clients than the usual ones. */
  clientLimits?: ClientLimits;
  /** Default: this thread looks names up by itself. */
  resolve?: Resolve;
  /** This proxy has an identity of the mesh, or will have one; else what would be mTLS to endpoints is plain text. */
  meshTls?: boolean;
  /** Gets the keys of issuers of tokens. Default: from servers that the system trusts. */
  fetchKeys?: FetchKeys;
  /** What whoever runs the proxy has to know. */
  warn?: (text: string) => void;
  metrics: (table: RoutingTable) => Metrics;
  /** A line of the access log. */
  accessLog: (record: ExchangeRecord) => void;
}

export interface TableState {
  version: string;
  generation: number;
  loadedAt: number;
}

/** A table that can be taken: what could fail is done. */
export interface PreparedTable {
  readonly table: RoutingTable;
  readonly version: string;
  readonly routers: Map<string, Router>;
  readonly policies: CompiledPolicies;
  /** Those of the table as they are opened. */
  readonly listeners: readonly Listener[];
  readonly opened: PreparedListeners;
}

/** The data plane of one thread: what it does is what the table in force says. */
export class Sidecar {
  readonly upstreams: Upstreams;
  readonly listeners: ListenerSet;
  readonly arena = new StateArena();
  readonly credentials = new HeldCredentials();
  metrics: Metrics | undefined;
  table: RoutingTable | undefined;
  state: TableState = { version: '', generation: 0, loadedAt: 0 };
  readonly events = new EventEmitter<{ idle: [] }>();
  private readonly options: SidecarOptions;
  private readonly deps: ExchangeDeps;
  private readonly scopes = new Map<string, HttpScope>();
  /** Keys of all filter chains of the table. */
  private chains: ReadonlySet<string> = new Set();
  /** Of filter chains that are gone, with requests under way. */
  private readonly goneScopes = new Set<HttpScope>();
  private readonly open: OpenConnections<string>;
  private readonly names = new Names();
  private routers = new Map<string, Router>();
  private byHost: HostPortRouter | undefined;
  private security: TableSecurity | undefined;
  private readonly authorizers: ExternalAuthorizers;
  private readonly authenticator: Authenticator;
  private readonly ticker: NodeJS.Timeout;
  private readonly tcpTelemetry = new TcpTelemetry();
  private readonly handshakeMs: number;
  private readonly termination: TlsTermination;
  private readonly origination: TlsOrigination;

  constructor(options: SidecarOptions) {
    this.options = options;
    const { clock } = options;
    const random = Math.random;
    const date = new HttpDate();
    this.open = new OpenConnections(clock, options.drainMs ?? 45_000, () => this.events.emit('idle'));
    const { credentials } = this;
    this.handshakeMs = options.clientLimits?.handshakeTimeoutMs ?? defaultHandshakeMs;
    this.termination = new TlsTermination({ credentials, clock, handshakeMs: this.handshakeMs, sessionSecret: () => credentials.sessionSecret });
    this.origination = new TlsOrigination({ credentials, clock, meshTls: options.meshTls === true });
    this.upstreams = new Upstreams({
      clock,
      random,
      arena: this.arena,
      pool: (cluster, host, protocol, name) => poolFor(clock, cluster, host, protocol, this.secureFor(cluster.cluster, host, protocol, name)),
      resolve: options.resolve ?? this.names.resolve,
    });
    this.authorizers = new ExternalAuthorizers({ clock, upstreams: this.upstreams });
    this.authenticator = new Authenticator({
      clock,
      random,
      fetch: options.fetchKeys ?? fetchKeysWith(trustedRoots()),
      ...(options.warn ? { tell: options.warn } : {}),
    });
    this.deps = {
      clock,
      random,
      ids: new RequestIds((bytes) => randomFillSync(bytes)),
      upstreams: this.upstreams,
      date: () => date.at(clock.wallTime()),
      finished: (outcome) => this.finished(outcome),
      refused: (scope, connection, refusal) => this.refused(scope, connection, refusal),
    };
    this.ticker = setInterval(() => this.upstreams.tick(), tickMs);
    this.listeners = new ListenerSet({
      clock,
      bind: options.bind,
      reusePort: options.reusePort,
      connectionIds: options.connectionIds ?? { first: 1, step: 1 },
      idleTimeoutMs: options.clientLimits?.idleTimeoutMs ?? 3_600_000,
      helloTimeoutMs: this.handshakeMs,
      taker: {
        http: (accepted, chain) => this.takeHttp(accepted, chain),
        tcp: (accepted, chain) => this.takeTcp(accepted, chain),
        tls: (accepted, chain) => this.takeTls(accepted, chain),
        refused: (accepted) => this.refusedConnection(accepted),
      },
      ...(options.originalDestination
        ? {
            capture: {
              outboundPort: options.outboundPort,
              inboundPort: options.inboundPort,
              originalDestination: options.originalDestination,
            },
          }
        : {}),
    });
  }

  /** Connections whose TLS handshake is under way. */
  get handshakes(): number {
    return this.termination.size;
  }

  /** Requests and connections under way. */
  get active(): { requests: number; connections: number } {
    let requests = 0;
    for (const scope of this.scopes.values()) requests += scope.active;
    for (const scope of this.goneScopes) {
      if (scope.active === 0) this.goneScopes.delete(scope);
      requests += scope.active;
    }
    return { requests, connections: this.open.size };
  }

  /**
   * Takes a table: each request that comes from then on is routed by it, those under way end as they began.
   *
   * @throws Error where a port cannot be opened or an expression cannot be compiled: the table before it goes on
   */
  async apply(table: RoutingTable): Promise<void> {
    if (this.table && versionOf(table) === this.state.version) return;
    const prepared = await this.prepare(table);
    if (!this.options.resolve) await this.names.warm(table.clusters);
    this.commit(prepared);
  }

  /**
   * Does what can fail, and nothing that changes how requests are treated.
   *
   * @param exclusive of ports that threads share: first makes sure that no other process has them
   * @throws Error as `apply`
   */
  async prepare(table: RoutingTable, exclusive = false): Promise<PreparedTable> {
    const routers = new Map(table.routes.map((config) => [config.name, compileRouter(config)]));
    const { originalDestination, outboundPort, bind } = this.options;
    const own = originalDestination || outboundPort === 0 || table.proxy.role === 'gateway';
    const listeners = own ? table.listeners : withOutboundListener(table, bind, outboundPort);
    const policies = compilePolicies(table);
    return { table, version: versionOf(table), routers, policies, listeners, opened: await this.listeners.prepare(listeners, exclusive) };
  }

  /** From now on the table is in force. */
  commit({ table, version, routers, policies, listeners, opened }: PreparedTable): void {
    const metrics = this.metrics ?? this.options.metrics(table);
    if (this.metrics) metrics.setTable(table);
    this.metrics = metrics;
    this.security = new TableSecurity(table, policies, {
      tokens: this.authenticator.apply(table.security?.authentication),
      counters: (prefix) => metrics.authorization(prefix),
      external: (authorizer) => this.authorizers.of(authorizer),
    });
    const { namespace } = table.proxy;
    this.termination.setScope({ namespace, trustDomains: [table.mesh.trustDomain, ...(table.mesh.trustDomainAliases ?? [])] });
    this.origination.setScope({ namespace });
    this.upstreams.apply(table.clusters);
    this.names.retain(table.clusters);
    this.routers = routers;
    this.byHost = new HostPortRouter(
      [...routers].map(([name, router]) => ({ name, router })),
      table.proxy.namespace,
      restOf(table.listeners),
    );
    this.table = table;
    this.state = { version, generation: this.state.generation + 1, loadedAt: this.options.clock.wallTime() };
    const wanted = new Set<string>();
    this.chains = wanted;
    for (const listener of listeners) {
      for (const chain of [...listener.chains, ...(listener.defaultChain ? [listener.defaultChain] : [])]) {
        const key = scopeKey(listener, chain);
        wanted.add(key);
        const scope = this.scopes.get(key);
        if (scope && chain.filter.kind === 'http') this.refresh(scope, listener, chain as FilterChain & { filter: HttpFilter });
      }
    }
    for (const [key, scope] of this.scopes) {
      if (wanted.has(key)) continue;
      this.scopes.delete(key);
      if (scope.active > 0) this.goneScopes.add(scope);
    }
    opened.commit();
    this.open.drainOthers(wanted);
  }

  /** No new connections; those that are idle end, the others after their request. */
  drain(direction?: 'inbound'): void {
    this.listeners.drain(direction);
    if (direction === undefined) this.open.drainAll();
  }

  destroy(): void {
    clearInterval(this.ticker);
    this.tcpTelemetry.close();
    this.authenticator.close();
    this.termination.destroyAll();
    this.open.destroyAll();
    this.upstreams.destroy();
  }

  private scopeOf(listener: Listener, chain: FilterChain & { filter: HttpFilter }): HttpScope | undefined {
    const key = scopeKey(listener, chain);
    let scope = this.scopes.get(key);
    if (scope) return scope;
    const router = this.routerOf(chain.filter.routes);
    const policy = this.policyOf(listener, chain.filter);
    if (!router || !policy) return undefined;
    const byRequest = chain.filter.routes === byHostHeader ? (record: ExchangeRecord) => destinationOf(record.authority, this.options.outboundPort) : undefined;
    scope = new HttpScope(this.deps, { chain, listener: listener.name, direction: listener.direction, policy, router }, byRequest);
    scope.guard = this.security?.requestGuard(listener, chain);
    this.scopes.set(key, scope);
    return scope;
  }

  private refresh(scope: HttpScope, listener: Listener, chain: FilterChain & { filter: HttpFilter }): void {
    scope.filter = chain.filter;
    scope.policy = this.policyOf(listener, chain.filter) ?? scope.policy;
    scope.router = this.routerOf(chain.filter.routes) ?? scope.router;
    scope.guard = this.security?.requestGuard(listener, chain);
  }

  private routerOf(name: string) {
    return name === byHostHeader ? this.byHost : this.routers.get(name);
  }

  private policyOf(listener: Listener, filter: HttpFilter): HeadPolicy | undefined {
    const { table } = this;
    return (
      table &&
      new HeadPolicy(filter, {
        egress: listener.direction === 'outbound',
        pathNormalization: table.mesh.pathNormalization,
        nodeAddress: table.proxy.addresses[0] ?? '127.0.0.1',
      })
    );
  }

  private takeHttp(accepted: Accepted, chain: FilterChain & { filter: HttpFilter }): void {
    const scope = this.scopeOf(accepted.listener, chain);
    if (!scope) {
      resetAndDestroy(accepted.socket);
      return;
    }
    const { socket, bytes, detection } = accepted;
    const h2 = detection.protocol === 'h2c';
    const info = connectionInfo(accepted, h2 ? 'HTTP/2' : 'HTTP/1.1');
    const counters = this.metrics?.listener(accepted.listener.name);
    if (counters) {
      counters.connectionsTotal++;
      counters.connectionsActive++;
    }
    const { filter } = chain;
    const { clientLimits } = this.options;
    let connection: OpenConnection | undefined;
    let over = false;
    const closed = (): void => {
      over = true;
      if (counters) counters.connectionsActive--;
      if (connection) this.open.delete(connection);
    };
    if (h2) {
      connection = new Http2ServerConnection(
        socket,
        bytes,
        info,
        scope,
        this.options.clock,
        {
          ...(filter.http2MaxConcurrentStreams === undefined ? {} : { maxConcurrentStreams: filter.http2MaxConcurrentStreams }),
          idleTimeoutMs: filter.idleTimeoutMs ?? clientLimits?.idleTimeoutMs,
          frameTimeoutMs: clientLimits?.headersTimeoutMs,
        },
        closed,
      );
    } else {
      connection = new ServerConnection(
        socket,
        info,
        scope,
        {
          ...defaultServerOptions,
          ...clientLimits,
          serverName: filter.serverName,
          http10: filter.http10,
          maxHeadBytes: filter.maxRequestHeadersKb * 1024,
          idleTimeoutMs: filter.idleTimeoutMs ?? clientLimits?.idleTimeoutMs ?? defaultServerOptions.idleTimeoutMs,
        },
        bytes,
        closed,
      );
    }
    if (!over) this.open.add(connection, scopeKey(accepted.listener, chain), this.chains);
  }

  /** TLS to an endpoint; undefined: plain text. */
  private secureFor(cluster: Cluster, host: Host, inside: 'http1' | 'http2' | 'tcp', name: string): Secure | undefined {
    return this.origination.secure({ cluster, host, inside, name, counters: () => (this.metrics as Metrics).cluster(cluster.name).tls });
  }

  private takeTls(accepted: Accepted, chain: FilterChain & { tls: DownstreamTls }): void {
    if (!this.metrics) return;
    const { socket, bytes, detection, listener } = accepted;
    const counters = this.metrics.listener(listener.name).tls;
    const { applicationProtocols } = detection;
    this.termination.accept({ socket, bytes, applicationProtocols, direction: listener.direction, counters }, chain.tls, {
      secured: (secured) => this.takeSecured({ ...accepted, socket: secured.socket, bytes: nothing, tls: secured.tls }, chain, secured.applicationProtocol),
      refused: ({ reason }) => {
        // What waits for requests has nothing to tell of a connection that had none.
        if (chain.filter.kind === 'tcp') this.options.accessLog(failedHandshakeRecord(logged(accepted, chain.name), reason, this.now()));
      },
    });
  }

  /** Without a protocol that was agreed on, the first bytes tell HTTP/1 and HTTP/2 apart. */
  private takeSecured(accepted: Accepted, chain: FilterChain, applicationProtocol: string): void {
    if (chain.filter.kind === 'tcp') {
      this.takeTcp(accepted, chain as FilterChain & { filter: TcpFilter });
      return;
    }
    const http = chain as FilterChain & { filter: HttpFilter };
    const { serverName } = accepted.detection;
    const take = (protocol: Detection['protocol'], bytes: Buffer): void =>
      this.takeHttp({ ...accepted, bytes, detection: { protocol, serverName, applicationProtocols: [] } }, http);
    if (applicationProtocol !== '') {
      take(applicationProtocol === 'h2' ? 'h2c' : 'http/1.1', nothing);
      return;
    }
    const idleTimeoutMs = http.filter.idleTimeoutMs ?? this.options.clientLimits?.idleTimeoutMs ?? defaultServerOptions.idleTimeoutMs;
    Detector.detect(accepted.socket, { http: 'preface', tls: false, timeoutMs: 0, idleTimeoutMs }, this.options.clock, (detection, bytes) => {
      if (detection) take(detection.protocol, bytes);
    });
  }

  private takeTcp(accepted: Accepted, chain: FilterChain & { filter: TcpFilter }): void {
    const { metrics } = this;
    if (!metrics) return;
    const { clock, accessLog } = this.options;
    const { socket, bytes, remoteAddress, originalDestination, listener } = accepted;
    const tcpMetrics = listener.direction === 'outbound' ? metrics.tcpOutbound : metrics.tcpInbound;
    const record = connectionRecord(logged(accepted, chain.name));
    const observer = this.tcpTelemetry.observe(record, tcpMetrics, accessLog);
    const guard = this.security?.connectionGuard(listener);
    let connection: OpenConnection | undefined;
    let over = false;
    const tcp = new TcpProxyConnection(
      { clock, random: Math.random, cluster: (name) => this.upstreams.get(name), secure: (cluster, host) => this.secureFor(cluster, host, 'tcp', '') },
      chain.filter,
      { socket, bytes, remoteAddress, originalDestination, judge: guard && ((decided) => guard.check(record, decided)) },
      {
        onConnected: (record) => observer.onConnected(record),
        onClosed: (record) => {
          over = true;
          observer.onClosed(record);
          if (connection) this.open.delete(connection);
        },
      },
    );
    connection = { drain: () => {}, destroy: () => tcp.destroy() };
    if (!over) this.open.add(connection, scopeKey(listener, chain), this.chains);
  }

  /** SEL-R75 */
  private refusedConnection(accepted: Accepted): void {
    if (this.metrics) this.metrics.listener(accepted.listener.name).noFilterChain++;
    this.options.accessLog(refusedConnectionRecord(logged(accepted, ''), this.now()));
  }

  private now(): { now: number; wallTime: number } {
    const { clock } = this.options;
    return { now: clock.now(), wallTime: clock.wallTime() };
  }

  private finished({ record, scope }: Outcome): void {
    this.metrics?.recordRequest(record, scope.direction);
    this.options.accessLog(record);
  }

  private refused(scope: HttpScope, connection: ConnectionInfo, refusal: Refusal): void {
    const record = refusalRecord(connection, scope.chain, refusal, this.now());
    if (this.metrics) this.metrics.listener(scope.listener).requestsRefused++;
    this.metrics?.recordRequest(record, scope.direction);
    this.options.accessLog(record);
  }
}

function logged(accepted: Accepted, filterChain: string): LoggedConnection {
  return { ...accepted, serverName: accepted.detection.serverName, filterChain };
}

const nothing = Buffer.alloc(0);

/** Shorter than any interval of outlier detection that is of use. */
const tickMs = 100;

function scopeKey(listener: Listener, chain: FilterChain): string {
  return `${listener.name}|${chain.name}|${chain.filter.kind === 'http' ? chain.filter.routes : ''}`;
}

function connectionInfo(accepted: Accepted, protocol: ConnectionInfo['protocol']): ConnectionInfo {
  const { id, remoteAddress, remotePort, localAddress, localPort, originalDestination, detection, tls } = accepted;
  return { id, protocol, remoteAddress, remotePort, localAddress, localPort, originalDestination, serverName: detection.serverName, tls };
}
