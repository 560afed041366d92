// A gateway of weft in front of an application, with a service that is asked about its requests.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, freePorts } from '../../free-ports.ts';
import { until } from '../../until.ts';
import { type AuthorizationServer, closed, grpcAuthorizationServer, httpAuthorizationServer, idleMs, listening, textOf } from './authorization-server.ts';

const weft = join(import.meta.dirname, '../../../bin/weft.js');

export interface Setup {
  protocol: 'Http' | 'Grpc';
  /** Of the provider, in YAML. */
  provider: Record<string, unknown>;
  /** Nobody listens where the service should. */
  noServer?: boolean;
  /** The service denies what it does not know. */
  denies?: boolean;
}

export interface Sent {
  path: string;
  method?: string;
  headers?: Record<string, string | string[]>;
  body?: string;
  /** The service is asked, and does not answer: whoever asks may give it up before the question is read. */
  unanswered?: boolean;
}

/** What became of a request, without what differs from run to run. */
export interface Seen {
  status: number;
  headers: [string, string][];
  body: string;
  asked: unknown[];
  /** What the application got. */
  got: unknown[];
  /** Flags and details of the access log. */
  log: string;
}

/** What became of a connection. */
export interface SeenConnection {
  received: string;
  asked: unknown[];
  /** What the service got. */
  got: string[];
  log: string;
}

export interface Place {
  send(sent: Sent): Promise<Seen>;
  /** Bytes to the TCP port. */
  connect(text: string): Promise<SeenConnection>;
  close(): Promise<void>;
}

const logMs = 60_000;

const differing = new Set([
  'date',
  'x-envoy-upstream-service-time',
  'x-request-id',
  'x-envoy-external-address',
  'connection',
  'keep-alive',
  'transfer-encoding',
]);

/** With a service that is asked. */
export async function startPlace(engine: readonly string[], setup: Setup): Promise<Place> {
  const authzPort = await freePort();
  const start = setup.protocol === 'Http' ? httpAuthorizationServer : grpcAuthorizationServer;
  const authz = setup.noServer ? undefined : await start(authzPort, setup.denies);
  return startGateway(engine, { manifests: () => askedAbout(authzPort, setup), meshConfig: meshConfig(authzPort, setup), authz });
}

export interface GatewaySetup {
  /** Beside the application and the gateway `shop/edge`. */
  manifests(): string;
  meshConfig?: Record<string, unknown>;
  /** Proxies in front that append to x-forwarded-for. */
  trustedProxies?: number;
  /** Closed with the gateway. */
  authz?: AuthorizationServer | undefined;
}

/** @param engine arguments that choose it */
export async function startGateway(engine: readonly string[], { manifests, meshConfig = {}, trustedProxies = 0, authz }: GatewaySetup): Promise<Place> {
  const [gatewayPort = 0, tcpPort = 0, appPort = 0, echoPort = 0, admin = 0, agent = 0] = await freePorts(6);
  const got: unknown[] = [];
  const app = createServer({ keepAliveTimeout: idleMs }, async (message, response) => {
    const body = await textOf(message);
    const headers = pairs(message.rawHeaders).filter(([name]) =>
      /^x-(user|secret|more|new|absent|auth|other|nowhere|envoy-auth)|^authorization$|^content-length$|^host$/.test(name),
    );
    got.push({ method: message.method, url: message.url, headers, body });
    response.writeHead(200, { 'x-app': '1', 'x-app-b': '1', 'x-app-c': '1' }).end('app');
  });
  await listening(app, appPort);
  const bytes: string[] = [];
  const echo = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      bytes.push(chunk.toString());
      socket.end(`echo ${chunk}`);
    });
  });
  await new Promise<void>((resolve) => void echo.listen(echoPort, '127.0.0.1', resolve));
  const folder = mkdtempSync(join(tmpdir(), 'weft-authz-'));
  const topology = { defaultConfig: { gatewayTopology: { numTrustedProxies: trustedProxies } } };
  writeFileSync(join(folder, 'mesh.yaml'), routesTo({ http: gatewayPort, tcp: tcpPort, app: appPort, echo: echoPort }) + manifests());
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...topology, ...meshConfig }));
  const ports = ['--admin-port', admin, '--agent-port', agent, '--stats-port', 0, '--health-port', 0].map(String);
  const log = ['--access-log', '-', '--access-log-format', 'LOG %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS%'];
  const files = ['-f', join(folder, 'mesh.yaml'), '--meshConfigFile', join(folder, 'config.json'), '--gateway', 'shop/edge'];
  const child = spawn(process.execPath, [weft, 'proxy', 'run', ...engine, ...files, ...ports, ...log], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  let stdout = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const exited = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const close = async (): Promise<void> => {
    child.kill('SIGTERM');
    child.kill('SIGINT');
    await exited;
    echo.close();
    await Promise.all([closed(app), authz?.close()]);
    rmSync(folder, { recursive: true });
  };
  try {
    await until(() => /\bserving\b/.test(stderr) || child.exitCode !== null, 'weft serves', 90_000);
    if (child.exitCode !== null) throw new Error(`weft ended with ${child.exitCode}:\n${stderr}`);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    close,
    connect: async (text) => {
      const before = { asked: authz?.asked.length ?? 0, got: bytes.length, log: stdout.length };
      const received = await connection(tcpPort, text);
      await until(() => stdout.slice(before.log).includes('\n'), 'the connection is in the access log', logMs);
      const log = stdout.slice(before.log).split('\n')[0] ?? '';
      return { received, asked: authz?.asked.slice(before.asked) ?? [], got: bytes.slice(before.got), log };
    },
    send: async (sent) => {
      const before = { asked: authz?.asked.length ?? 0, got: got.length, log: stdout.length };
      const answer = await exchange(gatewayPort, sent);
      await until(() => stdout.slice(before.log).includes('\n'), 'the request is in the access log', logMs);
      if (sent.unanswered) await until(() => (authz?.asked.length ?? 0) > before.asked, 'the service was asked');
      const line = stdout.slice(before.log).split('\n')[0] ?? '';
      return { ...answer, asked: authz?.asked.slice(before.asked) ?? [], got: got.slice(before.got), log: line };
    },
  };
}

