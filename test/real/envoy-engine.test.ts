// `weft proxy run --engine envoy` with the real Envoy: what it serves, what it takes while it runs, and how it ends.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, createServer, type IncomingHttpHeaders, request } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { freePorts } from '../free-ports.ts';
import { until } from '../until.ts';
import { envoyProgram } from './envoy.ts';

const root = join(import.meta.dirname, '../..');
const fixtures = join(root, 'fixtures');
const envoy = envoyProgram();
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

interface Application {
  port: number;
  /** Paths that it was asked for. */
  asked: string[];
  /** Answers that wait: requests for `/slow`. */
  release(): void;
}

/** An application that says its name, and what it was asked for. */
async function application(name: string): Promise<Application> {
  const asked: string[] = [];
  const slow = Promise.withResolvers<void>();
  // It closes no connection between two requests: one that is sent at that moment would fail.
  const server = createServer({ keepAliveTimeout: 600_000 }, async ({ url = '' }, response) => {
    asked.push(url);
    if (url === '/slow') await slow.promise;
    response.end(name);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    slow.resolve();
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, asked, release: () => slow.resolve() };
}

interface Run {
  child: ChildProcess;
  output: { stdout: string; stderr: string };
  outbound: number;
  admin: number;
  agent: number;
  exit: Promise<number | null>;
  /** Waits until an output has a text, from the last one that was waited for. */
  says(stream: 'stdout' | 'stderr', text: RegExp): Promise<void>;
}

async function weft(args: readonly string[], { folder = tmpdir() } = {}): Promise<Run> {
  const [outbound = 0, admin = 0, agent = 0] = await freePorts(3);
  const ports = ['--outbound-port', outbound, '--admin-port', admin, '--stats-port', 0, '--agent-port', agent, '--health-port', 0].map(String);
  const all = ['proxy', 'run', '--engine', 'envoy', '--envoy-path', String(envoy), ...ports, ...args];
  const child = spawn(join(root, 'bin/weft'), all, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TMPDIR: folder } });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  let over: number | null | undefined;
  const exit = new Promise<number | null>((resolve) => child.on('close', resolve));
  void exit.then((code) => {
    over = code;
  });
  cleanups.push(async () => {
    // Twice: it would let requests end first.
    child.kill('SIGTERM');
    child.kill('SIGINT');
    await exit;
  });
  const seen = { stdout: 0, stderr: 0 };
  const says = async (stream: 'stdout' | 'stderr', text: RegExp): Promise<void> => {
    for (;;) {
      const found = text.exec(output[stream].slice(seen[stream]));
      if (found) {
        seen[stream] += found.index + found[0].length;
        return;
      }
      // Only then everything that it said is read.
      if (over !== undefined) throw new Error(`weft ended with ${over}:\n${output.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  return { child, output, outbound, admin, agent, exit, says };
}

interface Answer {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

function get(port: number, path: string, host: string, agent: Agent | false = false): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, headers: { host }, agent }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
    })
      .on('error', reject)
      .end();
  });
}

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'weft-engine-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** In one step: of half a file its watcher would make other manifests. */
function replace(file: string, text: string): void {
  const whole = join(temporary(), 'whole');
  writeFileSync(whole, text);
  renameSync(whole, file);
}

function payment(): string {
  const folder = join(temporary(), 'mesh');
  cpSync(join(fixtures, 'payment'), folder, { recursive: true });
  return folder;
}

const maps = (v1: Application, v2: Application): string[] => ['--map', `payment-service/v1=${v1.port}`, '--map', `payment-service/v2=${v2.port}`];

/** An EnvoyFilter with a program. */
const lua = (program: string): string => `apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: { name: lua, namespace: payment }
spec:
  configPatches:
    - applyTo: HTTP_FILTER
      match: { context: SIDECAR_OUTBOUND, listener: { filterChain: { filter: { name: envoy.filters.network.http_connection_manager, subFilter: { name: envoy.filters.http.router } } } } }
      patch:
        operation: INSERT_BEFORE
        value:
          name: envoy.filters.http.lua
          typed_config:
            '@type': type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua
            default_source_code: { inline_string: "${program}" }
`;

/** The Envoy that a weft has started. */
function envoyOf({ pid = 0 }: ChildProcess): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
  return children.find((own) => readFileSync(`/proc/${own}/cmdline`, 'utf8').startsWith(String(envoy))) ?? 0;
}

describe.runIf(envoy !== undefined)('the Envoy engine', () => {
  it('routes and mirrors as the manifests say, logs, and ends with 0 by SIGTERM, with nothing left', async () => {
    const [v1, v2] = await Promise.all([application('v1'), application('v2')]);
    const folder = temporary();
    const run = await weft(['-f', join(fixtures, 'payment'), ...maps(v1, v2), '--access-log', '-'], { folder });
    await run.says('stderr', /\bserving engine="envoy 1\.\d+\.\d+"/);
    expect(run.output.stderr.trim().split('\n')).toHaveLength(1);
    expect(await get(run.outbound, '/a', 'payment-service')).toMatchObject({ status: 200, body: 'v1', headers: { server: 'envoy' } });
    expect(await get(run.outbound, '/b', 'payment-service.payment:8080')).toMatchObject({ status: 200, body: 'v1' });
    expect(await get(run.outbound, 'http://payment-service:8080/c', 'payment-service:8080')).toMatchObject({ status: 200, body: 'v1' });
    await until(() => v2.asked.length === 3, 'the new version was asked');
    expect([...v2.asked].sort()).toEqual(['/a', '/b', '/c']);
    await run.says('stdout', /"GET \/a HTTP\/1\.1" 200 - via_upstream .* outbound\|8080\|v1\|payment-service\.payment\.svc\.cluster\.local .* primary\n/);
    const envoyPid = envoyOf(run.child);
    run.child.kill('SIGTERM');
    expect(await run.exit).toBe(0);
    expect(run.output.stderr).toMatch(/draining.*\n.*stopped\n$/);
    expect(readdirSync(folder)).toEqual([]);
    expect(existsSync(`/proc/${envoyPid}`)).toBe(false);
  });

  it('what no service takes goes where its Host header says, but not to itself', async () => {
    const other = await application('elsewhere');
    const run = await weft(['-f', join(fixtures, 'payment')]);
    await run.says('stderr', /\bserving\b/);
    expect(await get(run.outbound, '/', `127.0.0.1:${other.port}`)).toMatchObject({ status: 200, body: 'elsewhere' });
    expect(await get(run.outbound, '/', `localhost:${other.port}`)).toMatchObject({ status: 200, body: 'elsewhere' });
    expect(await get(run.outbound, '/', `127.0.0.1:${run.outbound}`)).toMatchObject({ status: 503, body: 'no healthy upstream' });
    expect(await get(run.outbound, '/', 'payment-service')).toMatchObject({ status: 503, body: 'no healthy upstream' });
  });

  it('a canary gets its share', async () => {
    const [v1, v2] = await Promise.all([application('v1'), application('v2')]);
    const mesh = payment();
    cpSync(join(fixtures, 'payment-steps/canary.yaml'), join(mesh, 'virtual-service.yaml'));
    const run = await weft(['-f', mesh, ...maps(v1, v2)]);
    await run.says('stderr', /\bserving\b/);
    const agent = new Agent({ keepAlive: true });
    for (let i = 0; i < 400; i++) expect((await get(run.outbound, '/', 'payment-service', agent)).status).toBe(200);
    agent.destroy();
    expect(v1.asked.length + v2.asked.length).toBe(400);
    // 40 of 400, less than once in a million outside of this.
    expect(v2.asked.length).toBeGreaterThan(10);
    expect(v2.asked.length).toBeLessThan(75);
  });

  it('shows its administration, metrics and readiness', async () => {
    const v1 = await application('v1');
    const run = await weft(['-f', join(fixtures, 'payment'), '--map', `payment-service/v1=${v1.port}`]);
    await run.says('stderr', /\bserving\b/);
    await get(run.outbound, '/', 'payment-service');
    expect((await get(run.admin, '/clusters', 'localhost')).body).toContain(
      `outbound|8080|v1|payment-service.payment.svc.cluster.local::127.0.0.1:${v1.port}::rq_success::1`,
    );
    expect(await get(run.agent, '/healthz/ready', 'localhost')).toMatchObject({ status: 200, body: '' });
    const { body } = await get(run.agent, '/stats/prometheus', 'localhost');
    expect(body).toMatch(/^envoy_cluster_upstream_rq_total\{cluster_name="outbound\|8080\|v1\|payment-service\.payment\.svc\.cluster\.local"\} 1$/m);
    expect((await get(run.agent, '/clusters', 'localhost')).status).toBe(404);
  });

  it('takes new manifests while connections stay, and refuses broken ones and those that Envoy refuses', async () => {
    const [v1, v2] = await Promise.all([application('v1'), application('v2')]);
    const mesh = payment();
    const file = join(mesh, 'virtual-service.yaml');
    const text = readFileSync(file, 'utf8');
    const run = await weft(['-f', mesh, ...maps(v1, v2), '--watch']);
    await run.says('stderr', /\bserving\b/);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    cleanups.push(() => agent.destroy());
    let connections = 0;
    const body = async (): Promise<string> => {
      const answer = await get(run.outbound, '/', 'payment-service', agent);
      if (answer.headers.connection === 'close') connections++;
      return answer.body;
    };
    expect(await body()).toBe('v1');
    replace(file, text.replace('subset: v1', 'subset: v2'));
    await run.says('stderr', /new manifests are in force/);
    expect(await body()).toBe('v2');
    replace(file, text.replace('weight: 100', 'weight: -1'));
    await run.says('stderr', /IST0106 weight -1 is less than 0[\s\S]*✘ 1 error: the manifests before go on\./);
    expect(await body()).toBe('v2');
    const filter = join(mesh, 'filter.yaml');
    replace(file, text.replace('subset: v1', 'subset: v2'));
    replace(filter, lua('function ('));
    await run.says(
      'stderr',
      /the ones before go on: EnvoyFilter payment\/lua \(\S*filter\.yaml:\d+\): Envoy refuses HTTP_FILTER INSERT_BEFORE: script load error/,
    );
    expect(await body()).toBe('v2');
    rmSync(filter);
    replace(file, text);
    await run.says('stderr', /new manifests are in force/);
    expect(await body()).toBe('v1');
    expect(connections).toBe(0);
  });

  it('not one request is lost while clusters come and go', async () => {
    const [v1, v2] = await Promise.all([application('v1'), application('v2')]);
    const mesh = payment();
    const rule = readFileSync(join(mesh, 'destination-rule.yaml'), 'utf8');
    const service = readFileSync(join(mesh, 'virtual-service.yaml'), 'utf8');
    // Both change in one step.
    rmSync(join(mesh, 'virtual-service.yaml'));
    const file = join(mesh, 'destination-rule.yaml');
    writeFileSync(file, `${rule}---\n${service}`);
    const run = await weft(['-f', mesh, '--map', `payment-service=${v1.port}`, '--watch']);
    await run.says('stderr', /\bserving\b/);
    const agent = new Agent({ keepAlive: true });
    let over = false;
    const statuses = new Set<number | undefined>();
    const load = Promise.all(
      [1, 2, 3, 4].map(async () => {
        while (!over) statuses.add((await get(run.outbound, '/', 'payment-service', agent)).status);
      }),
    );
    for (const name of ['other', 'third', 'v1']) {
      replace(file, `${rule.replace('name: v1', `name: ${name}`)}---\n${service.replace('subset: v1', `subset: ${name}`)}`);
      await run.says('stderr', /new manifests are in force/);
    }
    over = true;
    await load;
    agent.destroy();
    expect([...statuses]).toEqual([200]);
    expect(v2.asked).toEqual([]);
  });

  it('requests under way end before it does; nobody new is let in', async () => {
    const v1 = await application('v1');
    const run = await weft(['-f', join(fixtures, 'payment'), '--map', `payment-service/v1=${v1.port}`]);
    await run.says('stderr', /\bserving\b/);
    const slow = get(run.outbound, '/slow', 'payment-service');
    await until(() => v1.asked.includes('/slow'), 'the slow request is under way');
    run.child.kill('SIGINT');
    await run.says('stderr', /draining reason=SIGINT requests=1/);
    // Its socket is closed soon after, and who waits there for being accepted is reset.
    const isRefused = (): Promise<boolean> =>
      get(run.outbound, '/', 'payment-service').then(
        () => false,
        ({ message }: Error) => /ECONNREFUSED|ECONNRESET|socket hang up/.test(message),
      );
    await until(isRefused, 'nobody new is let in');
    v1.release();
    expect(await slow).toMatchObject({ status: 200, body: 'v1' });
    expect(await run.exit).toBe(0);
  });

  it('a second signal does not wait', async () => {
    const v1 = await application('v1');
    const run = await weft(['-f', join(fixtures, 'payment'), '--map', `payment-service/v1=${v1.port}`]);
    await run.says('stderr', /\bserving\b/);
    const slow = get(run.outbound, '/slow', 'payment-service').catch((error: Error) => error);
    await until(() => v1.asked.includes('/slow'), 'the slow request is under way');
    run.child.kill('SIGTERM');
    await run.says('stderr', /draining/);
    run.child.kill('SIGTERM');
    expect(await run.exit).toBe(0);
    expect(await slow).toBeInstanceOf(Error);
  });

  it('an Envoy that ends by itself ends weft with its code, and is not started again', async () => {
    const run = await weft(['-f', join(fixtures, 'payment')]);
    await run.says('stderr', /\bserving\b/);
    process.kill(envoyOf(run.child), 'SIGKILL');
    expect(await run.exit).toBe(137);
    expect(run.output.stderr).toMatch(/Error: Envoy ended by itself, by SIGKILL: nothing is served any more\.\n$/);
  });

  it.each(['--outbound-port', '--admin-port', '--agent-port'])('a port of %s that is taken is one message, and nothing is started', async (flag) => {
    const server = createTcpServer();
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    const run = await weft(['-f', join(fixtures, 'payment'), flag, String(port)]);
    expect(await run.exit).toBe(1);
    expect(run.output.stderr).toMatch(
      new RegExp(`^Error: cannot listen on 127\\.0\\.0\\.1:${port}: another process has this port\\nChoose another port with ${flag}.*\\n$`),
    );
  });

  it('a gateway listens on the ports of its servers', async () => {
    const [cart, [port = 0]] = await Promise.all([application('cart'), freePorts(1)]);
    const mesh = join(temporary(), 'mesh.yaml');
    writeFileSync(
      mesh,
      `apiVersion: v1
kind: Service
metadata: { name: cart, namespace: shop }
spec: { ports: [{ name: http, port: 80 }] }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec: { selector: { istio: edge }, servers: [{ port: { number: ${port}, name: http, protocol: HTTP }, hosts: [shop.example] }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: cart, namespace: shop }
spec: { hosts: [shop.example], gateways: [edge], http: [{ route: [{ destination: { host: cart } }] }] }
`,
    );
    const run = await weft(['-f', mesh, '--gateway', 'shop/edge', '--map', `cart=${cart.port}`]);
    await run.says('stderr', /\bserving engine="envoy \S+" proxy="gateway shop\/edge"/);
    expect(await get(port, '/', 'shop.example')).toMatchObject({ status: 200, body: 'cart', headers: { server: 'istio-envoy' } });
    expect((await get(port, '/', 'other.example')).status).toBe(404);
  });

  it('an EnvoyFilter is applied', async () => {
    const v1 = await application('v1');
    const mesh = payment();
    writeFileSync(join(mesh, 'filter.yaml'), lua("function envoy_on_response(handle) handle:headers():add('x-lua', 'yes') end"));
    const run = await weft(['-f', mesh, '--map', `payment-service/v1=${v1.port}`]);
    await run.says('stderr', /\bserving\b/);
    expect(await get(run.outbound, '/', 'payment-service')).toMatchObject({ status: 200, headers: { 'x-lua': 'yes' } });
  });
});

const tools = ['unshare', 'ip', 'iptables-legacy', 'setpriv'];
const missing = process.getuid?.() !== 0 ? 'root' : tools.find((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0);
if (missing !== undefined) console.warn(`SKIPPED: captured connections of the Envoy engine need ${missing}`);

/** In a network of its own: what is sent to 10.96.0.0/16 is redirected, but for what the proxy's group sends. */
const network = `
  set -e
  ip link set lo up
  ip route add local 10.96.0.0/16 dev lo
  iptables-legacy -w -t nat -A OUTPUT -p tcp -m owner --gid-owner 1337 -j RETURN
  iptables-legacy -w -t nat -A OUTPUT -p tcp -d 10.96.0.0/16 -j REDIRECT --to-ports 15001
  exec "$NODE" --input-type=module -e "$PROGRAM"
`;

const captured = `
  import { spawn } from 'node:child_process';
  import { createServer, request } from 'node:http';
  const listen = (name, port, host) => new Promise((resolve) => createServer((q, r) => r.end(name)).listen(port, host, resolve));
  await listen('v1', 9001, '127.0.0.1');
  await listen('elsewhere', 7000, '10.96.5.5');
  const args = ['--regid', '1337', '--clear-groups', process.env.WEFT, 'proxy', 'run', '--engine', 'envoy', '--envoy-path', process.env.ENVOY_PATH];
  const weft = spawn('setpriv', [...args, '-f', process.env.MESH, '--capture', '--map', 'payment-service/v1=127.0.0.1:9001'], { stdio: ['ignore', 'inherit', 'pipe'] });
  let said = '';
  const ended = new Promise((resolve) => weft.on('exit', resolve));
  weft.stderr.setEncoding('utf8').on('data', (text) => { said += text; });
  await Promise.race([ended, new Promise((resolve) => weft.stderr.on('data', () => /serving/.test(said) && resolve()))]);
  const get = (host, port, name) => new Promise((resolve) => request({ host, port, headers: { host: name } }, (response) => {
    let body = '';
    response.on('data', (chunk) => { body += chunk; }).on('end', () => resolve(response.statusCode + ' ' + response.headers.server + ' ' + body));
  }).on('error', (error) => resolve(error.message)).end());
  console.log(await get('10.96.0.10', 8080, 'payment-service'));
  console.log(await get('10.96.5.5', 7000, 'whoever'));
  weft.kill('SIGTERM');
  console.log('exit ' + await ended);
  if (!/serving/.test(said)) console.log(said);
  process.exit();
`;

it.runIf(envoy !== undefined && missing === undefined)('captured connections go by their original destination', () => {
  const { stdout, stderr } = spawnSync('unshare', ['-n', 'sh', '-c', network], {
    encoding: 'utf8',
    env: { ...process.env, NODE: process.execPath, PROGRAM: captured, WEFT: join(root, 'bin/weft'), ENVOY_PATH: envoy, MESH: join(fixtures, 'payment') },
    timeout: 100_000,
  });
  expect(stderr).not.toContain('Error');
  expect(stdout.trim().split('\n')).toEqual(['200 envoy v1', '200 undefined elsewhere', 'exit 0']);
});
