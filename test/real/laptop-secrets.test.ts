// Certificates of gateways and DestinationRules by `credentialName`, without a cluster and without a control plane: Secrets among the
// manifests of `weft proxy run -f`, by both engines.
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { makeRequest, requestedKey } from '../../src/pki/certificate-request.ts';
import { issueAuthority, issueServing, issueWorkload } from '../../src/pki/issue.ts';
import type { KeyPair } from '../../src/pki/pem.ts';
import { setup } from '../cli/setup.ts';
import { closeAll, freePorts, pause, toClose, until } from '../proxy/support.ts';
import { Folder, WeftProcess } from '../proxy/weft-process.ts';
import { envoyProgram } from './envoy.ts';

const envoy = envoyProgram();
let authority: KeyPair;
let clients: KeyPair;
/** Every private key that was in a Secret. */
const keys: string[] = [];
const folders: string[] = [];
const running: WeftProcess[] = [];

beforeAll(async () => {
  setup();
  authority = await issueAuthority('servers', Date.now());
  clients = await issueAuthority('clients', Date.now());
});
afterEach(async () => {
  // An Envoy would outlive a weft that is killed; a second signal does not wait.
  for (const proxy of running) for (const signal of ['SIGTERM', 'SIGINT'] as const) proxy.signal(signal);
  await Promise.race([Promise.all(running.splice(0).map(({ exited }) => exited)), pause(60_000)]);
  closeAll();
});
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

async function issue(name: string): Promise<KeyPair> {
  const made = await issueServing(authority, [name], Date.now());
  keys.push(made.key);
  return made;
}

/** A certificate for a client, of the name that its server is told. */
async function issueClient(name: string): Promise<KeyPair> {
  const { request: asked, key } = await makeRequest(`spiffe://${name}`);
  keys.push(key);
  return { certificate: await issueWorkload(clients, await requestedKey(asked), `spiffe://${name}`, 3_600_000, Date.now()), key };
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function secret(name: string, data: Record<string, string>, { type = 'Opaque', namespace = 'shop' } = {}): string {
  const entries = Object.entries(data).map(([key, text]) => `  ${key}: ${base64(text)}`);
  return ['apiVersion: v1', 'kind: Secret', `metadata: { name: ${name}, namespace: ${namespace} }`, `type: ${type}`, 'data:', ...entries, ''].join('\n');
}

const tls = ({ certificate, key }: KeyPair): Record<string, string> => ({ 'tls.crt': certificate, 'tls.key': key });
const generic = ({ certificate, key }: KeyPair): Record<string, string> => ({ cert: certificate, key });

/** A server of the Gateway, on its line. */
const server = (port: number, settings: string, hosts = "'*'"): string =>
  `    - { port: { number: ${port}, name: p${port}-${hosts.replace(/\W/g, '')}, protocol: HTTPS }, hosts: [${hosts}], tls: ${settings} }`;

/** Requests go over TLS to a server that asks for a certificate. */
function manifests(upstream: number, servers: readonly string[]): string {
  return `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec:
  selector: { istio: edge }
  servers:
${servers.join('\n')}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: web, namespace: shop }
spec: { hosts: ['*'], gateways: [edge], http: [{ route: [{ destination: { host: web.example } }] }] }
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: web, namespace: shop }
spec: { hosts: [web.example], resolution: STATIC, ports: [{ number: 80, name: http, protocol: HTTP, targetPort: ${upstream} }], endpoints: [{ address: 127.0.0.1 }] }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: web, namespace: shop }
spec: { host: web.example, trafficPolicy: { tls: { mode: MUTUAL, credentialName: out, sni: web.example } } }
`;
}

/** Tells who its client is; each request has a connection of its own. */
async function upstreamServer(): Promise<number> {
  const { certificate, key } = await issueServing(authority, ['web.example'], Date.now());
  const options = { cert: certificate, key, ca: clients.certificate, requestCert: true, rejectUnauthorized: true };
  const made = createTlsServer(options, (incoming, response) => {
    const { subjectaltname = 'nobody' } = (incoming.socket as TLSSocket).getPeerCertificate();
    response.setHeader('connection', 'close').end(subjectaltname);
  });
  await new Promise<void>((resolve) => void made.listen(0, '127.0.0.1', resolve));
  toClose({
    close: () => {
      made.closeAllConnections();
      made.close();
    },
  });
  return (made.address() as AddressInfo).port;
}

/** `DNS:one 200 URI:spiffe://caller`: who the gateway is, what it answers, and who it is for others; why not, otherwise. */
function ask(port: number, options: ConnectionOptions = {}): Promise<string> {
  return new Promise((resolve) => {
    let shown = '';
    let text = '';
    const socket = connect({ host: '127.0.0.1', port, servername: 'a.example', rejectUnauthorized: false, ...options }, () => {
      const certificate = socket.getPeerX509Certificate();
      if (certificate?.verify(new X509Certificate(authority.certificate).publicKey)) shown = certificate.subjectAltName ?? '';
      socket.write(`GET / HTTP/1.1\r\nhost: ${options.servername ?? 'a.example'}\r\nconnection: close\r\n\r\n`);
    });
    socket.setTimeout(60_000, () => socket.destroy(new Error('no answer')));
    socket.setEncoding('utf8').on('data', (data: string) => {
      text += data;
      // An Envoy that has just got another chain keeps the connection for a while.
      if (answerIn(text) !== '') socket.destroy();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.on('close', () => {
      if (text === '') return resolve('closed');
      resolve(`${shown} ${text.slice(9, 12)} ${answerIn(text)}`.trim());
    });
  });
}

/** What the server of `upstreamServer` says; empty: it has not yet. */
const answerIn = (text: string): string => /(?:URI:|nobody)\S*/.exec(text)?.[0] ?? '';

function page(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (data: string) => {
        body += data;
      });
      response.on('end', () => resolve(body));
    })
      .on('error', reject)
      .end();
  });
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true }).flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : []));
}

