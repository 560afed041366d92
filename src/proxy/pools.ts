import type { Host } from './core/balance/host.ts';
import type { Clock } from './core/clock.ts';
import { Http1Pool } from './http1/pool.ts';
import { Http2Pool } from './http2/pool.ts';
import type { UpstreamPool } from './stream.ts';
import type { Secure } from './tls/origination.ts';
import { connectUpstream } from './upstream-connect.ts';
import type { UpstreamCluster, UpstreamProtocol } from './upstreams.ts';

/**
 * Connections to one endpoint of a cluster, by the settings of the cluster.
 *
 * @param secure makes TLS of a connection; undefined: plain text
 */
export function poolFor(clock: Clock, { cluster, state }: UpstreamCluster, host: Host, protocol: UpstreamProtocol, secure: Secure | undefined): UpstreamPool {
  const { pool } = cluster;
  const connect: ConstructorParameters<typeof Http1Pool>[0]['connect'] = (onOpen, onFailure) =>
    connectUpstream(
      {
        address: host.address,
        port: host.port,
        localAddress: cluster.sourceAddress,
        timeoutMs: pool.connectTimeoutMs,
        tcpKeepalive: pool.tcpKeepalive,
        secure,
      },
      clock,
      (socket) => {
        host.beginConnection();
        socket.once('close', () => host.endConnection());
        onOpen(socket);
      },
      (failure) => {
        host.countConnectFailure();
        onFailure(failure);
      },
    );
  const options = {
    connect,
    limits: state.breakers,
    idleTimeoutMs: pool.idleTimeoutMs,
    maxRequestsPerConnection: pool.maxRequestsPerConnection ?? 0,
    maxConnectionDurationMs: pool.maxConnectionDurationMs ?? 0,
  };
  return protocol === 'http2' ? new Http2Pool({ ...options, clock, maxConcurrentStreams: pool.maxConcurrentStreams }) : new Http1Pool(options);
}
