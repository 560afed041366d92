// Routes of the listener for all that an application sends without being captured.
import { forwardTo, takingAll } from '../ir/catch-all.ts';
import { blackHoleCluster } from '../ir/cluster.ts';
import { byHostHeader, restOf } from '../ir/outbound-listener.ts';
import type { VirtualHost } from '../ir/route.ts';
import type { RoutingTable } from '../ir/table.ts';
import { forwardName } from './forward-by-host.ts';
import { isObject, type JsonObject, type JsonValue, type TypedJson } from './json.ts';
import { goesElsewhere } from './local-table.ts';
import { virtualHostResource } from './routes/virtual-host.ts';
import { type DomainHost, routesByHost } from './routes-by-host.ts';
import { typeUrls } from './type-urls.ts';

type JsonHost = JsonObject & DomainHost;

/**
 * The routes of all ports in one configuration; what no service takes goes where its Host header says, but not to this Envoy itself.
 *
 * @param configs as they are for each port, with what patches did to them
 */
export function outboundRoutes(configs: readonly TypedJson[], { listeners, clusters, proxy }: RoutingTable, ownPort: number): TypedJson {
  const elsewhere = new Set(clusters.filter(goesElsewhere).map(({ name }) => name));
  const hosts = routesByHost(
    configs.map(({ name, virtual_hosts }) => ({ name: String(name), virtualHosts: Array.isArray(virtual_hosts) ? virtual_hosts.filter(isHost) : [] })),
    {
      namespace: proxy.namespace,
      first: [hostOf(takingAll('block_self', [`*:${ownPort}`], forwardTo(blackHoleCluster)))],
      last: hostOf(restOf(listeners)),
    },
  );
  // Without a port a name stands for port 80.
  const toItself = ({ domains }: JsonHost): boolean => ownPort === 80 && domains.includes('*');
  const like = configs.find(({ name }) => /^\d+$/.test(String(name))) ?? { '@type': typeUrls.routes, validate_clusters: false };
  return {
    ...like,
    name: byHostHeader,
    // Domains have the ports that they are for.
    ignore_port_in_host_matching: false,
    virtual_hosts: hosts.map(
      (host) => renamed(host, (name) => (!elsewhere.has(name) ? name : toItself(host) ? blackHoleCluster : forwardName(name))) as JsonHost,
    ),
  };
}

function isHost(value: JsonValue): value is JsonHost {
  return isObject(value) && typeof value.name === 'string' && Array.isArray(value.domains);
}

function hostOf(host: VirtualHost): JsonHost {
  return virtualHostResource(host) as JsonHost;
}

/** With other names of clusters, wherever a route may have one. */
function renamed(value: JsonValue | undefined, nameOf: (cluster: string) => string): JsonValue | undefined {
  if (Array.isArray(value)) return value.map((one) => renamed(one, nameOf) as JsonValue);
  if (!isObject(value)) return value;
  const out: JsonObject = {};
  for (const [field, one] of Object.entries(value)) {
    if (field === 'cluster' && typeof one === 'string') out[field] = nameOf(one);
    else if (field === 'weighted_clusters' && isObject(one) && Array.isArray(one.clusters)) {
      const clusters = one.clusters.map((to) => (isObject(to) && typeof to.name === 'string' ? { ...to, name: nameOf(to.name) } : to));
      out[field] = { ...one, clusters };
    } else out[field] = renamed(one, nameOf);
  }
  return out;
}
