// What becomes of a request at a proxy, as its routing table says: no second interpretation of the user's objects, and the proxy's own
// functions for every step.
import type { FilterChain, HttpFilter, Listener, TcpFilter } from '../ir/listener.ts';
import { type Provenance, tableProvenance, written } from '../ir/provenance.ts';
import type { RouteConfig, VirtualHost } from '../ir/route.ts';
import { securityAt } from '../ir/secured.ts';
import type { Origin, RoutingTable, Status } from '../ir/table.ts';
import { ExchangeRecord } from '../proxy/core/exchange-record.ts';
import { explainMatch, type MatchExplanation } from '../proxy/core/explain.ts';
import { conditionRequest, HeadPolicy } from '../proxy/core/request-head.ts';
import { RequestIds } from '../proxy/core/request-id.ts';
import { CompiledVirtualHost } from '../proxy/core/router.ts';
import type { Admission } from './admission/admission.ts';
import { type Admitted, Gate } from './admission/gate.ts';
import { nothingVerified, type TokenKnowledge } from './admission/tokens.ts';
import { ClusterBook } from './cluster-book.ts';
import { Entrances, type FoundEntry } from './entry.ts';
import { touchingFilters } from './envoy-filters.ts';
import { connectionOf, connectionRecord, headOf, plainRequest, seenRequest, unknownOf, unknownProxy } from './head.ts';
import { TableHosts } from './hosts.ts';
import { answered, denied, deniedOnRoute, fixedOutcome, type HttpOutcome, onRoute, refused, towardsTls, withoutRoute } from './http.ts';
import type { HttpContext } from './http-context.ts';
import type { ArrivingConnection, SimulatedHttpRequest, SimulatedRequest } from './request.ts';
import type { Entry, SeenRequest, SimulatedDestination, Simulation, Trail } from './simulation.ts';

export interface SimulateOptions {
  /** Where values are written; absent: as the table itself knows it. */
  provenance?: Provenance;
  /** The trail has the route that takes the request alone: it is looked up, whatever number of others come before it. */
  chosenOnly?: boolean;
  /** What is known of tokens; absent: nothing of signatures, and no token is too old. */
  tokens?: TokenKnowledge;
}

/**
 * What becomes of one request. The same table and request give the same result; it is plain data. A request id that the proxy makes is
 * made of zeros, and the client's address is from the documentation range unless one is given.
 */
export function simulate(table: RoutingTable, request: SimulatedRequest, options: SimulateOptions = {}): Simulation {
  return new Simulator(table, options).simulate(request);
}

/** Simulates many requests: what depends on the table alone is made once. */
export class Simulator {
  readonly table: RoutingTable;
  readonly hosts: TableHosts;
  private readonly provenance: Provenance;
  private readonly chosenOnly: boolean;
  private readonly tokens: TokenKnowledge;
  /** Undefined: everybody may come in. */
  private readonly gate: Gate | undefined;
  private readonly configs: ReadonlyMap<string, RouteConfig>;
  private readonly entrances: Entrances;
  private readonly book: ClusterBook;
  private readonly compiled = new Map<VirtualHost, CompiledVirtualHost>();
  private readonly policies = new Map<HttpFilter, HeadPolicy>();
  private readonly ways = new Map<VirtualHost, Map<string, Pick<Trail, 'host' | 'virtualHost'>>>();
  private readonly statuses: ReadonlyMap<string, readonly Status[]>;

  constructor(table: RoutingTable, { provenance = tableProvenance, chosenOnly = false, tokens = nothingVerified }: SimulateOptions = {}) {
    this.table = table;
    this.provenance = provenance;
    this.chosenOnly = chosenOnly;
    this.tokens = tokens;
    this.gate = table.security && new Gate(table.security);
    this.hosts = new TableHosts(table);
    this.configs = new Map(table.routes.map((config) => [config.name, config]));
    this.entrances = new Entrances(table, this.hosts, this.configs);
    this.book = new ClusterBook(table.clusters, this.hosts, provenance);
    this.statuses = Map.groupBy(table.statuses, ({ origin }) => keyOf(origin));
  }

