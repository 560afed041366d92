// Over real connections.
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Client, type ClientDuplexStream, credentials, type StatusObject, status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../../test/until.ts';
import { loadEnvoyApi } from '../proto/api.ts';
import { typeUrls } from '../type-urls.ts';
import { decodeDeltaResponse, encodeDeltaRequest } from './client-messages.ts';
import { XdsServer, type XdsServerSettings } from './server.ts';
import { discoveryService, statusMessages, statusService } from './services.ts';
import { fetchClientStatus } from './status-client.ts';
import { decodeSotwResponse, resource, SimpleView } from './testing.ts';
import { type View, type ViewSource, type XdsNode, XdsRefusal, type XdsVariant } from './view.ts';

const { cluster, endpoints, tablePart } = typeUrls;
const api = loadEnvoyApi();
const ends: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

class Source implements ViewSource {
  view = new SimpleView({});
  /** The view that was taken last. */
  taken: View | undefined;
  readonly nodes: XdsNode[] = [];

  set(contents: Record<string, Record<string, string>>): void {
    this.view = new SimpleView(
      Object.fromEntries(
        Object.entries(contents).map(([typeUrl, byName]) => [typeUrl, Object.entries(byName).map(([name, content]) => resource(name, content))]),
      ),
      this.view,
    );
  }

  viewOf(node: XdsNode): View {
    this.nodes.push(node);
    if (node.id === 'stranger') throw new XdsRefusal('nobody knows stranger');
    if (node.id === 'unlucky') throw new Error('a table that cannot be made');
    this.taken = this.view;
    return this.view;
  }
}

async function serve(settings: Partial<XdsServerSettings> = {}): Promise<{ source: Source; server: XdsServer; address: string }> {
  const source = new Source();
  const server = new XdsServer(source, { debounceMs: 1, debounceMaxMs: 10, ...settings });
  const address = `127.0.0.1:${await server.listen('127.0.0.1:0')}`;
  ends.push(() => server.close());
  return { source, server, address };
}

const bytes = (message: Buffer): Buffer => message;

/** A stream whose responses are taken one at a time. */
class Connection {
  readonly stream: ClientDuplexStream<Buffer, Buffer>;
  readonly ended: Promise<StatusObject>;
  private readonly client: Client;
  private readonly node: string;
  private readonly variant: XdsVariant;
  private isFirst = true;

  constructor(address: string, variant: XdsVariant = 'delta', node = 'n') {
    this.node = node;
    this.variant = variant;
    this.client = new Client(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1, 'grpc.max_receive_message_length': -1 });
    const method = variant === 'delta' ? discoveryService.DeltaAggregatedResources : discoveryService.StreamAggregatedResources;
    this.stream = this.client.makeBidiStreamRequest(method.path, bytes, bytes);
    this.ended = new Promise((resolve) => this.stream.on('status', resolve));
    this.stream.on('error', () => {});
    ends.push(() => this.close());
  }

  /** What is given once, the node, is given in the first request. */
  ask(request: { typeUrl: string; subscribe?: string[]; nonce?: string; refusal?: string; version?: string }): void {
    const node = this.isFirst
      ? { id: this.node, cluster: 'c', locality: { region: 'r', zone: 'z', subzone: 's' }, metadata: { LABELS: { app: 'x' } } }
      : undefined;
    this.isFirst = false;
    if (this.variant === 'delta') this.stream.write(encodeDeltaRequest({ ...(node ? { node } : {}), userAgent: { name: 'test', version: '1' }, ...request }));
    else {
      const { typeUrl, subscribe = [], nonce = '', version = '' } = request;
      const json = { type_url: typeUrl, resource_names: subscribe, response_nonce: nonce, version_info: version, ...(node ? { node: { id: node.id } } : {}) };
      this.stream.write(Buffer.from(api.encode('envoy.service.discovery.v3.DiscoveryRequest', json)));
    }
  }

  async next(): Promise<Buffer> {
    for (;;) {
      const message = this.stream.read() as Buffer | null;
      if (message) return message;
      await new Promise<void>((resolve, reject) => {
        this.stream.once('readable', resolve);
        void this.ended.then(({ details }) => reject(new Error(details)));
      });
    }
  }

  /** Takes and acknowledges a response: names and contents, and names that are removed. */
  async take(refusal?: string): Promise<string> {
    const { typeUrl, nonce, resources, removed } = decodeDeltaResponse(await this.next());
    this.ask({ typeUrl, nonce, ...(refusal === undefined ? {} : { refusal }) });
    return [...resources.map(({ name, bytes: content }) => `${name}=${Buffer.from(content ?? []).toString()}`), ...removed.map((name) => `-${name}`)].join(' ');
  }

  close(): void {
    this.stream.cancel();
    this.client.close();
  }
}

