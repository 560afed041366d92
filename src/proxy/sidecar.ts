import { randomFillSync } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Cluster } from '../ir/cluster.ts';
import type { Listener } from '../ir/listener.ts';
import type { RoutingTable } from '../ir/table.ts';
import type { ClientLimits } from './client-limits.ts';
import type { Host } from './core/balance/host.ts';
import { StateArena } from './core/balance/shared-state.ts';
import type { Clock } from './core/clock.ts';
import type { ExchangeRecord } from './core/exchange-record.ts';
import { HttpDate } from './core/http-date.ts';
import { RequestIds } from './core/request-id.ts';
import { compileRouter, type Router } from './core/router.ts';
import { Names, type Resolve } from './dns.ts';
import { DownstreamConnections } from './downstream-connections.ts';
import type { HttpScope } from './http-scope.ts';
import { HttpScopes } from './http-scopes.ts';
import { ListenerSet, type PreparedListeners } from './listeners.ts';
import { withOutboundListener } from './outbound-listener.ts';
import { poolFor } from './pools.ts';
import { Authenticator } from './security/authenticator.ts';
import { ExternalAuthorizers } from './security/ext-authz/authorizers.ts';
import { type FetchKeys, fetchKeysWith } from './security/fetch-keys.ts';
import { type CompiledPolicies, compilePolicies, TableSecurity } from './security/table-security.ts';
import { trustedRoots } from './security/trusted-roots.ts';
import type { ConnectionInfo, Refusal } from './stream.ts';
import { versionOf } from './table-version.ts';
import type { Metrics } from './telemetry/metrics.ts';
import { refusalRecord } from './telemetry/records.ts';
import { HeldCredentials } from './tls/held-credentials.ts';
import { type Secure, TlsOrigination } from './tls/origination.ts';
import { defaultHandshakeMs, TlsTermination } from './tls/termination.ts';
import { Upstreams } from './upstreams.ts';

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
  private readonly names = new Names();
  private readonly scopes: HttpScopes;
  private readonly connections: DownstreamConnections;
  private readonly authorizers: ExternalAuthorizers;
  private readonly authenticator: Authenticator;
  private readonly termination: TlsTermination;
  private readonly origination: TlsOrigination;
  private readonly ticker: NodeJS.Timeout;

  constructor(options: SidecarOptions) {
    this.options = options;
    const { clock, clientLimits: limits = {}, accessLog } = options;
    const { credentials } = this;
    const random = Math.random;
    const handshakeMs = limits.handshakeTimeoutMs ?? defaultHandshakeMs;
    this.termination = new TlsTermination({ credentials, clock, handshakeMs, sessionSecret: () => credentials.sessionSecret });
    this.origination = new TlsOrigination({ credentials, clock, meshTls: options.meshTls === true });
    this.upstreams = new Upstreams({
      clock,
      random,
      arena: this.arena,
      pool: (cluster, host, protocol, name) => poolFor(clock, cluster, host, protocol, this.secureFor(cluster.cluster, host, protocol, name)),
      resolve: options.resolve ?? this.names.resolve,
    });
    this.ticker = setInterval(() => this.upstreams.tick(), tickMs);
    this.authorizers = new ExternalAuthorizers({ clock, upstreams: this.upstreams });
    this.authenticator = new Authenticator({
      clock,
      random,
      fetch: options.fetchKeys ?? fetchKeysWith(trustedRoots()),
      ...(options.warn ? { tell: options.warn } : {}),
    });
    const date = new HttpDate();
    this.scopes = new HttpScopes(
      {
        clock,
        random,
        ids: new RequestIds((bytes) => randomFillSync(bytes)),
        upstreams: this.upstreams,
        date: () => date.at(clock.wallTime()),
        finished: (record, scope) => this.finished(record, scope),
        refused: (scope, connection, refusal) => this.refused(scope, connection, refusal),
      },
      options.outboundPort,
    );
    this.connections = new DownstreamConnections({
      clock,
      limits,
      drainMs: options.drainMs ?? 45_000,
      scopes: this.scopes,
      termination: this.termination,
      tcp: { clock, random, cluster: (name) => this.upstreams.get(name), secure: (cluster, host) => this.secureFor(cluster, host, 'tcp', '') },
      accessLog,
      onIdle: () => this.events.emit('idle'),
    });
    this.listeners = new ListenerSet({
      clock,
      bind: options.bind,
      reusePort: options.reusePort,
      connectionIds: options.connectionIds ?? { first: 1, step: 1 },
      idleTimeoutMs: limits.idleTimeoutMs ?? 3_600_000,
      helloTimeoutMs: handshakeMs,
      taker: this.connections,
      ...(options.originalDestination
        ? { capture: { outboundPort: options.outboundPort, inboundPort: options.inboundPort, originalDestination: options.originalDestination } }
        : {}),
    });
  }

  /** Connections whose TLS handshake is under way. */
  get handshakes(): number {
    return this.termination.size;
  }

  /** Requests and connections under way. */
  get active(): { requests: number; connections: number } {
    return { requests: this.scopes.active, connections: this.connections.size };
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
    const security = new TableSecurity(table, policies, {
      tokens: this.authenticator.apply(table.security?.authentication),
      counters: (prefix) => metrics.authorization(prefix),
      external: (authorizer) => this.authorizers.of(authorizer),
    });
    const { namespace } = table.proxy;
    this.termination.setScope({ namespace, trustDomains: [table.mesh.trustDomain, ...(table.mesh.trustDomainAliases ?? [])] });
    this.origination.setScope({ namespace });
    this.upstreams.apply(table.clusters);
    this.names.retain(table.clusters);
    this.table = table;
    this.state = { version, generation: this.state.generation + 1, loadedAt: this.options.clock.wallTime() };
    this.scopes.apply({ table, listeners, routers, security });
    this.connections.apply({ metrics, security });
    opened.commit();
    this.connections.drainGone();
  }

  /** No new connections; those that are idle end, the others after their request. */
  drain(direction?: 'inbound'): void {
    this.listeners.drain(direction);
    if (direction === undefined) this.connections.drainAll();
  }

  destroy(): void {
    clearInterval(this.ticker);
    this.authenticator.close();
    this.connections.destroy();
    this.upstreams.destroy();
  }

  /** TLS to an endpoint; undefined: plain text. */
  private secureFor(cluster: Cluster, host: Host, inside: 'http1' | 'http2' | 'tcp', name: string): Secure | undefined {
    return this.origination.secure({ cluster, host, inside, name, counters: () => (this.metrics as Metrics).cluster(cluster.name).tls });
  }

  private finished(record: ExchangeRecord, { direction }: HttpScope): void {
    this.metrics?.recordRequest(record, direction);
    this.options.accessLog(record);
  }

  private refused({ chain, listener, direction }: HttpScope, connection: ConnectionInfo, refusal: Refusal): void {
    const { clock, accessLog } = this.options;
    const record = refusalRecord(connection, chain, refusal, { now: clock.now(), wallTime: clock.wallTime() });
    if (this.metrics) this.metrics.listener(listener).requestsRefused++;
    this.metrics?.recordRequest(record, direction);
    accessLog(record);
  }
}

/** Shorter than any interval of outlier detection that is of use. */
const tickMs = 100;
