// The sidecar as it runs in a pod: beside an application, with a kubelet that asks it, and a control plane that may come later.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { backend, closeAll, freePorts, Peer, page, refuses, shop, toClose, until } from './support.ts';
import { ask, Folder, WeftProcess } from './weft-process.ts';

afterEach(closeAll);

interface Pod {
  process: WeftProcess;
  outbound: number;
  admin: number;
  agent: number;
  health: number;
  /** Status and body of an answer; `refused` where nobody listens. */
  get(port: number, path: string, method?: string): Promise<string>;
}

const get = async (port: number, path: string, method = 'GET', host = '127.0.0.1'): Promise<string> => {
  try {
    const { status, body } = await page(port, path, { method, host });
    return `${status} ${body.trim()}`.trim();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ECONNREFUSED' ? 'refused' : message;
  }
};

async function sidecar(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Pod> {
  const [outbound = 0, admin = 0, agent = 0, health = 0] = await freePorts(4);
  const ports = ['--outbound-port', outbound, '--admin-port', admin, '--stats-port', 0, '--agent-port', agent, '--health-port', health].map(String);
  return { process: new WeftProcess(env, 'proxy', 'run', ...ports, ...args), outbound, admin, agent, health, get };
}

const ready = '/healthz/ready';
const client = `apiVersion: v1
kind: Pod
metadata: { name: client, namespace: shop, labels: { app: client } }
spec: { containers: [{ name: app, image: app }] }
`;

/** A sidecar that serves the shop from files. */
async function serving(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Pod> {
  const v1 = await backend((_, response) => response.end('v1'));
  const folder = new Folder({ 'web.yaml': shop('v1') });
  const pod = await sidecar(['-f', folder.path, '-n', 'shop', '--map', `web/v1=127.0.0.1:${v1}`, ...args], env);
  await pod.process.says(/ serving /);
  return pod;
}

describe('without a control plane yet', () => {
  test('it is there for the kubelet, not ready, and gets ready when the control plane has come', async () => {
    const page = await backend(({ url }, response) => response.end(url === '/live' ? 'alive' : 'app_hits 3\n'));
    const v1 = await backend((_, response) => response.end('v1'));
    const [xds = 0] = await freePorts(1);
    const { process, ...pod } = await sidecar(['--xds-address', `127.0.0.1:${xds}`, '--proxy', 'shop/client', '--ip', '127.0.0.1'], {
      ISTIO_KUBE_APP_PROBERS: JSON.stringify({ '/app-health/app/livez': { httpGet: { path: '/live', port: page } } }),
      ISTIO_PROMETHEUS_ANNOTATIONS: JSON.stringify({ scrape: 'true', path: '/metrics', port: String(page) }),
    });
    await process.says(/no connection to the control plane: .*it is tried again/);
    expect(await get(pod.health, ready)).toBe('503 not ready: PRE_INITIALIZING');
    expect(await get(pod.agent, ready)).toBe('503 not ready: PRE_INITIALIZING');
    expect(await get(pod.agent, '/app-health/app/livez')).toBe('200 alive');
    expect(await get(pod.agent, '/stats/prometheus')).toMatch(/^200 app_hits 3\n[\s\S]*envoy_server_live 0\n/);
    expect(await get(pod.admin, '/ready')).toBe('503 PRE_INITIALIZING');
    expect(await refuses(pod.outbound)).toBe(true);
    const waiting = new WeftProcess('proxy', 'wait', '--url', `http://127.0.0.1:${pod.health}${ready}`, '--period', '50ms');
    const hurried = new WeftProcess('proxy', 'wait', '--url', `http://127.0.0.1:${pod.health}${ready}`, '--timeout', '200ms');
    expect(await hurried.exited).toBe(1);
    expect(hurried.stderr).toMatch(/^Error: the sidecar is not ready after 200ms: not ready: PRE_INITIALIZING\n.*the control plane/);

    const folder = new Folder({ 'web.yaml': shop('v1'), 'client.yaml': client });
    const server = new WeftProcess('xds', 'serve', '-f', folder.path, '--address', `127.0.0.1:${xds}`, '-n', 'shop', '--map', `web/v1=127.0.0.1:${v1}`);
    await process.says(/ serving /);
    expect(await get(pod.health, ready)).toBe('200');
    expect(await waiting.exited).toBe(0);
    expect(waiting.stderr).toMatch(/^the sidecar is ready, after \d+\.\d s\n$/);
    expect(await ask(pod.outbound, 'web')).toBe('v1');
    // Without its control plane it goes on, and is ready.
    server.signal('SIGKILL');
    await process.says(/the last routing table goes on/);
    expect(await get(pod.health, ready)).toBe('200');
    process.signal('SIGTERM');
    expect(await process.exited).toBe(0);
  });

  test('a name that nobody knows yet is tried again, and SIGTERM ends the waiting', { timeout: 240_000 }, async () => {
    const { process, ...pod } = await sidecar(['--xds-address', 'weft-controller.invalid:15010', '--proxy', 'shop/client', '--log-level', 'debug']);
    await process.says(/no connection to the control plane: .*weft-controller\.invalid.*it is tried again/, 100_000);
    // Somebody may have to be asked, who does not answer either.
    await process.says(/(?:no connection to the control plane: .*\n[\s\S]*){2}/, 100_000);
    expect(await get(pod.health, ready)).toBe('503 not ready: PRE_INITIALIZING');
    process.signal('SIGTERM');
    expect(await process.exited).toBe(0);
  });

  test('two threads wait like one, and a port that is taken is told at once', async () => {
    const { process, ...pod } = await sidecar(['--xds-address', '127.0.0.1:1', '--proxy', 'shop/client', '--concurrency', '2']);
    await process.says(/it is tried again/);
    expect(await get(pod.agent, ready)).toBe('503 not ready: PRE_INITIALIZING');
    expect(await get(pod.agent, '/stats/prometheus')).toContain('envoy_server_concurrency 2\n');
    const second = new WeftProcess(
      'proxy',
      'run',
      '--xds-address',
      '127.0.0.1:1',
      '--proxy',
      'shop/a',
      '--admin-port',
      '0',
      '--stats-port',
      '0',
      '--health-port',
      String(pod.health),
    );
    expect(await second.exited).toBe(1);
    expect(second.stderr).toMatch(
      new RegExp(`Error: cannot listen on 127\\.0\\.0\\.1:${pod.health}: another process has this port\nChoose another port with --health-port`),
    );
    process.signal('SIGTERM');
    expect(await process.exited).toBe(0);
  });
});

describe('its identity', () => {
  test('labels, service account and addresses come from the pod', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'weft-pod-'));
    toClose({ close: () => rmSync(folder, { recursive: true }) });
    const labels = join(folder, 'labels');
    writeFileSync(labels, 'app="client"\nversion="v\\"1\\""\n');
    const { process, admin } = await serving(['--proxy', 'shop/client-1', '--labels-file', labels, '--service-account', 'shopper', '--ip', '10.1.0.9,fd00::9']);
    const info = await get(admin, '/server_info');
    expect(JSON.parse(info.slice('200 '.length))).toMatchObject({
      proxy: { role: 'sidecar', namespace: 'shop', name: 'client-1', labels: { app: 'client', version: 'v"1"' } },
    });
    process.signal('SIGTERM');
    expect(await process.exited).toBe(0);
  });

  test.each([
    [['--labels-file', '/nowhere/labels', '--proxy', 'shop/a'], {}, 1, /^Error: --labels-file: cannot read \/nowhere\/labels: ENOENT.*\n.*downwardAPI/],
    [['--labels-file', '/nowhere', '--labels', 'a=b', '--proxy', 'shop/a'], {}, 64, /--labels and --labels-file do not go together/],
    [['--ip', '10.0.0.1,x'], {}, 64, /--ip takes an IP address, not "x"/],
    [['--probe-bind', 'eth0'], {}, 64, /--probe-bind takes an IP address, or \* for all, not "eth0"/],
    [[], { ISTIO_KUBE_APP_PROBERS: '{' }, 1, /^Error: the environment variable ISTIO_KUBE_APP_PROBERS cannot be understood: it is no JSON/],
    [[], { ISTIO_PROMETHEUS_ANNOTATIONS: '[]' }, 1, /^Error: the environment variable ISTIO_PROMETHEUS_ANNOTATIONS cannot be understood: it is no object/],
  ] as const)('%j with %j ends with %d', async (args, env, code, said) => {
    const folder = new Folder({ 'web.yaml': shop('v1') });
    const { process } = await sidecar(['-f', folder.path, '-n', 'shop', ...args], env);
    expect(await process.exited).toBe(code);
    expect(process.stderr).toMatch(said);
  });
});

