import { afterEach, describe, expect, test } from 'vitest';
import { startLoad } from './load.ts';
import { ProxyProcess } from './process.ts';
import { backend, closeAll, freePorts, Peer, refuses, shop, toClose, until } from './support.ts';

afterEach(closeAll);

const get = (host = 'web'): string => `GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`;

/** Answers with its name when all of the request has come. */
const named = (name: string) => backend((incoming, response) => incoming.resume().on('end', () => response.end(name)));

const serving = async (args: readonly string[], concurrency = 1): Promise<ProxyProcess> => {
  const [v1, v2] = await Promise.all([named('v1'), named('v2')]);
  const map = ['--map', `web/v1=127.0.0.1:${v1}`, '--map', `web/v2=127.0.0.1:${v2}`];
  return ProxyProcess.start({ manifests: { 'web.yaml': shop('v1') }, args: [...map, ...args], concurrency });
};

describe('new manifests', () => {
  test.each([1, 2])('not one request fails while tables are swapped (threads: %i)', async (concurrency) => {
    const proxy = await serving(['--watch'], concurrency);
    const load = startLoad({ port: proxy.port, host: 'web', http1: 6, http2: 2, bodyBytes: 20_000 });
    toClose({ close: () => void load.stop() });
    for (let i = 1; i <= 20; i++) {
      const name = i % 2 === 0 ? 'v1' : 'v2';
      const before = load.answers.get(name) ?? 0;
      proxy.write('web.yaml', shop(name));
      await until(async () => (await proxy.info()).table.generation === 1 + i, `the table of ${name}`);
      await until(() => (load.answers.get(name) ?? 0) >= before + 10, `answers of ${name}`);
    }
    await load.stop();
    expect(load.failures).toEqual([]);
    // Connections stay.
    expect(load.reconnects).toBe(0);
    expect([...load.answers.keys()].sort()).toEqual(['v1', 'v2']);
  });

  test('broken ones are refused, and the ones before go on', async () => {
    const proxy = await serving(['--watch']);
    const peer = new Peer(proxy.port);
    const answers = async (expected: string, count: number): Promise<void> => {
      peer.send(get());
      await until(() => new RegExp(`^(?:HTTP/1\\.1 200 OK\\r\\n[\\s\\S]*?\\r\\n\\r\\nv\\d){${count}}$`).test(peer.text), `answer ${count}`);
      expect(peer.text.slice(-2)).toBe(expected);
    };
    await answers('v1', 1);
    for (const [broken, finding] of [
      ['kind: {', /unparsable|YAML|flow/i],
      [shop('v2').replace('http:\n    - route:', 'http:\n    - timeout: soon\n      route:'), /soon|timeout/],
    ] as const) {
      proxy.write('web.yaml', broken);
      await until(async () => finding.test((await proxy.info()).table.rejected?.findings.join('\n') ?? ''), 'refused');
      expect((await proxy.info()).table.generation).toBe(1);
      await answers('v1', peer.text.split('HTTP/1.1 200 OK').length);
    }
    proxy.write('web.yaml', shop('v2'));
    await until(async () => (await proxy.info()).table.generation === 2, 'taken');
    expect((await proxy.info()).table.rejected).toBeUndefined();
    await answers('v2', 4);
  });

  test('a listener that is gone is closed, with its idle connections; the others stay', async () => {
    const v1 = await named('v1');
    const [one = 0, two = 0] = await freePorts(2);
    const gateway = (...ports: number[]): string => `${shop('v1').replace('hosts: [web]', 'hosts: [shop.example]\n  gateways: [edge]')}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec:
  selector: { istio: edge }
  servers: [${ports.map((port) => `{ port: { number: ${port}, name: http-${port}, protocol: HTTP }, hosts: ['*'] }`).join(', ')}]
`;
    const args = ['--watch', '--gateway', 'shop/edge', '--map', `web/v1=127.0.0.1:${v1}`];
    const proxy = await ProxyProcess.start({ manifests: { 'web.yaml': gateway(one, two) }, args, concurrency: 2 });
    const [stays, goes, silent] = [new Peer(one), new Peer(two), new Peer(two)];
    for (const peer of [stays, goes]) {
      peer.send(get('shop.example'));
      await until(() => peer.text.endsWith('v1'), 'answer');
    }
    proxy.write('web.yaml', gateway(one));
    await until(async () => (await proxy.info()).table.generation === 2, 'taken');
    await until(() => refuses(two), 'refused');
    await until(() => goes.gone && silent.gone, 'closed');
    stays.send(get('shop.example'));
    await until(() => stays.text.split('HTTP/1.1 200 OK').length === 3, 'second answer');
    expect(stays.gone).toBe(false);
  });
});
