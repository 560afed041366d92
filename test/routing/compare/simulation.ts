// What the simulator says of the requests of a case, against what was recorded. Of what depends on what services do (answers, resets,
// breakers, ejections) only that the policy allows it.
import type { Cluster } from '../../../src/ir/cluster.ts';
import type { RoutingTable } from '../../../src/ir/table.ts';
import type { SimulatedHttpRequest, SimulatedTcpRequest } from '../../../src/simulate/request.ts';
import { Simulator } from '../../../src/simulate/simulate.ts';
import type { Reply, SimulatedDestination, Simulation } from '../../../src/simulate/simulation.ts';
import { timeline } from '../../../src/simulate/timeline.ts';
import { routingTable } from '../../../src/translate/table.ts';
import { meshOfCase } from '../case-mesh.ts';
import { isHttp2 } from '../client/exchange.ts';
import { type CaseStep, type Observation, type RoutingCase, textOf, type Upstream } from '../corpus.ts';
import { type Layout, layOut } from '../layout.ts';
import type { HeaderList } from '../wire/http1.ts';
import { type Counts, total } from './distribution.ts';
import { headersDiffer, shown, upstreamDiffers } from './values.ts';

export interface ComparedCase {
  /** `step 3: status: expected 200, got 404` */
  differences: string[];
  /** Steps with a request that were compared. */
  compared: number;
  /** Requests that a codec refuses before there is anything to route: a simulation begins with a request. */
  malformed: number;
}

/** Headers that belong to a message on its connection, which a simulation does not have. */
const framing: ReadonlySet<string> = new Set(['host', 'content-length', 'transfer-encoding', 'connection', 'upgrade', 'te', 'date']);
/** As the recorder replaces it. */
const generatedId = '00000000-0000-4000-8000-000000000000';
const longValue = 400;
/** Of a busy machine. */
const schedulingMs = 100;

export function compareSimulation(routingCase: RoutingCase): ComparedCase {
  const found: ComparedCase = { differences: [], compared: 0, malformed: 0 };
  const layout = layOut(routingCase);
  let current = simulatorOf(routingCase);
  // Manifests that were refused: nothing was asked.
  if (routingCase.rejected !== undefined) return found;
  for (const [index, step] of routingCase.steps.entries()) {
    if (step.apply !== undefined) current = simulatorOf({ ...routingCase, manifests: step.apply });
    const expected = routingCase.observed[index] ?? {};
    if (step.tcp) {
      found.compared++;
      found.differences.push(...compareConnection(expected, current.simulator.simulate(connectionOf(step, layout))).map((what) => `step ${index}: ${what}`));
    }
    if (!step.request) continue;
    if (isMalformed(step, expected)) {
      found.malformed++;
      continue;
    }
    found.compared++;
    const simulation = current.simulator.simulate(requestOf(step, layout));
    found.differences.push(...compareRequest(routingCase, index, simulation, current.table, layout).map((what) => `step ${index}: ${what}`));
  }
  return found;
}

/** What a simulation says of the request of one step. @param table that it was made of */
export function compareRequest(routingCase: RoutingCase, index: number, simulation: Simulation, table: RoutingTable, layout: Layout): string[] {
  const varies = (field: string): boolean => [...routingCase.varies].some((path) => path.startsWith(`observed[${index}].${field}`));
  return new Comparison(routingCase.steps[index] ?? {}, routingCase.observed[index] ?? {}, simulation, table, layout, varies).all();
}

function simulatorOf(routingCase: RoutingCase): { table: RoutingTable; simulator: Simulator } {
  const { mesh, proxy } = meshOfCase(routingCase);
  const table = routingTable(mesh, proxy);
  return { table, simulator: new Simulator(table) };
}

export function requestOf({ request = {}, port, destination, source, tls }: CaseStep, layout: Layout): SimulatedHttpRequest {
  const inHost = /:(\d+)$/.exec(request.host ?? '')?.[1];
  const bytes = [request.body, ...(request.chunks ?? [])].reduce((sum, piece) => sum + textOf(piece).length, 0);
  return {
    method: request.method ?? 'GET',
    scheme: tls ? 'https' : 'http',
    ...(tls ? { serverName: tls.sni ?? '' } : {}),
    version: isHttp2(request) ? 'HTTP/2' : 'HTTP/1.1',
    authority: request.host ?? undefined,
    path: textOf(request.path ?? '/'),
    headers: (request.headers ?? []).map(([name, value]) => [name, textOf(value)] as const),
    port: port ?? Number(inHost ?? 8080),
    address: destination ?? layout.destination,
    client: source ?? layout.source,
    bodyBytes: bytes,
  };
}

