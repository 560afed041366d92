import protobuf from 'protobufjs/minimal.js';
import type { XdsResource } from './view.ts';

/**
 * Endpoints of a cluster that there are none for. Envoy takes no notice of the removal of endpoints, and a cluster that has never got
 * any is not ready: it holds up all clusters that come after it.
 */
export function absentEndpoints(cluster: string): XdsResource {
  // `cluster_name` of a ClusterLoadAssignment.
  return { name: cluster, version: 'none', bytes: protobuf.Writer.create().uint32(10).string(cluster).finish() };
}
