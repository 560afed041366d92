// The sidecar's end of the control plane, against a server that says what the test tells it to.
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import protobuf from 'protobufjs/minimal.js';
import { afterEach, expect, test } from 'vitest';
import { typeUrls } from '../../src/envoy/type-urls.ts';
import { type DeltaRequest, readDeltaRequest } from '../../src/envoy/xds/requests.ts';
import { encodeResponse } from '../../src/envoy/xds/responses.ts';
import { TableClient } from '../../src/envoy/xds/table-client.ts';
import type { ProxyIdentity, RoutingTable } from '../../src/ir/table.ts';
import { closeAll, freePorts, toClose, until } from './support.ts';

afterEach(closeAll);

const path = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';
const raw = (bytes: Buffer): Buffer => bytes;

/** A control plane that keeps what it is asked. */
class Scripted {
  readonly requests: DeltaRequest[] = [];
  readonly bytes: Buffer[] = [];
  stream: ServerDuplexStream<Buffer, Buffer> | undefined;
  streams = 0;
  private readonly port: number;
  private server: Server | undefined;
  private nonce = 0;

  constructor(port: number) {
    this.port = port;
  }

  async listen(): Promise<void> {
    const server = new Server();
    this.server = server;
    server.addService(
      {
        delta: {
          path,
          requestStream: true,
          responseStream: true,
          requestDeserialize: raw,
          requestSerialize: raw,
          responseDeserialize: raw,
          responseSerialize: raw,
        },
      },
      {
        delta: (stream: ServerDuplexStream<Buffer, Buffer>) => {
          this.stream = stream;
          this.streams++;
          stream.on('error', () => {});
          stream.on('data', (bytes: Buffer) => {
            this.bytes.push(bytes);
            this.requests.push(readDeltaRequest(bytes));
          });
        },
      },
    );
    await new Promise<void>((resolve, reject) =>
      server.bindAsync(`127.0.0.1:${this.port}`, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve())),
    );
  }

  /** @returns the nonce */
  send(parts: Record<string, unknown>, version = '1', removed: string[] = []): string {
    const resources = Object.entries(parts).map(([name, part]) => ({ name, version, bytes: Buffer.from(JSON.stringify(part)) }));
    const nonce = String(++this.nonce);
    this.stream?.write(encodeResponse('delta', { typeUrl: typeUrls.tablePart, version: '', nonce }, { resources, removed, isShared: false }).toBuffer());
    return nonce;
  }

  kill(): void {
    this.server?.forceShutdown();
  }
}

const proxy: ProxyIdentity = {
  role: 'sidecar',
  namespace: 'shop',
  name: 'cart',
  labels: {},
  serviceAccount: 'default',
  locality: { region: '', zone: '', subzone: '' },
  addresses: [],
};

async function start(take: (table: RoutingTable) => Promise<void> = async () => {}) {
  const [port = 0] = await freePorts(1);
  const server = new Scripted(port);
  await server.listen();
  const tables: RoutingTable[] = [];
  const events: string[] = [];
  const client = new TableClient({
    address: `127.0.0.1:${port}`,
    proxy,
    version: '1.2.3',
    take: async (table) => {
      await take(table);
      tables.push(table);
    },
    events: {
      connected: () => events.push('connected'),
      disconnected: (detail) => events.push(`disconnected: ${detail}`),
      refused: (problem) => events.push(`refused: ${problem}`),
    },
  });
  client.start();
  toClose(client);
  toClose({ close: () => server.kill() });
  await until(() => server.requests.length === 1, 'first request');
  return { server, client, tables, events };
}

const mesh = { kind: 'mesh', mesh: { trustDomain: 'a' }, envoyPatches: [], statuses: [] };
const routes = (...hosts: string[]) => ({ kind: 'routes', routes: { name: '80' }, hosts });
const host = (name: string) => ({ kind: 'host', host: { name, domains: [name], routes: [] } });

const answer = (server: Scripted): Pick<DeltaRequest, 'nonce' | 'refusal'> | undefined => {
  const { nonce, refusal } = server.requests.at(-1) ?? {};
  return nonce ? { nonce, refusal } : undefined;
};

