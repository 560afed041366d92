import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { freePort } from '../../test/free-ports.ts';
import type { FilterChain, Listener } from '../ir/listener.ts';
import { type Accepted, ListenerSet } from './listeners.ts';
import { realClock } from './real-clock.ts';

const http = (routes: string, match: FilterChain['match'] = {}): FilterChain => ({
  name: routes,
  match,
  filter: {
    kind: 'http',
    routes,
    serverName: 'envoy',
    useRemoteAddress: false,
    trustedHops: 0,
    forwardClientCert: 'sanitize',
    http10: false,
    preserveHeaderCase: false,
    streamIdleTimeoutMs: 0,
    maxRequestHeadersKb: 60,
  },
});
const tcp = (cluster: string, match: FilterChain['match'] = {}): FilterChain => ({
  name: cluster,
  match,
  filter: { kind: 'tcp', clusters: [{ cluster, weight: 1 }], statPrefix: '', hashSourceIp: false },
});
const listener = (name: string, chains: FilterChain[], more: Partial<Listener> = {}): Listener => ({
  name,
  direction: 'outbound',
  address: '0.0.0.0',
  port: Number(name.split('_')[1] ?? 0),
  bind: false,
  chains,
  inspectHttp: false,
  inspectTls: false,
  detectionTimeoutMs: 0,
  ...more,
});

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Captured connections: which chain takes one that meant to go to `destination`, after these bytes. */
async function taken(listeners: Listener[], destination: string, send: string): Promise<string> {
  const port = await freePort();
  const [address = '', to] = destination.split(':');
  const found = Promise.withResolvers<string>();
  const take = (accepted: Accepted, chain: string): void => {
    accepted.socket.destroy();
    found.resolve(chain);
  };
  const set = new ListenerSet({
    clock: realClock,
    bind: '127.0.0.1',
    reusePort: false,
    connectionIds: { first: 1, step: 1 },
    idleTimeoutMs: 0,
    helloTimeoutMs: 0,
    taker: {
      http: (accepted, chain) => take(accepted, `http ${chain.name}`),
      tcp: (accepted, chain) => take(accepted, `tcp ${chain.name}`),
      tls: (accepted, chain) => take(accepted, `tls ${chain.name}`),
      refused: (accepted) => take(accepted, 'refused'),
    },
    capture: { outboundPort: port, inboundPort: 0, originalDestination: (_: Socket) => ({ address, port: Number(to) }) },
  });
  (await set.prepare(listeners)).commit();
  const client = connect(port, '127.0.0.1', () => client.write(send));
  client.on('error', () => {});
  closing.push(() => {
    client.destroy();
    void set.drain();
  });
  return found.promise;
}

const get = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';
const plainHttp = { applicationProtocols: ['http/1.1', 'h2c'], transport: 'raw_buffer' as const };
const shared = listener('0.0.0.0_8080', [http('8080', plainHttp)], { inspectHttp: true, defaultChain: tcp('PassthroughCluster') });
const virtual = listener('virtualOutbound', [], { defaultChain: tcp('virtualOutbound-catchall-tcp'), port: 15001 });
const own = listener('10.96.0.9_3306', [tcp('mysql')], { address: '10.96.0.9' });

test.each([
  ['SEL-R40: the address and port', '10.96.0.9:3306', '', 'tcp mysql'],
  ['SEL-R40: else the port', '10.96.0.9:8080', get, 'http 8080'],
  ['SEL-R40: else the catch-all', '10.96.0.8:3306', 'x', 'tcp virtualOutbound-catchall-tcp'],
  ['SEL-R41: of HTTP ports the address does not matter', '10.1.2.3:8080', get, 'http 8080'],
  ['SEL-R44: what is not HTTP passes', '10.96.0.9:8080', '\u0001\u0002\u0003\u0004', 'tcp PassthroughCluster'],
  ['SEL-R44: HTTP/1.0 is not taken for HTTP', '10.96.0.9:8080', 'GET / HTTP/1.0\r\n\r\n', 'tcp PassthroughCluster'],
  ['SEL-R45: the rest', '1.2.3.4:9', 'x', 'tcp virtualOutbound-catchall-tcp'],
])('%s', async (_, destination, send, expected) => {
  expect(await taken([shared, virtual, own], destination, send)).toBe(expected);
});

test('SEL-R75: a connection that no chain takes is refused', async () => {
  const tls = listener('10.96.0.9_443', [tcp('secure', { transport: 'tls', serverNames: ['a.example'] })], { address: '10.96.0.9', inspectTls: true });
  expect(await taken([tls, virtual], '10.96.0.9:443', get)).toBe('refused');
});

test('a port whose server speaks first is not waited for, whatever other ports of the listener need', async () => {
  const both = listener('virtualOutbound', [tcp('db', { destinationPort: 5432 }), http('web', { ...plainHttp, destinationPort: 80 })], { inspectHttp: true });
  expect(await taken([both], '10.0.0.1:5432', '')).toBe('tcp db');
  expect(await taken([both], '10.0.0.1:80', get)).toBe('http web');
});