describe('its addresses', () => {
  const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));
  if (!hasIpv6) console.warn('SKIPPED: listening on both families needs IPv6');

  test.runIf(hasIpv6)('probes, and what it serves, by both families; the administration on loopback only', async () => {
    const { process, ...pod } = await serving(['--probe-bind', '*', '--bind', '*', '--concurrency', '2']);
    for (const host of ['127.0.0.1', '::1']) {
      expect(await get(pod.health, ready, 'GET', host)).toBe('200');
      expect(await get(pod.agent, ready, 'GET', host)).toBe('200');
      expect(await get(pod.outbound, '/', 'GET', host)).toMatch(/^(?:404|50)/);
    }
    expect(await get(pod.admin, '/ready')).toBe('200 LIVE');
    expect(await get(pod.admin, '/ready', 'GET', '::1')).toBe('refused');
    process.signal('SIGTERM');
    expect(await process.exited).toBe(0);
  });

  test('--concurrency 0 is what the machine allows', async () => {
    const { process, admin } = await serving(['--concurrency', '0']);
    const { concurrency } = JSON.parse((await get(admin, '/server_info')).slice('200 '.length)) as { concurrency: number };
    expect(concurrency).toBeGreaterThan(0);
    expect(concurrency).toBeLessThanOrEqual(availableParallelism());
    process.signal('SIGTERM');
    expect(await process.exited).toBe(0);
  });
});

