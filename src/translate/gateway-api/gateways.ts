import type { ProxyIdentity } from '../../ir/table.ts';
import type { Mesh } from '../../model/mesh.ts';
import type { GatewayServer } from '../gateways/servers.ts';

export function serversOfGatewayApi(_mesh: Mesh, _proxy: ProxyIdentity): GatewayServer[] {
  return [];
}
