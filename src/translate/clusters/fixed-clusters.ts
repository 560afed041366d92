// The clusters that every proxy has whatever the services are (MAP-R4).
import { blackHoleCluster, type Cluster, inboundPassthroughCluster, passthroughCluster } from '../../ir/cluster.ts';
import type { MeshConfig } from '../../manifest/istio/mesh.gen.ts';
import { connectionPool } from './connection-pool.ts';

/** Connections to the workload come from here, so that they are not taken to be its own and led to the proxy again. */
export const inboundSource = '127.0.0.6';
export const inboundSourceIpv6 = '::6';

const passthroughIdleTimeoutMs = 300_000;
const defaultPanicPercent = 50;

/** Refuses every connection. */
export function blackHole(mesh: MeshConfig): Cluster {
  return { ...fixed(blackHoleCluster, mesh), discovery: 'static', protocol: 'http1', loadBalancer: { policy: 'round-robin' } };
}

/** Sends on to where the client wanted. */
export function passthrough(mesh: MeshConfig): Cluster {
  const cluster = fixed(passthroughCluster, mesh);
  return { ...cluster, pool: { ...cluster.pool, idleTimeoutMs: passthroughIdleTimeoutMs } };
}

export function inboundPassthrough(mesh: MeshConfig): Cluster {
  return { ...passthrough(mesh), name: inboundPassthroughCluster, direction: 'inbound', sourceAddress: inboundSource };
}

function fixed(name: string, mesh: MeshConfig): Cluster {
  return {
    name,
    direction: 'outbound',
    host: '',
    port: 0,
    subset: '',
    namespace: '',
    discovery: 'original-destination',
    protocol: 'downstream',
    loadBalancer: { policy: 'original-destination' },
    panicPercent: defaultPanicPercent,
    localityWeighted: false,
    breakers: {},
    pool: connectionPool({}, mesh, 'http'),
    tls: { mode: 'disable' },
    localities: [],
    origins: [],
  };
}