/** Lines of private keys that are in a text. */
const keyLines = (text: string): string[] =>
  keys.flatMap((key) => key.split('\n').filter((line) => line.length > 30 && !line.startsWith('-') && text.includes(line)));

interface Gateway {
  proxy: WeftProcess;
  /** Where files of the run are. */
  folder: string;
  admin: number;
}

async function gateway(engine: string, mesh: Folder, ...more: string[]): Promise<Gateway> {
  const [admin = 0] = await freePorts(1);
  const folder = mkdtempSync(join(tmpdir(), 'weft-l-'));
  folders.push(folder);
  const ports = ['--admin-port', admin, '--stats-port', 0, '--agent-port', 0, '--health-port', 0, '--outbound-port', 0, '--inbound-port', 0].map(String);
  const program = engine === 'envoy' ? ['--envoy-path', String(envoy)] : ['--concurrency', '2'];
  const args = ['--engine', engine, ...program, '-f', mesh.path, '--gateway', 'shop/edge', '--bind', '127.0.0.1', ...ports, ...more];
  const proxy = new WeftProcess({ TMPDIR: folder, XDG_RUNTIME_DIR: folder }, 'proxy', 'run', ...args);
  running.push(proxy);
  return { proxy, folder, admin };
}

/** Waits until a client is told this each time: threads take what is new one after the other. */
function told(port: number, expected: string | RegExp, options: ConnectionOptions = {}): Promise<void> {
  let last: string[] = [];
  const isTold = (text: string): boolean => (typeof expected === 'string' ? text === expected : expected.test(text));
  const visits = async (): Promise<boolean> => {
    last = await Promise.all(Array.from({ length: 10 }, () => ask(port, options)));
    return last.every(isTold);
  };
  return until(visits, `${expected} at ${options.servername ?? port}`, 60_000).catch((error: Error) => {
    throw new Error(`${error.message}, but ${[...new Set(last)].join(', ')}`);
  });
}

const refusals = /^(?:closed|ECONNRESET|EPIPE|ERR_SSL_\w+)$/;

