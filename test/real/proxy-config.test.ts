// `weft proxy-config` of the embedded sidecar and of the real Envoy, with the same manifests.

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../free-ports.ts';
import { until } from '../until.ts';
import { envoyProgram } from './envoy.ts';

const command = join(import.meta.dirname, '../../bin/weft');
const envoy = envoyProgram();
const cleanups: (() => unknown)[] = [];
let folder = '';

const mesh = `
apiVersion: v1
kind: Service
metadata: { name: cart, namespace: shop }
spec: { clusterIP: 10.0.0.1, ports: [{ name: http, port: 8080 }], selector: { app: cart } }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: cart-routes, namespace: shop }
spec:
  hosts: [cart]
  http:
    - match: [{ uri: { prefix: /pay }, headers: { x-user: { exact: a } } }]
      route: [{ destination: { host: cart, subset: v2 } }]
    - route: [{ destination: { host: cart, subset: v1 } }]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: cart-rules, namespace: shop }
spec:
  host: cart
  trafficPolicy: { outlierDetection: { consecutive5xxErrors: 1, interval: 60s, baseEjectionTime: 60s, maxEjectionPercent: 100 } }
  subsets: [{ name: v1, labels: { version: v1 } }, { name: v2, labels: { version: v2 } }]
`;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-proxy-config-'));
  writeFileSync(join(folder, 'mesh.yaml'), mesh);
  cleanups.push(() => rmSync(folder, { recursive: true }));
});
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** An application that fails. */
async function failing(): Promise<number> {
  const server = createServer((_, response) => void response.writeHead(503).end());
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function page(port: number, path: string, headers = {}): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode, body }));
    }).on('error', reject);
  });
}

/** Starts a proxy. @returns ports of its administration and for requests */
async function proxy(engine: readonly string[], v1: number, v2: number): Promise<{ admin: number; outbound: number }> {
  const [admin, outbound] = [await freePort(), await freePort()];
  const ports = ['--admin-port', admin, '--outbound-port', outbound, '--stats-port', 0, '--agent-port', 0, '--health-port', 0].map(String);
  const maps = ['--map', `cart/v1=127.0.0.1:${v1}`, '--map', `cart/v2=127.0.0.1:${v2}`];
  const child = spawn(command, ['proxy', 'run', '-f', 'mesh.yaml', '-n', 'shop', ...engine, ...ports, ...maps], { cwd: folder, stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('close', resolve));
  cleanups.push(async () => {
    // Twice: it would let requests end first.
    child.kill('SIGTERM');
    child.kill('SIGINT');
    await ended;
  });
  for (let ready = false; !ready; await new Promise((resolve) => setTimeout(resolve, 50))) {
    if (child.exitCode !== null) throw new Error(`the proxy ended with ${child.exitCode}`);
    ready = await page(admin, '/ready').then(
      ({ status }) => status === 200,
      () => false,
    );
  }
  return { admin, outbound };
}

/** The command, in lines. */
function weft(...args: string[]): string[] {
  const { status, stdout, stderr } = spawnSync(command, ['proxy-config', ...args], { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`weft ended with ${status}:\n${stderr}`);
  return stdout.trimEnd().split('\n');
}

/** Without what is padded. */
const columns = (lines: readonly string[]): string[] => lines.map((line) => line.replaceAll(/ {5,}/g, ' | '));

const engines: [string, string[]][] = [['the embedded sidecar', []]];
if (envoy !== undefined) engines.push(['Envoy', ['--engine', 'envoy', '--envoy-path', envoy]]);

describe.each(engines)('%s', (_, engine) => {
  it('shows what it has in force, what comes from which object, and what is ejected', async () => {
    const [v1, v2] = [await failing(), await freePort()];
    const { admin, outbound } = await proxy(engine, v1, v2);
    const at = ['--proxy-admin-port', String(admin)];

    expect(columns(weft('clusters', '--fqdn', 'cart', ...at)).slice(1)).toEqual(
      ['-', 'v1', 'v2'].map((subset) =>
        expect.stringMatching(new RegExp(`^cart\\.shop\\.svc\\.cluster\\.local \\| 8080 \\| ${subset} \\| outbound \\| (EDS|STATIC) \\| cart-rules\\.shop$`)),
      ),
    );
    // An Envoy that nothing is redirected to takes all requests on one port.
    const name = engine.length > 0 ? 'outbound' : '8080';
    const routes = columns(weft('routes', '--name', name, ...at));
    expect(routes[0]).toBe('NAME | VHOST NAME | DOMAINS | MATCH | VIRTUAL SERVICE');
    expect(routes).toContain(`${name} | cart.shop.svc.cluster.local:8080 | cart, cart.shop + 1 more... | /pay* [x-user] | cart-routes.shop`);
    expect(routes).toContain(`${name} | cart.shop.svc.cluster.local:8080 | cart, cart.shop + 1 more... | /* | cart-routes.shop`);
    expect(weft('listeners', ...at).join('\n')).toContain(`     Route: ${name}`);

    const v1Endpoint = (check: string) => `127.0.0.1:${v1} | HEALTHY | ${check} | outbound|8080|v1|cart.shop.svc.cluster.local`;
    expect(columns(weft('endpoints', '--port', String(v1), ...at))).toContain(v1Endpoint('OK'));
    expect((await page(outbound, '/', { host: 'cart' })).status).toBe(503);
    await until(() => columns(weft('endpoints', '--port', String(v1), ...at)).includes(v1Endpoint('FAILED')), 'the endpoint is ejected', 60_000);

    // What was asked live is the same from a file.
    writeFileSync(join(folder, 'dump.json'), (await page(admin, '/config_dump?include_eds')).body);
    for (const part of ['clusters', 'routes', 'listeners']) expect(weft(part, '-f', 'dump.json')).toEqual(weft(part, ...at));
    expect(columns(weft('endpoints', '-f', 'dump.json'))).toContainEqual(
      expect.stringMatching(new RegExp(`^127\\.0\\.0\\.1:${v1} \\| (UN)?HEALTHY \\| - \\| outbound\\|8080\\|v1\\|`)),
    );
    expect(JSON.parse(weft('bootstrap', ...at).join('\n'))).toMatchObject(engine.length > 0 ? { admin: {} } : { kind: 'ProxyConfigDump' });
  });

  it('changes the levels of its logs, and sets them back', async () => {
    const { admin } = await proxy(engine, await freePort(), await freePort());
    const at = ['--proxy-admin-port', String(admin)];
    const start = weft('log', ...at);
    expect(start[0]).toBe('active loggers:');
    const changed = weft('log', '--level', 'error,main:debug', ...at);
    expect(changed).toContain('  main: debug');
    expect(changed.slice(1).filter((line) => !line.endsWith(': error'))).toEqual(['  main: debug']);
    expect(weft('log', ...at)).toEqual(changed);
    expect(weft('log', '--reset', ...at)).toEqual(start);
    expect(() => weft('log', '--level', 'nosuch:debug', ...at)).toThrow('weft proxy-config log without flags lists its loggers');
  });
});
