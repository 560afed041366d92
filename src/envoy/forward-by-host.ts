// Requests to where their Host header says: a name is looked up when the connection is made (dynamic forward proxy).
import { byHostHeader } from '../ir/outbound-listener.ts';
import { isObject, type JsonObject, type TypedJson } from './json.ts';
import type { EnvoyResources } from './resources.ts';

const prefix = 'by-host|';
const protocolOptions = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const connectionManager = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

/** Shared by clusters and filter. */
const dnsCache: JsonObject = { name: 'by-host', dns_lookup_family: 'V4_PREFERRED' };

/** The cluster for requests that tell their destination by the Host header, instead of one that takes it from the connection. */
export function forwardName(cluster: string): string {
  return `${prefix}${cluster}`;
}

/** Gives the clusters of `forwardName` and the listener of `outboundListener` what looks hosts up. */
export function forwardByHost(resources: EnvoyResources): EnvoyResources {
  return {
    ...resources,
    listeners: resources.listeners.map((listener) => (listener.name === byHostHeader ? withLookup(listener) : listener)),
    clusters: resources.clusters.map((cluster) => (String(cluster.name).startsWith(prefix) ? forwarding(cluster) : cluster)),
  };
}

function forwarding({ type: _type, lb_policy: _policy, original_dst_lb_config: _config, ...cluster }: TypedJson): TypedJson {
  const protocols = cluster.typed_extension_protocol_options;
  const http = isObject(protocols) ? protocols[protocolOptions] : undefined;
  return {
    ...cluster,
    '@type': cluster['@type'],
    lb_policy: 'CLUSTER_PROVIDED',
    cluster_type: {
      name: 'envoy.clusters.dynamic_forward_proxy',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig',
        dns_cache_config: dnsCache,
        // Whether names in certificates are looked at is for the destination rule to say.
        allow_insecure_cluster_options: true,
      },
    },
    ...(isObject(http) ? { typed_extension_protocol_options: { [protocolOptions]: { ...http, upstream_http_protocol_options: { auto_sni: true } } } } : {}),
  };
}

function withLookup(listener: TypedJson): TypedJson {
  const filter = {
    name: 'envoy.filters.http.dynamic_forward_proxy',
    typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.dynamic_forward_proxy.v3.FilterConfig', dns_cache_config: dnsCache },
  };
  const inManager = (manager: JsonObject): JsonObject => {
    const filters = Array.isArray(manager.http_filters) ? manager.http_filters : [];
    // The router is the last one.
    return { ...manager, http_filters: [...filters.slice(0, -1), filter, ...filters.slice(-1)] };
  };
  const chains = Array.isArray(listener.filter_chains) ? listener.filter_chains : [];
  return {
    ...listener,
    filter_chains: chains.map((chain) => {
      if (!isObject(chain) || !Array.isArray(chain.filters)) return chain;
      return {
        ...chain,
        filters: chain.filters.map((one) =>
          isObject(one) && isObject(one.typed_config) && one.typed_config['@type'] === connectionManager
            ? { ...one, typed_config: inManager(one.typed_config) }
            : one,
        ),
      };
    }),
  };
}
