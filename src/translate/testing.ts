// Tables of small meshes for the tests of this room.
import { meshOf, type TestOptions } from '../analysis/testing.ts';
import type { Listener } from '../ir/listener.ts';
import type { ForwardAction, Route, RouteConfig, VirtualHost } from '../ir/route.ts';
import type { ProxyIdentity, RoutingTable } from '../ir/table.ts';
import { proxyIn } from './clusters/testing.ts';
import { routingTable } from './table.ts';

const versions: Readonly<Record<string, string>> = {
  AuthorizationPolicy: 'security.istio.io/v1',
  RequestAuthentication: 'security.istio.io/v1',
  Service: 'v1',
  Pod: 'v1',
  Namespace: 'v1',
  HTTPRoute: 'gateway.networking.k8s.io/v1',
  GRPCRoute: 'gateway.networking.k8s.io/v1',
  TCPRoute: 'gateway.networking.k8s.io/v1alpha2',
  TLSRoute: 'gateway.networking.k8s.io/v1alpha2',
  ReferenceGrant: 'gateway.networking.k8s.io/v1beta1',
};

/** A document of one line: `VirtualService`, `shop/cart`, the inside of its spec. */
export function doc(kind: string, name: string, spec: string, meta = ''): string {
  const [namespace = '', own = ''] = name.split('/');
  const apiVersion = versions[kind] ?? 'networking.istio.io/v1';
  return `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: ${own}, namespace: ${namespace}${meta === '' ? '' : `, ${meta}`}}\nspec: {${spec}}\n`;
}

/** A Gateway of the Gateway API. */
export function apiGateway(name: string, spec: string): string {
  return doc('Gateway', name, spec).replace('networking.istio.io/v1', 'gateway.networking.k8s.io/v1');
}

/** A Service with an address: `cart http:80 tcp:90 10.0.0.1`; ports without a protocol as `auto:70`. */
export function svc(text: string, meta = ''): string {
  const [name = '', ...parts] = text.split(' ');
  const ports = parts.filter((part) => part.includes(':')).map((part) => part.split(':'));
  const address = parts.find((part) => !part.includes(':')) ?? '10.0.0.1';
  const list = ports.map(([protocol, number]) => `{name: ${protocol}-${number}, port: ${number}}`).join(', ');
  return doc('Service', name, `clusterIP: ${address}, ports: [${list}]`, meta);
}

/** A virtual service whose rules are the rest: `vs('shop/cart', 'cart', 'http: […]')`. */
export function vs(name: string, hosts: string, rules: string, meta = ''): string {
  return doc('VirtualService', name, `hosts: [${hosts}], ${rules}`, meta);
}

/** A rule that sends everything to a host. */
export const to = (host: string, more = ''): string => `route: [{destination: {host: ${host}}}]${more === '' ? '' : `, ${more}`}`;

export const created = (day: number): string => `creationTimestamp: "2024-01-0${day}T00:00:00Z"`;

export interface TableTest extends TestOptions {
  proxy?: Partial<ProxyIdentity> & { namespace: string };
}

export function tableOf(documents: readonly string[], { proxy = { namespace: 'shop' }, ...options }: TableTest = {}): RoutingTable {
  const { locality: _, ...more } = proxy;
  return routingTable(meshOf(documents.join('---\n'), options), proxyIn(proxy.namespace, more));
}

export const gatewayProxy: ProxyIdentity = proxyIn('edge', { role: 'gateway', labels: { istio: 'ingress' } });

export function config(table: RoutingTable, name: string): RouteConfig {
  const found = table.routes.find((routes) => routes.name === name);
  if (!found) throw new Error(`no routes ${name}: there are ${table.routes.map((routes) => routes.name).join(', ')}`);
  return found;
}

export function listener(table: RoutingTable, name: string): Listener {
  const found = table.listeners.find((one) => one.name === name);
  if (!found) throw new Error(`no listener ${name}: there are ${table.listeners.map((one) => one.name).join(', ')}`);
  return found;
}

/** Domains by name of virtual host. */
export function domains(table: RoutingTable, name: string): Record<string, readonly string[]> {
  return Object.fromEntries(config(table, name).virtualHosts.map((host) => [host.name, host.domains]));
}

/** Names of the routes' clusters by virtual host; other actions by their status. */
export function ways(table: RoutingTable, name: string): Record<string, string[]> {
  return Object.fromEntries(config(table, name).virtualHosts.map((host) => [host.name, host.routes.map(way)]));
}

function way({ action }: Route): string {
  if (action.kind !== 'forward') return String(action.status);
  return action.clusters.map(({ cluster, weight }) => (action.clusters.length > 1 ? `${weight}% ${cluster}` : cluster)).join(', ');
}

export function hostNamed(table: RoutingTable, routes: string, name: string): VirtualHost {
  const found = config(table, routes).virtualHosts.find((host) => host.name === name);
  if (!found) throw new Error(`no virtual host ${name}`);
  return found;
}

/** Routes of service `cart` of namespace `shop` at port 80 with these rules of a virtual service. */
export function routesWith(rules: string, { documents = [], ...options }: TableTest & { documents?: string[] } = {}): readonly Route[] {
  const table = tableOf([svc('shop/cart http:80'), vs('shop/cart', 'cart', `http: [${rules}]`), ...documents], options);
  return hostNamed(table, '80', 'cart.shop.svc.cluster.local:80').routes;
}

/** The first of them, which forwards. */
export function forwardWith(rule: string, options: TableTest & { documents?: string[] } = {}): ForwardAction {
  const action = routesWith(`{${rule}}`, options)[0]?.action;
  if (action?.kind !== 'forward') throw new Error('the route does not forward');
  return action;
}

/** Chains as `conditions -> clusters or routes`, the default one last. */
export function chains({ chains: all, defaultChain }: Listener): string[] {
  return [...all, ...(defaultChain ? [defaultChain] : [])].map(({ match, filter, tls }) => {
    const { serverNames = [], destinationCidrs = [], destinationPort, applicationProtocols, transport } = match;
    const conditions = [...serverNames, ...destinationCidrs, destinationPort, transport, ...(applicationProtocols ?? []), tls?.mode].filter(
      (part) => part !== undefined,
    );
    const target =
      filter.kind === 'http'
        ? `routes ${filter.routes}`
        : filter.clusters.map(({ cluster, weight }) => (filter.clusters.length > 1 ? `${weight}% ${cluster}` : cluster)).join(', ');
    return `${conditions.join(' ') || 'all'} -> ${target}`;
  });
}
