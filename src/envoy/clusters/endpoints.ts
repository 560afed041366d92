import { blackHoleCluster, type Cluster, type Endpoint, type LocalityEndpoints } from '../../ir/cluster.ts';
import { defined, type JsonObject, type TypedJson } from '../json.ts';
import { typeUrls } from '../type-urls.ts';
import { type LocalityWeights, weightsOf } from './weights.ts';

/** Envoy knows no later priority. */
const lastPriority = 128;
/** Paths of Unix sockets that are longer, in bytes, are nothing that can be connected to, and Envoy refuses them. */
const maxSocketPath = 107;

/** Whether the endpoints of a cluster are a resource of their own: it does not have them itself, and is not without any. */
export function asksForEndpoints({ discovery, direction, name }: Cluster): boolean {
  return discovery === 'static' && direction !== 'inbound' && name !== blackHoleCluster;
}

/** The endpoints of a cluster that asks for them; undefined for others. */
export function endpointsResource(cluster: Cluster): TypedJson | undefined {
  if (!asksForEndpoints(cluster)) return undefined;
  return { '@type': typeUrls.endpoints, ...loadAssignment(cluster) };
}

/** `load_assignment` of a cluster (MAP-R60 to MAP-R64). */
export function loadAssignment({ name, localities, tls }: Cluster): JsonObject {
  const weights = weightsOf(localities);
  return {
    cluster_name: name,
    endpoints: localities.map((locality, i) => localityEndpoints(locality, weights[i] as LocalityWeights, tls.mode === 'auto')),
  };
}

/** @param choosesTls the cluster speaks mTLS to those that take it */
function localityEndpoints({ locality, priority, endpoints }: LocalityEndpoints, weights: LocalityWeights, choosesTls: boolean): JsonObject {
  const { region, zone, subzone } = locality;
  return defined({
    locality: defined({ region: region || undefined, zone: zone || undefined, sub_zone: subzone || undefined }),
    lb_endpoints: endpoints.flatMap((endpoint, i) =>
      endpoint.port === 0 && Buffer.byteLength(endpoint.address) > maxSocketPath ? [] : [lbEndpoint(endpoint, weights.endpoints[i] ?? 0, choosesTls)],
    ),
    load_balancing_weight: weights.locality || undefined,
    priority: Math.min(priority, lastPriority) || undefined,
  });
}

function lbEndpoint({ address, port, tlsMode, healthy }: Endpoint, weight: number, choosesTls: boolean): JsonObject {
  return defined({
    endpoint: { address: port === 0 ? { pipe: { path: address } } : { socket_address: { address, port_value: port } } },
    // Not to say anything is to say that it is healthy.
    health_status: healthy ? undefined : 'UNHEALTHY',
    metadata: choosesTls && tlsMode === 'istio' ? { filter_metadata: { 'envoy.transport_socket_match': { tlsMode: 'istio' } } } : undefined,
    load_balancing_weight: weight || undefined,
  });
}
