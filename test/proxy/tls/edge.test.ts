// TLS at a gateway: which certificate is shown, whom it asks for one, versions and ciphers, HTTP/2 by ALPN.
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Sidecar } from '../../../src/proxy/sidecar.ts';
import { credentialNames } from '../../../src/proxy/tls/credential-names.ts';
import type { NamedCredentials } from '../../../src/proxy/tls/credentials.ts';
import { testSidecar } from '../sidecar.ts';
import { backend, closeAll, freePorts, tableOf, toClose, until } from '../support.ts';
import { type Pair, pairOf, snapshotOf, TestAuthority, workloadOf } from './identities.ts';
import { dial, isWhole, secureClient } from './inbound.ts';

afterEach(closeAll);

let authority: TestAuthority;
let other: TestAuthority;
let shop: Pair;
let api: Pair;
let client: Pair;

beforeAll(async () => {
  authority = await TestAuthority.create();
  other = await TestAuthority.create('other');
  shop = await authority.server('shop.example.com');
  api = await authority.server('api.example.com');
  client = await authority.workload('ns/shop/sa/client');
});

interface Edge {
  port: number;
  sidecar: Sidecar;
  give(named: Record<string, NamedCredentials>): void;
}

/** A gateway with one server; `tls` is that of the Gateway, in flow style. */
async function edge(tls: string, named: Record<string, NamedCredentials>, hosts = "['*']"): Promise<Edge> {
  const [port = 0] = await freePorts(1);
  const service = await backend((request, response) => response.end(JSON.stringify({ ...request.headers, version: request.httpVersion })));
  const manifests = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec:
  selector: { app: edge }
  servers:
    - port: { number: ${port}, name: https, protocol: HTTPS }
      tls: ${tls}
      hosts: ${hosts}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: web, namespace: shop }
spec:
  hosts: [web.example]
  location: MESH_EXTERNAL
  resolution: STATIC
  ports: [{ number: 80, name: http, protocol: HTTP }]
  endpoints: [{ address: 127.0.0.1, ports: { http: ${service} } }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: web, namespace: shop }
spec:
  hosts: ['*']
  gateways: [edge]
  http: [{ route: [{ destination: { host: web.example, port: { number: 80 } } }] }]
