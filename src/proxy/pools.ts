import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Cluster } from '../ir/cluster.ts';
import type { Host } from './core/balance/host.ts';
import type { Clock } from './core/clock.ts';
import { Http1Pool } from './http1/pool.ts';
import { Http2Pool } from './http2/pool.ts';
import type { UpstreamPool } from './stream.ts';
import { connectUpstream } from './upstream-connect.ts';
import type { UpstreamCluster, UpstreamProtocol } from './upstreams.ts';

/** TLS towards an endpoint, where the cluster asks for it and this proxy has what it takes. */
export function secureOf(cluster: Cluster, protocol?: UpstreamProtocol): ((socket: Socket) => Socket) | undefined {
  const { tls } = cluster;
  if (tls.mode !== 'simple') return undefined;
  const alpn = protocol === undefined ? undefined : protocol === 'http2' ? ['h2'] : ['http/1.1'];
  const servername = tls.sni ?? cluster.host;
  return (socket) =>
    connectTls({
      socket,
      minVersion: 'TLSv1.2',
      ...(servername === '' ? {} : { servername }),
      ...(alpn === undefined ? {} : { ALPNProtocols: alpn }),
      rejectUnauthorized: tls.insecureSkipVerify !== true,
    });
}

/** Connections to one endpoint of a cluster, by the settings of the cluster. */
export function poolFor(clock: Clock, { cluster, state }: UpstreamCluster, host: Host, protocol: UpstreamProtocol): UpstreamPool {
  const { pool } = cluster;
  const secure = secureOf(cluster, protocol);
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