function connectionOf({ port = 0, destination, tls }: CaseStep, layout: Layout): SimulatedTcpRequest {
  return {
    kind: 'tcp',
    address: destination ?? layout.destination,
    port,
    ...(tls ? { tls: { serverName: tls.sni ?? '', applicationProtocols: tls.alpn ?? [] } } : {}),
  };
}

/** Only where connections go: what becomes of bytes is not simulated. */
export function compareConnection(expected: Observation, { outcome, destinations }: Simulation): string[] {
  const lines = (expected.connection_log ?? []) as { upstream_cluster: string | null }[];
  const seen = Object.keys((expected.upstream_cluster_counts ?? {}) as Counts);
  const clusters = new Set([...lines.map((line) => line.upstream_cluster), ...seen].map((name) => name ?? '-'));
  const may = new Set(
    outcome.kind === 'blocked'
      ? ['BlackHoleCluster']
      : destinations.filter(({ percent }) => percent > 0).map(({ cluster, upstream }) => (upstream ? cluster : '-')),
  );
  return [...clusters]
    .filter((name) => !may.has(name) && !(name === '-' && may.size === 0))
    .map((name) => `${name} is none of ${shown([...may])} (${outcome.kind})`);
}

/** No line of the log is tied to it, or its answer is that of a codec; HTTP/1.0 is no HTTP to a sidecar. */
export function isMalformed({ request = {} }: CaseStep, expected: Observation): boolean {
  const details = String(expected.response_code_details ?? '');
  return expected.no_access_log === true || details.startsWith('http1.') || details === 'low_version' || /^(0\.9|1\.0)$/.test(String(request.http_version));
}

class Comparison {
  private readonly ignored: ReadonlySet<string>;
  private readonly expected: Observation;
  private readonly simulation: Simulation;
  private readonly table: RoutingTable;
  private readonly layout: Layout;
  private readonly varies: (field: string) => boolean;
  private readonly found: string[] = [];

  constructor(step: CaseStep, expected: Observation, simulation: Simulation, table: RoutingTable, layout: Layout, varies: (field: string) => boolean) {
    this.ignored = ignoredIn(step);
    this.expected = expected;
    this.simulation = simulation;
    this.table = table;
    this.layout = layout;
    this.varies = varies;
  }

  all(): string[] {
    this.clusters();
    this.routeName();
    this.statuses();
    this.policies();
    this.requests();
    this.mirrors();
    this.times();
    return this.found;
  }

  private check(field: string, expected: unknown, got: unknown): void {
    if (JSON.stringify(expected) !== JSON.stringify(got)) this.found.push(`${field}: expected ${shown(expected)}, got ${shown(got)}`);
  }

  /** What was counted of a step, of one request as a count of one. */
  private counts(field: string): Counts {
    const several = this.expected[`${field}_counts`] as Counts | undefined;
    if (several) return several;
    const one = this.expected[field];
    return one === undefined ? {} : { [one === null ? '-' : String(one)]: 1 };
  }

  /** The answer that the proxy gives by itself, whatever a service would say; undefined: there is none. */
  private get reply(): Reply | undefined {
    const { outcome } = this.simulation;
    return 'reply' in outcome ? outcome.reply : undefined;
  }

  /** Clusters that may take the request, with their chances. */
  private get chances(): ReadonlyMap<string, number> {
    const { destinations } = this.simulation;
    const chances = new Map<string, number>();
    // The log has no cluster that there is not.
    for (const { cluster, percent, upstream } of destinations) {
      if (percent === 0) continue;
      const name = upstream ? cluster : '-';
      chances.set(name, (chances.get(name) ?? 0) + percent / 100);
    }
    return chances.size === 0 ? new Map([['-', 1]]) : chances;
  }

  private clusters(): void {
    // Of requests that end before they have a route there is none, and the simulator has none.
    const seen = this.counts('upstream_cluster');
    const all = total(seen);
    for (const [cluster, count] of Object.entries(seen)) {
      const chance = this.chances.get(cluster);
      if (chance === undefined) this.found.push(`cluster: ${cluster} is none of ${shown([...this.chances.keys()])}`);
      else this.isLikely(`cluster ${cluster}`, count, all, chance);
    }
    if (all >= 20) for (const [cluster, chance] of this.chances) this.isLikely(`cluster ${cluster}`, seen[cluster] ?? 0, all, chance);
  }

  private isLikely(what: string, count: number, of: number, chance: number): void {
    const spread = Math.sqrt(of * chance * (1 - chance));
    const certain = chance === 0 || chance === 1;
    if (Math.abs(count - of * chance) > (certain || of === 1 ? 0 : 4 * spread + 1) && !(of === 1 && chance > 0))
      this.found.push(`${what}: ${count} of ${of}, where the share is ${chance}`);
  }

