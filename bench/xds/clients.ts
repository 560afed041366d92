// Many delta ADS clients in one process: they acknowledge everything, and count bytes.
import { Client, type ClientDuplexStream, credentials } from '@grpc/grpc-js';
import { typeUrls } from '../../src/envoy/type-urls.ts';
import { type DeltaRequest, decodeDeltaResponse, encodeDeltaRequest } from '../../src/envoy/xds/client-messages.ts';
import { discoveryService } from '../../src/envoy/xds/services.ts';

const { path } = discoveryService.DeltaAggregatedResources;

/** To this process. */
export type ClientsMessage = { kind: 'connect'; port: number; count: number; namespaces: number; routes: string } | { kind: 'report'; reset?: boolean };

/** From this process: bytes since the last report, and when the last response came (milliseconds of the system's clock). */
export interface ClientsReport {
  clients: number;
  /** Clients that got anything since the last report that asked to begin anew. */
  reached: number;
  bytes: number;
  last: number;
}

let clients = 0;
let bytes = 0;
let last = 0;
const reached = new Set<number>();

function connect(port: number, namespace: string, routes: string): void {
  const id = clients++;
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_receive_message_length': -1,
  });
  const stream: ClientDuplexStream<DeltaRequest, Buffer> = client.makeBidiStreamRequest(path, encodeDeltaRequest, (message: Buffer) => message);
  const subscribed = new Set<string>();
  stream.on('data', (message: Buffer) => {
    bytes += message.length;
    last = Date.now();
    reached.add(id);
    const { typeUrl, nonce, resources } = decodeDeltaResponse(message);
    const first = typeUrl === typeUrls.cluster && !subscribed.has(typeUrls.endpoints);
    stream.write({ typeUrl, nonce });
    if (first) {
      subscribed.add(typeUrls.endpoints);
      stream.write({ typeUrl: typeUrls.endpoints, subscribe: resources.flatMap(({ name }) => (name.startsWith('outbound|') ? [name] : [])) });
      stream.write({ typeUrl: typeUrls.listener });
    }
    if (typeUrl === typeUrls.listener && !subscribed.has(typeUrls.routes)) {
      subscribed.add(typeUrls.routes);
      stream.write({ typeUrl: typeUrls.routes, subscribe: [routes] });
      // As Envoy does: it gets those of its route configurations.
      stream.write({ typeUrl: typeUrls.virtualHost });
    }
  });
  stream.on('error', (error) => {
    console.error(`client ${id}: ${error.message}`);
    process.exit(1);
  });
  const locality = { region: '', zone: '', subzone: '' };
  const address = `10.200.${id >> 8}.${id & 255}`;
  const node = { id: `sidecar~${address}~client-${id}.${namespace}~${namespace}.svc.cluster.local`, cluster: '', locality, metadata: {} };
  stream.write({ node, typeUrl: typeUrls.cluster });
}

process.on('message', (message: ClientsMessage) => {
  if (message.kind === 'connect') {
    for (let i = 0; i < message.count; i++) connect(message.port, `client-${clients % message.namespaces}`, message.routes);
    return;
  }
  process.send?.({ clients, reached: reached.size, bytes, last } satisfies ClientsReport);
  bytes = 0;
  if (message.reset) reached.clear();
});
process.on('disconnect', () => process.exit(0));
