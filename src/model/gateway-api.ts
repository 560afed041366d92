// The parts of Gateway API kinds that weft reads. They are not decoded: any field may hold anything.
import type { Path } from '../manifest/problem.ts';
import type { Resource } from '../manifest/resource.ts';
import type { Mesh, ResourceOf } from './mesh.ts';
import { isMap, items, numberIn, text } from './untyped.ts';

export const gatewayGroup = 'gateway.networking.k8s.io';

/** Every pod that is made for a Gateway has the Gateway's name under it. */
export const gatewayNameLabel = 'gateway.networking.k8s.io/gateway-name';

/** Kinds of routes that Istio takes. */
export const routeKinds = ['gateway-api/HTTPRoute', 'gateway-api/GRPCRoute', 'gateway-api/TCPRoute', 'gateway-api/TLSRoute'] as const;
export type Route = Resource<Record<string, unknown>>;

export function routesOf(mesh: Mesh): Route[] {
  return routeKinds.flatMap((kind) => [...mesh.list(kind)]);
}

/** A name of another resource. */
export interface Reference {
  group: string;
  kind: string;
  /** Of the resource that names it, where none is written. */
  namespace: string;
  name: string;
  path: Path;
}

export interface ParentReference extends Reference {
  /** Empty: every listener of a gateway. */
  sectionName: string;
  port: number | undefined;
}

export interface BackendReference extends Reference {
  port: number | undefined;
  /** Absent: 1. */
  weight: number | undefined;
  /** Gets copies of requests. */
  mirror: boolean;
}

type Fields = Record<string, unknown>;

/** The maps of a list that may hold anything. */
function maps(list: unknown): Fields[] {
  return items(list as Fields[]);
}

function reference(raw: Fields, from: Resource, path: Path, group: string, kind: string): Reference {
  return {
    group: typeof raw.group === 'string' ? raw.group : group,
    kind: text(raw.kind) || kind,
    namespace: text(raw.namespace) || from.namespace,
    name: text(raw.name),
    path,
  };
}

/** What a route attaches to. A reference without a name is left out. */
export function parentRefs(route: Route): ParentReference[] {
  return maps(route.spec.parentRefs)
    .map((raw, i) => ({
      ...reference(raw, route, ['spec', 'parentRefs', i], gatewayGroup, 'Gateway'),
      sectionName: text(raw.sectionName),
      port: numberIn(raw.port),
    }))
    .filter(({ name }) => name !== '');
}

/** Where a route sends requests, or copies of them. A reference without a name is left out. */
export function backendRefs(route: Route): BackendReference[] {
  const backend = (raw: Fields, path: Path, mirror: boolean): BackendReference => ({
    ...reference(raw, route, path, '', 'Service'),
    port: numberIn(raw.port),
    weight: numberIn(raw.weight),
    mirror,
  });
  const mirrors = (filters: unknown, path: Path): BackendReference[] =>
    maps(filters).flatMap(({ requestMirror }, f) =>
      isMap(requestMirror) && isMap(requestMirror.backendRef) ? [backend(requestMirror.backendRef, [...path, f, 'requestMirror', 'backendRef'], true)] : [],
    );
  return maps(route.spec.rules)
    .flatMap((rule, r) => [
      ...maps(rule.backendRefs).flatMap((raw, b) => {
        const path = ['spec', 'rules', r, 'backendRefs', b];
        return [backend(raw, path, false), ...mirrors(raw.filters, [...path, 'filters'])];
      }),
      ...mirrors(rule.filters, ['spec', 'rules', r, 'filters']),
    ])
    .filter(({ name }) => name !== '');
}

export function isGatewayRef({ group, kind }: Reference): boolean {
  return group === gatewayGroup && kind === 'Gateway';
}

export function isServiceRef({ group, kind }: Reference): boolean {
  return (group === '' || group === 'core') && kind === 'Service';
}

/** Host names as written, in lower case; none for the kinds that have none. */
export function hostnamesOf(route: Route): string[] {
  const { hostnames } = route.spec;
  return Array.isArray(hostnames) ? hostnames.flatMap((host) => (typeof host === 'string' ? [host.toLowerCase()] : [])) : [];
}

export interface Listener {
  name: string;
  /** Empty: any. */
  hostname: string;
  port: number | undefined;
  protocol: string;
  allowedRoutes: Fields;
  certificateRefs: Reference[];
  path: Path;
}

export function listenersOf(gateway: ResourceOf<'gateway-api/Gateway'>): Listener[] {
  return maps(gateway.spec.listeners).map((raw, i) => {
    const path = ['spec', 'listeners', i];
    const certificates = isMap(raw.tls) ? maps(raw.tls.certificateRefs) : [];
    return {
      name: text(raw.name),
      hostname: text(raw.hostname).toLowerCase(),
      port: numberIn(raw.port),
      protocol: text(raw.protocol),
      allowedRoutes: isMap(raw.allowedRoutes) ? raw.allowedRoutes : {},
      certificateRefs: certificates
        .map((ref, c) => reference(ref, gateway, [...path, 'tls', 'certificateRefs', c], '', 'Secret'))
        .filter(({ name }) => name !== ''),
      path,
    };
  });
}

/** A resource by name; what is written without a namespace may be in any. */
export function findNamed<K extends 'Service' | 'ServiceEntry' | 'gateway-api/Gateway'>(
  mesh: Mesh,
  kind: K,
  { namespace, name }: Reference,
): ResourceOf<K> | undefined {
  return mesh.find(kind, namespace, name) ?? mesh.find(kind, '', name);
}
