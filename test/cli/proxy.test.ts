// The real command with real sockets: it serves, tells where, takes what changes, and ends by a signal.

import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { freePorts } from '../free-ports.ts';

const root = join(import.meta.dirname, '../..');
const fixture = join(root, 'fixtures/payment');
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function listening(server: { listen(port: number, host: string, ready: () => void): unknown; address(): unknown; close(): unknown }): Promise<number> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** An application that says its name. */
function application(name: string): Promise<number> {
  return listening(createServer((_, response) => response.end(name)));
}

interface Run {
  child: ChildProcess;
  output: { stdout: string; stderr: string };
  outbound: number;
  admin: number;
  exit: Promise<number | null>;
  /** Waits until one of the outputs has a text. */
  says(stream: 'stdout' | 'stderr', text: RegExp): Promise<void>;
}

async function weft(args: readonly string[]): Promise<Run> {
  const [outbound = 0, admin = 0] = await freePorts(2);
  const ports = ['--outbound-port', outbound, '--admin-port', admin, '--stats-port', 0, '--agent-port', 0, '--health-port', 0].map(String);
  const child = spawn(join(root, 'bin/weft'), ['proxy', 'run', ...ports, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  cleanups.push(() => child.kill('SIGKILL'));
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  const exit = new Promise<number | null>((resolve) => child.on('close', resolve));
  const says = async (stream: 'stdout' | 'stderr', text: RegExp): Promise<void> => {
    while (!text.test(output[stream])) {
      if (child.exitCode !== null) throw new Error(`weft ended with ${child.exitCode}:\n${output.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  return { child, output, outbound, admin, exit, says };
}

function get(port: number, path: string, host: string): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, headers: { host }, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode, body }));
    })
      .on('error', reject)
      .end();
  });
}

it('serves the manifests, writes an access log, and ends with 0 by SIGTERM', async () => {
  const port = await application('v1');
  const run = await weft(['-f', fixture, '--map', `payment-service/v1=${port}`, '--access-log', '-']);
  await run.says('stderr', /\bserving\b/);
  expect(run.output.stderr.trim().split('\n')).toHaveLength(1);
  expect(await get(run.outbound, '/pay', 'payment-service')).toEqual({ status: 200, body: 'v1' });
  expect(await get(run.outbound, '/pay', 'payment-service.payment:8080')).toEqual({ status: 200, body: 'v1' });
  await run.says('stdout', /"GET \/pay HTTP\/1\.1" 200 - via_upstream .* outbound\|8080\|v1\|payment-service\.payment\.svc\.cluster\.local .* primary\n/);
  run.child.kill('SIGTERM');
  expect(await run.exit).toBe(0);
  expect(run.output.stderr).toMatch(/draining.*\n.*stopped\n$/);
});

it('takes a new version of the manifests, and refuses a broken one', async () => {
  const [v1, v2] = await Promise.all(['v1', 'v2'].map(application));
  const folder = mkdtempSync(join(tmpdir(), 'weft-proxy-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  cpSync(fixture, folder, { recursive: true });
  const file = join(folder, 'virtual-service.yaml');
  const text = readFileSync(file, 'utf8');
  const run = await weft(['-f', folder, '--map', `payment-service/v1=${v1}`, '--map', `payment-service/v2=${v2}`, '--watch']);
  await run.says('stderr', /\bserving\b/);
  const folderOfNew = mkdtempSync(join(tmpdir(), 'weft-proxy-'));
  cleanups.push(() => rmSync(folderOfNew, { recursive: true }));
  /** At once: a file that is half written is a change, too. */
  const replace = (content: string): void => {
    writeFileSync(join(folderOfNew, 'new.yaml'), content);
    renameSync(join(folderOfNew, 'new.yaml'), file);
  };
  const body = async (): Promise<string> => (await get(run.outbound, '/', 'payment-service')).body;
  expect(await body()).toBe('v1');
  replace(text.replace('subset: v1', 'subset: v2'));
  await run.says('stderr', /new manifests are in force .*generation=2/);
  expect(await body()).toBe('v2');
  replace(text.replace('weight: 100', 'weight: -1'));
  await run.says('stderr', /✘ 1 error: the manifests before go on\./);
  expect(run.output.stderr).toMatch(/IST0106 weight -1 is less than 0/);
  expect(await body()).toBe('v2');
  expect((await get(run.admin, '/server_info', 'localhost')).body).toContain('weight -1 is less than 0');
  replace(text);
  await run.says('stderr', /new manifests are in force .*generation=3/);
  expect(await body()).toBe('v1');
  run.child.kill('SIGINT');
  expect(await run.exit).toBe(0);
});

it.each([
  ['--outbound-port', 'Choose another port with --outbound-port, or another address with --bind.'],
  ['--admin-port', 'Choose another port with --admin-port, or 0 for none.'],
])('a port of %s that is taken is one message, and the process ends', async (flag, help) => {
  const taken = await listening(createTcpServer());
  const run = await weft(['-f', fixture, flag, String(taken)]);
  expect(await run.exit).toBe(1);
  expect(run.output.stderr).toBe(`Error: cannot listen on 127.0.0.1:${taken}: another process has this port\n${help}\n`);
  expect(run.output.stdout).toBe('');
});

it('a request for a service without endpoints gets a 503', async () => {
  const run = await weft(['-f', fixture]);
  await run.says('stderr', /\bserving\b/);
  expect(await get(run.outbound, '/', 'payment-service')).toEqual({ status: 503, body: 'no healthy upstream' });
});

it('a port of a Sidecar sends on only what a service takes, and never to itself', async () => {
  const [port = 0] = await freePorts(1);
  const cart = await application('cart');
  const folder = mkdtempSync(join(tmpdir(), 'weft-proxy-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  writeFileSync(
    join(folder, 'mesh.yaml'),
    `apiVersion: v1
kind: Service
metadata: { name: cart, namespace: shop }
spec: { ports: [{ name: http, port: ${port} }] }
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: all, namespace: shop }
spec:
  egress:
    - port: { number: ${port}, name: http, protocol: HTTP }
      bind: 127.0.0.1
      captureMode: NONE
      hosts: ['./cart.shop.svc.cluster.local']
`,
  );
  const run = await weft(['-f', folder, '--map', `cart=${cart}`]);
  await run.says('stderr', /\bserving\b/);
  expect(await get(port, '/', 'cart')).toEqual({ status: 200, body: 'cart' });
  expect(await get(port, '/', `127.0.0.1:${port}`)).toEqual({ status: 503, body: 'no healthy upstream' });
  expect(await get(run.outbound, '/', `127.0.0.1:${port}`)).toEqual({ status: 503, body: 'no healthy upstream' });
  const raw = connect(port, '127.0.0.1', () => raw.write('\u0001\u0002'));
  raw.on('error', () => {});
  await new Promise((resolve) => raw.resume().once('close', resolve));
});
