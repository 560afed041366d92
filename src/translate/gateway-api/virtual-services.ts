// Routes of the Gateway API as virtual services: one for each place that they are attached to, and host.

import { compareText } from '../../manifest/compare-text.ts';
import type { ServiceEntry } from '../../manifest/istio/networking.gen.ts';
import { allowsHostnames, allowsKind, allowsNamespace } from '../../model/allowed-routes.ts';
import { byCreation, createdAt } from '../../model/creation.ts';
import { hostnamesOf, isGatewayRef, isServiceRef, listenersOf, type ParentReference, parentRefs, type Route, routeKinds } from '../../model/gateway-api.ts';
import { clusterDomain } from '../../model/hosts.ts';
import type { Mesh } from '../../model/mesh.ts';
import { sameItems } from '../../model/same.ts';
import { numberIn, text } from '../../model/untyped.ts';
import { isEqual, keepEqual } from '../keep-equal.ts';
import { originOf } from '../statuses.ts';
import type { HttpRoutingRule, RoutingService } from '../virtual-services.ts';
import { answersAgain, Backends, destinationOf, maps, type Report, type RouteProblem } from './backends.ts';
import { listenerName } from './gateways.ts';
import { type ApiRule, rulesOfRoute } from './http-rules.ts';
import { byPrecedence } from './precedence.ts';

/** What a route is attached to. */
interface Attachment {
  /** `mesh`, or `namespace/name` of a listener. */
  gateway: string;
  hosts: readonly string[];
  /** Of a service; undefined: every port. */
  port: number | undefined;
}

const everyone: ReadonlySet<string> = new Set(['*']);

/** Kinds that say what routes of the Gateway API do. */
export const apiRouteReads = [
  ...routeKinds,
  'gateway-api/Gateway',
  'gateway-api/ReferenceGrant',
  'Service',
  'ServiceEntry',
  'Namespace',
  'MeshConfig',
] as const;

/** What a route says whatever it is attached to. */
interface Translated {
  asked: Backends['asked'];
  rules: readonly ApiRule[];
  problems: readonly RouteProblem[];
}

/** What is attached to one place for one host, and the virtual service that it is. */
interface Merged {
  parts: (readonly ApiRule[])[];
  service: RoutingService;
}

/** Routes of the Gateway API as virtual services. What a change leaves as it was is the same object in the next mesh. */
export class ApiRoutes {
  /** In the order of their oldest route. */
  readonly services: readonly RoutingService[];
  readonly problems: readonly RouteProblem[];
  private readonly merged = new Map<string, Merged>();
  private readonly streams = new Map<string, RoutingService>();

  static of(mesh: Mesh): ApiRoutes {
    return mesh.memo<ApiRoutes>('routes of the Gateway API', apiRouteReads, (former) => new ApiRoutes(mesh, former));
  }

  private constructor(mesh: Mesh, former: ApiRoutes | undefined) {
    const problems: RouteProblem[] = [];
    const merging = new Map<string, { route: Route; gateway: string; host: string; parts: (readonly ApiRule[])[] }>();
    const http = [...mesh.list('gateway-api/HTTPRoute'), ...mesh.list('gateway-api/GRPCRoute')].sort(byAge);
    for (const route of http) {
      const translated = translate(mesh, route);
      problems.push(...translated.problems);
      for (const { gateway, hosts, port } of attachments(mesh, route)) {
        const own = port === undefined ? translated.rules : atPort(translated.rules, port);
        for (const host of hosts) {
          // Routes of one host are tried as one list; for services those of each namespace, as they are for other clients (SEL-R84).
          const key = `${gateway} ${gateway === 'mesh' ? route.namespace : ''} ${host}`;
          const there = merging.get(key);
          if (there) there.parts.push(own);
          else merging.set(key, { route, gateway, host, parts: [own] });
        }
      }
    }
    const services: RoutingService[] = [];
    for (const [key, { route, gateway, host, parts }] of merging) {
      const empty = emptyService(route, services.length, gateway, [host]);
      const before = former?.merged.get(key);
      const same = before?.service.resource === route && before.service.name === empty.name && sameItems(before.parts, parts);
      const rules = parts.flat().sort((a, b) => byPrecedence(a.precedence, b.precedence));
      const service = same ? before.service : { ...empty, http: rules.map((rule): HttpRoutingRule => ({ ...rule, matchesAreWritten: false })) };
      this.merged.set(key, { parts, service });
      services.push(service);
    }
    for (const service of streams(mesh, problems)) {
      const key = `${service.resource.kindName} ${service.namespace} ${service.name} ${[...service.gateways].join()}`;
      const before = former?.streams.get(key);
      const kept = before?.resource === service.resource && isEqual(comparable(before), comparable(service)) ? before : service;
      this.streams.set(key, kept);
      services.push(kept);
    }
    this.services = services;
    this.problems = keepEqual(former?.problems, problems);
  }
}

// The same for all meshes that answer the same.
const translations = new WeakMap<Route, Translated>();