describe.each(['embedded', 'envoy'])('a gateway by %s', (engine) => {
  test.skipIf(engine === 'envoy' && envoy === undefined)('serves the Secrets among the manifests, and each new one', { timeout: 300_000 }, async () => {
    const [names = 0, both = 0, beside = 0, own = 0, missing = 0, broken = 0, foreign = 0] = await freePorts(7);
    const [one, rootsBeside] = [await issue('both'), await issue('beside')];
    const mesh = new Folder({
      'mesh.yaml': manifests(await upstreamServer(), [
        server(names, '{ mode: SIMPLE, credentialName: a }', 'a.example'),
        server(names, '{ mode: SIMPLE, credentialName: b }', 'b.example'),
        server(both, '{ mode: MUTUAL, credentialName: both }'),
        server(beside, '{ mode: MUTUAL, credentialName: beside }'),
        server(own, '{ mode: OPTIONAL_MUTUAL, credentialName: a, caCertCredentialName: roots }'),
        server(missing, '{ mode: SIMPLE, credentialName: later }'),
        server(broken, '{ mode: SIMPLE, credentialName: broken }'),
        server(foreign, '{ mode: SIMPLE, credentialName: kubernetes-gateway://keys/web }'),
      ]),
      'a.yaml': secret('a', tls(await issue('one')), { type: 'kubernetes.io/tls' }),
      'b.yaml': secret('b', generic(await issue('second'))),
      'more.yaml': [
        secret('both', { ...tls(one), 'ca.crt': clients.certificate }),
        secret('beside', generic(rootsBeside)),
        secret('beside-cacert', { cacert: clients.certificate }),
        secret('roots', { 'ca.crt': clients.certificate }),
      ].join('---\n'),
      'broken.yaml': secret('broken', { 'tls.crt': (await issue('broken')).certificate, 'tls.key': (await issue('another')).key }),
      'foreign.yaml': secret('web', tls(await issue('foreign')), { namespace: 'keys' }),
      'out.yaml': secret('out', { ...tls(await issueClient('caller')), 'ca.crt': authority.certificate }),
    });
    const { proxy, folder, admin } = await gateway(engine, mesh, '--watch', '--log-level', 'debug');
    await told(names, 'DNS:one 200 URI:spiffe://caller').catch(async (error: Error) => {
      throw new Error(`${error.message}\n${proxy.stderr}`);
    });

    await told(names, 'DNS:second 200 URI:spiffe://caller', { servername: 'b.example' });
    expect(await ask(names, { servername: 'nobody.example' })).toMatch(refusals);
    const client = await issueClient('client');
    const stranger = await issueServing(authority, ['stranger'], Date.now());
    for (const [port, name] of [
      [both, 'both'],
      [beside, 'beside'],
      [own, 'one'],
    ] as const) {
      await told(port, `DNS:${name} 200 URI:spiffe://caller`, { cert: client.certificate, key: client.key });
      expect(await ask(port, { cert: stranger.certificate, key: stranger.key })).toMatch(refusals);
    }
    for (const port of [both, beside]) expect(await ask(port)).toMatch(refusals);
    // It may show one.
    expect(await ask(own)).toContain('DNS:one 200');

    for (const port of [missing, broken, foreign]) await told(port, refusals);
    await proxy.says(/Secret shop\/broken \(\S*broken\.yaml:3\): the private key is not that of the certificate/);
    await proxy.says(/Secret keys\/web \(\S*foreign\.yaml:3\): it is not given to gateways of namespace shop: no ReferenceGrant in keys is for them/);
    for (const [port, name] of [
      [missing, 'later'],
      [broken, 'broken'],
      [foreign, 'kubernetes-gateway://keys/web'],
    ]) {
      const said = `port ${port}: the Secret ${name} is missing or incomplete, and connections that need it fail`;
      await until(() => proxy.stderr.includes(said), said);
    }
    if (engine === 'envoy') await proxy.says(new RegExp(`Gateway shop/edge \\(\\S*mesh\\.yaml:\\d+\\): port ${missing}: the Secret later`));

    // A new certificate, while clients come one after the other: none fails.
    const seen = new Set<string>();
    let isOver = false;
    const visits = [1, 2, 3].map(async () => {
      while (!isOver) seen.add(await ask(names));
    });
    await until(() => seen.size > 0, 'clients come');
    mesh.write('a.yaml', secret('a', tls(await issue('two')), { type: 'kubernetes.io/tls' }));
    await until(() => [...seen].some((text) => text.startsWith('DNS:two')), 'the new certificate', 60_000);
    mesh.write('out.yaml', secret('out', { ...tls(await issueClient('other')), 'ca.crt': authority.certificate }));
    await until(() => [...seen].some((text) => text.endsWith('spiffe://other')), 'who the gateway is for others', 60_000);
    await told(names, 'DNS:two 200 URI:spiffe://other');
    isOver = true;
    await Promise.all(visits);
    expect([...seen].filter((text) => !/^DNS:(?:one|two) 200 URI:spiffe:\/\/(?:caller|other)$/.test(text))).toEqual([]);
    expect(await ask(names, { servername: 'b.example' })).toBe('DNS:second 200 URI:spiffe://other');

    // What was missing, broken, and not granted is there.
    mesh.write('later.yaml', `${secret('later', generic(await issue('late')))}---\n${secret('broken', tls(await issue('whole')))}`);
    mesh.write('broken.yaml', '# nothing');
    mesh.write(
      'grant.yaml',
      `apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: { name: edge, namespace: keys }
spec: { from: [{ group: gateway.networking.k8s.io, kind: Gateway, namespace: shop }], to: [{ group: '', kind: Secret, name: web }] }
`,
    );
    for (const [port, name] of [
      [missing, 'late'],
      [broken, 'whole'],
      [foreign, 'foreign'],
    ] as const) {
      await told(port, `DNS:${name} 200 URI:spiffe://other`);
    }

    // And one that breaks, or is gone, is not served any more; the others are.
    mesh.write('a.yaml', secret('a', { ...tls(await issue('three')), 'tls.key': 'hush' }));
    await told(names, refusals);
    mesh.write('b.yaml', '# nothing');
    await told(names, refusals, { servername: 'b.example' });
    await proxy.says(/Secret shop\/a \(\S*a\.yaml:3\): the private key cannot be read/);
    expect(await ask(foreign)).toContain('DNS:foreign 200');
    mesh.write('a.yaml', secret('a', tls(await issue('four'))));
    await told(names, 'DNS:four 200 URI:spiffe://other');

    if (engine === 'envoy') {
      const dump = await page(admin, '/config_dump?include_eds');
      expect(dump).toContain('secret-cert:shop/a');
      expect(dump).toContain('[redacted]');
      expect(keyLines(dump) ?? []).toEqual([]);
      const [run = ''] = readdirSync(folder).filter((name) => name.startsWith('weft-envoy-'));
      expect(statSync(join(folder, run)).mode & 0o777).toBe(0o700);
      const files = filesIn(folder);
      expect(files.length).toBeGreaterThan(2);
      for (const file of files) expect(keyLines(readFileSync(file, 'utf8'))).toEqual([]);
    }
    proxy.signal('SIGTERM');
    expect(await proxy.exited).toBe(0);
    expect(keyLines(proxy.stderr + proxy.stdout)).toEqual([]);
    expect(filesIn(folder)).toEqual([]);
  });
});

