// The command, with certificates as its users give them: Secrets among the manifests, and an authority of the machine.
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { ProxyProcess } from '../process.ts';
import { closeAll, freePorts, toClose, until } from '../support.ts';
import { ask, WeftProcess } from '../weft-process.ts';
import { type Pair, TestAuthority } from './identities.ts';

afterEach(closeAll);

let first: TestAuthority;
let second: TestAuthority;

beforeAll(async () => {
  first = await TestAuthority.create('first');
  second = await TestAuthority.create('second');
});

/** An application that tells what it was asked, as far as it is about who asks. */
async function application(): Promise<number> {
  const server = createServer((request, response) => {
    const { 'x-forwarded-proto': proto, 'x-forwarded-client-cert': certificate = 'none' } = request.headers;
    response.end(`${proto} ${String(certificate).replace(/Hash=[^;]*/, 'Hash')}`);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  toClose(server);
  return (server.address() as AddressInfo).port;
}

const edge = (port: number, mode = 'SIMPLE'): string => `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec:
  selector: { app: edge }
  servers:
    - port: { number: ${port}, name: https, protocol: HTTPS }
      hosts: [web.example]
      tls: { mode: ${mode}, credentialName: web }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: web, namespace: shop }
spec:
  hosts: [web.example]
  gateways: [edge]
  http: [{ route: [{ destination: { host: web } }] }]
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { ports: [{ name: http, port: 80 }] }
`;

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const secret = ({ cert, key }: Pair, type = 'kubernetes.io/tls'): string => `
apiVersion: v1
kind: Secret
metadata: { name: web, namespace: shop }
type: ${type}
data: { tls.crt: ${base64(cert)}, tls.key: ${base64(key)} }
`;

/** What a client with these roots is told, or why there is no connection. */
function secure(port: number, ca: string, own: ConnectionOptions = {}): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectTls({ port, host: '127.0.0.1', servername: 'web.example', ca, ...own });
    toClose({ close: () => socket.destroy() });
    let text = '';
    socket.on('secureConnect', () => void socket.write('GET / HTTP/1.1\r\nhost: web.example\r\nconnection: close\r\n\r\n'));
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.on('close', () => resolve(text === '' ? 'closed' : (text.split('\r\n\r\n')[1] ?? text)));
  });
}

test('GW-R22: a Secret among the manifests is the certificate of a gateway, and so is the next one', async () => {
  const [port = 0] = await freePorts(1);
  const app = await application();
  const proxy = await ProxyProcess.start({
    manifests: { 'edge.yaml': edge(port), 'secret.yaml': secret(await first.server('web.example')) },
    args: ['--gateway', 'shop/edge', '--map', `web=${app}`, '--watch'],
    concurrency: 2,
  });
  expect(await secure(port, first.roots)).toMatch(/^(\w+\r\n)?https none/);
  expect(await secure(port, second.roots)).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');

  proxy.write('secret.yaml', secret(await second.server('web.example')));
  // All threads have it.
  const visits = async (): Promise<string[]> => Promise.all(Array.from({ length: 20 }, () => secure(port, second.roots)));
  await until(async () => (await visits()).every((text) => text.includes('https')), 'the new certificate');

  // A key of another certificate is no pair: what is wrong is said, and nothing of what is in it.
  const { cert } = await first.server('web.example');
  const { key } = await second.server('web.example');
  proxy.write('secret.yaml', secret({ cert, key }));
  await until(() => /Secret shop\/web \(\S+secret\.yaml:\d+\): the private key is not that of the certificate/.test(proxy.output), 'a warning');
  const missing = `port ${port}: the Secret web is missing or incomplete, and connections that need it fail`;
  await until(() => proxy.output.includes(missing), missing);
  expect(proxy.output).toMatch(new RegExp(`Gateway shop/edge \\(\\S+edge\\.yaml:\\d+\\): ${missing}`));
  for (const line of key.split('\n').filter((text) => text.length > 10)) expect(proxy.output).not.toContain(line);
  await until(async () => (await visits()).every((text) => /^(?:closed|ECONNRESET)$/.test(text)), 'nobody is let in');
});

test('GW-R22: roots for clients in a Secret of their own', async () => {
  const [port = 0] = await freePorts(1);
  const app = await application();
  const roots = `
apiVersion: v1
kind: Secret
metadata: { name: web-cacert, namespace: shop }
stringData: { ca.crt: ${JSON.stringify(second.roots)} }
`;
  await ProxyProcess.start({
    manifests: { 'edge.yaml': edge(port, 'MUTUAL'), 'secret.yaml': `${secret(await first.server('web.example'), 'Opaque')}---${roots}` },
    args: ['--gateway', 'shop/edge', '--map', `web=${app}`],
  });
  expect(await secure(port, first.roots, await second.workload('ns/a/sa/b'))).toContain('URI=spiffe://cluster.local/ns/a/sa/b');
  expect(await secure(port, first.roots)).toBe('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED');
});

test('SEC-R1, SEC-R3: --mtls makes the proxies of a user on a machine know each other, and nobody else', async () => {
  const [port = 0] = await freePorts(1);
  const app = await application();
  const folder = mkdtempSync(join(tmpdir(), 'weft-mtls-'));
  toClose({ close: () => rmSync(folder, { recursive: true, force: true }) });
  const env = { XDG_RUNTIME_DIR: folder };
  // As docs/tls.md has it.
  const page = readFileSync(join(import.meta.dirname, '../../../docs/tls.md'), 'utf8');
  const example = (/^```yaml\n(.*?)^```/ms.exec(page)?.[1] ?? '').replaceAll('9080', String(port)).replaceAll('8080', String(app));
  const manifests = { 'mesh.yaml': example };
  await ProxyProcess.start({
    manifests,
    args: ['--proxy', 'shop/web', '--labels', 'app=web', '--service-account', 'web', '--mtls'],
    env,
  });
  const proxy = await ProxyProcess.start({
    manifests,
    args: ['--proxy', 'shop/caller', '--labels', 'app=caller', '--service-account', 'caller', '--mtls'],
    env,
  });
  const expected = 'http By=spiffe://cluster.local/ns/shop/sa/web;Hash;Subject="";URI=spiffe://cluster.local/ns/shop/sa/caller';
  expect(await ask(proxy.port, 'web')).toBe(expected);
  expect(await ask(port, 'web').catch((error: NodeJS.ErrnoException) => error.code)).toBe('ECONNRESET');
  const stranger = await first.workload('ns/shop/sa/caller');
  expect(await secure(port, first.roots, { ...stranger, ALPNProtocols: ['istio'], rejectUnauthorized: false })).toMatch(/closed|ECONNRESET/);
  expect(statSync(join(folder, 'weft/mtls/cluster.local')).mode & 0o777).toBe(0o700);
});

test('an identity from files that are not there', async () => {
  const process = new WeftProcess(
    'proxy',
    'run',
    '-f',
    'fixtures/payment',
    '--workload-certificate',
    'none.crt',
    '--workload-key',
    'none.key',
    '--trust-roots',
    'none.pem',
  );
  expect(await process.exited).toBe(1);
  expect(process.stderr).toBe(
    'Error: the identity of this proxy: cannot read none.crt: ENOENT\nIt is in --workload-certificate, --workload-key and --trust-roots.\n',
  );
});