  simulate(request: SimulatedRequest): Simulation {
    return this.from(request, this.entrances.find(request));
  }

  /** What becomes of a request that comes to the workload of this proxy. */
  arrive(request: SimulatedRequest, connection: ArrivingConnection): Simulation {
    return this.from(request, this.entrances.arriving(connection, request));
  }

  private from(request: SimulatedRequest, found: FoundEntry): Simulation {
    const { listener, chain } = found;
    if (!listener) return this.simulation(request, found, answered({ kind: 'no-listener' }));
    if (!chain) return this.simulation(request, found, answered({ kind: 'no-filter-chain' }));
    if (chain.tls && found.plain && chain.match.transport !== 'raw_buffer') return this.simulation(request, found, answered({ kind: 'tls-expected' }));
    if (chain.tls?.mode === 'ISTIO_MUTUAL' && found.peer.length === 0) return this.simulation(request, found, answered({ kind: 'certificate-expected' }));
    const { filter } = chain;
    if (filter.kind === 'tcp') return this.connection(request, found, listener, chain, filter);
    if (request.kind === 'tcp') return this.simulation(request, found, answered({ kind: 'http-expected', routes: filter.routes }));
    return this.http(request, found, listener, chain as FilterChain & { filter: HttpFilter });
  }

  private http(request: SimulatedHttpRequest, found: FoundEntry, listener: Listener, chain: FilterChain & { filter: HttpFilter }): Simulation {
    const { filter } = chain;
    const record = new ExchangeRecord();
    const policy = this.policyOf(listener, filter);
    const refusal = conditionRequest(headOf(request), connectionOf(request, found, chain), policy, ids, record);
    record.filterChain = chain.name;
    // Where policies are asked, claims are of tokens that a rule for tokens accepts.
    if (!this.gate) record.claims = request.claims;
    const context: HttpContext = { record, policy, filter, bodyBytes: request.bodyBytes, book: this.book, provenance: this.provenance };
    const seen = seenRequest(request, found, record);
    const config = this.configs.get(filter.routes);
    if (refusal) return this.simulation(request, found, refused(context, refusal), { seen });
    if (!config) return this.simulation(request, found, answered({ kind: 'no-route-configuration' }), { seen });
    const host = this.hosts.domainsOf(config).find(record.authority);
    let trail = this.trailOf(config, host, record);
    const admitted = this.admitted(request, found, listener, record, trail.chosen >= 0);
    const admission = admitted?.admission;
    if (admitted && this.gate?.routesByClaims) trail = this.trailOf(config, host, record);
    const compiled = host && trail.chosen >= 0 ? this.compiledOf(host).routes[trail.chosen] : undefined;
    if (admitted?.denial) {
      const result = host && compiled ? deniedOnRoute(context, compiled, host, admitted.denial) : denied(context, admitted.denial);
      return this.simulation(request, found, withSource(result, admitted.admission), { seen, trail, host, admission });
    }
    if (host?.requireTls && chain.tls === undefined) {
      const redirect = towardsTls(context, host);
      if (redirect) return this.simulation(request, found, redirect, { seen, trail, host, admission });
    }
    if (!host || !compiled) {
      const why = record.method === 'CONNECT' ? 'connect' : host ? 'no-match' : 'no-virtual-host';
      return this.simulation(request, found, withoutRoute(context, why), { seen, trail, host, admission });
    }
    return this.simulation(request, found, onRoute(context, compiled, host), { seen, trail, host, admission });
  }

  /** Undefined: nothing is asked of those who come in here. */
  private admitted(request: SimulatedHttpRequest, found: FoundEntry, listener: Listener, record: ExchangeRecord, isRouted: boolean): Admitted | undefined {
    if (!this.gate || !securityAt(this.table, listener)) return undefined;
    const { tokens } = this;
    return this.gate.request(record, { unknown: unknownOf(request, found, record), tokens, claims: request.claims, isRouted });
  }