`;
  const sidecar = testSidecar({ meshTls: true });
  const table = await tableOf(manifests, [], undefined, { role: 'gateway', name: 'edge', labels: { app: 'edge' } });
  const give = (more: Record<string, NamedCredentials>): void => sidecar.credentials.set(snapshotOf(workloadOf(client, authority.roots), more));
  // A certificate that the table does not ask for by this name would not be in a snapshot.
  const names = credentialNames(table);
  for (const name of Object.keys(named)) expect(names).toContain(name);
  give(named);
  await sidecar.apply(table);
  return { port, sidecar, give };
}

const get = 'GET / HTTP/1.1\r\nhost: shop.example.com\r\n\r\n';
const files = { pair: 'file-cert:/c/shop.crt~/c/shop.key', roots: 'file-root:/c/roots.crt' };
const simple = '{ mode: SIMPLE, serverCertificate: /c/shop.crt, privateKey: /c/shop.key }';
const mutual = (more = ''): string => `{ mode: MUTUAL, serverCertificate: /c/shop.crt, privateKey: /c/shop.key, caCertificates: /c/roots.crt${more} }`;
const withRoots = (): Record<string, NamedCredentials> => ({ [files.pair]: { pair: pairOf(shop) }, [files.roots]: { roots: authority.roots } });

/** The whole response that comes next on a connection. */
function response(socket: TLSSocket): Promise<string> {
  let text = '';
  return new Promise((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (isWhole(text)) resolve(text);
    });
    socket.once('close', () => reject(new Error(`closed after ${JSON.stringify(text)}`)));
  });
}

/** Waits for statistics of the TLS of a gateway: they are counted when its own side of a handshake is over. */
async function counted({ port, sidecar }: Edge, expected: Readonly<Record<string, number>>): Promise<void> {
  const all = sidecar.metrics?.listener(`0.0.0.0_${port}`).tls as unknown as Record<string, number>;
  await until(() => Object.entries(expected).every(([name, count]) => Number(all[name]) >= count), JSON.stringify(expected));
  expect(all).toMatchObject(expected);
}

/** The names of the certificate that is shown; or why none is. */
async function shown(port: number, options: ConnectionOptions = {}): Promise<string> {
  const socket = dial({ port, servername: 'shop.example.com', ...options });
  toClose({ close: () => socket.destroy() });
  try {
    await once(socket, 'secureConnect');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? '';
  }
  return socket.getPeerX509Certificate()?.subjectAltName ?? '';
}

async function served(port: number, options: ConnectionOptions): Promise<boolean> {
  return (await secureClient(port, { servername: 'shop.example.com', ...options }, get, 100)).received.startsWith('HTTP/1.1 200');
}

describe('where certificates come from', () => {
  test('files', async () => {
    const { port } = await edge(simple, { [files.pair]: { pair: pairOf(shop) } });
    expect(await shown(port)).toBe('DNS:shop.example.com');
  });

  test('a Secret of the namespace of the gateway', async () => {
    const { port } = await edge('{ mode: SIMPLE, credentialName: shop-tls }', { 'shop/shop-tls': { pair: pairOf(shop) } });
    expect(await shown(port)).toBe('DNS:shop.example.com');
  });

  test('a Secret with roots for clients: in it, or beside it', async () => {
    const variants: Record<string, NamedCredentials>[] = [
      { 'shop/shop-tls': { pair: pairOf(shop), roots: authority.roots } },
      { 'shop/shop-tls': { pair: pairOf(shop) }, 'shop/shop-tls-cacert': { roots: authority.roots } },
      // The one beside it counts.
      { 'shop/shop-tls': { pair: pairOf(shop), roots: other.roots }, 'shop/shop-tls-cacert': { roots: authority.roots } },
    ];
    for (const named of variants) {
      const { port } = await edge('{ mode: MUTUAL, credentialName: shop-tls }', named);
      expect(await served(port, client)).toBe(true);
      expect(await served(port, await other.workload('ns/shop/sa/client'))).toBe(false);
    }
  });

  test('what changes is there for the next connection, and connections that are there stay', async () => {
    const { port, give } = await edge(simple, { [files.pair]: { pair: pairOf(shop) } });
    const before = dial({ port });
    await once(before, 'secureConnect');
    give({ [files.pair]: { pair: pairOf(api) } });
    expect(await shown(port)).toBe('DNS:api.example.com');
    before.write(get);
    expect(await response(before)).toContain('HTTP/1.1 200');
    before.destroy();
  });

  test('one that is not there: nobody is let in, and it is counted', async () => {
    const made = await edge(mutual(), { [files.pair]: { pair: pairOf(shop) } });
    const { port, give } = made;
    expect(await shown(port, client)).toBe('ECONNRESET');
    await counted(made, { secrets_not_ready: 1 });
    give(withRoots());
    expect(await served(port, client)).toBe(true);
  });

  test('a key of another certificate lets nobody in', async () => {
    const { port } = await edge(simple, { [files.pair]: { pair: { certificateChain: shop.cert, privateKey: api.key } } });
    expect(await shown(port)).toBe('ECONNRESET');
  });

  test('of RSA and EC, the client gets one that it can verify', async () => {
    const rsa = await authority.rsaServer('shop.example.com');
    const { port } = await edge('{ mode: SIMPLE, credentialNames: [ec, rsa] }', { 'shop/ec': { pair: pairOf(shop) }, 'shop/rsa': { pair: pairOf(rsa) } });
    const kind = async (sigalgs: string): Promise<string | undefined> => {
      const socket = dial({ port, sigalgs });
      await once(socket, 'secureConnect');
      const type = socket.getPeerX509Certificate()?.publicKey.asymmetricKeyType;
      socket.destroy();
      return type;
    };
    expect(await kind('ecdsa_secp256r1_sha256')).toBe('ec');
    expect(await kind('rsa_pss_rsae_sha256')).toBe('rsa');
  });
});

test('of several certificates that with the name that is asked for, else the first', async () => {
  const { port } = await edge('{ mode: SIMPLE, credentialNames: [api, shop] }', { 'shop/api': { pair: pairOf(api) }, 'shop/shop': { pair: pairOf(shop) } });
  expect(await shown(port)).toBe('DNS:shop.example.com');
  expect(await shown(port, { servername: 'api.example.com' })).toBe('DNS:api.example.com');
  expect(await shown(port, { servername: 'else.example.com' })).toBe('DNS:api.example.com');
});

describe('which clients are let in', () => {
  test('MUTUAL: only with a certificate that leads to a root', async () => {
    const made = await edge(mutual(), withRoots());
    const { port } = made;
    expect(await served(port, client)).toBe(true);
    expect(await served(port, {})).toBe(false);
    expect(await served(port, await other.workload('ns/shop/sa/client'))).toBe(false);
    await counted(made, { handshake: 1, fail_verify_no_cert: 1, fail_verify_error: 1 });
  });

  test('OPTIONAL_MUTUAL: without a certificate, too, but not with a wrong one', async () => {
    const made = await edge(mutual().replace('MUTUAL', 'OPTIONAL_MUTUAL'), withRoots());
    const { port } = made;
    const told = async (options: ConnectionOptions): Promise<string> => (await secureClient(port, options, get, 100)).received;
    expect(await told(client)).toMatch(/x-forwarded-client-cert.*Hash=[0-9a-f]{64};Cert=.*Subject=.*URI=spiffe:/);
    expect(await told({})).toContain('HTTP/1.1 200');
    expect(await told({})).not.toContain('x-forwarded-client-cert');
    expect(await told(await other.workload('ns/shop/sa/client'))).toBe('');
    await counted(made, { no_certificate: 2, fail_verify_error: 1 });
  });

  test('ISTIO_MUTUAL: whoever is of the mesh', async () => {
    const { port } = await edge('{ mode: ISTIO_MUTUAL }', {});
    expect(await served(port, await authority.workload('ns/any/sa/one'))).toBe(true);
    expect(await served(port, await other.workload('ns/any/sa/one'))).toBe(false);
    expect(await served(port, {})).toBe(false);
  });

  test('only those that are named', async () => {
    const made = await edge(mutual(', subjectAltNames: [spiffe://cluster.local/ns/shop/sa/client]'), withRoots());
    const { port } = made;
    expect(await served(port, client)).toBe(true);
    expect(await served(port, await authority.workload('ns/shop/sa/other'))).toBe(false);
    await counted(made, { fail_verify_san: 1 });
  });

  test('only these certificates or keys', async () => {
    const x509 = new X509Certificate(client.cert);
    const spki = createHash('sha256')
      .update(x509.publicKey.export({ type: 'spki', format: 'der' }))
      .digest('base64');
    const stranger = await authority.workload('ns/shop/sa/client');
    for (const pinned of [`verifyCertificateSpki: ['${spki}']`, `verifyCertificateHash: ['${x509.fingerprint256}']`]) {
      const made = await edge(mutual(`, ${pinned}`), withRoots());
      const { port } = made;
      expect([pinned, await served(port, client)]).toEqual([pinned, true]);
      expect(await served(port, stranger)).toBe(false);
      await counted(made, { fail_verify_cert_hash: 1 });
    }
  });

  test('not those that are revoked', async () => {
    const revoked = await authority.workload('ns/shop/sa/revoked');
    const named = { ...withRoots(), 'file-crl:/c/revoked.crl': { crl: await authority.revoked(revoked) } };
    const { port } = await edge(mutual(', caCrl: /c/revoked.crl'), named);
    expect(await served(port, client)).toBe(true);
    expect(await served(port, revoked)).toBe(false);
  });

  test('not those that are revoked, by the lists of several authorities', async () => {
    const [revoked, welcome, gone] = [
      await authority.workload('ns/shop/sa/revoked'),
      await other.workload('ns/shop/sa/client'),
      await other.workload('ns/shop/sa/gone'),
    ];
    const lists = [await authority.revoked(revoked), await other.revoked(gone)].join('\n');
    const named = { ...withRoots(), [files.roots]: { roots: authority.roots + other.roots }, 'file-crl:/c/revoked.crl': { crl: lists } };
    const { port } = await edge(mutual(', caCrl: /c/revoked.crl'), named);
    expect([await served(port, client), await served(port, welcome)]).toEqual([true, true]);
    expect([await served(port, revoked), await served(port, gone)]).toEqual([false, false]);
  });

  test('not those that are revoked, by the list of the Secret with the roots', async () => {
    const revoked = await authority.workload('ns/shop/sa/revoked');
    const crl = await authority.revoked(revoked);
    const { port } = await edge('{ mode: MUTUAL, credentialName: web }', { 'shop/web': { pair: pairOf(shop), roots: authority.roots, crl } });
    expect(await served(port, client)).toBe(true);
    expect(await served(port, revoked)).toBe(false);
  });

  test('where the list of those that are revoked is missing, nobody', async () => {
    const { port } = await edge(mutual(', caCrl: /c/revoked.crl'), withRoots());
    expect(await served(port, client)).toBe(false);
  });
});

describe('what is spoken', () => {
  const negotiated = async (port: number, options: ConnectionOptions): Promise<string> => {
    const socket = dial({ port, ...options });
    toClose({ close: () => socket.destroy() });
    try {
      await once(socket, 'secureConnect');
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? '';
    }
    return `${socket.getProtocol()} ${socket.getCipher().name}`;
  };

  test.each<[string, string, ConnectionOptions, string]>([
    ['1.3 where it can', '', {}, 'TLSv1.3 TLS_AES_128_GCM_SHA256'],
    ['1.2', '', { maxVersion: 'TLSv1.2' }, 'TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256'],
    ['not 1.1', '', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }, 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'],
    [
      '1.1 where it is asked for',
      ', minProtocolVersion: TLSV1_1, cipherSuites: [ECDHE-ECDSA-AES128-SHA]',
      { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
      'TLSv1.1 ECDHE-ECDSA-AES128-SHA',
    ],
    ['not 1.2 where 1.3 is the least', ', minProtocolVersion: TLSV1_3', { maxVersion: 'TLSv1.2' }, 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'],
    ['not 1.3 where 1.2 is the most', ', maxProtocolVersion: TLSV1_2', {}, 'TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256'],
    ['a cipher suite', ', cipherSuites: [ECDHE-ECDSA-AES256-GCM-SHA384]', { maxVersion: 'TLSv1.2' }, 'TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384'],
    [
      'no other',
      ', cipherSuites: [ECDHE-ECDSA-AES256-GCM-SHA384]',
      { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
      'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
    ],
    ['names that nobody knows do not count', ', cipherSuites: [NO-SUCH-SUITE]', { maxVersion: 'TLSv1.2' }, 'TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256'],
  ])('%s', async (_, more, options, expected) => {
    const { port } = await edge(`{ mode: SIMPLE, serverCertificate: /c/shop.crt, privateKey: /c/shop.key${more} }`, { [files.pair]: { pair: pairOf(shop) } });
    expect(await negotiated(port, options)).toBe(expected);
  });

  test('HTTP/2 by ALPN, with bodies larger than any record', async () => {
    const { port } = await edge(simple, { [files.pair]: { pair: pairOf(shop) } });
    const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false, servername: 'shop.example.com' });
    toClose(session);
    // The sidecar ends as well, and may do so first.
    session.on('error', () => {});
    const ask = (body: Buffer): Promise<string> =>
      new Promise((resolve, reject) => {
        const stream = session.request({ ':method': 'POST', ':authority': 'shop.example.com' });
        let text = '';
        stream.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        stream.on('end', () => resolve(text)).on('error', reject);
        stream.end(body);
      });
    const answers = await Promise.all([0, 100, 100_000, 1_000_000].map((size) => ask(Buffer.alloc(size, 'x'))));
    for (const answer of answers) expect(JSON.parse(answer)).toMatchObject({ version: '1.1', 'x-forwarded-proto': 'https' });
    expect((session.socket as TLSSocket).alpnProtocol).toBe('h2');
  });

  test('without ALPN the first bytes tell HTTP/2', async () => {
    const { port } = await edge(simple, { [files.pair]: { pair: pairOf(shop) } });
    const socket = dial({ port });
    await once(socket, 'secureConnect');
    const session = connectHttp2('http://shop.example.com', { createConnection: () => socket });
    toClose(session);
    // The sidecar ends as well, and may do so first.
    session.on('error', () => {});
    const stream = session.request({ ':path': '/' });
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
    expect(headers[':status']).toBe(200);
    session.destroy();
  });

  test('with ALPN of which none is known, HTTP/1.1 goes on without', async () => {
    const { port } = await edge(simple, { [files.pair]: { pair: pairOf(shop) } });
    const { received, alpn } = await secureClient(port, { ALPNProtocols: ['something'] }, get, 100);
    expect([received.startsWith('HTTP/1.1 200'), alpn]).toEqual([true, undefined]);
  });

  test('SEL-R75: only the names that have a certificate, in any case', async () => {
    const { port } = await edge(simple, { [files.pair]: { pair: pairOf(shop) } }, '[shop.example.com]');
    expect(await shown(port)).toBe('DNS:shop.example.com');
    expect(await shown(port, { servername: 'SHOP.example.COM' })).toBe('DNS:shop.example.com');
    expect(await shown(port, { servername: 'other.example.com' })).toBe('ECONNRESET');
    expect(await shown(port, { servername: '' })).toBe('ECONNRESET');
  });
});

test('a client that comes back goes on with its session, as long as certificates and conditions are the same', async () => {
  const { port, sidecar, give } = await edge(mutual(), withRoots());
  let session: Buffer | undefined;
  const visit = async (): Promise<boolean> => {
    const socket = dial({ port, ...client, ...(session ? { session } : {}) });
    socket.on('session', (next) => {
      session = next;
    });
    await once(socket, 'secureConnect');
    const reused = socket.isSessionReused();
    socket.write(get);
    // Who it is, is known also then.
    expect(await response(socket)).toContain('URI=spiffe://cluster.local/ns/shop/sa/client');
    socket.destroy();
    return reused;
  };
  expect([await visit(), await visit(), await visit()]).toEqual([false, true, true]);
  await until(() => sidecar.metrics?.listener(`0.0.0.0_${port}`).tls.session_reused === 2, 'counted');
  // The same once more.
  give(withRoots());
  expect(await visit()).toBe(true);
  give({ ...withRoots(), [files.roots]: { roots: `${other.roots}${authority.roots}` } });
  expect(await visit()).toBe(false);
});
