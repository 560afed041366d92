// HTTP at a filter chain: the steps of the proxy in its order (RT-R1), with every choice instead of one.
import { blackHoleCluster, passthroughCluster } from '../ir/cluster.ts';
import { written } from '../ir/provenance.ts';
import type { VirtualHost } from '../ir/route.ts';
import type { CompiledRoute } from '../proxy/core/compiled-route.ts';
import type { LocalReply } from '../proxy/core/local-reply.ts';
import * as replies from '../proxy/core/local-reply.ts';
import { redirectReply, tlsRedirect } from '../proxy/core/redirect.ts';
import { decorate } from '../proxy/core/route-request.ts';
import { headerChanges } from './header-changes.ts';
import { type HttpContext, replyOf, type Taken } from './http-context.ts';
import { destinationsOf, mirrorsOf } from './http-destinations.ts';
import { corsOf, faultOf, forwardingOf } from './http-policies.ts';
import type { Outcome, Reply, Simulation } from './simulation.ts';

/** What becomes of a request that has a virtual host. */
export type HttpOutcome = Pick<Simulation, 'outcome' | 'destinations' | 'mirrors' | 'forwarding' | 'fault' | 'cors' | 'responseHeaders'>;

/** Nothing more is to be said. */
export function answered(outcome: Outcome): HttpOutcome {
  return { outcome, destinations: [], mirrors: [], responseHeaders: [] };
}

/** Of a virtual host that wants TLS; undefined where the request has come with it. */
export function towardsTls(context: HttpContext, { origin }: VirtualHost): HttpOutcome | undefined {
  const redirect = tlsRedirect(context.record);
  if (!redirect) return undefined;
  const reply = replyOf(context, redirect);
  return answered({ kind: 'tls-redirect', location: locationOf(reply), ...(origin ? { origin } : {}), reply });
}

export function refused(context: HttpContext, reply: LocalReply): HttpOutcome {
  return answered({ kind: 'refused', reply: replyOf(context, reply) });
}

export function withoutRoute(context: HttpContext, why: (Outcome & { kind: 'no-route' })['why']): HttpOutcome {
  return answered({ kind: 'no-route', why, reply: replyOf(context, replies.noRoute) });
}

/** By policies, or by a token that is refused: in front of everything that a route does. */
export function denied(context: HttpContext, denial: LocalReply): HttpOutcome {
  return answered({ kind: 'denied', source: written(undefined), details: denial.details, reply: replyOf(context, denial) });
}

/** Where the request would go is told all the same. */
export function deniedOnRoute(context: HttpContext, compiled: CompiledRoute, host: VirtualHost, denial: LocalReply): HttpOutcome {
  const { route } = compiled;
  const taken: Taken = { compiled, route, host };
  decorate(context.record, compiled, context.policy.egress);
  const outcome: Outcome = { kind: 'denied', source: written(undefined), details: denial.details, reply: replyOf(context, denial, taken) };
  return { ...answered(outcome), destinations: route.action.kind === 'forward' ? destinationsOf(context, taken) : [] };
}

export function onRoute(context: HttpContext, compiled: CompiledRoute, host: VirtualHost): HttpOutcome {
  const { route } = compiled;
  const taken: Taken = { compiled, route, host };
  const { record, policy, provenance } = context;
  decorate(record, compiled, policy.egress);
  const fault = route.fault && faultOf(context, taken, route.fault);
  const result: HttpOutcome = {
    ...(route.action.kind === 'forward' ? forwarded(context, taken) : answered(ownAnswer(context, taken))),
    ...(fault ? { fault } : {}),
    responseHeaders: headerChanges({ route, host, destination: undefined, policy: route.headers }, 'response', provenance, record),
  };
  const { abort } = fault ?? {};
  return abort && abort.value.percent >= 100 ? { ...result, outcome: { kind: 'fault', source: abort.source, reply: abort.reply } } : result;
}

/** Of a redirect, or of a direct response. */
function ownAnswer(context: HttpContext, taken: Taken): Outcome {
  const { route, compiled, host } = taken;
  const { record, provenance } = context;
  const { action } = route;
  if (action.kind === 'redirect') {
    const reply = replyOf(context, redirectReply(compiled, record), taken);
    return { kind: 'redirect', location: locationOf(reply), action, source: provenance.route(route, host, 'redirect'), reply };
  }
  const status = action.kind === 'direct' ? action.status : replies.noRoute.status;
  const reply = replyOf(context, replies.direct(status, compiled.body ?? ''), taken);
  // What the mesh does with what it does not know is nobody's rule.
  if (host.name === 'block_all' && host.origin === undefined) return { kind: 'blocked', reply };
  return { kind: 'direct-response', source: provenance.route(route, host, 'directResponse'), reply };
}

function forwarded(context: HttpContext, taken: Taken): HttpOutcome {
  const { compiled } = taken;
  const cors = compiled.cors && corsOf(context, taken, compiled.cors);
  const forwarding = forwardingOf(context, taken);
  return {
    ...answered(cors?.preflight ?? fixedOutcome(compiled.clusters, true) ?? { kind: 'routed' }),
    destinations: destinationsOf(context, taken),
    mirrors: mirrorsOf(context, taken),
    ...(forwarding ? { forwarding } : {}),
    ...(cors ? { cors: cors.facts } : {}),
  };
}

/** Clusters that the mesh has for what belongs to no service. */
export function fixedOutcome(clusters: readonly { cluster: string }[], http: boolean): Outcome | undefined {
  if (clusters.length > 0 && clusters.every(({ cluster }) => cluster === passthroughCluster)) return { kind: 'passthrough', http };
  return clusters.length > 0 && clusters.every(({ cluster }) => cluster === blackHoleCluster) ? { kind: 'blocked' } : undefined;
}

function locationOf({ headers }: Reply): string {
  return headers.find(([name]) => name === 'location')?.[1] ?? '';
}
