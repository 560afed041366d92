// mTLS between programs: our sidecar and a real Envoy in both roles, openssl as a client, certificates that are renewed in files.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { setup } from '../cli/setup.ts';
import { freePorts } from '../free-ports.ts';
import { TestAuthority } from '../proxy/tls/identities.ts';
import { pause, until } from '../until.ts';
import { envoyProgram } from './envoy.ts';

const root = join(import.meta.dirname, '../..');
const envoy = envoyProgram();
const home = mkdtempSync(join(tmpdir(), 'weft-mtls-'));
chmodSync(home, 0o700);
const cleanups: (() => unknown)[] = [];

beforeAll(setup);
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

type Engine = 'embedded' | 'envoy';

/** `weft proxy run` until the test is over; returns when it serves. */
async function weft(engine: Engine, identity: readonly string[], manifests: string, more: readonly string[] = []): Promise<{ outbound: number }> {
  const [outbound = 0, admin = 0] = await freePorts(2);
  const folder = mkdtempSync(join(home, 'mesh-'));
  writeFileSync(join(folder, 'mesh.yaml'), manifests);
  const ports = ['--outbound-port', outbound, '--admin-port', admin, '--stats-port', 0, '--agent-port', 0, '--health-port', 0].map(String);
  const args = [
    'proxy',
    'run',
    '-f',
    folder,
    '-n',
    'shop',
    ...identity,
    ...ports,
    ...(engine === 'envoy' ? ['--engine', 'envoy', '--envoy-path', String(envoy)] : []),
    ...more,
  ];
  const child: ChildProcess = spawn(join(root, 'bin/weft'), args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', XDG_RUNTIME_DIR: home, TMPDIR: home },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  const exited = new Promise<void>((resolve) => child.on('close', () => resolve()));
  cleanups.push(async () => {
    // Twice: it would let requests end first.
    child.kill('SIGTERM');
    child.kill('SIGINT');
    await exited;
  });
  await until(
    () => {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
      return / serving /.test(output);
    },
    'weft serves',
    60_000,
  ).catch((error: Error) => {
    throw new Error(`${error.message}:\n${output}`);
  });
  return { outbound };
}

/** As the flags say who a workload is. */
const workload = (name: string): string[] => ['--proxy', `shop/${name}`, '--labels', `app=${name}`, '--service-account', name];

interface Application {
  http: number;
  http2: number;
  tcp: number;
}

/** Tells what it was asked with. */
async function application(): Promise<Application> {
  const listen = async (server: { listen(port: number, host: string, done: () => void): unknown; address(): unknown; close(): unknown }): Promise<number> => {
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => void server.close());
    return (server.address() as AddressInfo).port;
  };
  const http = createServer({ keepAliveTimeout: 60_000 }, (asked, answer) => answer.end(JSON.stringify({ version: asked.httpVersion, ...asked.headers })));
  cleanups.push(() => http.closeAllConnections());
  const http2 = createHttp2Server((asked, answer) => answer.end(JSON.stringify({ version: asked.httpVersion, ...asked.headers })));
  const tcp = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => socket.write(`echo ${chunk}`));
    cleanups.push(() => socket.destroy());
  });
  return { http: await listen(http), http2: await listen(http2), tcp: await listen(tcp) };
}

interface Ports {
  http: number;
  http2: number;
  tcp: number;
}

/** A sidecar in front of the application, with ports of its own. */
function server(ports: Ports, app: Application, mode: 'STRICT' | 'PERMISSIVE'): string {
  const ingress = (['http', 'http2', 'tcp'] as const).map(
    (name) => `
    - port: { number: ${ports[name]}, name: ${name}, protocol: ${name.toUpperCase()} }
      bind: 127.0.0.1
      captureMode: NONE
      defaultEndpoint: 127.0.0.1:${app[name]}`,
  );
  return `
apiVersion: v1
kind: Service
metadata: { name: app, namespace: shop }
spec:
  selector: { app: app }
  ports:
    - { name: http, port: 80, targetPort: ${ports.http} }
    - { name: http2, port: 81, targetPort: ${ports.http2} }
    - { name: tcp, port: 82, targetPort: ${ports.tcp} }
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: app, namespace: shop }
spec:
  workloadSelector: { labels: { app: app } }
  ingress:${ingress.join('')}
  egress: [{ hosts: ['./*'] }]
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: shop }
spec: { mtls: { mode: ${mode} } }
`;
}

