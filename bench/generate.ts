// Meshes of any size, as YAML on stdout.
//
//   node bench/generate.ts services|gateways|plain COUNT

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';

export const shapes = {
  /** Service, Deployment, DestinationRule and VirtualService of each; every tenth routes to a subset that is not there. */
  services: (i: number): string => {
    const name = `svc-${i}`;
    const namespace = `team-${i % 50}`;
    return `${service(name, namespace)}---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  namespace: ${namespace}
  labels:
    app: ${name}
spec:
  replicas: 3
  selector:
    matchLabels:
      app: ${name}
      version: v1
  template:
    metadata:
      labels:
        app: ${name}
        version: v1
    spec:
      serviceAccountName: ${name}
      containers:
        - name: app
          image: ${name}:1.${i % 20}.0
          ports:
            - name: http
              containerPort: 8080
          env:
            - name: LOG_LEVEL
              value: info
          readinessProbe:
            httpGet:
              path: /healthz
              port: http
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: ${name}
  namespace: ${namespace}
spec:
  host: ${name}
  trafficPolicy:
    connectionPool:
      tcp:
        maxConnections: 100
      http:
        http2MaxRequests: 1000
        maxRequestsPerConnection: 10
    outlierDetection:
      consecutive5xxErrors: 5
      interval: 30s
      baseEjectionTime: 60s
      maxEjectionPercent: 50
  subsets:
    - name: v1
      labels:
        version: v1
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: ${name}
  namespace: ${namespace}
spec:
  hosts:
    - ${name}
  http:
    - name: api
      match:
        - uri:
            prefix: /api/v${i % 7}
          headers:
            x-tenant:
              exact: tenant-${i % 13}
      timeout: 10s
      retries:
        attempts: 2
        perTryTimeout: 2s
      route:
        - destination:
            host: ${name}
            subset: ${i % 10 === 9 ? 'missing' : 'v1'}
    - name: rest
      route:
        - destination:
            host: ${name}
            subset: v1
---
`;
  },
  /** A Gateway with a host of its own and a VirtualService bound to it. */
  gateways: (i: number): string => {
    const name = `edge-${i}`;
    const namespace = `team-${i % 50}`;
    return `apiVersion: networking.istio.io/v1
kind: Gateway
metadata:
  name: ${name}
  namespace: ${namespace}
spec:
  selector:
    istio: ingressgateway
  servers:
    - port:
        number: 80
        name: http
        protocol: HTTP
      hosts:
        - ${name}.example.com
---
${virtualService(name, namespace, `${name}.example.com`, `\n  gateways:\n    - ${name}`)}`;
  },
  /** As many resources as `gateways` makes, without gateways. */
  plain: (i: number): string => {
    const name = `plain-${i}`;
    const namespace = `team-${i % 50}`;
    return `${service(name, namespace)}---\n${virtualService(name, namespace, name, '')}`;
  },
} as const;

export type Shape = keyof typeof shapes;

function service(name: string, namespace: string): string {
  return `apiVersion: v1
kind: Service
metadata:
  name: ${name}
  namespace: ${namespace}
  labels:
    app: ${name}
spec:
  selector:
    app: ${name}
  ports:
    - name: http
      port: 8080
      targetPort: http
`;
}

function virtualService(name: string, namespace: string, host: string, gateways: string): string {
  return `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: ${name}
  namespace: ${namespace}
spec:
  hosts:
    - ${host}${gateways}
  http:
    - route:
        - destination:
            host: ${name}.${namespace}.svc.cluster.local
            port:
              number: 8080
---
`;
}

/** Writes a mesh to a file piece by piece: a large one is more than a string should be. */
export async function generate(file: string | number, shape: Shape, count: number): Promise<void> {
  const out = typeof file === 'number' ? createWriteStream('', { fd: file }) : createWriteStream(file);
  for (let i = 0; i < count; i++) if (!out.write(shapes[shape](i))) await once(out, 'drain');
  out.end();
  await once(out, 'finish');
}

if (import.meta.main) {
  const [shape = '', count = ''] = process.argv.slice(2);
  if (!(shape in shapes) || !/^\d+$/.test(count)) {
    console.error('usage: node bench/generate.ts services|gateways|plain COUNT');
    process.exit(64);
  }
  await generate(1, shape as Shape, Number(count));
}
