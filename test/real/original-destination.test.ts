// Connections that the kernel redirects, in a network of their own.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const module = join(import.meta.dirname, '../../src/proxy/capture/original-destination.ts');

/** Prints `<address> <port>` of each connection to the port that connections are redirected to. */
const server = `
  import { createServer, connect } from 'node:net';
  const { originalDestinationReader } = await import(${JSON.stringify(module)});
  const read = originalDestinationReader('redirect');
  const server = createServer((socket) => {
    const found = read(socket);
    console.log(found ? found.address + ' ' + found.port : 'none');
    socket.end();
  }).listen(15001, '::');
  await new Promise((resolve) => server.on('listening', resolve));
  for (const [host, port] of [['10.96.0.10', 8080], ['10.96.3.4', 443], ['fd00:96::a', 9000], ['127.0.0.1', 15001], ['::1', 15001]]) {
    await new Promise((resolve) => connect(port, host).on('close', resolve).on('error', (e) => console.log(e.message)).resume());
  }
  server.close();
`;

const network = `
  set -e
  ip link set lo up
  ip route add local 10.0.0.0/8 dev lo
  ip -6 route add local fd00:96::/32 dev lo
  iptables-legacy -t nat -A OUTPUT -p tcp -d 10.96.0.0/16 -j REDIRECT --to-ports 15001
  ip6tables-legacy -t nat -A OUTPUT -p tcp -d fd00:96::/32 -j REDIRECT --to-ports 15001
  exec "$NODE" --input-type=module -e "$PROGRAM"
`;

const tools = ['unshare', 'ip', 'iptables-legacy', 'ip6tables-legacy'];
const missing = process.getuid?.() !== 0 ? 'root' : tools.find((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0);
if (missing !== undefined) console.warn(`SKIPPED: original destinations of redirected connections need ${missing}`);

test.runIf(missing === undefined)('SEL-R40: the original destination of redirected connections, IPv4 and IPv6', { timeout: 250_000 }, () => {
  const { stdout, stderr } = spawnSync('unshare', ['-n', 'sh', '-c', network], {
    encoding: 'utf8',
    env: { ...process.env, NODE: process.execPath, PROGRAM: server },
    timeout: 240_000,
  });
  expect(stderr).not.toContain('Error');
  expect(stdout.trim().split('\n')).toEqual(['10.96.0.10 8080', '10.96.3.4 443', 'fd00:96::a 9000', 'none', 'none']);
});
