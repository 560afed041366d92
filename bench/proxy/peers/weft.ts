import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { node, root, weft } from '../../measure.ts';
import { freePorts, proxyCore, start } from '../processes.ts';
import { hosts, type Peer, policies, routePath } from './peer.ts';

function manifests(host: string, name: string, protocol: string, ports: readonly number[], routes: number): object[] {
  const of = (apiVersion: string, kind: string, spec: object): object => ({ apiVersion, kind, metadata: { name, namespace: 'bench' }, spec });
  return [
    of('networking.istio.io/v1', 'ServiceEntry', {
      hosts: [host],
      location: 'MESH_INTERNAL',
      resolution: 'STATIC',
      ports: [{ number: 80, name: 'main', protocol }],
      endpoints: ports.map((port) => ({ address: '127.0.0.1', ports: { main: port } })),
    }),
    of('networking.istio.io/v1', 'DestinationRule', {
      host,
      trafficPolicy: {
        connectionPool: {
          tcp: { maxConnections: policies.maxConnections },
          http: { http1MaxPendingRequests: policies.maxPendingRequests, http2MaxRequests: policies.maxRequests },
        },
        outlierDetection: {
          consecutive5xxErrors: policies.consecutive5xx,
          interval: `${policies.intervalSeconds}s`,
          baseEjectionTime: `${policies.ejectionSeconds}s`,
          maxEjectionPercent: policies.maxEjectionPercent,
        },
      },
    }),
    of('networking.istio.io/v1', 'VirtualService', {
      hosts: [host],
      http: Array.from({ length: routes }, (_, n) => ({
        name: `route-${n}`,
        match: [{ uri: { prefix: routePath(n) } }],
        route: [{ destination: { host, port: { number: 80 } } }],
        timeout: `${policies.timeoutSeconds}s`,
        retries: { attempts: policies.attempts, perTryTimeout: `${policies.perTryTimeoutSeconds}s`, retryOn: policies.retryOn },
      })),
    }),
  ];
}

/** @param command what runs weft: bin/weft, or its sources */
export function weftPeer(command: readonly string[]): Peer {
  return {
    name: 'weft',
    http2: true,
    start: async ({ routes, accessLog, backend, folder, port }) => {
      const own = join(folder, `weft-${port}`);
      mkdirSync(own, { recursive: true });
      const objects = [...manifests(hosts.http1, 'app', 'HTTP', backend.http1, routes), ...manifests(hosts.http2, 'app2', 'HTTP2', backend.http2, routes)];
      writeFileSync(join(own, 'mesh.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
      const [stats] = await freePorts(1);
      const ports = ['--outbound-port', port, '--stats-port', stats, '--admin-port', 0, '--agent-port', 0, '--health-port', 0].map(String);
      const log = accessLog ? ['--access-log', join(own, 'access.log')] : [];
      return start('weft', [...command, 'proxy', 'run', '-f', join(own, 'mesh.json'), ...ports, ...log], { core: proxyCore, log: join(own, 'output'), port });
    },
  };
}

export const bundle: readonly string[] = [weft];
/** Without a build; Node has the flags that bin/weft gives it. */
export const sources: readonly string[] = [
  node,
  '--v8-pool-size=1',
  '--min-semi-space-size=4',
  '--max-semi-space-size=8',
  join(root, 'bench/proxy/weft-from-sources.ts'),
];