  private connection(request: SimulatedRequest, found: FoundEntry, listener: Listener, chain: FilterChain, filter: TcpFilter): Simulation {
    const result = this.tcp(filter, listener);
    if (!this.gate || !securityAt(this.table, listener)) return this.simulation(request, found, result);
    const record = connectionRecord(request, found, chain);
    const admission = this.gate.connection(record, { unknown: unknownOf(request, found, record) });
    if (admission.verdict !== 'denied') return this.simulation(request, found, result, { admission });
    const { rule, details = '' } = admission;
    return this.simulation(request, found, { ...result, outcome: { kind: 'denied', source: written(rule?.origin), details } }, { admission });
  }

  private trailOf(config: RouteConfig, host: VirtualHost | undefined, record: ExchangeRecord): Trail {
    if (host && this.chosenOnly) return this.shortTrail(config, host, record);
    return trailFrom(explainMatch({ ...config, virtualHosts: host ? [host] : [] }, record), host);
  }

  /** With the chosen route alone, which an index finds. */
  private shortTrail(config: RouteConfig, host: VirtualHost, record: ExchangeRecord): Trail {
    const found = this.compiledOf(host).match(record);
    const route = found && host.routes[found.index];
    return {
      ...this.wayTo(config, host, record),
      routes: found && route ? [{ index: found.index, name: found.name, match: route.match, ...(route.origin ? { origin: route.origin } : {}) }] : [],
      chosen: found ? found.index : -1,
    };
  }

  /** How an authority leads to a virtual host, which nothing else of a request decides. */
  private wayTo(config: RouteConfig, host: VirtualHost, record: ExchangeRecord): Pick<Trail, 'host' | 'virtualHost'> {
    const ways = this.ways.get(host) ?? new Map<string, Pick<Trail, 'host' | 'virtualHost'>>();
    this.ways.set(host, ways);
    let way = ways.get(record.authority);
    if (!way) {
      const explained = explainMatch({ ...config, virtualHosts: [{ ...host, routes: [] }] }, record);
      const virtualHost = virtualHostOf(explained, host);
      way = { host: explained.host, ...(virtualHost ? { virtualHost } : {}) };
      ways.set(record.authority, way);
    }
    return way;
  }

  private tcp(filter: TcpFilter, listener: Listener): HttpOutcome {
    const total = filter.clusters.reduce((sum, { weight }) => sum + weight, 0);
    const fixed = fixedOutcome(filter.clusters, false);
    const source = written(filter.origin ?? (fixed ? undefined : listener.origin));
    const destinations = filter.clusters.map(({ cluster, weight }): SimulatedDestination => {
      const named = this.book.named(cluster);
      const reason = this.book.failureOf(named);
      return {
        ...this.book.placeOf(named),
        weight,
        percent: total > 0 ? (weight * 100) / total : 100,
        source,
        ...(reason === undefined ? {} : { failure: { reason } }),
        responseHeaders: [],
      };
    });
    const outcome = fixed ?? { kind: 'tcp' as const, source };
    return { ...answered(outcome), destinations: outcome.kind === 'blocked' ? [] : destinations };
  }

