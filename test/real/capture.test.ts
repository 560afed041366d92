// The redirection of a pod (`weft proxy capture`, what the init container runs) with a real sidecar, application and clients, in two
// network namespaces: the pod, and the world outside of it.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../proxy/support.ts';

const main = join(import.meta.dirname, '../../src/cli/main.ts');
const weft = [process.execPath, '--no-warnings', '-e', `import(${JSON.stringify(main)}).then((m) => m.main(process.argv))`, 'weft'];
const pod = `weft-pod-${process.pid}`;
const world = `weft-world-${process.pid}`;
/** User and group of the sidecar. */
const uid = '1337';

const missing = whyNot();
if (missing !== undefined) {
  const text = `the redirection of pods is not tested: ${missing}`;
  if (process.env.CI === 'true') throw new Error(text);
  console.warn(`SKIPPED: ${text}`);
}

function whyNot(): string | undefined {
  if (process.platform !== 'linux') return 'it needs Linux';
  if (process.getuid?.() !== 0) return 'it needs root';
  for (const tool of ['ip', 'iptables', 'ip6tables', 'setpriv'])
    if (spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0) return `${tool} is not installed`;
  const { status, stderr } = spawnSync('unshare', ['-n', 'iptables', '-w', '-t', 'nat', '-S'], { encoding: 'utf8' });
  return status === 0 ? undefined : `iptables does not work in a network namespace: ${stderr.trim()}`;
}

/** Answers with who asked, and whether a proxy was in between. */
const echo = `
  const { createServer } = require('node:http');
  const [name, ...ports] = process.argv.slice(1);
  let open = ports.length;
  for (const port of ports) createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
    const { 'x-request-id': id = '' } = request.headers;
    response.end(JSON.stringify({ name, port: request.socket.localPort, peer: request.socket.remoteAddress.replace('::ffff:', ''), proxied: id !== '' }));
  }).listen(Number(port), '::', () => --open === 0 && console.log('ready'));
`;

/** Asks once, and prints the answer with the header that the route adds. */
const ask = `
  const { request } = require('node:http');
  const [host, port, name, timeout] = process.argv.slice(1);
  request({ host, port, headers: { host: name }, timeout: Number(timeout) }, (response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (text) => { body += text; });
    response.on('end', () => console.log(JSON.stringify({ ...(response.statusCode === 200 ? JSON.parse(body) : { status: response.statusCode }), routed: response.headers['x-route'] ?? '' })));
  }).on('timeout', function () { this.destroy(new Error('timeout')); }).on('error', (error) => console.log(JSON.stringify({ error: error.code ?? error.message }))).end();
`;

interface Answer {
  name?: string;
  port?: number;
  peer?: string;
  proxied?: boolean;
  routed?: string;
  status?: number;
  error?: string;
}