test.skipIf(envoy === undefined)('an Envoy with an identity of the mesh has both', async () => {
  const [own = 0, mesh = 0] = await freePorts(2);
  const folder = new Folder({
    'mesh.yaml': manifests(await upstreamServer(), [server(own, '{ mode: SIMPLE, credentialName: a }'), server(mesh, '{ mode: ISTIO_MUTUAL }')]),
    'a.yaml': secret('a', tls(await issue('one'))),
    'out.yaml': secret('out', { ...tls(await issueClient('caller')), 'ca.crt': authority.certificate }),
  });
  const { proxy } = await gateway('envoy', folder, '--watch', '--mtls');
  await told(own, 'DNS:one 200 URI:spiffe://caller');
  // It asks for a certificate of the mesh.
  await told(mesh, 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED');
  folder.write('a.yaml', secret('a', tls(await issue('two'))));
  await told(own, 'DNS:two 200 URI:spiffe://caller');
  proxy.signal('SIGTERM');
  expect(await proxy.exited).toBe(0);
});

test.skipIf(envoy === undefined)('an Envoy that does not start leaves nothing behind', async () => {
  const [port = 0] = await freePorts(1);
  const taken = createTcpServer();
  await new Promise<void>((resolve) => void taken.listen(port, '127.0.0.1', resolve));
  toClose(taken);
  const mesh = new Folder({ 'mesh.yaml': `${manifests(1, [server(port, '{ mode: SIMPLE, credentialName: a }')])}---\n${secret('a', tls(await issue('a')))}` });
  const { proxy, folder } = await gateway('envoy', mesh);
  expect(await proxy.exited).toBe(1);
  expect(proxy.stderr).toContain(String(port));
  expect(keyLines(proxy.stderr)).toEqual([]);
  expect(readdirSync(folder)).toEqual([]);
});
