// Certificates of gateways by `credentialName`: Secrets among the manifests of `weft xds serve`, to proxies of both engines.
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { makeRequest, requestedKey } from '../../src/pki/certificate-request.ts';
import { issueAuthority, issueServing, issueWorkload } from '../../src/pki/issue.ts';
import type { KeyPair } from '../../src/pki/pem.ts';
import { setup } from '../cli/setup.ts';
import { backend, closeAll, freePorts, page, pause, until } from '../proxy/support.ts';
import { Folder, WeftProcess } from '../proxy/weft-process.ts';
import { envoyProgram } from './envoy.ts';

const envoy = envoyProgram();
let sockets: string;
let authority: KeyPair;
let clients: KeyPair;

beforeAll(async () => {
  setup();
  sockets = mkdtempSync(join(tmpdir(), 'weft-s-'));
  authority = await issueAuthority('servers', Date.now());
  clients = await issueAuthority('clients', Date.now());
});
afterEach(closeAll);
afterAll(() => rmSync(sockets, { recursive: true }));

const issue = (name: string): Promise<KeyPair> => issueServing(authority, [name], Date.now());

function secret(name: string, data: Record<string, string>, namespace = 'shop'): string {
  const entries = Object.entries(data).map(([key, text]) => `  ${key}: ${Buffer.from(text).toString('base64')}`);
  return ['apiVersion: v1', 'kind: Secret', `metadata: { name: ${name}, namespace: ${namespace} }`, 'data:', ...entries, ''].join('\n');
}

const tls = ({ certificate, key }: KeyPair): Record<string, string> => ({ 'tls.crt': certificate, 'tls.key': key });

function manifests(web: number, servers: readonly [port: number, tls: string][]): string {
  const list = servers.map(([port, settings]) => `{ port: { number: ${port}, name: https-${port}, protocol: HTTPS }, hosts: ['*'], tls: ${settings} }`);
  return `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec: { selector: { istio: edge }, servers: [${list.join(', ')}] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: web, namespace: shop }
spec: { hosts: ['*'], gateways: [edge], http: [{ route: [{ destination: { host: web.example } }] }] }
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: web, namespace: shop }
spec: { hosts: [web.example], resolution: STATIC, ports: [{ number: 80, name: http, protocol: HTTP, targetPort: ${web} }], endpoints: [{ address: 127.0.0.1 }] }
`;
}

interface Answer {
  /** Name in the certificate that was shown. */
  shown: string | undefined;
  /** Of the response; of no response, why. */
  status: string;
}

function ask(port: number, options: ConnectionOptions = {}): Promise<Answer> {
  return new Promise((resolve) => {
    let shown: string | undefined;
    let text = '';
    const socket = connect({ host: '127.0.0.1', port, servername: 'web', rejectUnauthorized: false, ...options }, () => {
      const certificate = socket.getPeerX509Certificate();
      if (certificate?.verify(new X509Certificate(authority.certificate).publicKey)) shown = certificate.subjectAltName;
      socket.write('GET / HTTP/1.1\r\nhost: web\r\nconnection: close\r\n\r\n');
    });
    socket.setTimeout(60_000, () => socket.destroy(new Error('no answer')));
    socket.setEncoding('utf8').on('data', (data: string) => {
      text += data;
    });
    socket.on('error', (error) => resolve({ shown, status: error.message })).on('close', () => resolve({ shown, status: text.slice(0, 12) }));
  });
}

