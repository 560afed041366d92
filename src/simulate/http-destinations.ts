// Destinations and mirrors of a route, and what each of them sees.
import type { CompiledCluster } from '../proxy/core/compiled-route.ts';
import * as replies from '../proxy/core/local-reply.ts';
import { mirrorHead } from '../proxy/core/mirror.ts';
import { applyRoute } from '../proxy/core/route-request.ts';
import type { Share } from './cluster-book.ts';
import { headerChanges } from './header-changes.ts';
import { copyOf, type HttpContext, pairs, percentOf, replyOf, type Taken } from './http-context.ts';
import type { DestinationFailure, Reply, SimulatedDestination, SimulatedMirror, UpstreamHead } from './simulation.ts';

/** Those that may get the request, then those that are written with the weight 0. */
export function destinationsOf(context: HttpContext, taken: Taken): SimulatedDestination[] {
  const { compiled, route, host } = taken;
  const { book, provenance } = context;
  const used = compiled.clusters.map((destination, index) => destinationOf(context, taken, destination, index));
  const unused = provenance.unweighted(route, host).map(({ cluster, source }): SimulatedDestination => {
    const named = book.named(cluster);
    return { ...book.placeOf(named), weight: 0, percent: 0, source, responseHeaders: [] };
  });
  return [...used, ...unused];
}

function destinationOf(context: HttpContext, taken: Taken, destination: CompiledCluster, index: number): SimulatedDestination {
  const { route, host } = taken;
  const { book, provenance, record } = context;
  const { share, reason } = book.shareOf(destination, () => shareOf(context, taken, destination, index));
  const failure = failureOf(context, taken, reason, destination);
  let sees: UpstreamHead | undefined;
  return {
    ...share,
    ...(failure ? { failure } : {}),
    // Most of a simulation, and not everybody looks at it. Nothing changes the record any more.
    get sees() {
      sees ??= headAt(context, taken, destination, index);
      return sees;
    },
    responseHeaders: headerChanges({ route, host, destination: index, policy: destination.headers }, 'response', provenance, record),
  };
}

/** What no request changes. */
function shareOf(context: HttpContext, { route, compiled, host }: Taken, destination: CompiledCluster, index: number): Share {
  const { book, provenance } = context;
  const named = book.named(destination.cluster);
  const share = {
    ...book.placeOf(named),
    weight: destination.weight,
    percent: compiled.totalWeight > 0 ? (destination.weight * 100) / compiled.totalWeight : 100,
    source: provenance.destination(route, host, index),
  };
  return { share, reason: book.failureOf(named) };
}

function failureOf(
  context: HttpContext,
  taken: Taken,
  reason: DestinationFailure['reason'] | undefined,
  destination: CompiledCluster,
): DestinationFailure | undefined {
  if (reason === undefined) return undefined;
  const missing = reason !== 'no-endpoints' && reason !== 'no-usable-endpoints';
  const local = missing ? replies.clusterNotFound[taken.compiled.forward?.missingClusterStatus ?? 503] : replies.noHealthyUpstream;
  let reply: Reply | undefined;
  return {
    reason,
    get reply() {
      reply ??= replyOf(context, local, taken, destination);
      return reply;
    },
  };
}

/** What the endpoint of a destination gets at the first try. */
function headAt({ record, provenance }: HttpContext, { route, compiled, host }: Taken, destination: CompiledCluster, index: number): UpstreamHead {
  const own = copyOf(record);
  own.cluster = destination.cluster;
  // The operations of a destination are done before those of the route, which may read what they wrote.
  const before = headerChanges({ route, host, destination: index, policy: destination.headers }, 'request', provenance, own);
  const between = destination.request ? copyOf(own) : own;
  destination.request?.apply(between.headers, between);
  const after = headerChanges({ route, host, destination: undefined, policy: route.headers }, 'request', provenance, between);
  applyRoute(own, compiled, destination);
  return { method: own.method, path: own.path, authority: own.authority, headers: pairs(own.headers), changes: [...before, ...after] };
}

export function mirrorsOf(context: HttpContext, taken: Taken): SimulatedMirror[] {
  const { route, compiled, host } = taken;
  const { book, provenance, policy } = context;
  const [first] = compiled.clusters;
  const mirrors = compiled.forward?.mirrors ?? [];
  if (!first || mirrors.length === 0) return [];
  // A copy is what goes to the destination that is drawn; of several they differ by the operations of each.
  const { changes: _, ...sees } = headAt(context, taken, first, 0);
  const copy = { ...sees, headers: pairs(mirrorHead(sees.headers.flat(), policy.nodeAddress)) };
  return mirrors.map((mirror, index): SimulatedMirror => {
    const named = book.named(mirror.cluster);
    const reason = book.failureOf(named);
    return {
      ...book.placeOf(named),
      percent: percentOf(mirror.share),
      source: provenance.mirror(route, host, index),
      ...(reason === undefined ? {} : { failure: { reason } }),
      sees: copy,
    };
  });
}
