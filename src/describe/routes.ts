// The routes of a virtual host, with the place of every value.
import type { ForwardAction, Route, VirtualHost } from '../ir/route.ts';
import { anyProxy, type ScopedMatch } from '../ir/route-match.ts';
import type { Origin } from '../ir/table.ts';
import { coverageOf } from '../ir/witness.ts';
import { matchesRegex } from '../proxy/core/regex.ts';
import type { Fact } from '../simulate/simulation.ts';
import type { Caller } from './caller.ts';
import type { DestinationSection, HostSection, RouteSection } from './description.ts';
import { originKey } from './origins.ts';
import { reaches, type Subject } from './subject.ts';

/** A share of all in millionths. */
const whole = 1_000_000;
/** Of a virtual host with more routes it is not asked which are never reached. */
const mostCompared = 200;

/** @param port of the listener */
export function hostSection(subject: Subject, caller: Caller, host: VirtualHost, port: number): HostSection {
  const routes = host.routes.map((route, index) => routeSection(subject, caller, host, route, index));
  const shadows = shadowsOf(host);
  for (const [index, by] of shadows) (routes[index] as RouteSection).shadowedBy = by;
  return { name: host.name, domains: host.domains, port, by: writersOf(host), routes };
}

/** The objects of the rules, each once; a service that nobody routes for writes none. */
function writersOf({ origin, routes }: VirtualHost): Origin[] {
  const found = new Map<string, Origin>();
  for (const one of [
    ...(origin && origin.kind !== 'Service' && origin.kind !== 'ServiceEntry' ? [origin] : []),
    ...routes.flatMap((route) => route.origin ?? []),
  ]) {
    if (!isRouting(one.kind)) continue;
    const object = { ...one, path: [] };
    found.set(originKey(object), object);
  }
  return [...found.values()];
}

function isRouting(kind: string): boolean {
  return kind === 'VirtualService' || kind.endsWith('Route');
}

/** Whether a route leads to the subject, or sends it copies. */
export function leadsTo(subject: Subject, { action }: Route): boolean {
  if (action.kind !== 'forward') return false;
  const hosts = new Set(subject.services.map(({ host }) => host));
  return [...action.clusters, ...action.mirrors].some(({ cluster }) => hosts.has(cluster.slice(cluster.lastIndexOf('|') + 1)));
}

function routeSection(subject: Subject, caller: Caller, host: VirtualHost, route: Route, index: number): RouteSection {
  const { action, fault } = route;
  const { provenance } = caller;
  const percent = (share: number): number => (Math.min(share, whole) * 100) / whole;
  const from = (field: Parameters<typeof provenance.route>[2]) => provenance.route(route, host, field);
  const base: RouteSection = {
    index,
    name: route.name,
    match: route.match,
    ...(route.origin ? { origin: route.origin } : {}),
    reaches: false,
    destinations: [],
    mirrors: [],
    headers: route.headers !== undefined || (action.kind === 'forward' && action.clusters.some(({ headers }) => headers !== undefined)),
    ...(fault
      ? {
          fault: {
            ...(fault.delay
              ? { delay: { value: { percent: percent(fault.delay.share), durationMs: fault.delay.durationMs }, source: from('fault.delay') } }
              : {}),
            ...(fault.abort
              ? {
                  abort: {
                    value: {
                      percent: percent(fault.abort.share),
                      ...(fault.abort.httpStatus === undefined ? {} : { httpStatus: fault.abort.httpStatus }),
                      ...(fault.abort.grpcStatus === undefined ? {} : { grpcStatus: fault.abort.grpcStatus }),
                    },
                    source: from('fault.abort'),
                  },
                }
              : {}),
          },
        }
      : {}),
  };
  if (action.kind === 'redirect') return { ...base, redirect: { value: action, source: from('redirect') } };
  if (action.kind === 'direct')
    return { ...base, direct: { value: { status: action.status, body: action.binary ? '' : action.body }, source: from('directResponse') } };
  return { ...base, ...forwarded(subject, caller, host, route, action) };
}

function forwarded(subject: Subject, caller: Caller, host: VirtualHost, route: Route, action: ForwardAction): Partial<RouteSection> {
  const { provenance } = caller;
  const from = (field: Parameters<typeof provenance.route>[2]) => provenance.route(route, host, field);
  const total = action.clusters.reduce((sum, { weight }) => sum + weight, 0);
  const destinations = action.clusters.map(({ cluster, weight }, index) =>
    destinationSection(subject, caller, cluster, total > 0 ? (weight * 100) / total : 100, provenance.destination(route, host, index)),
  );
  for (const { cluster, source } of provenance.unweighted(route, host)) destinations.push(destinationSection(subject, caller, cluster, 0, source));
  const mirrors = action.mirrors.map(({ cluster, share }, index) =>
    destinationSection(subject, caller, cluster, (Math.min(share, whole) * 100) / whole, provenance.mirror(route, host, index)),
  );
  const { retry, rewrite, cors, authority } = action;
  return {
    reaches: [...destinations, ...mirrors].some((to) => to.reaches && to.percent > 0),
    destinations,
    mirrors,
    timeoutMs: { value: action.timeoutMs, source: from('timeout') },
    ...(retry
      ? {
          retry: {
            attempts: { value: retry.attempts, source: from('retries.attempts') },
            on: { value: retry.on, source: from('retries.retryOn') },
            statusCodes: retry.statusCodes,
            ...(retry.perTryTimeoutMs === undefined ? {} : { perTryTimeoutMs: { value: retry.perTryTimeoutMs, source: from('retries.perTryTimeout') } }),
          },
        }
      : {}),
    ...(rewrite ? { rewrite: { value: rewrite, source: from('rewrite') } } : {}),
    ...(authority === undefined ? {} : { authority }),
    ...(cors ? { cors: { value: true as const, source: from('cors') } } : {}),
  };
}

export function destinationSection(subject: Subject, caller: Caller, cluster: string, percent: number, source: Fact<unknown>['source']): DestinationSection {
  const named = caller.book.named(cluster);
  const failure = caller.book.failureOf(named);
  return {
    cluster,
    host: named.host,
    subset: named.subset,
    port: named.port,
    namespace: named.namespace,
    percent,
    source,
    reaches: reaches(subject, caller.proxy, named),
    ...(failure === undefined ? {} : { failure }),
  };
}

/** Routes that no request gets to, and the earlier ones that take all of theirs. */
function shadowsOf({ routes }: VirtualHost): Map<number, number[]> {
  const found = new Map<number, number[]>();
  if (routes.length < 2 || routes.length > mostCompared) return found;
  const scoped = routes.map(({ match }): ScopedMatch | undefined =>
    match.path?.kind === 'segments' || match.claims?.length ? undefined : { ...match, path: match.path, proxy: anyProxy },
  );
  for (const [index, target] of scoped.entries()) {
    if (!target || index === 0) continue;
    const earlier = scoped.slice(0, index).flatMap((match, place) => (match ? [{ match, place }] : []));
    const coverage = coverageOf(
      target,
      earlier.map(({ match }) => match),
      { gateways: ['mesh'], regex: matchesRegex },
    );
    if (coverage.covered)
      found.set(
        index,
        coverage.by.map((place) => earlier[place]?.place ?? place),
      );
  }
  return found;
}