const mesh = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop }
spec: { selector: { matchLabels: { app: web } }, template: { metadata: { labels: { app: web } }, spec: { containers: [{ name: app }] } } }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { clusterIP: 10.96.0.60, selector: { app: web }, ports: [{ name: http, port: 80, targetPort: 8080 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: web-1, namespace: shop, labels: { kubernetes.io/service-name: web } }
addressType: IPv4
ports: [{ name: http, port: 8080 }]
endpoints: [{ addresses: [10.77.0.2] }]
---
apiVersion: v1
kind: Service
metadata: { name: backend, namespace: shop }
spec: { clusterIP: 10.96.0.50, ports: [{ name: http, port: 80, targetPort: 9000 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: backend-1, namespace: shop, labels: { kubernetes.io/service-name: backend } }
addressType: IPv4
ports: [{ name: http, port: 9000 }]
endpoints: [{ addresses: [10.77.0.10] }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: backend, namespace: shop }
spec:
  hosts: [backend]
  http: [{ route: [{ destination: { host: backend } }], headers: { response: { set: { x-route: backend } } } }]
`;

const running: ChildProcess[] = [];
const folder = mkdtempSync(join(tmpdir(), 'weft-capture-'));
/** A command that takes longer hangs. */
const commandMs = 60_000;

function sh(script: string): void {
  const { status, stderr } = spawnSync('sh', ['-ec', script], { encoding: 'utf8', timeout: commandMs });
  if (status !== 0) throw new Error(`${script}\n${stderr}`);
}

function run(namespace: string, command: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync('ip', ['netns', 'exec', namespace, ...command], { encoding: 'utf8', timeout: commandMs });
  return { status, stdout, stderr };
}

/** Starts a program, and waits until it says so. */
async function start(namespace: string, command: readonly string[], ready: RegExp): Promise<void> {
  const child = spawn('ip', ['netns', 'exec', namespace, ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  await until(
    () => {
      if (child.exitCode !== null) throw new Error(`${command.at(-1)} ended with ${child.exitCode}:\n${said}`);
      return ready.test(said);
    },
    `${command.slice(-3).join(' ')} is ready`,
    90_000,
  ).catch((error: Error) => {
    throw new Error(`${error.message}\n${said}`);
  });
}

function get(
  namespace: string,
  host: string,
  port: number,
  name = 'other',
  { as = [], timeoutMs = 30_000 }: { as?: readonly string[]; timeoutMs?: number } = {},
): Answer {
  const { stdout, stderr } = run(namespace, [...as, process.execPath, '-e', ask, host, String(port), name, String(timeoutMs)]);
  return stdout === '' ? { error: stderr } : (JSON.parse(stdout) as Answer);
}

const asSidecar = ['setpriv', '--reuid', uid, '--regid', uid, '--clear-groups'];

/** As the init container has them, with what this test excludes. */
const initArguments = [
  '-p',
  '15001',
  '-z',
  '15006',
  '-u',
  uid,
  '-m',
  'REDIRECT',
  '-i',
  '*',
  '-x',
  '10.77.1.0/24,fd78::/64',
  '-b',
  '*',
  '-d',
  '15090,15021,15020,9999',
  '-o',
  '7000',
];

function capture(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return run(pod, [...weft, 'proxy', 'capture', ...args]);
}

/** All rules of both families. */
function rules(): string {
  return ['iptables-save', 'ip6tables-save']
    .map((program) => run(pod, [program, '-t', 'nat']).stdout)
    .join('')
    .replace(/^#.*\n/gm, '')
    .replace(/\[\d+:\d+\]/g, '');
}

beforeAll(async () => {
  if (missing !== undefined) return;
  sh(`
    ip netns add ${pod}
    ip netns add ${world}
    ip link add eth0 netns ${pod} type veth peer name eth0 netns ${world}
    for netns in ${pod} ${world}; do
      ip -n $netns link set lo up
      ip -n $netns link set eth0 up
    done
    ip -n ${pod} address add 10.77.0.2/24 dev eth0
    ip -n ${pod} address add fd77::2/64 dev eth0 nodad
    for address in 10.77.0.1/24 10.77.0.10/24 10.77.1.5/32; do ip -n ${world} address add $address dev eth0; done
    for address in fd77::1/64 fd77::10/64 fd78::5/128; do ip -n ${world} address add $address dev eth0 nodad; done
    ip -n ${pod} route add default via 10.77.0.1
    ip -n ${pod} -6 route add default via fd77::1
  `);
  // The sidecar is another user.
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, 'mesh.yaml'), mesh);
  await start(world, [process.execPath, '-e', echo, 'outside', '80', '7000', '9000'], /ready/);
  await start(pod, [process.execPath, '-e', echo, 'app', '8080', '9999'], /ready/);
  const identity = ['--proxy', 'shop/web', '--ip', '10.77.0.2', '--ip', 'fd77::2'];
  await start(pod, [...asSidecar, ...weft, 'proxy', 'run', '-f', join(folder, 'mesh.yaml'), ...identity, '--capture', '--probe-bind', '*'], /serving/);
}, 300_000);

afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  for (const namespace of [pod, world]) spawnSync('ip', ['netns', 'delete', namespace]);
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(missing !== undefined)('a pod', () => {
  test('before: nothing is redirected', () => {
    expect(get(world, '10.77.0.2', 8080)).toMatchObject({ name: 'app', peer: '10.77.0.1' });
    // Nobody answers: so long it is tried.
    expect(get(pod, '10.96.0.50', 80, 'backend', { timeoutMs: 4000 })).toHaveProperty('error');
    expect(capture('--run-validation', '--skip-rule-apply')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('has to run as the user of the sidecar'),
    });
  });

  test('a dry run prints the script, and changes nothing', () => {
    const before = rules();
    const { status, stdout } = capture(...initArguments, '--dry-run');
    expect([status, stdout.startsWith('#!/bin/sh')]).toEqual([0, true]);
    expect(rules()).toBe(before);
  });

  test('the rules are set, and set again they are the same', () => {
    expect(capture(...initArguments)).toEqual({ status: 0, stdout: '', stderr: '' });
    const once = rules();
    expect(once.match(/-j WEFT_OUTPUT/g)).toHaveLength(2);
    expect(capture(...initArguments)).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(rules()).toBe(once);
  });

  test('another set of rules replaces them', () => {
    const before = rules();
    expect(capture(...initArguments, '-o', '7000,7001').status).toBe(0);
    expect(rules()).toContain('7001');
    expect(capture(...initArguments).status).toBe(0);
    expect(rules()).toBe(before);
  });

  describe.each([
    [
      'IPv4',
      {
        own: '10.77.0.2',
        outside: /^10\.77\.0\.1/,
        backend: '10.77.0.10',
        service: '10.96.0.50',
        excluded: '10.77.1.5',
        loopback: '127.0.0.1',
        delivery: '127.0.0.6',
      },
    ],
    ['IPv6', { own: 'fd77::2', outside: /^fd77::1/, backend: 'fd77::10', service: 'fd96::50', excluded: 'fd78::5', loopback: '::1', delivery: '::6' }],
  ])('%s', (_, { own, outside, backend, service, excluded, loopback, delivery }) => {
    test('what the application sends to a service is routed', () => {
      expect(get(pod, service, 80, 'backend')).toMatchObject({ name: 'outside', port: 9000, proxied: true, routed: 'backend' });
    });

    test('what it sends elsewhere passes the sidecar, too', () => {
      expect(get(pod, backend, 80)).toMatchObject({ name: 'outside', port: 80, proxied: true, routed: '' });
    });

    test('what it sends to a range that is left out goes there directly', () => {
      expect(get(pod, excluded, 80)).toMatchObject({ name: 'outside', proxied: false });
    });

    test('and to a port that is left out', () => {
      expect(get(pod, backend, 7000)).toMatchObject({ name: 'outside', proxied: false });
    });

    test('what the application receives comes from the sidecar', () => {
      expect(get(world, own, 8080)).toMatchObject({ name: 'app', peer: delivery, proxied: true });
    });

    test('but not at a port that is left out', () => {
      expect(get(world, own, 9999)).toMatchObject({ name: 'app', peer: expect.stringMatching(outside), proxied: false });
    });

    test('the sidecar’s own health is asked from outside', () => {
      const { stdout } = run(world, [
        process.execPath,
        '-e',
        `fetch('http://${own.includes(':') ? `[${own}]` : own}:15021/healthz/ready').then((r) => console.log(r.status))`,
      ]);
      expect(stdout.trim()).toBe('200');
    });

    test('the application calls itself, by loopback and by the address of the pod', () => {
      expect(get(pod, loopback, 8080)).toMatchObject({ name: 'app', peer: loopback, proxied: false });
      expect(get(pod, own, 8080)).toMatchObject({ name: 'app', peer: own, proxied: false });
    });

    test('what the sidecar itself sends does not come back to it', () => {
      expect(get(pod, backend, 9000, 'other', { as: asSidecar })).toMatchObject({ name: 'outside', peer: own, proxied: false });
    });
  });

  test('the application calls its own service: out and in again', () => {
    expect(get(pod, '10.96.0.60', 80, 'web')).toMatchObject({ name: 'app', port: 8080, peer: '127.0.0.6', proxied: true });
  });

  test('the check of a node that redirects finds it', () => {
    // The sidecar has its port: another one is redirected to, as if the sidecar were not there yet.
    expect(capture(...initArguments, '-z', '16006').status).toBe(0);
    expect(run(pod, [...asSidecar, ...weft, 'proxy', 'capture', '-z', '16006', '--run-validation', '--skip-rule-apply'])).toMatchObject({
      status: 0,
      stderr: '',
    });
  });

  test('the rules are taken away, and nothing is redirected any more', () => {
    expect(capture('--clean')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(rules()).not.toContain('WEFT');
    expect(get(world, '10.77.0.2', 8080)).toMatchObject({ name: 'app', peer: '10.77.0.1', proxied: false });
    expect(capture('--clean').status).toBe(0);
  });

  test('the check of a node that does not redirect fails, as its plug-in expects', () => {
    const { status, stderr } = run(pod, [...asSidecar, ...weft, 'proxy', 'capture', '-z', '16006', '--run-validation', '--skip-rule-apply']);
    expect([status, stderr]).toEqual([126, expect.stringContaining('10.77.0.2, fd77::2')]);
  });

  test('without the right to, it says what is needed', () => {
    const { status, stderr } = run(pod, [...asSidecar, ...weft, 'proxy', 'capture']);
    expect([status, stderr]).toEqual([1, expect.stringContaining('it needs root with NET_ADMIN')]);
  });
});
