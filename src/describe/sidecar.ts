import type { ProxyIdentity } from '../ir/table.ts';
import type { Mesh } from '../model/mesh.ts';
import { items, text } from '../model/untyped.ts';
import { proxyScope, sidecarOf } from '../translate/proxy-scope.ts';
import { originOf } from '../translate/statuses.ts';
import type { SidecarSection } from './description.ts';

/** The Sidecar resource of a workload: its own, else its namespace's, else the mesh's. */
export function sidecarSection(mesh: Mesh, proxy: ProxyIdentity): SidecarSection | undefined {
  const sidecar = sidecarOf(mesh, proxy);
  if (!sidecar) return undefined;
  return {
    origin: originOf(sidecar),
    egress: items(sidecar.spec.egress).map(({ hosts, port }) => ({ hosts: hosts ?? [], ...(port?.number ? { port: port.number } : {}) })),
    ingress: items(sidecar.spec.ingress).flatMap(({ port, defaultEndpoint }) => (port?.number ? [{ port: port.number, endpoint: text(defaultEndpoint) }] : [])),
    outbound: proxyScope(mesh, proxy).outboundMode,
  };
}
