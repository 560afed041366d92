// Which routes a listener of a Gateway API gateway takes (Gateway.spec.listeners[].allowedRoutes).
import { gatewayGroup, type Listener, type Route } from './gateway-api.ts';
import { hostsOverlap } from './hosts.ts';
import type { LabelSelector } from './kubernetes.ts';
import type { Mesh } from './mesh.ts';
import { matchesSelector } from './selectors.ts';
import { isMap, items, text } from './untyped.ts';

/** Kinds of routes by the protocol of a listener; other protocols are not judged. */
const kindsOf: Readonly<Record<string, readonly string[]>> = {
  HTTP: ['HTTPRoute', 'GRPCRoute'],
  HTTPS: ['HTTPRoute', 'GRPCRoute'],
  TLS: ['TLSRoute', 'TCPRoute'],
  TCP: ['TCPRoute'],
  UDP: ['UDPRoute'],
};

export function allowsKind({ protocol, allowedRoutes }: Listener, route: Route): boolean {
  const written = items(allowedRoutes.kinds as { group?: unknown; kind?: unknown }[]);
  if (written.length > 0 && !written.some(({ group, kind }) => kind === route.kind && (group ?? gatewayGroup) === gatewayGroup)) return false;
  return !Object.hasOwn(kindsOf, protocol) || kindsOf[protocol]?.includes(route.kind) === true;
}

/** The rule for namespaces as written: `Same` when nothing is. */
export function namespacesFrom({ allowedRoutes }: Listener): string {
  return (isMap(allowedRoutes.namespaces) ? text(allowedRoutes.namespaces.from) : '') || 'Same';
}

/** True, too, when the input does not show the labels of the route's namespace. */
export function allowsNamespace(mesh: Mesh, listener: Listener, gatewayNamespace: string, namespace: string): boolean {
  switch (namespacesFrom(listener)) {
    case 'Same':
      return namespace === gatewayNamespace || namespace === '' || gatewayNamespace === '';
    case 'None':
      return false;
    case 'Selector': {
      const labels = mesh.find('Namespace', '', namespace)?.labels;
      const { selector } = listener.allowedRoutes.namespaces as { selector?: unknown };
      // The API server gives each namespace a label with its name.
      return !labels || !isMap(selector) || matchesSelector(selector as LabelSelector, { ...labels, 'kubernetes.io/metadata.name': namespace });
    }
    default:
      return true;
  }
}

/** Whether one host name of a route is, or is under, that of the listener, or the other way round. No host name is any. */
export function allowsHostnames({ hostname }: Listener, hostnames: readonly string[]): boolean {
  return hostname === '' || hostnames.length === 0 || hostnames.some((host) => hostsOverlap(host, hostname));
}