describe('a proxy', () => {
  it('gets its view, and what changes', async () => {
    const { source, server, address } = await serve();
    source.set({ [tablePart]: { a: '1', b: '1' } });
    const proxy = new Connection(address);
    proxy.ask({ typeUrl: tablePart });
    expect(await proxy.take()).toBe('a=1 b=1');
    source.set({ [tablePart]: { a: '1', b: '2', c: '3' } });
    server.changed();
    expect(await proxy.take()).toBe('b=2 c=3');
    source.set({ [tablePart]: { a: '1' } });
    server.changed();
    expect(await proxy.take()).toBe('-b -c');
    expect(source.nodes[0]).toMatchObject({
      id: 'n',
      cluster: 'c',
      locality: { region: 'r', zone: 'z', subzone: 's' },
      metadata: { LABELS: { app: 'x' } },
      userAgent: 'test/1',
    });
  });

  it('gets it in the state-of-the-world variant, too', async () => {
    const { source, server, address } = await serve();
    source.set({ [cluster]: { a: '1', b: '2' } });
    const proxy = new Connection(address, 'sotw');
    proxy.ask({ typeUrl: cluster });
    const first = decodeSotwResponse(await proxy.next());
    expect(first.contents).toEqual(['1', '2']);
    proxy.ask({ typeUrl: cluster, nonce: first.nonce, version: first.version });
    source.set({ [cluster]: { a: '1', b: '3' } });
    server.changed();
    expect(decodeSotwResponse(await proxy.next()).contents).toEqual(['1', '3']);
  });

  it.each([
    ['nobody has configuration for', 'stranger', status.NOT_FOUND, 'nobody knows stranger'],
    ['something goes wrong for', 'unlucky', status.INTERNAL, 'a table that cannot be made'],
  ])('that %s hears why, and others go on', async (_, node, code, details) => {
    const disconnected: (string | undefined)[] = [];
    const { source, server, address } = await serve({ events: { disconnected: (_peer, problem) => disconnected.push(problem) } });
    source.set({ [tablePart]: { a: '1' } });
    const other = new Connection(address);
    other.ask({ typeUrl: tablePart });
    expect(await other.take()).toBe('a=1');
    const proxy = new Connection(address, 'delta', node);
    proxy.stream.resume();
    proxy.ask({ typeUrl: tablePart });
    expect(await proxy.ended).toMatchObject({ code, details });
    expect(disconnected).toEqual([details]);
    source.set({ [tablePart]: { a: '2' } });
    server.changed();
    expect(await other.take()).toBe('a=2');
    expect(server.nodes()).toHaveLength(1);
  });

  it.each([
    ['without a node', encodeDeltaRequest({ typeUrl: tablePart }), 'the first request of the stream has no node'],
    ['that is none', Buffer.from('0aff01', 'hex'), expect.any(String)],
  ])('that starts with a request %s hears why', async (_, request, details) => {
    const { address } = await serve();
    const proxy = new Connection(address);
    proxy.stream.resume();
    proxy.stream.write(request);
    const ended = await proxy.ended;
    expect(ended.details).toEqual(details);
    expect(ended.code).not.toBe(status.OK);
  });

  it('that has lost its connection gets what it lacks', async () => {
    const { source, server, address } = await serve();
    source.set({ [tablePart]: { a: '1', b: '1' } });
    const proxy = new Connection(address);
    proxy.ask({ typeUrl: tablePart });
    await proxy.take();
    proxy.close();
    await until(() => server.statuses().length === 0, 'nobody is connected');
    source.set({ [tablePart]: { a: '1', b: '2' } });
    const again = new Connection(address);
    const versions = new Map(['a', 'b'].map((name) => [name, resource(name, '1').version]));
    again.stream.write(
      encodeDeltaRequest({
        node: { id: 'n', cluster: '', locality: { region: '', zone: '', subzone: '' }, metadata: {} },
        typeUrl: tablePart,
        initialVersions: versions,
      }),
    );
    expect(await again.take()).toBe('b=2');
  });

  it('that is gone without a word is forgotten', async () => {
    const { source, server, address } = await serve({ keepalive: { timeMs: 100, timeoutMs: 2_000 } });
    source.set({ [tablePart]: { a: '1' } });
    const sockets: Socket[] = [];
    const between = createServer((socket) => {
      const other = connect(Number(address.split(':')[1]), '127.0.0.1');
      sockets.push(socket, other);
      for (const one of [socket, other]) one.on('error', () => {});
      socket.pipe(other).pipe(socket);
    });
    await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
    ends.push(() => {
      between.close();
      for (const socket of sockets) socket.destroy();
    });
    const proxy = new Connection(`127.0.0.1:${(between.address() as AddressInfo).port}`);
    proxy.ask({ typeUrl: tablePart });
    await proxy.take();
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(server.statuses()).toHaveLength(1);
    for (const socket of sockets) socket.unpipe().pause();
    await until(() => server.statuses().length === 0, 'nobody is connected');
  });

  it('that takes nothing costs no more than one response', async () => {
    const { source, server, address } = await serve({ writeBudget: 1 << 20, answerTimeoutMs: 600_000 });
    const large = (version: number): string => `${version}${'x'.repeat(4 << 20)}`;
    source.set({ [tablePart]: { a: large(0) } });
    const slow = new Connection(address);
    slow.ask({ typeUrl: tablePart });
    slow.ask({ typeUrl: cluster });
    slow.ask({ typeUrl: endpoints, subscribe: ['e'] });
    await until(() => server.statuses().some(({ types }) => types.length === 3), 'three types were asked for');
    for (let version = 1; version <= 20; version++) {
      source.set({ [tablePart]: { a: large(version) } });
      server.changed();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await until(() => source.taken === source.view, 'the server knows the last state');
    // Only the first response was made, and then the last state.
    const names: string[] = [];
    for (let i = 0; i < 4; i++) {
      const { typeUrl, nonce, resources } = decodeDeltaResponse(await slow.next());
      slow.ask({ typeUrl, nonce });
      names.push(
        `${typeUrl === tablePart ? 'part' : 'other'} ${nonce} ${Buffer.from(resources[0]?.bytes ?? [])
          .toString()
          .replace(/x+$/, '')}`,
      );
    }
    expect(names.filter((name) => name.startsWith('part'))).toEqual([expect.stringMatching(/^part 1 0$/), expect.stringMatching(/^part \d 20$/)]);
  });
});

describe('states of proxies', () => {
  it('are told with what was refused', async () => {
    const refused: string[] = [];
    const { source, server, address } = await serve({
      events: { refused: ({ node, variant }, typeUrl, text) => refused.push(`${node.id} ${variant} ${typeUrl} ${text}`) },
    });
    source.set({ [tablePart]: { a: '1' }, [cluster]: { c: '1' } });
    const proxy = new Connection(address);
    proxy.ask({ typeUrl: tablePart });
    await proxy.take();
    proxy.ask({ typeUrl: cluster });
    await proxy.next();
    const before = Date.now();
    source.set({ [tablePart]: { a: '2' }, [cluster]: { c: '1' } });
    server.changed();
    expect(await proxy.take('a: wrong')).toBe('a=2');
    await until(() => refused.length > 0, 'something was refused');
    expect(refused).toEqual([`n delta ${tablePart} a: wrong`]);

    const [status, ...others] = await fetchClientStatus(address);
    expect(others).toEqual([]);
    expect(status).toMatchObject({
      node: { id: 'n', cluster: 'c', locality: { region: 'r', zone: 'z', subzone: 's' }, metadata: { LABELS: { app: 'x' } }, userAgent: 'test/1' },
      variant: 'delta',
    });
    const byType = new Map(status?.types.map((type) => [type.typeUrl, type]));
    expect(byType.get(cluster)).toEqual({ typeUrl: cluster, state: 'STALE', version: '', answeredAt: undefined, refusal: undefined });
    const part = byType.get(tablePart);
    expect(part).toMatchObject({ state: 'ERROR', refusal: { text: 'a: wrong' } });
    expect(part?.version).toMatch(/^[0-9a-f]{16}$/);
    expect(part?.refusal?.version).toMatch(/^[0-9a-f]{16}$/);
    expect(part?.refusal?.version).not.toBe(part?.version);
    expect(part?.refusal?.time).toBeGreaterThan(before - 1_000);
  });

  it('are in sync when all is acknowledged', async () => {
    const { source, server, address } = await serve();
    source.set({ [tablePart]: { a: '1' } });
    const proxy = new Connection(address);
    proxy.ask({ typeUrl: tablePart });
    await proxy.take();
    await until(() => server.statuses()[0]?.types[0]?.state === 'SYNCED', 'the answer has come');
    const [mine] = server.statuses();
    expect(await fetchClientStatus(address)).toEqual([
      { ...mine, types: mine?.types.map((type) => ({ ...type, answeredAt: Math.trunc(type.answeredAt as number) })) },
    ]);
  });

  it('come over a stream, too', async () => {
    const { address } = await serve();
    const client = new Client(address, credentials.createInsecure());
    ends.push(() => client.close());
    const stream = client.makeBidiStreamRequest(statusService.StreamClientStatus.path, bytes, bytes);
    const answer = new Promise<Buffer>((resolve) => stream.once('data', resolve));
    stream.write(Buffer.from(api.encode(statusMessages.request, {})));
    expect(api.decode(statusMessages.response, await answer)).toEqual({});
    stream.end();
  });

  it('cannot be had where there is no control plane', async () => {
    await expect(fetchClientStatus('127.0.0.1:1', 500)).rejects.toThrow('127.0.0.1:1 does not say which proxies it serves: ');
  });
});

describe('the end', () => {
  it('is told to all, and nobody gets in any more', async () => {
    const { source, server, address } = await serve();
    source.set({ [tablePart]: { a: '1' } });
    const proxies = [new Connection(address), new Connection(address)];
    for (const proxy of proxies) {
      proxy.ask({ typeUrl: tablePart });
      await proxy.take();
      proxy.stream.resume();
    }
    const closed = server.close({ drainMs: 20 });
    for (const proxy of proxies) expect(await proxy.ended).toMatchObject({ code: status.UNAVAILABLE, details: 'the control plane is shutting down' });
    await closed;
    const late = new Connection(address);
    late.stream.resume();
    expect((await late.ended).code).toBe(status.UNAVAILABLE);
  });

  it('of an address that is taken', async () => {
    const { address } = await serve();
    const server = new XdsServer(new Source(), { debounceMs: 1, debounceMaxMs: 1 });
    ends.push(() => server.close());
    await expect(server.listen(address)).rejects.toThrow(`cannot listen on ${address}: listen EADDRINUSE`);
  });
});
