import type { ExternalAuthorizer } from '../../ir/authorization.ts';
import { inboundPassthroughCluster } from '../../ir/cluster.ts';
import type { FilterChain, Listener } from '../../ir/listener.ts';
import { securityAt } from '../../ir/secured.ts';
import type { RoutingTable } from '../../ir/table.ts';
import { CompiledStages } from '../core/authorization/stages.ts';
import { type AuthorizationCounters, tcpAuthorization } from '../telemetry/authorization-counters.ts';
import { ConnectionGuard } from './connection-guard.ts';
import type { ConnectionCheck, ExternalCheck } from './external-check.ts';
import { RequestGuard } from './request-guard.ts';
import type { TokenCheck } from './token-check.ts';

/** The policies of a table, ready to be asked. */
export interface CompiledPolicies {
  /** Undefined: there are none. */
  http: CompiledStages | undefined;
  tcp: CompiledStages | undefined;
}

export function compilePolicies({ security }: RoutingTable): CompiledPolicies {
  const authorization = security?.authorization;
  return { http: authorization && new CompiledStages(authorization.http), tcp: authorization && new CompiledStages(authorization.tcp) };
}

export interface TableSecurityOptions {
  /** Undefined: tokens are not asked for. */
  tokens: TokenCheck | undefined;
  /** By the prefix of a filter chain's statistics. */
  counters(prefix: string): AuthorizationCounters;
  external(authorizer: ExternalAuthorizer): ExternalCheck & ConnectionCheck;
}

/** What a table asks of those who come in, for its listeners. */
export class TableSecurity {
  private readonly table: RoutingTable;
  private readonly policies: CompiledPolicies;
  private readonly options: TableSecurityOptions;
  private readonly connections: ConnectionGuard | undefined;

  constructor(table: RoutingTable, policies: CompiledPolicies, options: TableSecurityOptions) {
    this.table = table;
    this.policies = policies;
    this.options = options;
    const { counters, external } = options;
    this.connections = policies.tcp && new ConnectionGuard({ stages: policies.tcp, counters: counters(tcpAuthorization), external });
  }

  /** Undefined: everybody may come in. */
  requestGuard(listener: Listener, chain: FilterChain): RequestGuard | undefined {
    const security = securityAt(this.table, listener);
    const { tokens, counters, external } = this.options;
    const { http: stages } = this.policies;
    if (!security || (!stages && !tokens)) return undefined;
    const routesByClaims = security.authentication?.routesByClaims ?? false;
    return new RequestGuard({ stages, tokens, routesByClaims, counters: counters(statPrefix(listener, chain)), external });
  }

  /** Undefined: everybody may come in. */
  connectionGuard(listener: Listener): ConnectionGuard | undefined {
    return securityAt(this.table, listener) && this.connections;
  }
}

/** As in Envoy's statistics. */
function statPrefix(listener: Listener, { name, filter }: FilterChain): string {
  if (listener.direction === 'outbound') return `outbound_${listener.name}`;
  return filter.kind === 'http' && filter.routes === inboundPassthroughCluster ? inboundPassthroughCluster : `inbound_${name}`;
}
