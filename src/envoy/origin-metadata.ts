import type { Origin } from '../ir/table.ts';
import type { JsonObject } from './json.ts';

/** Folders of the kinds that make routes and clusters, as the API server's paths and Istio's tools have them. */
const folders: Readonly<Record<string, readonly [api: string, kind: string]>> = {
  VirtualService: ['networking.istio.io/v1', 'virtual-service'],
  DestinationRule: ['networking.istio.io/v1', 'destination-rule'],
  'gateway-api/HTTPRoute': ['gateway.networking.k8s.io/v1', 'http-route'],
  'gateway-api/GRPCRoute': ['gateway.networking.k8s.io/v1', 'grpc-route'],
};

/** Which object of the user a route or a cluster comes from, where tools for Istio look for it. */
export function originMetadata(origin: Origin | undefined): JsonObject | undefined {
  const folder = origin && folders[origin.kind];
  if (!folder) return undefined;
  const [api, kind] = folder;
  return { filter_metadata: { istio: { config: `/apis/${api}/namespaces/${origin.namespace}/${kind}/${origin.name}` } } };
}
