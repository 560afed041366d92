// Certificates and roots that change while requests go on, and threads that all have the new ones.
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { afterEach, beforeAll, expect, test } from 'vitest';
import type { Sidecar } from '../../../src/proxy/sidecar.ts';
import type { ThreadSettings } from '../../../src/proxy/workers/data-plane.ts';
import { WorkerGroup } from '../../../src/proxy/workers/worker-group.ts';
import { testSidecar } from '../sidecar.ts';
import { closeAll, freePorts, tableOf, toClose, until } from '../support.ts';
import { pairOf, snapshotOf, TestAuthority, workloadOf } from './identities.ts';
import { dial, inbound } from './inbound.ts';

afterEach(closeAll);

let first: TestAuthority;
let second: TestAuthority;

beforeAll(async () => {
  first = await TestAuthority.create('first');
  second = await TestAuthority.create('second');
});

const host = 'app.shop.svc.cluster.local';

/** A sidecar that speaks mTLS to a port. */
async function clientOf(port: number): Promise<{ port: number; sidecar: Sidecar }> {
  const [own = 0] = await freePorts(1);
  const manifests = `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: app, namespace: shop }
spec:
  hosts: [${host}]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{ number: 80, name: http, protocol: HTTP }]
  endpoints: [{ address: 127.0.0.1, ports: { http: ${port} } }]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: app, namespace: shop }
spec:
  host: ${host}
  trafficPolicy: { tls: { mode: ISTIO_MUTUAL }, connectionPool: { http: { maxRequestsPerConnection: 5 } } }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: app, namespace: shop }
spec: { hosts: [${host}], http: [{ route: [{ destination: { host: ${host} } }], retries: { attempts: 0 } }] }
`;
  const sidecar = testSidecar({ outboundPort: own, meshTls: true });
  await sidecar.apply(await tableOf(manifests));
  return { port: own, sidecar };
}

test('no request fails while certificates are renewed, and roots give way to others with an overlap', async () => {
  const server = await inbound({ mode: 'STRICT', kind: 'http' });
  const client = await clientOf(server.port);
  const proxies = [
    { sidecar: server.sidecar, account: 'app' },
    { sidecar: client.sidecar, account: 'client' },
  ];
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  toClose({ close: () => agent.destroy() });
  const failures: string[] = [];
  let answers = 0;
  let running = true;
  toClose({ close: () => (running = false) });
  const give = async ({ sidecar, account }: (typeof proxies)[number], signer: TestAuthority, roots: string): Promise<void> =>
    sidecar.credentials.set(snapshotOf(workloadOf(await signer.workload(`ns/shop/sa/${account}`), roots, `spiffe://cluster.local/ns/shop/sa/${account}`)));
  for (const proxy of proxies) await give(proxy, first, first.roots);
  const counters = server.sidecar.metrics?.listener('virtualInbound').tls;
  const renew = async (signer: TestAuthority, roots: string): Promise<void> => {
    // One after the other, with requests and new connections between them.
    for (const proxy of proxies) {
      await give(proxy, signer, roots);
      const before = { answers, handshakes: counters?.handshake ?? 0 };
      await until(
        () => failures.length > 0 || (answers >= before.answers + 10 && (counters?.handshake ?? 0) >= before.handshakes + 2),
        `requests with the certificate of ${proxy.account}`,
      );
    }
  };
  const ask = (): Promise<void> =>
    new Promise((resolve) => {
      const sent = get({ port: client.port, host: '127.0.0.1', headers: { host }, agent }, (response) => {
        response.resume();
        response.on('end', () => {
          if (response.statusCode === 200) answers++;
          else failures.push(`${response.statusCode}`);
          resolve();
        });
      });
      sent.on('error', (error) => {
        failures.push(String(error));
        resolve();
      });
    });
  const load = Promise.all(
    Array.from({ length: 8 }, async () => {
      while (running) await ask();
    }),
  );
  const both = `${first.roots}${second.roots}`;
  for (let i = 0; i < 4; i++) await renew(first, first.roots);
  await renew(first, both);
  for (let i = 0; i < 5; i++) await renew(i % 2 === 0 ? second : first, both);
  await renew(second, both);
  for (let i = 0; i < 4; i++) await renew(second, second.roots);
  running = false;
  await load;
  expect(failures).toEqual([]);
  // There were many connections, and all of them were let in.
  expect(counters).toMatchObject({ fail_verify_error: 0, fail_verify_san: 0, fail_verify_no_cert: 0, connection_error: 0 });
  // Whom nobody vouches for any more gets no further.
  client.sidecar.credentials.set(snapshotOf(workloadOf(await first.workload('ns/shop/sa/client'), second.roots)));
  await until(async () => {
    failures.length = 0;
    await ask();
    return failures.length > 0;
  }, 'refused');
}, 300_000);

test('certificates reach every thread, and a session goes on with another one', async () => {
  const [port = 0] = await freePorts(1);
  const lines: string[] = [];
  const settings: ThreadSettings = { bind: '127.0.0.1', outboundPort: 0, inboundPort: 0, capture: false, drainMs: 1000, logFlushMs: 5, meshTls: true };
  const plane = new WorkerGroup(settings, { write: (text) => void lines.push(text), warn: () => {} }, 2);
  toClose({ close: () => void plane.close() });
  const manifests = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec:
  selector: { app: edge }
  servers:
    - port: { number: ${port}, name: https, protocol: HTTPS }
      tls: { mode: MUTUAL, credentialName: shop }
      hosts: ['*']
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: web, namespace: shop }
spec: { hosts: ['*'], gateways: [edge], http: [{ directResponse: { status: 200 } }] }
`;
  const pair = await first.workload('ns/shop/sa/client');
  const table = await tableOf(manifests, [], "{ accessLogFile: /dev/stdout, accessLogFormat: '%CONNECTION_ID%' }", {
    role: 'gateway',
    name: 'edge',
    labels: { app: 'edge' },
  });
  const give = async (name: string): Promise<void> =>
    plane.useCredentials(snapshotOf(undefined, { 'shop/shop': { pair: pairOf(await first.server(name)), roots: first.roots } }));
  await give('before.example');
  await plane.apply(table);
  let session: Buffer | undefined;
  const visit = async (): Promise<{ names: string; reused: boolean }> => {
    const socket = dial({ port, ...pair, ...(session ? { session } : {}) });
    socket.on('session', (next) => {
      session = next;
    });
    await once(socket, 'secureConnect');
    const seen = { names: socket.getPeerX509Certificate()?.subjectAltName ?? '', reused: socket.isSessionReused() };
    socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await once(socket, 'data');
    socket.destroy();
    return seen;
  };
  const names = new Set<string>();
  for (let i = 0; i < 20; i++) {
    session = undefined;
    names.add((await visit()).names);
  }
  expect([...names]).toEqual(['DNS:before.example']);
  await give('after.example');
  names.clear();
  for (let i = 0; i < 20; i++) {
    session = undefined;
    names.add((await visit()).names);
  }
  expect([...names]).toEqual(['DNS:after.example']);
  // The last session is one of one of the two; whoever gets the next connection knows it.
  lines.length = 0;
  const reused: boolean[] = [];
  for (let i = 0; i < 20; i++) reused.push((await visit()).reused);
  expect(new Set(reused)).toEqual(new Set([true]));
  await until(() => lines.join('').split('\n').length > 20, 'log');
  const ids = lines.join('').trim().split('\n').map(Number);
  expect([ids.some((id) => id % 2 === 0), ids.some((id) => id % 2 === 1)]).toEqual([true, true]);
});