/** A sidecar that knows the application as an endpoint with a sidecar. @param tcp port of its own for TCP */
function client(ports: Ports, tcp: number): string {
  const of = (name: 'http' | 'http2' | 'tcp', number: number): string => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: ${name}, namespace: shop }
spec:
  hosts: [${name}.shop.svc.cluster.local]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{ number: ${number}, name: main, protocol: ${name.toUpperCase()} }]
  endpoints: [{ address: 127.0.0.1, ports: { main: ${ports[name]} }, labels: { security.istio.io/tlsMode: istio }, serviceAccount: app }]
---`;
  return `${of('http', 80)}${of('http2', 80)}${of('tcp', tcp)}
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: http, namespace: shop }
spec: { host: http.shop.svc.cluster.local, trafficPolicy: { connectionPool: { http: { maxRequestsPerConnection: 10 } } } }
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: client, namespace: shop }
spec:
  egress:
    - port: { number: ${tcp}, name: tcp, protocol: TCP }
      bind: 127.0.0.1
      captureMode: NONE
      hosts: ['./tcp.shop.svc.cluster.local']
    - hosts: ['./*']
`;
}

interface Answer {
  status: number;
  body: string;
}

function ask(port: number, host: string, agent: Agent | false = false): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', headers: { host }, agent }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    sent.on('error', reject).end();
  });
}

function askHttp2(port: number, host: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    session.on('error', reject);
    const stream = session.request({ ':authority': host });
    let status = 0;
    let body = '';
    stream.on('response', (headers) => {
      status = Number(headers[':status']);
    });
    stream.setEncoding('utf8').on('data', (text: string) => (body += text));
    stream.on('end', () => {
      session.destroy();
      resolve({ status, body });
    });
    stream.on('error', reject);
  });
}

/** What comes back for a text on a connection; empty when it is closed. */
function talk(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    const end = (received: string): void => {
      socket.destroy();
      resolve(received);
    };
    socket.on('data', (chunk: Buffer) => end(chunk.toString()));
    socket.on('error', () => end(''));
    socket.on('close', () => end(''));
  });
}

const forwarded =
  /"x-forwarded-client-cert":"By=spiffe:\/\/cluster\.local\/ns\/shop\/sa\/app;Hash=[0-9a-f]{64};Subject=\\"\\";URI=spiffe:\/\/cluster\.local\/ns\/shop\/sa\/client"/;

const pairs: [Engine, Engine][] = [
  ['embedded', 'embedded'],
  ['embedded', 'envoy'],
  ['envoy', 'embedded'],
];

describe.each(pairs)('%s as client of %s', (of, to) => {
  test.skipIf((of === 'envoy' || to === 'envoy') && envoy === undefined)(
    'SEC-R3, SEC-R4, SEC-R6, DR-R71: HTTP/1.1, HTTP/2 and TCP over mTLS, and plain text as the policy says',
    async () => {
      const [http = 0, http2 = 0, tcp = 0, own = 0] = await freePorts(4);
      const ports = { http, http2, tcp };
      const app = await application();
      for (const mode of ['STRICT', 'PERMISSIVE'] as const) {
        const before = cleanups.length;
        const [, { outbound }] = await Promise.all([
          weft(to, workload('app'), server(ports, app, mode), ['--mtls']),
          weft(of, workload('client'), client(ports, own), ['--mtls']),
        ]);
        const first = await ask(outbound, 'http.shop');
        expect([mode, first.status, first.body]).toEqual([mode, 200, expect.stringMatching(forwarded)]);
        expect(JSON.parse(first.body)).toMatchObject({ version: '1.1' });
        const second = await askHttp2(outbound, 'http2.shop');
        expect([mode, second.status, second.body]).toEqual([mode, 200, expect.stringMatching(forwarded)]);
        expect(JSON.parse(second.body)).toMatchObject({ version: '2.0' });
        expect(await talk(own, 'hello')).toBe('echo hello');
        // Without a certificate of the mesh.
        const plain = await ask(http, 'app').catch(() => undefined);
        expect([mode, plain?.status]).toEqual([mode, mode === 'STRICT' ? undefined : 200]);
        if (plain) expect(plain.body).not.toContain('x-forwarded-client-cert');
        expect(await talk(tcp, 'hello')).toBe(mode === 'STRICT' ? '' : 'echo hello');
        for (const clean of cleanups.splice(before).reverse()) await clean();
      }
    },
    240_000,
  );
});

/** What openssl says of a connection to a port that it ends after the handshake. */
const sClient = (port: number, ...args: string[]): string => openssl(port, '', ...args);

/** What openssl says of a connection on which it sends this. */
function openssl(port: number, input: string, ...args: string[]): string {
  const { stdout, stderr } = spawnSync('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'shop.example.com', ...args], {
    encoding: 'utf8',
    input,
    timeout: 60_000,
  });
  return `${stdout}${stderr}`;
}

/** Fingerprint of the certificate that a server shows. */
function shownAt(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['istio'], maxVersion: 'TLSv1.3' });
    socket.on('secureConnect', () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? '');
      socket.destroy();
    });
    socket.on('error', (error) => resolve(error.message)).on('close', () => resolve('closed'));
  });
}

interface Files {
  folder: string;
  write(name: string, text: string): void;
}

function files(): Files {
  const folder = mkdtempSync(join(home, 'files-'));
  return {
    folder,
    // In one step, as whoever renews certificates does.
    write(name, text) {
      writeFileSync(join(folder, 'new'), text, { mode: 0o600 });
      renameSync(join(folder, 'new'), join(folder, name));
    },
  };
}

describe('openssl as a client of our gateway', () => {
  test('versions, ciphers, names, protocols, certificates of clients; no early data', async () => {
    const authority = await TestAuthority.create();
    const { folder, write } = files();
    const pairs = {
      shop: await authority.server('shop.example.com'),
      api: await authority.server('api.example.com'),
      peer: await authority.workload('ns/shop/sa/client'),
      stranger: await (await TestAuthority.create('other')).workload('ns/shop/sa/client'),
    };
    for (const [name, pair] of Object.entries(pairs)) {
      write(`${name}.crt`, pair.cert);
      write(`${name}.key`, pair.key);
    }
    write('roots.crt', authority.roots);
    const [simple = 0, mutual = 0] = await freePorts(2);
    const tls = (mode: string, name: string): string =>
      `{ mode: ${mode}, serverCertificate: ${folder}/${name}.crt, privateKey: ${folder}/${name}.key, caCertificates: ${folder}/roots.crt }`;
    await weft(
      'embedded',
      ['--gateway', 'shop/edge'],
      `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec:
  selector: { app: edge }
  servers:
    - { port: { number: ${simple}, name: shop, protocol: HTTPS }, tls: ${tls('SIMPLE', 'shop')}, hosts: [shop.example.com] }
    - { port: { number: ${simple}, name: api, protocol: HTTPS }, tls: ${tls('SIMPLE', 'api')}, hosts: [api.example.com] }
    - { port: { number: ${mutual}, name: mutual, protocol: HTTPS }, tls: ${tls('MUTUAL', 'shop')}, hosts: ['*'] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: web, namespace: shop }
