// Listeners of small meshes for the tests of this folder.
import type { RoutingTable } from '../../ir/table.ts';
import { doc, gatewayProxy, type TableTest, tableOf } from '../../translate/testing.ts';
import { isObject, type JsonObject, type JsonValue } from '../json.ts';
import type { EnvoyOptions } from '../options.ts';
import { listenerResource } from './listener.ts';

export type Listeners = Record<string, JsonObject>;

/** By name. */
export function listenersOf(table: RoutingTable, options: EnvoyOptions = { meshTls: 'sds' }): Listeners {
  return Object.fromEntries(table.listeners.map((listener) => [listener.name, listenerResource(listener, table, options)]));
}

export function sidecar(documents: readonly string[], test: TableTest = {}, options?: EnvoyOptions): Listeners {
  return listenersOf(tableOf(documents, test), options);
}

/** A gateway with these servers, in front of service `cart`. */
export function gateway(servers: string, test: TableTest = {}, options?: EnvoyOptions, documents: readonly string[] = []): Listeners {
  const own = doc('Gateway', 'edge/gw', `selector: {istio: ingress}, servers: [${servers}]`);
  return listenersOf(tableOf([own, ...documents], { proxy: gatewayProxy, ...test }), options);
}

/** A server with a certificate of its own. */
export function https(tls: string, host = 'shop.example.com', name = 'https'): string {
  return `{port: {number: 443, name: ${name}, protocol: HTTPS}, hosts: [${host}], tls: {${tls}}}`;
}

/** A service of the workload `app: cart`, and this workload. */
export const ownService = doc(
  'Service',
  'shop/cart',
  'clusterIP: 10.0.0.1, selector: {app: cart}, ports: [{name: http, port: 80, targetPort: 8080}, {name: tcp, port: 90, targetPort: 9090}, {name: any, port: 70, targetPort: 7070}]',
);
export const ownWorkload = { namespace: 'shop', labels: { app: 'cart' } };

export function peerPolicy(spec: string): string {
  return doc('PeerAuthentication', 'shop/default', spec).replace('networking.istio.io', 'security.istio.io');
}

/** Of a value by a path: `filter_chains.0.filters.0.typed_config`. */
export function at(value: JsonValue | undefined, path: string): JsonValue | undefined {
  return path.split('.').reduce<JsonValue | undefined>((inner, key) => {
    if (Array.isArray(inner)) return inner[Number(key)];
    return isObject(inner) ? inner[key] : undefined;
  }, value);
}

export function objects(value: JsonValue | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** Of the first filter of a chain. */
export function configOf(chain: JsonObject | undefined): JsonObject {
  const config = at(chain, 'filters.0.typed_config');
  if (!isObject(config)) throw new Error('the chain has no filter');
  return config;
}

/** Where a chain sends what it takes: `rds 80`, `outbound|90||cart`. */
export function targetOf(chain: JsonObject): string {
  const { rds, cluster, weighted_clusters } = configOf(chain);
  if (rds) return `rds ${at(rds, 'route_config_name')}`;
  return typeof cluster === 'string'
    ? cluster
    : objects(at(weighted_clusters, 'clusters'))
        .map(({ name, weight }) => `${weight} ${name}`)
        .join(', ');
}

/** Chains as `conditions -> target`, the default one last. */
export function chainsOf(listener: JsonObject | undefined): string[] {
  const chains = [...objects(listener?.filter_chains), ...objects([listener?.default_filter_chain ?? null])];
  return chains.map(
    (chain) => `${JSON.stringify(chain.filter_chain_match ?? {}).replace(/"/g, '')}${chain.transport_socket ? ' tls' : ''} -> ${targetOf(chain)}`,
  );
}
