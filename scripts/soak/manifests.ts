import type { Endpoint } from './endpoints.ts';

export interface World {
  /** Those that die, of each subset. */
  v1: readonly Endpoint[];
  v2: readonly Endpoint[];
  files: Endpoint;
  sockets: Endpoint;
  echoPort: number;
  /** Where TCP is taken. */
  tcpPort: number;
}

/** One version of the mesh: `n` changes weights, endpoints, limits and times, never what an answer is. */
export function manifestsOf(world: World, n: number): string {
  const weight = [100, 50, 0, 80][n % 4] as number;
  // Now and then an endpoint is not in the list, dead or alive; never the last one of a subset.
  const listed = (all: readonly Endpoint[], subset: string, leftOut: number): string[] =>
    all.filter((_, i) => i !== leftOut).map(({ port }) => `{ address: 127.0.0.1, ports: { http: ${port} }, labels: { version: ${subset} } }`);
  const endpoints = [...listed(world.v1, 'v1', n % 7), ...listed(world.v2, 'v2', n % 5)];
  return [
    service('web.soak', endpoints),
    service('files.soak', [`{ address: 127.0.0.1, ports: { http: ${world.files.port} } }`]),
    service('sockets.soak', [`{ address: 127.0.0.1, ports: { http: ${world.sockets.port} } }`]),
    `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: web, namespace: soak }
spec:
  host: web.soak
  trafficPolicy:
    loadBalancer: { simple: ${n % 3 === 0 ? 'ROUND_ROBIN' : 'LEAST_REQUEST'} }
    connectionPool: { http: { http2MaxRequests: ${1000 + (n % 2)}, maxRequestsPerConnection: ${n % 6 === 0 ? 20 : 0} } }
    outlierDetection: { consecutive5xxErrors: 5, interval: 1s, baseEjectionTime: 1s, maxEjectionPercent: 50 }
  subsets: [{ name: v1, labels: { version: v1 } }, { name: v2, labels: { version: v2 } }]
`,
    `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: web, namespace: soak }
spec:
  hosts: [web.soak]
  http:
    - route:
        - { destination: { host: web.soak, subset: v1 }, weight: ${weight} }
        - { destination: { host: web.soak, subset: v2 }, weight: ${100 - weight} }
      timeout: ${30 + (n % 10)}s
      retries: { attempts: 20, retryOn: 'connect-failure,refused-stream,reset,gateway-error' }
`,
    `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: echo, namespace: soak }
spec:
  hosts: [echo.soak]
  ports: [{ number: ${world.tcpPort}, name: tcp, protocol: TCP }]
  resolution: STATIC
  endpoints: [{ address: 127.0.0.1, ports: { tcp: ${world.echoPort} } }]
`,
    `apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: default, namespace: soak }
spec:
  egress:
    - { port: { number: ${world.tcpPort}, name: tcp, protocol: TCP }, bind: 127.0.0.1, captureMode: NONE, hosts: ['*/echo.soak'] }
    - { hosts: ['*/web.soak', '*/files.soak', '*/sockets.soak'] }
`,
  ].join('---\n');
}

function service(host: string, endpoints: readonly string[]): string {
  return `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: ${host.split('.')[0]}, namespace: soak }
spec:
  hosts: [${host}]
  ports: [{ number: 80, name: http, protocol: HTTP }]
  resolution: STATIC
  location: MESH_INTERNAL
  endpoints:
${endpoints.map((endpoint) => `    - ${endpoint}\n`).join('')}`;
}
