// The proxy as a pod has it, with a control plane: both engines, with redirected connections in a network of their own, and a gateway
// by the real Envoy.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { setup } from '../cli/setup.ts';
import { backend, closeAll, freePorts, page, toClose, until } from '../proxy/support.ts';
import { ask, Folder, WeftProcess } from '../proxy/weft-process.ts';
import { envoyProgram } from './envoy.ts';

beforeAll(setup);
afterEach(closeAll);

const root = join(import.meta.dirname, '../..');
const envoy = envoyProgram();
const host = 'web.shop.svc.cluster.local';
const ready = '/healthz/ready';

async function get(port: number, path: string, method = 'GET'): Promise<string> {
  try {
    const { status, body } = await page(port, path, { method });
    return `${status} ${body.trim()}`.trim();
  } catch (error) {
    return (error as Error).message;
  }
}

/** A service with one endpoint on this machine, behind a gateway. */
const shop = (gatewayPort: number, port: number): string => `apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { selector: { app: web }, ports: [{ name: http, port: 80 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: web-1, namespace: shop, labels: { kubernetes.io/service-name: web } }
addressType: IPv4
ports: [{ name: http, port: ${port}, protocol: TCP }]
endpoints: [{ addresses: [127.0.0.1], conditions: { ready: true } }]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec:
  selector: { istio: edge }
  servers: [{ port: { number: ${gatewayPort}, name: http, protocol: HTTP }, hosts: ['*'] }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: web, namespace: shop }
spec:
  hosts: [${host}]
  gateways: [edge]
  http: [{ route: [{ destination: { host: web } }] }]
`;

describe.runIf(envoy !== undefined)('a gateway by Envoy', () => {
  async function gateway(env: Readonly<Record<string, string>>, ...more: string[]) {
    const [xds = 0, admin = 0, stats = 0, agent = 0, health = 0] = await freePorts(5);
    const folder = mkdtempSync(join(tmpdir(), 'weft-pod-'));
    toClose({ close: () => rmSync(folder, { recursive: true, force: true }) });
    const labels = join(folder, 'labels');
    writeFileSync(labels, 'istio="edge"\npod-template-hash="abc"\n');
    const run = join(folder, 'run');
    const ports = ['--admin-port', admin, '--stats-port', stats, '--agent-port', agent, '--health-port', health].map(String);
    const who = ['--gateway', 'shop/edge-abc-1', '--ip', '127.0.0.1', '--labels-file', labels, '--service-account', 'edge'];
    const args = ['--engine', 'envoy', '--envoy-path', String(envoy), '--xds-address', `127.0.0.1:${xds}`, ...who, ...ports, ...more];
    mkdirSync(run);
    return { process: new WeftProcess({ TMPDIR: run, ...env }, 'proxy', 'run', ...args), xds: `127.0.0.1:${xds}`, admin, stats, agent, health, run };
  }

  /** The Envoy that was started in a folder of its own. */
  function envoyOf(run: string): number | undefined {
    const ofRun = (pid: string): boolean => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(`${envoy}\0-c\0${run}/`);
      } catch {
        return false;
      }
    };
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter(ofRun)
      .map(Number)[0];
  }

  test('is not ready without its control plane, serves what that says, and ends when requests have', { timeout: 400_000 }, async () => {
    const [port = 0] = await freePorts(1);
    const slow = Promise.withResolvers<void>();
    const app = await backend(async ({ url }, response) => {
      if (url === '/slow') await slow.promise;
      response.end(url === '/metrics' ? 'app_hits 3' : 'one');
    });
    const other = await backend((_, response) => response.end('other'));
    const { process, ...pod } = await gateway({
      ISTIO_KUBE_APP_PROBERS: JSON.stringify({ '/app-health/app/readyz': { httpGet: { port: app } } }),
      ISTIO_PROMETHEUS_ANNOTATIONS: JSON.stringify({ scrape: 'true', port: String(app) }),
    });
    await process.says(/waiting for the configuration .*engine="envoy 1\.\d+\.\d+"/);
    await until(() => envoyOf(pod.run) !== undefined, 'started', 60_000);
    await until(async () => (await get(pod.health, ready)) === '503 not ready: PRE_INITIALIZING', 'not ready', 60_000);
    expect(await get(pod.agent, '/app-health/app/readyz')).toBe('200 one');

    const folder = new Folder({ 'mesh.yaml': shop(port, app) });
    const serve = async (): Promise<WeftProcess> => {
      const server = new WeftProcess('xds', 'serve', '-f', folder.path, '--address', pod.xds);
      await server.says(/ serving /);
      return server;
    };
    const first = await serve();
    await process.says(/\bserving\b/);
    for (const own of [pod.health, pod.agent]) expect(await get(own, ready)).toBe('200');
    await until(async () => (await ask(port, host).catch(() => '')) === 'one', 'the first answer', 60_000);
    // Who it is came from its pod.
    const dump = await get(pod.admin, '/config_dump?resource=&mask=bootstrap');
    expect(dump).toContain('"id": "router~127.0.0.1~edge-abc-1.shop~shop.svc.cluster.local"');
    expect(dump).toContain('"istio": "edge"');
    expect(dump).toContain('"SERVICE_ACCOUNT": "edge"');
    expect(await get(pod.agent, '/stats/prometheus')).toMatch(
      /^200 app_hits 3\n[\s\S]*istio_agent_scrape_failures_total\{type="application"\} 0\n[\s\S]*envoy_cluster_upstream_rq_total/,
    );
    expect(await get(pod.stats, '/stats/prometheus?filter=upstream_rq_total')).not.toContain('app_hits');

    folder.write('mesh.yaml', shop(port, other));
    await until(async () => (await ask(port, host)) === 'other', 'the new endpoint', 60_000);
    first.signal('SIGKILL');
    await first.exited;
    expect(await ask(port, host)).toBe('other');
    expect(await get(pod.health, ready)).toBe('200');
    folder.write('mesh.yaml', shop(port, app));
    await serve();
    await until(async () => (await ask(port, host)) === 'one', 'back', 100_000);

    expect(await get(pod.agent, '/drain', 'POST')).toBe('200 OK');
    expect(await get(pod.health, ready)).toBe('503 not ready: DRAINING');
    expect(await ask(port, host)).toBe('one');
    const late = new Promise((resolve) => {
      request({ host: '127.0.0.1', port, path: '/slow', headers: { host }, agent: false }, (response) => resolve(response.resume().statusCode))
        .on('error', resolve)
        .end();
    });
    await until(async () => /downstream_rq_active: [1-9]/.test(await get(pod.admin, '/stats?filter=http.outbound.*downstream_rq_active')), 'under way', 60_000);
    process.signal('SIGTERM');
    await process.says(/draining reason=SIGTERM requests=1/);
    slow.resolve();
    expect(await late).toBe(200);
    expect(await process.exited).toBe(0);
    expect(envoyOf(pod.run)).toBeUndefined();
    expect(readdirSync(pod.run)).toEqual([]);
  });

  test('SIGTERM ends the waiting, and so does a job that is done', async () => {
    const waiting = await gateway({});
    await until(() => envoyOf(waiting.run) !== undefined, 'started', 60_000);
    waiting.process.signal('SIGTERM');
    expect(await waiting.process.exited).toBe(0);
    expect(existsSync(waiting.run) && readdirSync(waiting.run)).toEqual([]);
    const done = await gateway({}, '--drain-delay', '60s');
    await until(async () => (await get(done.agent, '/quitquitquit', 'POST')) === '200 OK', 'told', 60_000);
    expect(await done.process.exited).toBe(0);
  });

  test.each([
    [['--outbound-port', '15001'], /--outbound-port does not go with --engine envoy --xds-address/],
    [['-f', '.'], /-f does not go with --xds-address/],
    [['--access-log', '-'], /--access-log does not go with --engine envoy --xds-address/],
  ])('%j is a mistake', async (args, said) => {
    const { process } = await gateway({}, ...args);
    expect(await process.exited).toBe(64);
    expect(process.stderr).toMatch(said);
  });
});