  private routeName(): void {
    const { expected, simulation } = this;
    if (!('route_name' in expected)) return;
    const { trail } = simulation;
    const chosen = trail && trail.chosen >= 0 ? trail.routes.at(-1)?.name : undefined;
    this.check('route_name', expected.route_name, chosen === undefined || chosen === '' ? null : chosen);
  }

  private statuses(): void {
    const { reply, simulation, expected } = this;
    const usable = simulation.destinations.filter(({ percent, failure }) => percent > 0 && !failure);
    if (reply) {
      this.localReply(reply);
      return;
    }
    const failing = simulation.destinations.flatMap(({ failure, percent }) => (failure?.reply && percent > 0 ? [failure.reply] : []));
    const details = this.counts('response_code_details');
    const abort = simulation.fault?.abort;
    for (const known of [...failing, ...(abort ? [abort.reply] : [])]) {
      if (usable.length === 0 && failing.length === 1 && !abort) this.localReply(known);
      else if ((details[known.details] ?? 0) > 0) this.isAmongLocal(known);
    }
    for (const [detail, count] of Object.entries(details)) {
      if (detail === 'via_upstream' && usable.length === 0 && simulation.outcome.kind !== 'passthrough' && count > 0)
        this.found.push('an answer of a service, and none can be reached');
      const own = ['no_healthy_upstream', 'cluster_not_found', 'route_not_found', 'direct_response', 'fault_filter_abort', 'cors_response'];
      // Ejected endpoints are no endpoints for a while.
      const ejected = detail === 'no_healthy_upstream' && simulation.destinations.some(({ upstream }) => upstream?.outlier);
      if (/^(rbac_|jwt_authn_)/.test(detail)) this.found.push(`denied (${detail}), and that is not foreseen`);
      if (own.includes(detail) && !ejected && ![...failing, ...(abort ? [abort.reply] : [])].some((one) => one.details === detail))
        this.found.push(`${detail} is not foreseen`);
    }
    if (expected.status === undefined && expected.error !== undefined) return;
    this.responseOperations();
  }

  /** Every request is answered so. */
  private localReply(reply: Reply): void {
    const { expected } = this;
    const count = Number(expected.count ?? 1);
    for (const [field, value] of [
      ['status', String(reply.status)],
      ['response_code_details', reply.details],
      ['response_flags', this.flags(reply)],
    ] as const)
      this.check(field, { [value]: count }, this.counts(field));
    if (reply.grpcStatus !== undefined && expected.grpc_status_counts)
      this.check('grpc_status', { [String(reply.grpcStatus)]: count }, expected.grpc_status_counts);
    const headers = (expected.response_headers ?? expected.local_response_headers) as HeaderList | undefined;
    if (headers) {
      const what = headersDiffer(this.comparable(headers), this.comparable(reply.headers), { varies: this.varies('response_headers'), later: false });
      if (what) this.found.push(`response_headers: ${what}`);
    }
    if (expected.body !== undefined) this.check('body', expected.body, reply.body);
    if (expected.local_bodies) this.check('local_bodies', [{ status: reply.status, body: reply.body, count }], expected.local_bodies);
  }

  private flags(reply: Reply): string {
    const delayed = (this.simulation.fault?.delay?.value.percent ?? 0) >= 100;
    return delayed ? (reply.flags === '-' ? 'DI' : `DI,${reply.flags}`) : reply.flags;
  }

  private isAmongLocal(reply: Reply): void {
    const bodies = this.expected.local_bodies as { status: number; body: string }[] | undefined;
    if (bodies && !bodies.some(({ status, body }) => status === reply.status && body === reply.body))
      this.found.push(`local_bodies: no ${reply.status} ${shown(reply.body)} among ${shown(bodies)}`);
  }

  /** What happened while the request was forwarded has a policy that allows it. */
  private policies(): void {
    const { forwarding, fault, destinations } = this.simulation;
    const tries = 1 + (forwarding?.retry?.never ? 0 : (forwarding?.retry?.attempts.value ?? 0));
    for (const attempts of Object.keys(this.counts('attempts')))
      if (Number(attempts) > tries) this.found.push(`${attempts} attempts, and ${tries} are allowed`);
    const of = (name: string): boolean => Object.keys(this.counts('response_flags')).some((flags) => flags.split(',').includes(name));
    if (of('UT') && !forwarding?.timeoutMs.value && !forwarding?.perTryTimeoutMs.value) this.found.push('a timeout, and there is none');
    if (of('URX') && !forwarding?.retry) this.found.push('retries, and there are none');
    if (of('FI') && !fault?.abort?.value.percent) this.found.push('an abort, and there is no such fault');
    if (of('DI') !== (fault?.delay?.value.percent ?? 0) > 0) this.found.push(`delayed: ${of('DI')}, and the fault is ${shown(fault?.delay)}`);
    const limited = destinations.some(({ upstream }) => upstream && Object.keys(upstream.breakers).length > 0);
    if (of('UO') && !limited) this.found.push('an overflow, and there is no limit');
    this.abortShare();
  }