/** Names of the certificates of the listeners that an Envoy has in force, not of those that wait for something. */
function secretsOfActive({ configs }: { configs: { dynamic_listeners?: { active_state?: object }[] }[] }): string[] {
  const active = configs.flatMap(({ dynamic_listeners: listeners = [] }) => listeners.map(({ active_state: state }) => JSON.stringify(state) ?? ''));
  return active.flatMap((text) => [...text.matchAll(/"tls_certificate_sds_secret_configs":\[\{"name":"([^"]*)"/g)].map(([, name = '']) => name));
}

/** Waits until clients are shown this and served, each time: threads take what is new one after the other. */
function shows(port: number, name: string): Promise<void> {
  const visits = async (): Promise<Answer[]> => Promise.all(Array.from({ length: 10 }, () => ask(port)));
  return until(async () => (await visits()).every(({ shown, status }) => shown === `DNS:${name}` && status === 'HTTP/1.1 200'), `${name} is shown`, 60_000);
}

describe.each(['embedded', 'envoy'])('a gateway by %s', (engine) => {
  const gateway = async (address: string): Promise<WeftProcess> => {
    const [admin = 0] = await freePorts(1);
    const ports = ['--admin-port', admin, '--stats-port', 0, '--agent-port', 0, '--health-port', 0].map(String);
    const program = engine === 'envoy' ? ['--envoy-path', String(envoy)] : ['--concurrency', '2'];
    return new WeftProcess('proxy', 'run', '--engine', engine, ...program, '--xds-address', address, '--gateway', 'shop/edge', '--bind', '127.0.0.1', ...ports);
  };

  test.skipIf(engine === 'envoy' && envoy === undefined)(
    'has the certificates that the control plane gives it, and takes each new one',
    { timeout: 300_000 },
    async () => {
      const [simple = 0, mutual = 0, own = 0, missing = 0, foreign = 0] = await freePorts(5);
      const web = await backend((_request, response) => response.end('hello'));
      const folder = new Folder({
        'mesh.yaml': manifests(web, [
          [simple, '{ mode: SIMPLE, credentialName: web }'],
          [mutual, '{ mode: MUTUAL, credentialName: both }'],
          [own, '{ mode: MUTUAL, credentialName: web, caCertCredentialName: roots }'],
          [missing, '{ mode: SIMPLE, credentialName: later }'],
          [foreign, '{ mode: SIMPLE, credentialName: kubernetes-gateway://other/keys }'],
        ]),
        'web.yaml': secret('web', tls(await issue('one'))),
        'both.yaml': secret('both', { ...tls(await issue('both')), 'ca.crt': clients.certificate }),
        'roots.yaml': secret('roots', { cacert: clients.certificate }),
        'foreign.yaml': secret('keys', tls(await issue('foreign')), 'other'),
      });
      const address = `unix:${join(sockets, engine)}`;
      const control = new WeftProcess('xds', 'serve', '-f', folder.path, '-n', 'shop', '--address', address, '--debounce', '20ms');
      await control.says(/ serving /);
      const proxy = await gateway(address);
      await shows(simple, 'one').catch((error: Error) => {
        throw new Error(`${error.message}\n${proxy.stderr}`);
      });
      const { request, key } = await makeRequest('spiffe://client');
      const shown = { cert: await issueWorkload(clients, await requestedKey(request), 'spiffe://client', 3_600_000, Date.now()), key };
      for (const port of [mutual, own]) {
        await until(async () => (await ask(port, shown)).status === 'HTTP/1.1 200', `port ${port} answers its clients`, 60_000);
        expect((await ask(port)).status).not.toContain('HTTP/1.1 200');
      }
      for (const port of [missing, foreign]) expect((await ask(port)).status).not.toContain('HTTP/1.1 200');
      expect(control.stderr + proxy.stderr).not.toMatch(/PRIVATE KEY|BEGIN CERT/);

      folder.write('web.yaml', secret('web', tls(await issue('two'))));
      await shows(simple, 'two');
      // Its listener was without, and the others went on.
      folder.write('later.yaml', secret('later', { cert: (await issue('late')).certificate, key: 'x' }));
      await control.says(/Secret shop\/later: the private key cannot be read/);
      expect((await ask(missing)).status).not.toContain('HTTP/1.1 200');
      const late = await issue('late');
      folder.write('later.yaml', secret('later', { cert: late.certificate, key: late.key }));
      await shows(missing, 'late');

      // Who deletes a Secret by mistake does not end what is served with it.
      folder.write('later.yaml', '# nothing');
      await until(() => control.stderr.match(/new manifests are in force/g)?.length === 4, 'it is gone', 60_000);
      await pause(1_500);
      await shows(missing, 'late');
      proxy.signal('SIGTERM');
      await proxy.exited;
    },
  );
});

test.skipIf(envoy === undefined)('who waits for a Gateway that names a new Secret goes on when that is shown, 12 times', { timeout: 300_000 }, async () => {
  const [port = 0, admin = 0] = await freePorts(2);
  const web = await backend((_request, response) => response.end('hello'));
  const versions = Array.from({ length: 13 }, (_, i) => `v${i}`);
  const naming = (name = ''): string => manifests(web, [[port, `{ mode: SIMPLE, credentialName: ${name} }`]]);
  const issued = await Promise.all(versions.map(async (name) => secret(name, tls(await issue(name)))));
  const folder = new Folder({ 'mesh.yaml': naming(versions[0]), 'secrets.yaml': issued.join('---\n') });
  const address = `unix:${join(sockets, 'wait')}`;
  const control = new WeftProcess('xds', 'serve', '-f', folder.path, '-n', 'shop', '--address', address, '--debounce', '20ms');
  await control.says(/ serving /);
  const ports = ['--admin-port', admin, '--stats-port', 0, '--agent-port', 0, '--health-port', 0].map(String);
  const program = ['--engine', 'envoy', '--envoy-path', String(envoy)];
  const proxy = new WeftProcess('proxy', 'run', ...program, '--xds-address', address, '--gateway', 'shop/edge', '--bind', '127.0.0.1', ...ports);
  await shows(port, 'v0');
  for (const name of versions.slice(1)) {
    folder.write('mesh.yaml', naming(name));
    const waiting = new WeftProcess('x', 'wait', 'gateways.networking.istio.io', 'edge.shop', '--xds-address', address);
    expect([await waiting.exited, waiting.stderr]).toEqual([0, '']);
    // It is in force; the threads of Envoy that take connections hear of that a moment later.
    expect(secretsOfActive(JSON.parse((await page(admin, '/config_dump')).body))).toEqual([expect.stringMatching(new RegExp(`\\b${name}$`))]);
    await shows(port, name);
  }
  proxy.signal('SIGTERM');
  await proxy.exited;
});

test('private keys are not given to everybody', async () => {
  const folder = new Folder({
    'mesh.yaml': `${manifests(1, [[8443, '{ mode: SIMPLE, credentialName: web }']])}---\n${secret('web', tls(await issue('web')))}`,
  });
  const refused = new WeftProcess('xds', 'serve', '-f', folder.path, '--address', '0.0.0.0:0');
  expect(await refused.exited).toBe(64);
  expect(refused.stderr).toBe(
    'Error: --address 0.0.0.0:0 can be reached from other machines, in plain text, and the manifests have private keys: Secret shop/web\n' +
      'Serve on 127.0.0.1 or unix:PATH, or leave the Secrets out of the manifests.\n',
  );
});
