// The control plane as a process of its own: it changes an object when it is told to, and reports what it has used.
import { loadEnvoyApi } from '../../src/envoy/proto/api.ts';
import { XdsServer } from '../../src/envoy/xds/server.ts';
import { Views } from '../../src/envoy/xds/views.ts';
import { loadSource } from '../../src/manifest/load.ts';
import type { Resource } from '../../src/manifest/resource.ts';
import { Mesh } from '../../src/model/mesh.ts';
import { defaultMeshConfig } from '../../src/model/mesh-config.ts';
import { routingTable, viewKey } from '../../src/translate/table.ts';
import { documentsOf, endpointSlice, namespaceOf, serviceName, virtualService } from './mesh.ts';

/** To this process. */
export type ServerMessage =
  | { kind: 'listen' }
  | { kind: 'change'; what: 'virtual-service' | 'endpoint'; service: number; value: number }
  | { kind: 'report' }
  /** After a collection of garbage. */
  | { kind: 'memory' };

export interface ServerReport {
  port: number;
  /** Seconds of user and system time since the start. */
  cpu: number;
  /** Resident, in MB (10⁶ bytes). */
  memory: number;
}

const services = Number(process.argv[2]);

function resourcesOf(text: string): Resource[] {
  return loadSource({ name: 'mesh.yaml', text, json: false }, { defaultNamespace: 'default' }).resources;
}

let mesh = new Mesh(
  resourcesOf(
    Array.from({ length: services }, (_, i) => documentsOf(i))
      .flat()
      .join('---\n'),
  ),
  {
    assume: 'complete',
    istioNamespace: 'istio-system',
    templates: false,
    knownHosts: [],
    now: new Date(0),
    meshConfig: defaultMeshConfig('istio-system'),
  },
);

const api = loadEnvoyApi();
const views = new Views({
  encode: (typeUrl, json) => api.encode(typeUrl, json),
  tableOf: (proxy) => routingTable(mesh, proxy),
  keyOf: (proxy) => viewKey(mesh, proxy),
});
const server = new XdsServer(views, { debounceMs: 10, debounceMaxMs: 1000 });

function change(what: 'virtual-service' | 'endpoint', service: number, value: number): void {
  const [after] = resourcesOf(what === 'virtual-service' ? virtualService(service, value) : endpointSlice(service, value));
  if (!after) throw new Error('nothing was read');
  const name = what === 'virtual-service' ? serviceName(service) : `${serviceName(service)}-1`;
  const before = mesh.find(after.kindName, namespaceOf(service), name) as Resource | undefined;
  if (!before) throw new Error(`there is no ${after.kindName} ${name}`);
  mesh = mesh.with([{ before, after }]);
  views.changed();
  server.changed();
}

let port = 0;
process.on('message', async (message: ServerMessage) => {
  if (message.kind === 'listen') port = await server.listen('127.0.0.1:0');
  if (message.kind === 'change') change(message.what, message.service, message.value);
  if (message.kind === 'memory') globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  process.send?.({ port, cpu: (user + system) / 1e6, memory: process.memoryUsage.rss() / 1e6 } satisfies ServerReport);
});
process.on('disconnect', () => process.exit(0));
