// What is around a controller in a cluster, and proxies that are connected to it.
import { request } from 'node:http';
import { TableClient } from '../../src/envoy/xds/table-client.ts';
import { mergeValues } from '../../src/install/merge.ts';
import { renderManifests } from '../../src/install/render/manifests.ts';
import type { RoutingTable } from '../../src/ir/table.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { waitReady } from '../../src/kube/wait.ts';
import { namedProxy } from '../../src/translate/workload-identity.ts';
import { toClose } from '../proxy/support.ts';

/** What `weft install` makes, but for its Deployments: the controller runs beside the cluster. @param target of its Service */
export function controlPlaneObjects(target: string): KubeObject[] {
  const { values } = mergeValues({ files: [], set: ['controller.statusConditions=true', 'image.hub=registry.example/mesh'], profile: 'minimal' });
  values.controller.serviceAnnotations = { 'kubelab/target': target };
  return renderManifests(values, { weftVersion: '1.2.3' })
    .map(({ object }) => object)
    .filter(({ kind }) => kind !== 'Deployment');
}

export async function applyAll(client: KubeClient, objects: readonly KubeObject[]): Promise<void> {
  for (const object of objects) await client.apply(object, { force: true });
  const definitions = objects.filter(({ kind }) => kind === 'CustomResourceDefinition');
  const pending = await waitReady(client, definitions, { timeoutMs: 120_000 });
  if (pending.length > 0) throw new Error(`not ready: ${JSON.stringify(pending)}`);
}

export interface Answer {
  status: number;
  body: string;
}

/** @param host of the request, as its sender has it */
export function get(port: number, path: string, host = `127.0.0.1:${port}`): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', path, headers: { host }, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    sent.on('error', reject).end();
  });
}

/** Value of a metric, all its labels together; undefined: there is no such metric. */
export async function metric(port: number, name: string, labels = ''): Promise<number | undefined> {
  const { body } = await get(port, '/metrics');
  const lines = body.split('\n').filter((line) => (line.startsWith(`${name} `) || line.startsWith(`${name}{`)) && line.includes(labels));
  return lines.length === 0 ? undefined : lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** A sidecar that is connected, and that goes on with the table that it has. */
export class ConnectedProxy {
  table: RoutingTable | undefined;
  connections = 0;
  readonly ended: string[] = [];
  private readonly client: TableClient;

  constructor(port: number, namespace: string, name = '') {
    this.client = new TableClient({
      address: `127.0.0.1:${port}`,
      proxy: namedProxy('sidecar', namespace, name),
      version: '1.2.3',
      take: async (table) => {
        this.table = table;
      },
      events: {
        connected: () => {
          this.connections++;
        },
        disconnected: (detail) => this.ended.push(detail),
        refused: (problem) => this.ended.push(problem),
      },
    });
    this.client.start();
    toClose({ close: () => this.client.close() });
  }

  /** Hosts that requests to a service are routed to, of its first route. */
  routesOf(host: string): string[] {
    const found = (this.table?.routes ?? []).flatMap(({ virtualHosts }) => virtualHosts).find(({ domains }) => domains.includes(host));
    return found === undefined ? [] : [...JSON.stringify(found.routes).matchAll(/outbound\|\d+\|[^|]*\|([^"]+)/g)].map((match) => match[1] as string);
  }

  /** `ADDRESS:PORT` of a cluster that is for the host. */
  endpointsOf(host: string): string[] {
    const cluster = this.table?.clusters.find(({ name }) => name.endsWith(`|${host}`));
    return [...JSON.stringify(cluster ?? '').matchAll(/"address":"([\d.]+)","port":(\d+)/g)].map(([, address, port]) => `${address}:${port}`);
  }
}

export const service = (namespace: string, name: string, port = 80): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace, name },
  spec: { ports: [{ name: 'http', port, targetPort: 8080 }] },
});

export const slice = (namespace: string, name: string, ...addresses: string[]): KubeObject => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace, name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
});

export const route = (namespace: string, name: string, to: string, more: Record<string, unknown> = {}): KubeObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { namespace, name },
  spec: { hosts: [name], http: [{ route: [{ destination: { host: to }, ...more }] }] },
});

export const pod = (namespace: string, name: string, metadata: Record<string, unknown> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace, name, labels: { app: 'web' }, ...metadata },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'app', image: 'example/app' }] },
});
