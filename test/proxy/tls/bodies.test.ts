// Bodies through two sidecars with mTLS between them: what goes in comes out, however large, however slowly it is read.
import { createHash, randomBytes } from 'node:crypto';
import { createServer, request } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import type { Duplex } from 'node:stream';
import { afterEach, beforeAll, expect, test } from 'vitest';
import type { Sidecar } from '../../../src/proxy/sidecar.ts';
import { testSidecar } from '../sidecar.ts';
import { closeAll, freePorts, pause, tableOf, toClose, until } from '../support.ts';
import { snapshotOf, TestAuthority, workloadOf } from './identities.ts';
import { type Inbound, inbound } from './inbound.ts';

afterEach(closeAll);

let mesh: TestAuthority;

beforeAll(async () => {
  mesh = await TestAuthority.create();
});

const host = 'app.shop.svc.cluster.local';

interface Pair {
  port: number;
  client: Sidecar;
  server: Inbound;
}

/** Two sidecars, and an application that gives back what it gets. */
async function sidecars(protocol: 'HTTP' | 'HTTP2'): Promise<Pair> {
  const echo = protocol === 'HTTP' ? createServer((asked, answer) => asked.pipe(answer)) : createHttp2Server((asked, answer) => asked.pipe(answer));
  toClose(echo);
  const server = await inbound({ mode: 'STRICT', kind: protocol.toLowerCase(), application: (socket) => void echo.emit('connection', socket) });
  server.sidecar.credentials.set(snapshotOf(workloadOf(await mesh.workload('ns/shop/sa/app'), mesh.roots)));
  const [port = 0] = await freePorts(1);
  const client = testSidecar({ outboundPort: port, meshTls: true });
  client.credentials.set(snapshotOf(workloadOf(await mesh.workload('ns/shop/sa/client'), mesh.roots)));
  const manifests = `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: app, namespace: shop }
spec:
  hosts: [${host}]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{ number: 80, name: main, protocol: ${protocol} }]
  endpoints: [{ address: 127.0.0.1, ports: { main: ${server.port} } }]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: app, namespace: shop }
spec: { host: ${host}, trafficPolicy: { tls: { mode: ISTIO_MUTUAL } } }
`;
  await client.apply(await tableOf(manifests));
  return { port, client, server };
}

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Sends a body and reads it again. @param slow with pauses */
function echoed(port: number, body: Buffer, slow: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', method: 'POST', headers: { host }, agent: false }, async (response) => {
      const hash = createHash('sha256');
      let reads = 0;
      try {
        for await (const chunk of response) {
          hash.update(chunk as Buffer);
          if (slow && ++reads % 20 === 0) await pause(5);
        }
        resolve(`${response.statusCode} ${hash.digest('hex')}`);
      } catch (error) {
        reject(error);
      }
    });
    sent.on('error', reject);
    // In pieces of all sizes.
    for (let at = 0; at < body.length; ) {
      const size = Math.min(body.length - at, 1 + Math.floor(Math.random() * 100_000));
      sent.write(body.subarray(at, at + size));
      at += size;
    }
    sent.end();
  });
}

test.each(['HTTP', 'HTTP2'] as const)('%s: many bodies at once, each with bytes of its own', async (protocol) => {
  const { port, client, server } = await sidecars(protocol);
  const sizes = [0, 1, 100, 1000, 1024, 1025, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, 131_073, 1_000_000, 5_000_000];
  const bodies = [...sizes, ...sizes].map((size) => randomBytes(size));
  const answers = await Promise.all(bodies.map((body, i) => echoed(port, body, i % 3 === 0)));
  expect(answers).toEqual(bodies.map((body) => `200 ${digest(body)}`));
  await until(() => client.active.requests === 0 && server.sidecar.active.requests === 0, 'nothing under way');
});

test('small requests one after another over few connections, of which none gets the answer of another', async () => {
  const { port } = await sidecars('HTTP');
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let i = 0; i < 40; i++) {
        const body = randomBytes(Math.floor(Math.random() * 3000));
        expect(await echoed(port, body, false)).toBe(`200 ${digest(body)}`);
      }
    }),
  );
});

test('a client of HTTP/2 that does not read holds its stream back, and nothing else', async () => {
  const { port, client, server } = await sidecars('HTTP2');
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  toClose(session);
  // More than any window, and all of them less than what Node lets a session hold.
  const body = randomBytes(1_000_000);
  const ask = (): Duplex => {
    const stream = session.request({ ':method': 'POST', ':authority': host });
    stream.end(body);
    return stream;
  };
  const held = ask();
  held.on('error', () => {});
  held.pause();
  const others = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const hash = createHash('sha256');
      for await (const chunk of ask()) hash.update(chunk as Buffer);
      return hash.digest('hex');
    }),
  );
  expect(new Set(others)).toEqual(new Set([digest(body)]));
  held.destroy();
  await until(() => client.active.requests === 0 && server.sidecar.active.requests === 0, 'nothing under way');
});