describe('its end', () => {
  test('SIGTERM with --drain-delay: not ready at once, and new connections are taken meanwhile', async () => {
    const { process, ...pod } = await serving(['--drain-delay', '60s']);
    process.signal('SIGTERM');
    await until(async () => (await get(pod.health, ready)) === '503 not ready: DRAINING', 'not ready');
    for (let i = 0; i < 5; i++) expect(await ask(pod.outbound, 'web')).toBe('v1');
    process.signal('SIGTERM');
    expect(await process.exited).toBe(0);
  });

  test('the delay ends by itself', async () => {
    const { process } = await serving(['--drain-delay', '300ms']);
    const began = performance.now();
    process.signal('SIGTERM');
    expect(await process.exited).toBe(0);
    expect(performance.now() - began).toBeGreaterThan(290);
    expect(process.stderr).toMatch(/not ready any more: new connections are still taken reason=SIGTERM.*\n.*draining.*\n.*stopped\n$/);
  });

  test('a second signal waits for neither the delay nor for requests', async () => {
    const came = Promise.withResolvers<void>();
    const never = await backend(() => came.resolve());
    const folder = new Folder({ 'web.yaml': shop('v1') });
    const { process, outbound } = await sidecar(['-f', folder.path, '-n', 'shop', '--map', `web/v1=127.0.0.1:${never}`, '--drain-delay', '30s']);
    await process.says(/ serving /);
    new Peer(outbound).send('GET / HTTP/1.1\r\nhost: web\r\n\r\n');
    await came.promise;
    process.signal('SIGTERM');
    await process.says(/new connections are still taken/);
    const began = performance.now();
    process.signal('SIGTERM');
    expect(await process.exited).toBe(0);
    expect(performance.now() - began).toBeLessThan(25_000);
  });

  test('a preStop hook lets it say that it is not ready, while traffic goes on', async () => {
    const { process, ...pod } = await serving([]);
    const hook = new WeftProcess('proxy', 'drain', '--url', `http://127.0.0.1:${pod.agent}`);
    expect(await hook.exited).toBe(0);
    expect(hook.stderr).toBe('the sidecar is not ready any more; traffic goes on\n');
    expect(await get(pod.health, ready)).toBe('503 not ready: DRAINING');
    expect(await ask(pod.outbound, 'web')).toBe('v1');
    process.signal('SIGTERM');
    expect(await process.exited).toBe(0);
    const late = new WeftProcess('proxy', 'drain', '--url', `http://127.0.0.1:${pod.agent}`);
    expect(await late.exited).toBe(1);
    expect(late.stderr).toMatch(/^Error: the sidecar cannot be told to drain: nobody listens on 127/);
  });

  test('a job that is done ends it, without the delay', async () => {
    const { process, agent } = await serving(['--drain-delay', '30s']);
    expect(await get(agent, '/quitquitquit')).toMatch(/^405/);
    expect(await get(agent, '/quitquitquit', 'POST')).toBe('200 OK');
    expect(await process.exited).toBe(0);
  });
});