function translate(mesh: Mesh, route: Route): Translated {
  const before = translations.get(route);
  if (before && answersAgain(mesh, route, before.asked)) return before;
  const problems: RouteProblem[] = [];
  const backends = new Backends(mesh);
  const rules = rulesOfRoute(backends, route, reportTo(problems, route));
  const translated = { asked: backends.asked, rules, problems };
  translations.set(route, translated);
  return translated;
}

function reportTo(problems: RouteProblem[], route: Route): Report {
  return (path, reason, message) => problems.push({ origin: originOf(route, ...path), reason, message });
}

/** Of the same age by namespace, then name: not as virtual services (SEL-R81). */
function byAge(a: Route, b: Route): number {
  if (createdAt(a) !== createdAt(b)) return byCreation(a, b);
  return compareText(`${a.namespace}/${a.name}`, `${b.namespace}/${b.name}`);
}

function emptyService(route: Route, index: number, gateway: string, hosts: readonly string[]): RoutingService {
  const name = `${route.name}-${index}-istio-autogenerated-k8s-gateway`;
  return {
    resource: route,
    name,
    namespace: route.namespace,
    hosts,
    gateways: new Set([gateway]),
    scopes: everyone,
    http: [],
    tls: [],
    tcp: [],
    gatewayApi: true,
  };
}

const limited = new WeakMap<readonly ApiRule[], Map<number, readonly ApiRule[]>>();

function atPort(rules: readonly ApiRule[], port: number): readonly ApiRule[] {
  const byPort = limited.get(rules) ?? new Map<number, readonly ApiRule[]>();
  limited.set(rules, byPort);
  const found =
    byPort.get(port) ?? rules.map((rule) => ({ ...rule, route: { ...rule.route, match: (rule.route.match ?? []).map((match) => ({ ...match, port })) } }));
  byPort.set(port, found);
  return found;
}

/** What of a virtual service is plain data. */
function comparable({ hosts, tls, tcp }: RoutingService): unknown {
  return { hosts, tls, tcp };
}

/** TLSRoutes by server name, and TCPRoutes: the first rule of each counts. */
function streams(mesh: Mesh, problems: RouteProblem[]): RoutingService[] {
  const backends = new Backends(mesh);
  const routes = [...mesh.list('gateway-api/TLSRoute'), ...mesh.list('gateway-api/TCPRoute')].sort(byCreation);
  return routes.flatMap((route) =>
    attachments(mesh, route).map(({ gateway, hosts, port }, i) => {
      const tls = route.kind === 'TLSRoute';
      const match = {
        ...(tls ? { sniHosts: [...(hostnamesOf(route).length > 0 ? hostnamesOf(route) : ['*'])] } : {}),
        ...(port === undefined ? {} : { port }),
      };
      const rules = maps(route.spec.rules).map((rule, r) => ({
        route: {
          match: Object.keys(match).length > 0 ? [match] : [],
          route: maps(rule.backendRefs).map((backend, b) => ({
            destination: destinationOf(backends, route, backend, ['spec', 'rules', r, 'backendRefs', b], reportTo(problems, route)),
            weight: numberIn(backend.weight) ?? 1,
          })),
        },
        origin: originOf(route, 'spec', 'rules', r),
      }));
      return { ...emptyService(route, i, gateway, hosts), ...(tls ? { tls: rules } : { tcp: rules }) };
    }),
  );
}

function attachments(mesh: Mesh, route: Route): Attachment[] {
  return parentRefs(route).flatMap((parent) => (isGatewayRef(parent) ? toGateway(mesh, route, parent) : toService(mesh, parent)));
}

function toGateway(mesh: Mesh, route: Route, parent: ParentReference): Attachment[] {
  const gateway = mesh.find('gateway-api/Gateway', parent.namespace, parent.name);
  if (!gateway) return [];
  const hostnames = hostnamesOf(route);
  return listenersOf(gateway).flatMap((listener) => {
    if (parent.sectionName !== '' && parent.sectionName !== listener.name) return [];
    if (parent.port !== undefined && parent.port !== listener.port) return [];
    if (!allowsKind(listener, route) || !allowsNamespace(mesh, listener, gateway.namespace, route.namespace) || !allowsHostnames(listener, hostnames))
      return [];
    return [{ gateway: `${gateway.namespace}/${listenerName(gateway, listener)}`, hosts: hostnames.length > 0 ? hostnames : ['*'], port: undefined }];
  });
}

/** Requests of sidecars to a service: its host, whatever host names the route has. */
function toService(mesh: Mesh, parent: ParentReference): Attachment[] {
  if (isServiceRef(parent)) return [{ gateway: 'mesh', hosts: [`${parent.name}.${parent.namespace}.${clusterDomain}`], port: parent.port }];
  if (parent.group !== 'networking.istio.io' || parent.kind !== 'ServiceEntry') return [];
  const entry = mesh.find('ServiceEntry', parent.namespace, parent.name);
  const hosts = ((entry?.spec as ServiceEntry | undefined)?.hosts ?? []).flatMap((host) => text(host).toLowerCase() || []);
  return hosts.length > 0 ? [{ gateway: 'mesh', hosts, port: parent.port }] : [];
}