test('says who it is, takes tables as they come, and acknowledges each', async () => {
  const { server, tables, events } = await start();
  expect(server.requests[0]).toMatchObject({ typeUrl: typeUrls.tablePart, subscribe: ['*'], nonce: '', initialVersions: new Map() });
  expect(Buffer.concat(server.bytes).toString('latin1')).toMatch(/sidecar~127\.0\.0\.1~cart\.shop~shop\.svc\.cluster\.local.*weft.*1\.2\.3/s);
  const first = server.send({ mesh, 'routes/80': routes('a'), 'host/80/a': host('a') });
  await until(() => answer(server)?.nonce === first, 'answer');
  expect(answer(server)).toEqual({ nonce: first, refusal: undefined });
  // A part that others need is yet to come: nothing is wrong, and nothing is taken.
  const second = server.send({ 'routes/80': routes('a', 'b') }, '2');
  await until(() => answer(server)?.nonce === second, 'answer');
  expect(tables).toHaveLength(1);
  server.send({ 'host/80/b': host('b') });
  await until(() => tables.length === 2, 'table');
  expect(tables.map((table) => table.routes.flatMap(({ virtualHosts }) => virtualHosts.map(({ name }) => name)))).toEqual([['a'], ['a', 'b']]);
  expect(tables[1]).toMatchObject({ proxy, mesh: { trustDomain: 'a' } });
  expect(events).toEqual(['connected']);
});

test('refuses what it cannot read or serve, and takes the next', async () => {
  const { server, tables, events } = await start(async (table) => {
    if (table.mesh.trustDomain === 'bad') throw new Error('port 80 is taken');
  });
  server.send({ mesh });
  await until(() => tables.length === 1, 'table');
  const refusals = [
    [{ 'host/80/a': { kind: 'hots' } }, /host\/80\/a: of kind "hots"/],
    [{ 'host/80/a': host('a'), mesh: { ...mesh, mesh: { trustDomain: 'bad' } } }, /^port 80 is taken$/],
  ] as const;
  for (const [parts, problem] of refusals) {
    const nonce = server.send(parts, '2');
    await until(() => answer(server)?.nonce === nonce, 'answer');
    expect(answer(server)?.refusal).toMatch(problem);
    expect(events.at(-1)).toMatch(/^refused: /);
  }
  expect(tables).toHaveLength(1);
  const nonce = server.send({ mesh }, '3');
  await until(() => answer(server)?.nonce === nonce, 'answer');
  expect(answer(server)?.refusal).toBeUndefined();
  expect(tables).toHaveLength(2);
});

test('comes back with what it has; what it had refused it wants again', async () => {
  let bad = false;
  const { server, tables, events } = await start(async () => {
    if (bad) throw new Error('no');
  });
  server.send({ mesh, 'routes/80': routes() }, '7');
  await until(() => tables.length === 1, 'table');
  const reconnected = async (streams: number): Promise<DeltaRequest | undefined> => {
    server.kill();
    await until(() => events.some((event) => event.startsWith('disconnected')), 'disconnected');
    const before = server.requests.length;
    await server.listen();
    await until(() => server.streams === streams && server.requests.length > before, 'second stream', 20_000);
    return server.requests[before];
  };
  expect((await reconnected(2))?.initialVersions).toEqual(
    new Map([
      ['mesh', '7'],
      ['routes/80', '7'],
    ]),
  );
  // Nothing has changed, so nothing is sent; it is connected all the same.
  await until(() => events.at(-1) === 'connected', 'connected');
  bad = true;
  const nonce = server.send({ 'routes/81': { ...routes(), routes: { name: '81' } } }, '8');
  await until(() => answer(server)?.nonce === nonce, 'answer');
  expect(answer(server)?.refusal).toBe('no');
  expect((await reconnected(3))?.initialVersions).toEqual(new Map());
  bad = false;
  server.send({ mesh });
  await until(() => tables.length === 2, 'table');
  expect(tables[1]?.routes).toEqual([]);
});

test('a response that is none ends the stream, and another one is tried', async () => {
  const { server, events } = await start();
  server.stream?.write(Buffer.from(protobuf.Writer.create().uint32(18).uint32(1000).finish()));
  await until(() => server.streams === 2, 'second stream', 20_000);
  expect(events.filter((event) => event.startsWith('disconnected'))).toHaveLength(1);
});

test('closed, it does not come back', async () => {
  const { server, client, events } = await start();
  client.close();
  await until(() => server.stream?.cancelled === true, 'cancelled');
  server.kill();
  expect([events.filter((event) => event !== 'connected'), server.streams]).toEqual([[], 1]);
});