function exchange(port: number, { path, method = 'GET', headers = {}, body }: Sent): Promise<Pick<Seen, 'status' | 'headers' | 'body'>> {
  return new Promise((resolve, reject) => {
    const own = { host: 'shop.example', ...headers, ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }) };
    const sent = request({ host: '127.0.0.1', port, path, method, headers: own, agent: false }, async (response) => {
      const text = await textOf(response);
      const seen = pairs(response.rawHeaders).filter(([name]) => !differing.has(name));
      resolve({ status: response.statusCode ?? 0, headers: seen.sort(([a, x], [b, y]) => (`${a}\n${x}` < `${b}\n${y}` ? -1 : 1)), body: text });
    });
    sent.on('error', reject).end(body);
  });
}

/** All that comes until the other side ends it. */
function connection(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(text));
    socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
    socket.on('error', () => {}).on('close', () => resolve(received));
  });
}

function pairs(raw: readonly string[]): [string, string][] {
  return raw.flatMap((text, i): [string, string][] => (i % 2 === 0 ? [[text.toLowerCase(), raw[i + 1] as string]] : []));
}

function meshConfig(port: number, { protocol, provider }: Setup): Record<string, unknown> {
  return { extensionProviders: [{ name: 'ask', [`envoyExtAuthz${protocol}`]: { service: 'shop/authz.example', port, ...provider } }] };
}

const entry = (name: string, port: number, protocol: string): string => `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: ${name}, namespace: shop }
spec:
  hosts: [${name}.example]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{ number: ${port}, name: p, protocol: ${protocol} }]
  endpoints: [{ address: 127.0.0.1 }]
---
`;

const routesTo = ({
  http,
  tcp,
  app,
  echo,
}: Record<'http' | 'tcp' | 'app' | 'echo', number>): string => `${entry('app', app, 'HTTP')}${entry('echo', echo, 'TCP')}apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec:
  selector: { app: edge }
  servers:
    - { port: { number: ${http}, name: http, protocol: HTTP }, hosts: ['*'] }
    - { port: { number: ${tcp}, name: tcp, protocol: TCP }, hosts: ['*'] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: echo, namespace: shop }
spec:
  hosts: ['echo.shop.test']
  gateways: [edge]
  tcp: [{ match: [{ port: ${tcp} }], route: [{ destination: { host: echo.example, port: { number: ${echo} } } }] }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: app, namespace: shop }
spec:
  hosts: ['shop.example', '*.shop.example']
  gateways: [edge]
  http:
    - match: [{ headers: { x-user: { exact: from-authz } } }]
      name: known
      headers: { request: { set: { x-user-route: known } } }
      route: [{ destination: { host: app.example, port: { number: ${app} } } }]
    - name: anybody
      route: [{ destination: { host: app.example, port: { number: ${app} } } }]
---
`;

const askedAbout = (
  authz: number,
  { protocol }: Setup,
): string => `${entry('authz', authz, protocol === 'Http' ? 'HTTP' : 'GRPC')}apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ask, namespace: shop }
spec:
  selector: { matchLabels: { app: edge } }
  action: CUSTOM
  provider: { name: ask }
  rules: [{ to: [{ operation: { notPaths: ['/open*'] } }] }]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: never, namespace: shop }
spec:
  selector: { matchLabels: { app: edge } }
  action: DENY
  rules: [{ to: [{ operation: { methods: [DELETE] } }] }]
`;