  private simulation(
    request: SimulatedRequest,
    found: FoundEntry,
    result: HttpOutcome,
    {
      seen = plainRequest(request, found),
      trail,
      host,
      admission,
    }: { seen?: SeenRequest; trail?: Trail; host?: VirtualHost | undefined; admission?: Admission | undefined } = {},
  ): Simulation {
    const { listener, chain } = found;
    const routes = chain?.filter.kind === 'http' ? chain.filter.routes : undefined;
    const entry: Entry = {
      port: found.port,
      portFrom: found.portFrom,
      ...(listener ? { listener: { name: listener.name, ...(listener.origin ? { origin: listener.origin } : {}) } } : {}),
      ...(chain ? { chain: { name: chain.name, kind: chain.filter.kind, ...(chain.tls ? { tls: chain.tls.mode } : {}) } } : {}),
      ...(routes === undefined ? {} : { routes }),
    };
    const route = trail && trail.chosen >= 0 ? host?.routes[trail.chosen] : undefined;
    const clusters = [...result.destinations, ...result.mirrors];
    return {
      proxy: this.table.proxy,
      request: seen,
      entry,
      ...(admission ? { admission } : {}),
      ...(trail ? { trail } : {}),
      ...result,
      envoyFilters: touchingFilters(this.table, {
        listener,
        routes,
        virtualHost: host?.name,
        route: route?.name,
        clusters,
      }),
      problems:
        this.statuses.size === 0
          ? []
          : this.problemsOf(
              [
                listener?.origin,
                host?.origin,
                route?.origin,
                ...clusters.flatMap(({ source, upstream }) => [source.kind === 'written' ? source.origin : undefined, ...(upstream?.origins ?? [])]),
              ],
              route?.origin,
            ),
    };
  }

  /**
   * Of the objects that take part, each once.
   *
   * @param chosen of the route: other rules of its object do not matter
   */
  private problemsOf(origins: readonly (Origin | undefined)[], chosen: Origin | undefined): Status[] {
    const keys = new Set(origins.flatMap((origin) => (origin ? [keyOf(origin)] : [])));
    const all = [...keys].flatMap((key) => this.statuses.get(key) ?? []);
    return chosen ? all.filter(({ origin }) => keyOf(origin) !== keyOf(chosen) || !isOfAnotherRule(origin, chosen)) : all;
  }

  private compiledOf(host: VirtualHost): CompiledVirtualHost {
    let compiled = this.compiled.get(host);
    if (!compiled) {
      compiled = new CompiledVirtualHost(host, {}, []);
      this.compiled.set(host, compiled);
    }
    return compiled;
  }

  private policyOf(listener: Listener, filter: HttpFilter): HeadPolicy {
    let policy = this.policies.get(filter);
    if (!policy) {
      policy = new HeadPolicy(filter, {
        egress: listener.direction === 'outbound',
        pathNormalization: this.table.mesh.pathNormalization,
        nodeAddress: this.table.proxy.addresses[0] ?? unknownProxy,
      });
      this.policies.set(filter, policy);
    }
    return policy;
  }
}

function trailFrom(explained: MatchExplanation, host: VirtualHost | undefined): Trail {
  const virtualHost = virtualHostOf(explained, host);
  return {
    host: explained.host,
    ...(virtualHost ? { virtualHost } : {}),
    routes: explained.routes.flatMap(({ index, name, failed }) => {
      const route = host?.routes[index];
      return route ? [{ index, name, match: route.match, ...(route.origin ? { origin: route.origin } : {}), ...(failed ? { failed } : {}) }] : [];
    }),
    chosen: explained.chosen,
  };
}

function virtualHostOf({ virtualHost }: MatchExplanation, host: VirtualHost | undefined): Trail['virtualHost'] {
  return virtualHost && host && { ...virtualHost, ...(host.origin ? { origin: host.origin } : {}), routes: host.routes.length };
}

/** The rule that decided is where a denial is from. */
function withSource(result: HttpOutcome, { rule }: Admission): HttpOutcome {
  const origin = rule?.origin;
  return result.outcome.kind === 'denied' ? { ...result, outcome: { ...result.outcome, source: written(origin) } } : result;
}

const ids = new RequestIds((bytes) => bytes.fill(0));

/** Rules are `spec.http[0]`, `spec.rules[0]`. */
const ruleDepth = 3;

function isOfAnotherRule({ path }: Origin, chosen: Origin): boolean {
  return path.length >= ruleDepth && typeof path[2] === 'number' && path.slice(0, ruleDepth).join('|') !== chosen.path.slice(0, ruleDepth).join('|');
}

function keyOf({ kind, namespace, name }: Origin): string {
  return `${kind}|${namespace}|${name}`;
}