spec: { hosts: ['*'], gateways: [edge], http: [{ directResponse: { status: 200 } }] }
`,
    );
    const says = sClient;
    const request = 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n';
    // Names.
    expect(says(simple)).toContain('CN = shop.example.com');
    expect(says(simple, '-servername', 'api.example.com')).toContain('CN = api.example.com');
    expect(says(simple, '-servername', 'else.example.com')).toMatch(/no peer certificate available/);
    // What leads to the root is enough to verify it.
    expect(says(simple, '-CAfile', join(folder, 'roots.crt'))).toContain('Verify return code: 0 (ok)');
    // Versions and ciphers.
    expect(says(simple, '-tls1_3')).toMatch(/New, TLSv1\.3, Cipher is TLS_AES_128_GCM_SHA256/);
    expect(says(simple, '-tls1_2')).toMatch(/New, TLSv1\.2, Cipher is ECDHE-ECDSA-AES128-GCM-SHA256/);
    for (const old of ['-tls1', '-tls1_1'])
      expect([old, says(simple, old, '-cipher', 'DEFAULT@SECLEVEL=0')]).toEqual([old, expect.stringMatching(/alert protocol version/)]);
    for (const weak of ['AES128-SHA', 'ECDHE-ECDSA-AES256-SHA', 'AES128-GCM-SHA256', 'PSK-AES128-GCM-SHA256', 'NULL-SHA256', 'ADH-AES128-GCM-SHA256']) {
      const text = says(simple, '-tls1_2', '-cipher', `${weak}:@SECLEVEL=0`);
      expect([weak, text]).toEqual([weak, expect.stringMatching(/alert handshake failure|no cipher match|no ciphers available/)]);
    }
    expect(says(simple, '-tls1_2')).toContain('Compression: NONE');
    // Protocols.
    expect(says(simple, '-alpn', 'h2,http/1.1')).toContain('ALPN protocol: h2');
    expect(says(simple, '-alpn', 'http/1.1')).toContain('ALPN protocol: http/1.1');
    expect(says(simple, '-alpn', 'other')).toContain('No ALPN negotiated');
    // No data before the handshake is over: whoever records it cannot send it again.
    // It is said with a ticket, which comes after the handshake and before the response.
    expect(openssl(simple, request, '-ign_eof', '-tls1_3')).toContain('Max Early Data: 0');
    // Certificates of clients.
    const as = (name: string): string[] => ['-cert', join(folder, `${name}.crt`), '-key', join(folder, `${name}.key`), '-tls1_2'];
    expect(says(mutual, ...as('peer'))).toContain('New, TLSv1.2');
    expect(says(mutual, '-tls1_2')).toMatch(/alert handshake failure/);
    expect(says(mutual)).toMatch(/alert certificate required|New, TLSv1\.3/);
    const get = (name: string): string => {
      const { stdout } = spawnSync('openssl', ['s_client', '-quiet', '-connect', `127.0.0.1:${mutual}`, '-servername', 'a', ...as(name)], {
        encoding: 'utf8',
        input: request,
        timeout: 60_000,
      });
      return stdout.slice(0, 12);
    };
    expect([get('peer'), get('stranger')]).toEqual(['HTTP/1.1 200', '']);
  }, 240_000);
});

test('the files of an identity are renewed under load: no request fails, and half of a pair is not taken', async () => {
  const first = await TestAuthority.create('first');
  const second = await TestAuthority.create('second');
  const proxies = { app: files(), client: files() };
  const renew = async (signer: TestAuthority, roots: string): Promise<void> => {
    for (const [name, { write }] of Object.entries(proxies)) {
      const { cert, key } = await signer.workload(`ns/shop/sa/${name}`);
      write('roots.pem', roots);
      // Not both at once.
      write('key.pem', key);
      await pause(30);
      write('cert.pem', cert);
    }
  };
  await renew(first, first.roots);
  const identity = ({ folder }: Files): string[] => [
    ...['--workload-certificate', join(folder, 'cert.pem'), '--workload-key', join(folder, 'key.pem'), '--trust-roots', join(folder, 'roots.pem')],
  ];
  const [http = 0, http2 = 0, tcp = 0, own = 0] = await freePorts(4);
  const ports = { http, http2, tcp };
  const app = await application();
  const [, { outbound }] = await Promise.all([
    weft('embedded', workload('app'), server(ports, app, 'STRICT'), identity(proxies.app)),
    weft('embedded', workload('client'), client(ports, own), [...identity(proxies.client), '--concurrency', '2']),
  ]);
  /** The certificate of the client by which each request came, as the application is told. */
  const hashes: string[] = [];
  const failures: string[] = [];
  let running = true;
  cleanups.push(() => {
    running = false;
  });
  const load = Promise.all(
    Array.from({ length: 6 }, async (_, i) => {
      const agent = i % 2 === 0 ? new Agent({ keepAlive: true, maxSockets: 1 }) : false;
      while (running) {
        try {
          const { status, body } = await ask(outbound, 'http.shop', agent);
          if (status !== 200) failures.push(`${status} ${body}`);
          else hashes.push(/Hash=([0-9a-f]+)/.exec(body)?.[1] ?? '');
        } catch (error) {
          failures.push(String(error));
        }
      }
      if (agent) agent.destroy();
    }),
  );
  const both = `${first.roots}${second.roots}`;
  /** Both sidecars have what is in their files now: all clients come by it, and it is what they are shown. */
  const taken = async (): Promise<void> => {
    const fingerprint = ({ folder }: Files): string => new X509Certificate(readFileSync(join(folder, 'cert.pem'))).fingerprint256;
    await until(async () => failures.length > 0 || (await shownAt(http)) === fingerprint(proxies.app), 'the certificate of the server', 60_000);
    const own = fingerprint(proxies.client).replaceAll(':', '').toLowerCase();
    await until(() => failures.length > 0 || (hashes.length >= 60 && hashes.slice(-60).every((hash) => hash === own)), 'the certificate of the client', 60_000);
  };
  await taken();
  for (const [signer, roots] of [
    [first, first.roots],
    [first, both],
    [second, both],
    [second, second.roots],
  ] as const) {
    await renew(signer, roots);
    await taken();
  }
  running = false;
  await load;
  expect(failures).toEqual([]);
  // The first one of the client, and the four that it was given after that.
  expect(new Set(hashes).size).toBe(5);
}, 300_000);
