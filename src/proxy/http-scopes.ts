import { chainsOf, type FilterChain, type HttpFilter, type Listener } from '../ir/listener.ts';
import { byHostHeader, restOf } from '../ir/outbound-listener.ts';
import type { RoutingTable } from '../ir/table.ts';
import type { ExchangeRecord } from './core/exchange-record.ts';
import { HeadPolicy } from './core/request-head.ts';
import type { Router } from './core/router.ts';
import { HostPortRouter, type HostRouter } from './host-port-router.ts';
import { type ExchangeDeps, HttpScope } from './http-scope.ts';
import { destinationOf } from './outbound-listener.ts';
import type { TableSecurity } from './security/table-security.ts';

export type HttpChain = FilterChain & { filter: HttpFilter };

/** What the scopes of a table are made of. */
export interface ScopedTable {
  table: RoutingTable;
  /** Those of the table as they are opened. */
  listeners: readonly Listener[];
  /** By the names of the route configurations. */
  routers: ReadonlyMap<string, Router>;
  security: TableSecurity;
}

/** How the requests of the HTTP filter chains of the table in force are treated. */
export class HttpScopes {
  /** Keys of all filter chains of the table. */
  chains: ReadonlySet<string> = new Set();
  private readonly deps: ExchangeDeps;
  private readonly outboundPort: number;
  private readonly scopes = new Map<string, HttpScope>();
  /** Of filter chains that are gone, with requests under way. */
  private readonly gone = new Set<HttpScope>();
  private current: ScopedTable | undefined;
  private byHost: HostPortRouter | undefined;

  /** @param outboundPort of the listener for all that the application sends, to which nothing is sent */
  constructor(deps: ExchangeDeps, outboundPort: number) {
    this.deps = deps;
    this.outboundPort = outboundPort;
  }

  /** Requests under way. */
  get active(): number {
    let requests = 0;
    for (const scope of this.scopes.values()) requests += scope.active;
    for (const scope of this.gone) {
      if (scope.active === 0) this.gone.delete(scope);
      requests += scope.active;
    }
    return requests;
  }

  /** Requests that come from now on are treated as this table says, also on connections that are there. */
  apply(current: ScopedTable): void {
    const { table, listeners, routers } = current;
    this.current = current;
    this.byHost = new HostPortRouter(
      [...routers].map(([name, router]) => ({ name, router })),
      table.proxy.namespace,
      restOf(table.listeners),
    );
    const chains = new Set<string>();
    for (const listener of listeners) {
      for (const chain of chainsOf(listener)) {
        const key = chainKey(listener, chain);
        chains.add(key);
        const scope = this.scopes.get(key);
        if (scope && chain.filter.kind === 'http') this.refresh(scope, listener, chain as HttpChain);
      }
    }
    this.chains = chains;
    for (const [key, scope] of this.scopes) {
      if (chains.has(key)) continue;
      this.scopes.delete(key);
      if (scope.active > 0) this.gone.add(scope);
    }
  }

  /** @returns undefined where the chain is not of the table in force */
  of(listener: Listener, chain: HttpChain): HttpScope | undefined {
    const key = chainKey(listener, chain);
    let scope = this.scopes.get(key);
    if (scope) return scope;
    const router = this.routerOf(chain.filter.routes);
    const policy = this.policyOf(listener, chain.filter);
    if (!router || !policy) return undefined;
    const byRequest = chain.filter.routes === byHostHeader ? (record: ExchangeRecord) => destinationOf(record.authority, this.outboundPort) : undefined;
    scope = new HttpScope(this.deps, { chain, listener: listener.name, direction: listener.direction, policy, router }, byRequest);
    scope.guard = this.current?.security.requestGuard(listener, chain);
    this.scopes.set(key, scope);
    return scope;
  }

  private refresh(scope: HttpScope, listener: Listener, chain: HttpChain): void {
    scope.filter = chain.filter;
    scope.policy = this.policyOf(listener, chain.filter) ?? scope.policy;
    scope.router = this.routerOf(chain.filter.routes) ?? scope.router;
    scope.guard = this.current?.security.requestGuard(listener, chain);
  }

  private routerOf(name: string): HostRouter | undefined {
    return name === byHostHeader ? this.byHost : this.current?.routers.get(name);
  }

  private policyOf(listener: Listener, filter: HttpFilter): HeadPolicy | undefined {
    const table = this.current?.table;
    return (
      table &&
      new HeadPolicy(filter, {
        egress: listener.direction === 'outbound',
        pathNormalization: table.mesh.pathNormalization,
        nodeAddress: table.proxy.addresses[0] ?? '127.0.0.1',
      })
    );
  }
}

/** The same for a chain of two tables when its connections may stay. */
export function chainKey(listener: Listener, chain: FilterChain): string {
  return `${listener.name}|${chain.name}|${chain.filter.kind === 'http' ? chain.filter.routes : ''}`;
}
