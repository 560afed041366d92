// Where rules of the Gateway API send requests.
import type { Origin } from '../../ir/table.ts';
import type { Destination } from '../../manifest/istio/networking.gen.ts';
import type { BackendReference, Route } from '../../model/gateway-api.ts';
import { gatewayGroup, isServiceRef } from '../../model/gateway-api.ts';
import { clusterDomain } from '../../model/hosts.ts';
import type { Mesh } from '../../model/mesh.ts';
import { ReferenceGrants } from '../../model/reference-grants.ts';
import { Services } from '../../model/services.ts';
import { isMap, items, text } from '../../model/untyped.ts';

export type Fields = Record<string, unknown>;

/** Something of a route that is not as it should be. */
export interface RouteProblem {
  origin: Origin;
  reason: 'invalid-backend' | 'unsupported';
  message: string;
}

/** A host that no service has: requests that come to it get 500 (SEL-R83). */
const nowhere = 'UnknownService';

export type Report = (path: BackendReference['path'], reason: RouteProblem['reason'], message: string) => void;

/** What backends depend on beside their route, with what was asked for: the same answers, the same destinations. */
export class Backends {
  readonly asked: [namespace: string, name: string, granted: boolean, there: boolean][] = [];
  private readonly mesh: Mesh;

  constructor(mesh: Mesh) {
    this.mesh = mesh;
  }

  /** Whether a route may name a Service, and whether there is such a Service. */
  ask(route: Route, namespace: string, name: string): { granted: boolean; there: boolean } {
    const answer = answerOf(this.mesh, route, namespace, name);
    this.asked.push([namespace, name, answer.granted, answer.there]);
    return answer;
  }
}

function answerOf(mesh: Mesh, route: Route, namespace: string, name: string): { granted: boolean; there: boolean } {
  const own = { group: gatewayGroup, kind: route.kind, namespace: route.namespace };
  return {
    granted: namespace === route.namespace || ReferenceGrants.of(mesh).allow(own, { group: '', kind: 'Service', namespace, name }),
    there: Services.of(mesh).byHost(hostOf(namespace, name)).length > 0,
  };
}

/** Whether a mesh has the answers that were given. */
export function answersAgain(mesh: Mesh, route: Route, asked: Backends['asked']): boolean {
  return asked.every(([namespace, name, granted, there]) => {
    const answer = answerOf(mesh, route, namespace, name);
    return answer.granted === granted && answer.there === there;
  });
}

function hostOf(namespace: string, name: string): string {
  return `${name}.${namespace}.${clusterDomain}`;
}

/** The destination of a reference; one that nobody may use, or that is not there, has no cluster. */
export function destinationOf(backends: Backends, route: Route, written: unknown, path: BackendReference['path'], report: Report): Destination {
  const { group = '', kind = 'Service', name, namespace, port } = (isMap(written) ? written : {}) as Fields;
  const reference = { group: text(group), kind: text(kind) || 'Service', namespace: text(namespace) || route.namespace, name: text(name), path };
  const number = typeof port === 'number' ? port : undefined;
  const to = (host: string): Destination => ({ host, ...(number === undefined ? {} : { port: { number } }) });
  const invalid = (message: string): Destination => {
    report(path, 'invalid-backend', `${message}: requests for it get 500`);
    return to(nowhere);
  };
  if (reference.group === 'networking.istio.io' && reference.kind === 'Hostname') return to(reference.name.toLowerCase());
  if (!isServiceRef(reference)) return invalid(`a ${reference.kind} is no backend`);
  const { namespace: of, name: service } = reference;
  const { granted, there } = backends.ask(route, of, service);
  if (!granted) return invalid(`no ReferenceGrant allows Service ${of}/${service} to ${route.kind}s of ${route.namespace}`);
  if (number === undefined) return invalid(`Service ${of}/${service} is named without a port`);
  if (!there) report(path, 'invalid-backend', `there is no Service ${of}/${service}: requests for it get 500`);
  return to(hostOf(of, service));
}

/** The maps of a list that may hold anything. */
export function maps(list: unknown): Fields[] {
  return items(list as Fields[]);
}
