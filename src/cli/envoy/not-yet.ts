import type { Cluster } from '../../ir/cluster.ts';
import type { RoutingTable } from '../../ir/table.ts';
import type { Mesh } from '../../model/mesh.ts';

/** More hosts than these are counted only. */
const most = 5;
const unread = ['WasmPlugin', 'Telemetry'] as const;

/**
 * What the manifests ask for and an Envoy that weft starts does not do: a line each, with what happens instead.
 *
 * @param agent whether somebody gives it certificates of the mesh
 */
export function notInEnvoy(mesh: Mesh, { clusters, proxy }: RoutingTable, agent: boolean): string[] {
  const out: string[] = [];
  const mutual = hostsWith(clusters, ({ mode }) => mode === 'istio-mutual');
  if (mutual !== '' && !agent) out.push(`mTLS to ${mutual} needs certificates of the mesh, which are not here: requests go in plain text`);
  const strict = mesh.list('PeerAuthentication').length;
  if (strict > 0 && proxy.role === 'sidecar' && !agent)
    out.push(`PeerAuthentication (${strict}): there are no certificates of the mesh here; where it is STRICT, inbound connections fail`);
  for (const kind of unread) {
    const count = mesh.list(kind).length;
    if (count > 0) out.push(`${kind} (${count}) is not read`);
  }
  return out;
}

function hostsWith(clusters: readonly Cluster[], has: (tls: Cluster['tls']) => boolean): string {
  const hosts = [...new Set(clusters.filter(({ tls }) => has(tls)).map(({ host }) => host))];
  return `${hosts.slice(0, most).join(', ')}${hosts.length > most ? ` and ${hosts.length - most} more` : ''}`;
}
