// Clusters for the tests of this folder and of Envoy itself.
import type { Cluster, Endpoint, LocalityEndpoints, UpstreamTls } from '../../ir/cluster.ts';
import { isObject, type JsonObject, type JsonValue } from '../json.ts';
import type { EnvoyOptions } from '../options.ts';
import { clusterResource } from './cluster.ts';

/** `cart` at port 80 with endpoints that it asks for, and with nothing else said. */
export function cluster(more: Partial<Cluster> = {}): Cluster {
  return {
    name: 'outbound|80||cart',
    direction: 'outbound',
    host: 'cart',
    port: 80,
    subset: '',
    namespace: 'shop',
    discovery: 'static',
    protocol: 'http1',
    loadBalancer: { policy: 'least-request' },
    panicPercent: 50,
    localityWeighted: false,
    breakers: {},
    pool: { connectTimeoutMs: 10_000, idleTimeoutMs: 3600_000 },
    tls: { mode: 'disable' },
    localities: [],
    origins: [],
    ...more,
  };
}

/** `10.0.0.1:80`, or another port, or the path of a socket with port 0. */
export function endpoint(address = '10.0.0.1', port = 80, more: Partial<Endpoint> = {}): Endpoint {
  return { address, port, weight: 1, labels: {}, tlsMode: 'disabled', workload: '', namespace: '', serviceAccount: '', healthy: true, ...more };
}

/** @param place `r1/z1/s1` */
export function locality(endpoints: readonly Endpoint[], more: Partial<LocalityEndpoints> = {}, place = ''): LocalityEndpoints {
  const [region = '', zone = '', subzone = ''] = place.split('/');
  return { locality: { region, zone, subzone }, priority: 0, weight: endpoints.length, endpoints, ...more };
}

export function resource(more: Partial<Cluster>, options: EnvoyOptions = { meshTls: 'none' }): JsonObject {
  return clusterResource(cluster(more), options);
}

/** The `common_tls_context` of a cluster with this TLS. */
export function tlsContextOf(tls: UpstreamTls, options: EnvoyOptions, more: Partial<Cluster> = {}): JsonValue | undefined {
  const socket = resource({ ...more, tls }, options).transport_socket;
  const config = isObject(socket) ? socket.typed_config : undefined;
  return isObject(config) ? config.common_tls_context : undefined;
}
