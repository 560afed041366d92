// The control plane and the sidecar that gets its table from it, as commands.
import { createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { backend, closeAll, freePorts, page, shop, toClose, until } from './support.ts';
import { ask, Folder, WeftProcess } from './weft-process.ts';

afterEach(closeAll);

/** Answers with its name when all of the request has come. */
const named = (name: string) => backend((incoming, response) => incoming.resume().on('end', () => response.end(name)));

const client = `
apiVersion: v1
kind: Pod
metadata: { name: client, namespace: shop, labels: { app: client } }
spec: { containers: [{ name: app, image: app }] }
`;

interface Mesh {
  folder: Folder;
  address: string;
  serve(): Promise<WeftProcess>;
  sidecar(...args: string[]): Promise<{ process: WeftProcess; ask(host?: string): Promise<string>; version(): Promise<string> }>;
  status(...args: string[]): Promise<string>;
}

async function mesh(files: Readonly<Record<string, string>>): Promise<Mesh> {
  const [v1, v2, [port = 0]] = await Promise.all([named('v1'), named('v2'), freePorts(1)]);
  const folder = new Folder(files);
  const address = `127.0.0.1:${port}`;
  const map = ['--map', `web/v1=127.0.0.1:${v1}`, '--map', `web/v2=127.0.0.1:${v2}`];
  return {
    folder,
    address,
    async serve() {
      const process = new WeftProcess('xds', 'serve', '-f', folder.path, '-n', 'shop', '--address', address, '--debounce', '20ms', ...map);
      await process.says(/ serving /);
      return process;
    },
    async sidecar(...args) {
      const [outbound = 0, admin = 0] = await freePorts(2);
      const ports = ['--outbound-port', outbound, '--admin-port', admin, '--stats-port', 0, '--agent-port', 0, '--health-port', 0].map(String);
      const process = new WeftProcess('proxy', 'run', '--xds-address', address, ...ports, ...args);
      return {
        process,
        ask: (host = 'web') => ask(outbound, host),
        version: async () => (JSON.parse((await page(admin, '/server_info')).body) as { table: { version: string } }).table.version,
      };
    },
    async status(...args) {
      const process = new WeftProcess('proxy-status', '--xds-address', address, ...args);
      const code = await process.exited;
      return code === 0 ? process.stdout : `${process.stderr}exit ${code}\n`;
    },
  };
}

test('routes by the table of the control plane, and takes each new version', async () => {
  const { folder, serve, sidecar, status } = await mesh({ 'web.yaml': shop('v1'), 'client.yaml': client });
  // The sidecar is there first: it waits.
  const { process, ask } = await sidecar('--proxy', 'shop/client');
  await process.says(/no connection to the control plane: connect ECONNREFUSED .*; it is tried again until there is one/);
  const server = await serve();
  await process.says(/ serving /);
  expect(await ask()).toBe('v1');
  expect(await ask('web.shop:80')).toBe('v1');
  await until(async () => /^NAME +PROXY +TABLE\nclient\.shop +weft [\d.]+ +SYNCED\n$/.test(await status()), 'acknowledged');
  folder.write('web.yaml', shop('v2'));
  await process.says(/a new routing table is in force .*generation=2/);
  expect(await ask()).toBe('v2');
  await server.says(/new manifests are in force changed=1 resources=4/);
  await until(async () => /TABLE +SYNCED +[0-9a-f]{16} /.test(await status('client.shop')), 'acknowledged');
  // A file that says the same in other words is no change.
  folder.write('web.yaml', `# again\n${shop('v2')}`);
  folder.write('client.yaml', client.replace('client, namespace', 'client2, namespace'));
  await server.says(/new manifests are in force changed=2 /);
  process.signal('SIGTERM');
  expect(await process.exited).toBe(0);
  await server.says(/a proxy is gone proxy=client\.shop /);
  server.signal('SIGTERM');
  expect(await server.exited).toBe(0);
  expect(server.stderr).toMatch(/a proxy is gone proxy=client\.shop .*\n.*stopping reason=SIGTERM proxies=0\n.*stopped\n$/);
});

test('goes on without its control plane, and takes what has changed when it is back', async () => {
  const { folder, serve, sidecar, status } = await mesh({ 'web.yaml': shop('v1'), 'client.yaml': client });
  const killed = await serve();
  const { process, ask, version } = await sidecar('--proxy', 'shop/client');
  await process.says(/ serving /);
  const before = await version();
  killed.signal('SIGKILL');
  await process.says(/no connection to the control plane: .*; the last routing table goes on/);
  expect(await ask()).toBe('v1');
  const restarted = await serve();
  await process.says(/the control plane is back/);
  // The same configuration: nothing was sent, and nothing has to be taken.
  expect(await version()).toBe(before);
  expect(process.stderr).not.toContain('a new routing table');
  await until(async () => (await status()).includes('SYNCED'), 'it is known there');
  folder.write('web.yaml', shop('v2'));
  await process.says(/a new routing table is in force .*generation=2/);
  expect(await ask()).toBe('v2');
  // What changes while it is away comes when it is back.
  restarted.signal('SIGTERM');
  expect(await restarted.exited).toBe(0);
  folder.write('web.yaml', shop('v1'));
  await serve();
  await process.says(/a new routing table is in force .*generation=3/);
  expect(await ask()).toBe('v1');
});

test('broken manifests are refused, and reach no proxy', async () => {
  const { folder, serve, sidecar } = await mesh({ 'web.yaml': shop('v1'), 'client.yaml': client });
  const server = await serve();
  const { process, ask } = await sidecar('--proxy', 'shop/client');
  await process.says(/ serving /);
  folder.write('web.yaml', shop('v2').replace('attempts: 0', 'attempts: -1'));
  await server.says(/web\.yaml:\d+:\d+ .*retries\.attempts.*✘ 1 error: the manifests before go on\./s);
  expect(await ask()).toBe('v1');
  folder.write('web.yaml', 'kind: {');
  await server.says(/WFT0001.*web\.yaml:1/s);
  expect(await ask()).toBe('v1');
  folder.write('web.yaml', shop('v2'));
  await process.says(/a new routing table is in force .*generation=2/);
  expect(await ask()).toBe('v2');
});

test('a table that the proxy cannot serve is refused there, and the control plane says so', async () => {
  const [free = 0] = await freePorts(1);
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  toClose(taken);
  const { port } = taken.address() as { port: number };
  const gateway = (own: number): string => `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec:
  selector: { istio: edge }
  servers: [{ port: { number: ${own}, name: http, protocol: HTTP }, hosts: ['*'] }]
`;
  const { folder, serve, sidecar, status } = await mesh({
    'web.yaml': shop('v1').replace('hosts: [web]', 'hosts: [shop.example]\n  gateways: [edge]'),
    'edge.yaml': gateway(free),
  });
  const server = await serve();
  // Its labels are those that the Gateway selects: the control plane has the manifests.
  const { process } = await sidecar('--gateway', 'shop/edge');
  await process.says(/ serving /);
  expect(await ask(free, 'shop.example')).toBe('v1');
  folder.write('edge.yaml', gateway(port));
  await process.says(/the new routing table is refused, and the one before goes on: cannot listen on 127\.0\.0\.1:\d+/);
  await server.says(/a proxy refuses what it was sent, and goes on with what it had: cannot listen on .* proxy=edge\.shop .*type=TABLE/);
  expect(await status()).toMatch(/edge\.shop +weft [\d.]+ +ERROR\n\n✘ edge\.shop refuses TABLE: cannot listen on 127/);
  expect(await status('edge')).toMatch(/✘ TABLE refused \d+s ago/);
  expect(await ask(free, 'shop.example')).toBe('v1');
  folder.write('edge.yaml', gateway(free));
  await until(async () => (await status()).includes('SYNCED'), 'repaired');
  expect(await ask(free, 'shop.example')).toBe('v1');
});

test('a gateway that the manifests do not have is told so', async () => {
  const { serve, sidecar } = await mesh({ 'web.yaml': shop('v1') });
  await serve();
  const { process } = await sidecar('--gateway', 'shop/edge');
  await process.says(/no connection to the control plane: the manifests have no gateway shop\/edge\. .*; it is tried again/);
  process.signal('SIGINT');
  expect(await process.exited).toBe(0);
});