  /** No request took longer than the longest that is foreseen. */
  private times(): void {
    const elapsed = this.expected.elapsed_ms;
    const longest = timeline(this.simulation);
    if (typeof elapsed !== 'number' || longest?.totalMs === undefined) return;
    if (elapsed > longest.totalMs + schedulingMs) this.found.push(`elapsed_ms: ${elapsed}, where ${longest.totalMs} is the most`);
  }

  private abortShare(): void {
    const abort = this.simulation.fault?.abort;
    if (!abort) return;
    const details = this.counts('response_code_details');
    this.isLikely('aborted', details.fault_filter_abort ?? 0, total(details), abort.value.percent / 100);
  }

  /** What endpoints got. */
  private requests(): void {
    const seen = (this.expected.upstream ?? []) as Upstream[];
    const { destinations } = this.simulation;
    for (const [i, request] of seen.entries()) {
      const to = destinations.filter(({ cluster, percent }) => percent > 0 && this.isEndpointOf(cluster, request.identity));
      if (to.length === 0) {
        this.found.push(`upstream[${i}]: ${request.identity} is no endpoint of ${shown(destinations.map(({ cluster }) => cluster))}`);
        continue;
      }
      const differing = to.map(({ sees }) => (sees ? this.headDiffers(request, sees, i > 0) : ['nothing is foreseen']));
      if (!differing.some((list) => list.length === 0)) this.found.push(`upstream[${i}]: ${differing[0]?.join('; ')}`);
    }
    const counted = (this.expected.upstream_request_counts ?? {}) as Counts;
    for (const identity of Object.keys(counted)) {
      if (!destinations.some(({ cluster, percent }) => percent > 0 && this.isEndpointOf(cluster, identity)))
        this.found.push(`${identity} is no endpoint of ${shown(destinations.map(({ cluster }) => cluster))}`);
    }
  }

  private headDiffers(request: Upstream, sees: NonNullable<SimulatedDestination['sees']>, later: boolean): string[] {
    const wanted: Upstream = {
      identity: '',
      method: request.method ?? '',
      path: request.path ?? '',
      authority: request.authority ?? null,
      headers: this.comparable(request.headers ?? []).filter(([name]) => !(later && perTry.has(name.toLowerCase()))),
    };
    const got: Upstream = {
      identity: '',
      method: sees.method,
      path: shortened(sees.path),
      authority: sees.authority,
      headers: this.asRecorded(sees.headers).filter(([name]) => !(later && perTry.has(name))),
    };
    return upstreamDiffers(wanted, got, { varies: this.varies('upstream'), later });
  }

  private comparable(headers: HeaderList): HeaderList {
    return headers.filter(([name]) => !this.ignored.has(name.toLowerCase()));
  }

  /** With the placeholders of the recording. */
  private asRecorded(headers: HeaderList, mirrored = false): HeaderList {
    return this.comparable(headers).map(([name, value]) => {
      if (name === 'x-request-id' && value === generatedId) return [name, '<uuid>'];
      if (mirrored && name === 'x-forwarded-for') return [name, `${value.slice(0, value.lastIndexOf(',') + 1)}<proxy-ip>`];
      return [name, shortened(value)];
    });
  }

