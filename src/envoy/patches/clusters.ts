import { isObject, type JsonObject, objectsIn } from '../json.ts';
import type { Application } from './apply.ts';
import { matchesCluster } from './match.ts';
import type { PreparedPatch } from './prepare.ts';

const socketType = 'envoy.config.core.v3.TransportSocket';

/**
 * @param hosts services that an inbound cluster is for
 * @returns undefined where a patch takes it away
 */
export function patchCluster(cluster: JsonObject, application: Application, hosts: () => readonly string[]): JsonObject | undefined {
  let out = cluster;
  for (const prepared of application.patches('CLUSTER')) {
    const { operation } = prepared.patch;
    if ((operation !== 'MERGE' && operation !== 'REMOVE') || !matchesCluster(prepared.patch, out, hosts)) continue;
    application.use(prepared);
    if (operation === 'REMOVE') return undefined;
    out = mergeCluster(out, prepared, application);
  }
  return out;
}

/** A transport socket is merged into the one of its name, wherever the cluster has it; without one it takes the place of the other. */
function mergeCluster(cluster: JsonObject, prepared: PreparedPatch, application: Application): JsonObject {
  const { transport_socket: socket, ...rest } = prepared.value;
  const merged = application.merge(prepared, cluster, rest);
  if (!isObject(socket)) return merged;
  const matches = objectsIn(merged.transport_socket_matches);
  if (matches.length === 0) return { ...merged, transport_socket: mergeSocket(merged.transport_socket, socket, prepared, application) };
  const at = matches.findIndex(({ transport_socket: own }) => isObject(own) && own.name === socket.name);
  const match = matches[at];
  if (!match) {
    const names = matches.map(({ transport_socket: own }) => (isObject(own) ? String(own.name) : ''));
    application.problem(prepared, 'no-effect', `${String(cluster.name)} has transport sockets ${names.join(', ')}, and none ${String(socket.name)}`, [
      'transport_socket',
    ]);
    return merged;
  }
  const changed = mergeSocket(match.transport_socket, socket, prepared, application);
  return changed === match.transport_socket ? merged : { ...merged, transport_socket_matches: matches.with(at, { ...match, transport_socket: changed }) };
}

/** Of a cluster or a filter chain. */
export function mergeSocket(there: JsonObject[string], given: JsonObject, prepared: PreparedPatch, application: Application): JsonObject {
  return isObject(there) && there.name === given.name ? application.mergeExtension(prepared, socketType, there, given, ['transport_socket']) : given;
}
