// TLS to endpoints: what is said of whom it is for, which certificates are shown and accepted, sessions that go on.
import { once } from 'node:events';
import { type IncomingHttpHeaders, request } from 'node:http';
import { createSecureServer } from 'node:http2';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ExchangeRecord } from '../../../src/proxy/core/exchange-record.ts';
import { flagsText } from '../../../src/proxy/core/response-flags.ts';
import type { Sidecar } from '../../../src/proxy/sidecar.ts';
import type { NamedCredentials } from '../../../src/proxy/tls/credentials.ts';
import { testSidecar } from '../sidecar.ts';
import { closeAll, freePorts, tableOf, tcpBackend, toClose, until } from '../support.ts';
import { type Pair, pairOf, snapshotOf, TestAuthority, workloadOf } from './identities.ts';

afterEach(closeAll);

let authority: TestAuthority;
let other: TestAuthority;
let server: Pair;
let wild: Pair;
let workload: Pair;
let own: Pair;

beforeAll(async () => {
  authority = await TestAuthority.create();
  other = await TestAuthority.create('other');
  server = await authority.server('web.example');
  wild = await authority.server('*.example.org');
  workload = await authority.workload('ns/shop/sa/web');
  own = await authority.workload('ns/shop/sa/client');
});

/** What a server saw of each of its connections. */
interface Seen {
  sni: string;
  alpn: string;
  client: string;
  reused: boolean;
}

interface Service {
  port: number;
  seen: Seen[];
}

/** Answers every request with 200 and keeps the connection. */
async function service(pair: Pair, options: TlsOptions = {}, onSocket?: (socket: TLSSocket) => void): Promise<Service> {
  const seen: Seen[] = [];
  const made = createServer({ ...pair, requestCert: true, rejectUnauthorized: false, ca: authority.roots, ...options }, (socket) => {
    seen.push({
      sni: String(socket.servername || ''),
      alpn: socket.alpnProtocol || '',
      client: socket.getPeerX509Certificate()?.subjectAltName ?? '',
      reused: socket.isSessionReused(),
    });
    socket.on('error', () => {});
    if (onSocket) onSocket(socket);
    else socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'));
    toClose({ close: () => socket.destroy() });
  });
  made.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => void made.listen(0, '127.0.0.1', resolve));
  toClose(made);
  return { port: (made.address() as AddressInfo).port, seen };
}

interface Client {
  port: number;
  sidecar: Sidecar;
  log: ExchangeRecord[];
  give(named?: Record<string, NamedCredentials>, pair?: Pair, roots?: string): void;
  ask(host?: string): Promise<{ status: number; body: string; headers: IncomingHttpHeaders }>;
}

interface ClientOptions {
  /** Of the destination rule; none: auto mTLS. */
  tls?: string;
  /** Further settings of its connection pool. */
  pool?: string;
  endpoints: readonly { port: number; labels?: string }[];
  named?: Record<string, NamedCredentials>;
  protocol?: string;
  location?: string;
  /** Of the service. */
  name?: string;
  meshTls?: boolean;
  accounts?: string;
}

async function client({
  tls,
  pool,
  endpoints,
  named = {},
  protocol = 'HTTP',
  location = 'MESH_EXTERNAL',
  name = 'web.example',
  meshTls = true,
  accounts,
}: ClientOptions): Promise<Client> {
  const [port = 0, tcpPort = 0] = await freePorts(2);
  const list = endpoints.map(
    (one) => `{ address: 127.0.0.1, ports: { main: ${one.port} }, labels: { ${one.labels ?? ''} }${accounts ? `, serviceAccount: ${accounts}` : ''} }`,
  );
  const policy = [...(tls ? [`tls: ${tls}`] : []), ...(pool ? [`connectionPool: ${pool}`] : [])].join(', ');
  const manifests = `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: web, namespace: shop }
spec:
  hosts: ['${name}']
  location: ${location}
  resolution: STATIC
  ports: [{ number: ${protocol === 'TCP' ? tcpPort : 80}, name: main, protocol: ${protocol} }]
  endpoints: [${list.join(', ')}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: web, namespace: shop }
spec: { host: '${name}', trafficPolicy: { ${policy} } }
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: client, namespace: shop }
spec:
  egress:
    - port: { number: ${tcpPort}, name: tcp, protocol: TCP }
      bind: 127.0.0.1
      captureMode: NONE
      hosts: ['./*']
    - hosts: ['./*']
`;
  const log: ExchangeRecord[] = [];
  const sidecar = testSidecar({
    outboundPort: port,
    meshTls,
    accessLog: (record) => void log.push(record),
  });
  const give: Client['give'] = (more = named, pair = own, roots = authority.roots) => sidecar.credentials.set(snapshotOf(workloadOf(pair, roots), more));
  give();
  await sidecar.apply(await tableOf(manifests));
  const ask: Client['ask'] = (host = 'web.example') =>
    new Promise((resolve, reject) => {
      const sent = request({ port, host: '127.0.0.1', headers: { host }, agent: false }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          body += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
      });
      sent.on('error', reject).end();
    });
  return { port: protocol === 'TCP' ? tcpPort : port, sidecar, log, give, ask };
}