const tools = ['unshare', 'ip', 'iptables-legacy', 'ip6tables-legacy', 'setpriv'];
const missing = process.getuid?.() !== 0 ? 'root' : tools.find((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0);
if (missing !== undefined) console.warn(`SKIPPED: a pod with redirected connections needs ${missing}`);

/** The pod is 10.1.0.5, and what its application sends to services is redirected; so is what comes to the pod's own address, but for the sidecar's. */
const network = `
  set -e
  ip link set lo up
  ip addr add 10.1.0.5/32 dev lo
  ip route add local 10.96.0.0/16 dev lo
  ip -6 addr add ::6/128 dev lo
  ip -6 addr add fd00:1::5/128 dev lo
  ip -6 route add local fd00:96::/32 dev lo
  for own in "iptables-legacy 127.0.0.6 10.96.0.0/16 10.1.0.5" "ip6tables-legacy ::6 fd00:96::/32 fd00:1::5"; do
    set -- $own
    $1 -t nat -A OUTPUT -o lo -p tcp -s $2 -j RETURN
    $1 -t nat -A OUTPUT -o lo -p tcp -d $4 --dport 8080 -m owner --gid-owner 1337 -j REDIRECT --to-ports 15006
    $1 -t nat -A OUTPUT -p tcp -m owner --gid-owner 1337 -j RETURN
    $1 -t nat -A OUTPUT -p tcp -d $3 -j REDIRECT --to-ports 15001
  done
  exec "$NODE" --input-type=module -e "$PROGRAM"
`;

const program = `
  import { spawn } from 'node:child_process';
  import { createServer, request } from 'node:http';
  const from = [];
  const listen = (name, port, host) => new Promise((resolve) => createServer((q, r) => { from.push(q.socket.remoteAddress); r.end(name); }).listen(port, host, resolve));
  await listen('app', 8080, '10.1.0.5');
  await listen('app6', 8080, 'fd00:1::5');
  await listen('endpoint', 9001, '127.0.0.1');
  const said = { server: '', sidecar: '' };
  const start = (name, command, args, env) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } });
    child.stderr.setEncoding('utf8').on('data', (text) => { said[name] += text; });
    child.ended = new Promise((resolve) => child.on('exit', resolve));
    child.says = async (text) => { while (!text.test(said[name])) { if (child.exitCode !== null) throw new Error(said[name]); await new Promise((resolve) => setTimeout(resolve, 20)); } };
    return child;
  };
  const server = start('server', process.env.WEFT, ['xds', 'serve', '-f', process.env.MESH, '--address', '127.0.0.1:15010', '--map', 'web=127.0.0.1:9001']);
  await server.says(/ serving /);
  const who = ['--proxy', 'shop/client-1', '--ip', process.env.IPS, '--labels-file', process.env.LABELS];
  const sidecar = start('sidecar', 'setpriv',
    ['--regid', '1337', '--clear-groups', process.env.WEFT, 'proxy', 'run', '--engine', process.env.ENGINE, ...(process.env.ENGINE === 'envoy' ? ['--envoy-path', process.env.ENVOY_PATH] : []),
      '--xds-address', '127.0.0.1:15010', ...who, '--capture', '--probe-bind', '*', '--concurrency', '0'],
    { TMPDIR: process.env.RUN, ISTIO_KUBE_APP_PROBERS: JSON.stringify({ '/app-health/app/livez': { httpGet: { port: 8080 } } }) });
  await sidecar.says(/\\bserving\\b/);
  const get = (host, port, name, path = '/') => new Promise((resolve) => request({ host, port, path, headers: { host: name } }, (response) => {
    let body = '';
    response.on('data', (chunk) => { body += chunk; }).on('end', () => resolve(response.statusCode + ' ' + (response.headers.server ?? '-') + ' ' + body));
  }).on('error', (error) => resolve(error.message)).end());
  const print = (line) => process.stdout.write(line + '\\n');
  print('outbound ' + await get('10.96.0.10', 80, 'web'));
  if (process.env.ENGINE === 'embedded') print('outbound ' + await get('fd00:96::a', 80, 'web'));
  print('ready ' + await get('10.1.0.5', 15021, 'anything', '/healthz/ready'));
  print('ready ' + await get('fd00:1::5', 15020, 'anything', '/healthz/ready'));
  from.length = 0;
  print('probe ' + await get('10.1.0.5', 15020, '10.1.0.5', '/app-health/app/livez'));
  print('from ' + from);
  print('admin ' + await get('10.1.0.5', 15000, 'anything'));
  sidecar.kill('SIGTERM');
  print('exit ' + await sidecar.ended);
  server.kill('SIGTERM');
  await server.ended;
  if (/error/i.test(said.sidecar)) print(said.sidecar);
  process.exit();
`;

const mesh = `apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec:
  clusterIP: 10.96.0.10
  clusterIPs: [10.96.0.10, 'fd00:96::a']
  ipFamilies: [IPv4, IPv6]
  selector: { app: web }
  ports: [{ name: http, port: 80 }]
`;

describe.runIf(missing === undefined)('a sidecar with redirected connections', () => {
  test.each([
    ['embedded', '10.1.0.5,fd00:1::5', '127.0.0.6'],
    ['embedded', 'fd00:1::5', '::6'],
    ...(envoy === undefined ? [] : [['envoy', '10.1.0.5', '127.0.0.6']]),
  ])('%s, pod %s', { timeout: 250_000 }, (engine = '', ips = '', source = '') => {
    const folder = mkdtempSync(join(tmpdir(), 'weft-pod-'));
    toClose({ close: () => rmSync(folder, { recursive: true, force: true }) });
    const run = join(folder, 'run');
    mkdirSync(run);
    writeFileSync(join(folder, 'mesh.yaml'), mesh);
    writeFileSync(join(folder, 'labels'), 'app="client"\n');
    const { stdout, stderr } = spawnSync('unshare', ['-n', 'sh', '-c', network], {
      encoding: 'utf8',
      env: {
        ...process.env,
        NODE: process.execPath,
        PROGRAM: program,
        WEFT: join(root, 'bin/weft'),
        MESH: join(folder, 'mesh.yaml'),
        LABELS: join(folder, 'labels'),
        RUN: run,
        ENGINE: engine,
        IPS: ips,
        ...(envoy === undefined ? {} : { ENVOY_PATH: envoy }),
        NO_COLOR: '1',
      },
      timeout: 240_000,
    });
    expect(stderr).not.toContain('Error');
    expect(stdout.trim().split('\n')).toEqual([
      'outbound 200 envoy endpoint',
      ...(engine === 'embedded' ? ['outbound 200 envoy endpoint'] : []),
      'ready 200 - ',
      'ready 200 - ',
      `probe 200 - ${source === '::6' ? 'app6' : 'app'}`,
      `from ${source}`,
      'admin connect ECONNREFUSED 10.1.0.5:15000',
      'exit 0',
    ]);
  });
});