  private mirrors(): void {
    const { mirrors, outcome } = this.simulation;
    const seen = (this.expected.mirrored ?? []) as Upstream[];
    const forwarded = outcome.kind === 'routed';
    for (const [i, copy] of seen.entries()) {
      const of = mirrors.filter(({ cluster, percent }) => percent > 0 && this.isEndpointOf(cluster, copy.identity));
      if (of.length === 0) {
        this.found.push(`mirrored[${i}]: no copy for ${copy.identity} is foreseen`);
        continue;
      }
      const differing = of.map(({ sees }) => {
        const headers = headersDiffer(this.comparable(copy.headers ?? []), this.asRecorded(sees?.headers ?? [], true), {
          varies: this.varies('mirrored'),
          later: false,
        });
        const parts = [copy.method, copy.path, copy.authority].flatMap((part, at) =>
          part === [sees?.method, sees?.path, sees?.authority][at] ? [] : [`${shown(part)}`],
        );
        return [...(headers ? [headers] : []), ...parts];
      });
      if (!differing.some((list) => list.length === 0)) this.found.push(`mirrored[${i}]: ${differing[0]?.join('; ')}`);
    }
    const counted = (this.expected.mirrored_counts ?? {}) as Counts;
    const sent = total((this.expected.upstream_cluster_counts ?? { one: 1 }) as Counts);
    const reached = forwarded && this.simulation.destinations.some(({ failure, percent }) => !failure && percent > 0);
    for (const { cluster, percent, failure } of mirrors) {
      const copies = this.expected.mirrored_counts
        ? total(Object.fromEntries(Object.entries(counted).filter(([identity]) => this.isEndpointOf(cluster, identity))))
        : seen.filter(({ identity }) => this.isEndpointOf(cluster, identity)).length;
      const aborted = this.simulation.fault?.abort !== undefined;
      if (reached && !aborted && !this.varies('mirrored'))
        this.isLikely(`copies for ${cluster}`, copies, sent, failure || !this.answers(cluster) ? 0 : percent / 100);
    }
    const known = new Set(mirrors.map(({ cluster }) => cluster));
    for (const identity of Object.keys(counted)) {
      if (![...known].some((cluster) => this.isEndpointOf(cluster, identity))) this.found.push(`${identity} got copies that are not foreseen`);
    }
  }

  /** Some endpoint of the cluster listens. */
  private answers(cluster: string): boolean {
    return this.layout.endpoints.some(({ identity, behaviour }) => this.isEndpointOf(cluster, identity) && !behaviour?.refuse);
  }

  private isEndpointOf(name: string, identity: string): boolean {
    const cluster = this.clusterOf(name);
    const endpoint = this.layout.endpoints.find((one) => one.identity === identity);
    if (!cluster || !endpoint) return false;
    // The connection goes where the client meant it to.
    if (cluster.loadBalancer.policy === 'original-destination') return true;
    return cluster.localities.some(({ endpoints }) => endpoints.some(({ address }) => address === endpoint.address));
  }

  private clusterOf(name: string): Cluster | undefined {
    return this.table.clusters.find((cluster) => cluster.name === name);
  }

  /** Operations on headers of the response have been done. */
  private responseOperations(): void {
    const headers = this.expected.response_headers as HeaderList | undefined;
    if (!headers || this.varies('response_headers')) return;
    const { responseHeaders, destinations, forwarding, cors } = this.simulation;
    const [only] = destinations.filter(({ percent }) => percent > 0);
    const changes = [...(destinations.length === 1 ? (only?.responseHeaders ?? []) : []), ...responseHeaders];
    const has = (name: string, value?: string): boolean =>
      headers.some(([own, text]) => own.toLowerCase() === name && (value === undefined || text === value || text.split(',').includes(value)));
    for (const [i, { op, name, value }] of changes.entries()) {
      const later = changes.slice(i + 1).some((change) => change.name === name);
      if (later || ownResponseHeaders.has(name)) continue;
      if (op === 'remove' && has(name)) this.found.push(`response_headers: ${name} is there, and it is removed`);
      if (op !== 'remove' && value !== undefined && value !== '' && !has(name, value)) this.found.push(`response_headers: no ${name}: ${value}`);
    }
    for (const cookie of forwarding?.cookies ?? []) if (!has('set-cookie')) this.found.push(`response_headers: no set-cookie ${cookie}`);
    if (cors?.allowed && !has('access-control-allow-origin', cors.origin)) this.found.push('response_headers: the origin is allowed, and nothing says so');
  }
}

/** Not the same at each try. */
const perTry: ReadonlySet<string> = new Set(['x-envoy-attempt-count', 'x-envoy-expected-rq-timeout-ms']);
/** The proxy has the last word on these. */
const ownResponseHeaders: ReadonlySet<string> = new Set(['server', 'date', 'content-length', 'x-envoy-upstream-service-time', 'x-envoy-decorator-operation']);

/** What is not compared: HTTP/2 takes cookies apart and joins them, and certificates of clients are not simulated. */
function ignoredIn({ request = {}, tls }: CaseStep): ReadonlySet<string> {
  return new Set([...framing, ...(isHttp2(request) ? ['cookie'] : []), ...(tls?.client_certificate ? ['x-forwarded-client-cert'] : [])]);
}

function shortened(value: string): string {
  return value.length >= longValue ? `<${value.length} bytes>` : value;
}