const roots = { 'file-root:/c/roots.crt': undefined as unknown as NamedCredentials };
const withRoots = (pem = authority.roots): Record<string, NamedCredentials> => ({ ...roots, 'file-root:/c/roots.crt': { roots: pem } });
const ca = 'caCertificates: /c/roots.crt';
/** One request each. */
const fresh = '{ http: { maxRequestsPerConnection: 1 } }';

/** What a failed request says in the log. */
const failure = ({ log }: Client): string => `${flagsText(log.at(-1)?.flags ?? 0)} ${log.at(-1)?.upstreamFailure}`;

describe('DR-R70: SIMPLE', () => {
  test('the name and the roots of the rule', async () => {
    const { port, seen } = await service(server);
    const made = await client({ tls: `{ mode: SIMPLE, sni: web.example, ${ca} }`, endpoints: [{ port }], named: withRoots() });
    expect(await made.ask()).toMatchObject({ status: 200, body: 'ok' });
    expect(seen).toEqual([{ sni: 'web.example', alpn: '', client: '', reused: false }]);
    const counters = made.sidecar.metrics?.cluster('outbound|80||web.example').tls;
    expect(counters).toMatchObject({ handshake: 1, fail_verify_error: 0 });
    expect([...(counters?.versions ?? [])]).toEqual([['TLSv1.3', 1]]);
  });

  test('without a name it is that of the request, and the certificate has to be for it', async () => {
    const { port, seen } = await service(wild);
    const made = await client({ tls: `{ mode: SIMPLE, ${ca} }`, endpoints: [{ port }], named: withRoots(), name: '*.example.org' });
    expect((await made.ask('a.example.org')).status).toBe(200);
    expect((await made.ask('A.example.org')).status).toBe(200);
    expect((await made.ask('b.example.org')).status).toBe(200);
    // A connection for each name.
    expect(seen.map(({ sni }) => sni)).toEqual(['a.example.org', 'b.example.org']);
    expect((await made.ask('a.b.example.org')).status).toBe(503);
    expect(failure(made)).toBe(
      'URX,UF TLS_error:|268435581:SSL_routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:verify_cert_failed:_verify_SAN_list,_expected_SANs:_[a.b.example.org],_certificate_SANs:_[*.example.org]:TLS_error_end',
    );
  });

  test.each<[string, string, () => Record<string, NamedCredentials>, string]>([
    ['an authority that is not trusted', `sni: web.example, ${ca}`, () => withRoots(other.roots), 'certificate_verification_error_at_depth_0'],
    [
      'a name that is not in the certificate',
      `sni: web.example, subjectAltNames: [else.example], ${ca}`,
      () => withRoots(),
      'SAN_matcher,_certificate_SANs_are_[web.example]',
    ],
    ['roots that are not there', `sni: web.example, ${ca}`, () => ({}), 'Secret_is_not_supplied_by_SDS'],
    ['a list of revoked ones that is not there', `sni: web.example, caCrl: /c/crl, ${ca}`, () => withRoots(), 'Secret_is_not_supplied_by_SDS'],
  ])('%s: no connection', async (_, rule, named, expected) => {
    const { port, seen } = await service(server);
    const made = await client({ tls: `{ mode: SIMPLE, ${rule} }`, endpoints: [{ port }], named: named() });
    const { status, body } = await made.ask();
    expect([status, body]).toEqual([503, expect.stringContaining('remote connection failure')]);
    expect(failure(made)).toMatch(/^URX,UF /);
    expect(failure(made)).toContain(expected);
    // No request came there.
    expect(seen.every(({ client: shown }) => shown === '')).toBe(true);
  });

  test('what was not to be verified is not', async () => {
    const { port } = await service(await other.server('else.example'));
    const made = await client({ tls: '{ mode: SIMPLE, insecureSkipVerify: true }', endpoints: [{ port }] });
    expect((await made.ask()).status).toBe(200);
  });

  test('a server that is revoked', async () => {
    const { port } = await service(server);
    const named = { ...withRoots(), 'file-crl:/c/crl': { crl: await authority.revoked(server) } };
    const made = await client({ tls: `{ mode: SIMPLE, sni: web.example, caCrl: /c/crl, ${ca} }`, endpoints: [{ port }], named });
    expect((await made.ask()).status).toBe(503);
    expect(failure(made)).toContain('certificate_revoked');
  });

  test('a server that speaks no TLS', async () => {
    const port = await tcpBackend((socket) => socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
    const made = await client({ tls: `{ mode: SIMPLE, ${ca} }`, endpoints: [{ port }], named: withRoots() });
    expect((await made.ask()).status).toBe(503);
    expect(failure(made)).toBe('URX,UF TLS_error:|268435703:SSL_routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end');
    expect(made.sidecar.metrics?.cluster('outbound|80||web.example').tls).toMatchObject({ connection_error: expect.any(Number), handshake: 0 });
  });

  test('a server that closes', async () => {
    const port = await tcpBackend((socket) => socket.on('data', () => socket.end()));
    const made = await client({ tls: `{ mode: SIMPLE, ${ca} }`, endpoints: [{ port }], named: withRoots() });
    expect((await made.ask()).status).toBe(503);
    expect(failure(made)).toBe('URX,UF ');
  });

  test('a server that says nothing: the connect timeout counts for the handshake, too', async () => {
    const port = await tcpBackend((socket) => socket.resume());
    const made = await client({ tls: `{ mode: SIMPLE, ${ca} }`, pool: '{ tcp: { connectTimeout: 200ms } }', endpoints: [{ port }], named: withRoots() });
    const { status, body } = await made.ask();
    expect([status, body]).toEqual([503, expect.stringContaining('connection timeout')]);
  });

  test('HTTP/2 is agreed on by ALPN', async () => {
    const made2 = createSecureServer({ ...server }, (asked, response) => response.end(`${asked.httpVersion} ${(asked.socket as TLSSocket).alpnProtocol}`));
    await new Promise<void>((resolve) => void made2.listen(0, '127.0.0.1', resolve));
    toClose(made2);
    const { port } = made2.address() as AddressInfo;
    const made = await client({ tls: `{ mode: SIMPLE, sni: web.example, ${ca} }`, endpoints: [{ port }], named: withRoots(), protocol: 'HTTP2' });
    expect(await made.ask()).toMatchObject({ status: 200, body: '2.0 h2' });
    made.sidecar.destroy();
  });
});

describe('DR-R70: MUTUAL', () => {
  const named = (): Record<string, NamedCredentials> => ({ ...withRoots(), 'file-cert:/c/own.crt~/c/own.key': { pair: pairOf(own) } });
  const rule = `{ mode: MUTUAL, sni: web.example, clientCertificate: /c/own.crt, privateKey: /c/own.key, ${ca} }`;

  test('shows its certificate', async () => {
    const { port, seen } = await service(server, { rejectUnauthorized: true });
    const made = await client({ tls: rule, endpoints: [{ port }], named: named() });
    expect((await made.ask()).status).toBe(200);
    expect(seen[0]?.client).toBe('URI:spiffe://cluster.local/ns/shop/sa/client');
  });

  test('without one there is no connection', async () => {
    const { port, seen } = await service(server);
    const made = await client({ tls: rule, endpoints: [{ port }], named: withRoots() });
    expect((await made.ask()).status).toBe(503);
    expect(seen).toEqual([]);
    expect(made.sidecar.metrics?.cluster('outbound|80||web.example').tls.secrets_not_ready).toBeGreaterThan(0);
    made.give(named());
    expect((await made.ask()).status).toBe(200);
  });
});

describe('the mesh', () => {
  const rule = '{ mode: ISTIO_MUTUAL }';
  const mesh = { location: 'MESH_INTERNAL', name: 'web.shop.svc.cluster.local' };
  const host = 'web.shop.svc.cluster.local';

  test('MAP-R3, MAP-R56: ISTIO_MUTUAL says service and port, shows the identity, and offers what sidecars know', async () => {
    const { port, seen } = await service(workload, { rejectUnauthorized: true, ALPNProtocols: ['istio-http/1.1'] });
    const made = await client({ tls: rule, endpoints: [{ port }], ...mesh });
    expect((await made.ask(host)).status).toBe(200);
    expect(seen).toEqual([{ sni: `outbound_.80_._.${host}`, alpn: 'istio-http/1.1', client: 'URI:spiffe://cluster.local/ns/shop/sa/client', reused: false }]);
  });

  test('only the service accounts of the service may answer', async () => {
    const { port } = await service(workload);
    const right = await client({ tls: rule, endpoints: [{ port }], accounts: 'web', ...mesh });
    expect((await right.ask(host)).status).toBe(200);
    const wrong = await client({ tls: rule, endpoints: [{ port }], accounts: 'other', ...mesh });
    expect((await wrong.ask(host)).status).toBe(503);
    expect(failure(wrong)).toContain('SAN_matcher,_certificate_SANs_are_[spiffe://cluster.local/ns/shop/sa/web]');
    expect(wrong.sidecar.metrics?.cluster(`outbound|80||${host}`).tls.fail_verify_san).toBeGreaterThan(0);
  });

  test('DR-R71, MAP-R55: without a rule, mTLS to endpoints with a sidecar and plain text to the others', async () => {
    const secure = await service(workload);
    const plain = await tcpBackend((socket) => socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nplain')));
    const made = await client({
      endpoints: [{ port: secure.port, labels: 'security.istio.io/tlsMode: istio' }, { port: plain }],
      pool: fresh,
      ...mesh,
    });
    const bodies = new Set<string>();
    for (let i = 0; i < 20; i++) bodies.add((await made.ask(host)).body);
    expect([...bodies].sort()).toEqual(['ok', 'plain']);
    expect(seenBy(secure)).toEqual([`outbound_.80_._.${host}`]);
  });

  test('without certificates of the mesh at all, plain text goes everywhere', async () => {
    const plain = await tcpBackend((socket) => socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nplain')));
    const endpoints = [{ port: plain, labels: 'security.istio.io/tlsMode: istio' }];
    for (const tls of [undefined, rule]) {
      const made = await client({ ...(tls ? { tls } : {}), endpoints, meshTls: false, ...mesh });
      expect((await made.ask(host)).body).toBe('plain');
    }
  });

  test('an identity that is not there yet is no reason for plain text', async () => {
    const { port, seen } = await service(workload);
    const made = await client({ tls: rule, endpoints: [{ port }], ...mesh });
    made.sidecar.credentials.set(snapshotOf(undefined));
    expect((await made.ask(host)).status).toBe(503);
    expect(seen).toEqual([]);
  });

  test('TCP: what comes goes through, both ways and to the end', async () => {
    const { port, seen } = await service(workload, { ALPNProtocols: ['istio'], allowHalfOpen: true } as TlsOptions, (socket) => {
      socket.on('data', (chunk) => socket.write(chunk));
      socket.on('end', () => socket.end('bye'));
    });
    const made = await client({ tls: rule, endpoints: [{ port }], protocol: 'TCP', ...mesh });
    const socket: Socket = connect({ port: made.port, host: '127.0.0.1', allowHalfOpen: true });
    toClose({ close: () => socket.destroy() });
    const sent = Buffer.alloc(3_000_000, 'abcdefghij');
    const received: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => received.push(chunk));
    socket.end(sent);
    await once(socket, 'end');
    expect(Buffer.concat(received).equals(Buffer.concat([sent, Buffer.from('bye')]))).toBe(true);
    expect(seen).toMatchObject([{ alpn: 'istio', client: 'URI:spiffe://cluster.local/ns/shop/sa/client' }]);
    await until(() => made.log.length === 1, 'a line');
    expect(flagsText(made.log[0]?.flags ?? 0)).toBe('-');
  });
});

const seenBy = ({ seen }: Service): string[] => [...new Set(seen.map(({ sni }) => sni))];

test('a session goes on with the next connection, as long as certificates are the same', async () => {
  const { port, seen } = await service(server);
  const made = await client({ tls: `{ mode: SIMPLE, sni: web.example, ${ca} }`, endpoints: [{ port }], named: withRoots(), pool: fresh });
  for (let i = 0; i < 3; i++) expect((await made.ask()).status).toBe(200);
  expect(seen.map(({ reused }) => reused)).toEqual([false, true, true]);
  made.give(withRoots(`${other.roots}${authority.roots}`));
  expect((await made.ask()).status).toBe(200);
  expect(seen.at(-1)?.reused).toBe(false);
  expect(made.sidecar.metrics?.cluster('outbound|80||web.example').tls).toMatchObject({ handshake: 4, session_reused: 2 });
});

test('a session is no way around roots that are not trusted any more', async () => {
  const { port } = await service(server);
  const made = await client({ tls: `{ mode: SIMPLE, sni: web.example, ${ca} }`, endpoints: [{ port }], named: withRoots(), pool: fresh });
  expect((await made.ask()).status).toBe(200);
  made.give(withRoots(other.roots));
  expect((await made.ask()).status).toBe(503);
});

test('new certificates are for new connections; those that are there go on', async () => {
  const { port, seen } = await service(workload, { rejectUnauthorized: true });
  const made = await client({ tls: '{ mode: ISTIO_MUTUAL }', endpoints: [{ port }], location: 'MESH_INTERNAL', name: 'web.shop.svc.cluster.local' });
  expect((await made.ask('web.shop.svc.cluster.local')).status).toBe(200);
  made.give({}, await authority.workload('ns/shop/sa/renewed'));
  expect((await made.ask('web.shop.svc.cluster.local')).status).toBe(200);
  expect(seen.map(({ client: shown }) => shown)).toEqual(['URI:spiffe://cluster.local/ns/shop/sa/client']);
});
