import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { ProxyProcess } from './process.ts';
import { backend, closeAll, Peer, refuses, shop, toClose, until } from './support.ts';

afterEach(closeAll);

const get = (host = 'web'): string => `GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`;

describe('the end', () => {
  test.each([1, 2])('SIGTERM: requests under way are answered, new connections refused (threads: %i)', async (concurrency) => {
    const held: (() => void)[] = [];
    const slow = await backend((_, response) => held.push(() => response.end('late')));
    const proxy = await ProxyProcess.start({ manifests: { 'web.yaml': shop('v1') }, args: ['--map', `web/v1=127.0.0.1:${slow}`], concurrency });
    const [busy, idle, silent] = [new Peer(proxy.port), new Peer(proxy.port), new Peer(proxy.port)];
    idle.send(get('nowhere.invalid'));
    await until(() => idle.bytes > 0, 'first answer');
    busy.send(get());
    const session = toClose(connect(`http://127.0.0.1:${proxy.port}`));
    const stream = session.request({ ':path': '/', ':authority': 'web' }, { endStream: true });
    let body = '';
    stream.setEncoding('utf8').on('data', (chunk) => {
      body += chunk;
    });
    await until(() => held.length === 2, 'at the endpoint');
    proxy.signal('SIGTERM');
    await until(async () => (await proxy.info()).state === 'DRAINING', 'draining');
    await until(() => refuses(proxy.port), 'refused');
    await until(() => idle.gone && silent.gone, 'idle connections closed');
    expect(busy.bytes).toBe(0);
    for (const answer of held) answer();
    await until(() => busy.gone && stream.closed && session.closed, 'answered');
    busy.socket.destroy();
    expect(busy.text).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\nconnection: close\r\n[\s\S]*late$/);
    expect(body).toBe('late');
    expect(stream.rstCode).toBe(0);
    expect(await proxy.exited).toBe(0);
    expect(proxy.output).toContain('stopped');
  });

  test('what does not end within the drain time is cut', async () => {
    const came = Promise.withResolvers<void>();
    const never = await backend(() => came.resolve());
    const proxy = await ProxyProcess.start({ manifests: { 'web.yaml': shop('v1') }, args: ['--drain-time', '300ms', '--map', `web/v1=127.0.0.1:${never}`] });
    const peer = new Peer(proxy.port);
    peer.send(get());
    await came.promise;
    const began = performance.now();
    proxy.signal('SIGTERM');
    expect(await proxy.exited).toBe(0);
    // Without a flag it is 45 s.
    expect(performance.now() - began).toBeLessThan(30_000);
    await until(() => peer.gone, 'cut');
  });

  test('a worker thread that fails ends the proxy: requests of others are answered, and the exit code tells', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'weft-fault-'));
    toClose({ close: () => rmSync(folder, { recursive: true, force: true }) });
    const [fault, now] = [join(folder, 'fault.mjs'), join(folder, 'now')];
    writeFileSync(
      fault,
      `import { existsSync } from 'node:fs';
import { threadId } from 'node:worker_threads';
if (threadId === 1) setInterval(() => { if (existsSync(${JSON.stringify(now)})) throw new Error('on purpose'); }, 20);
`,
    );
    const v1 = await backend((_, response) => setTimeout(() => response.end('v1'), 300));
    const proxy = await ProxyProcess.start({
      manifests: { 'web.yaml': shop('v1') },
      args: ['--map', `web/v1=127.0.0.1:${v1}`],
      concurrency: 2,
      env: { NODE_OPTIONS: `--import=${fault}` },
    });
    const statuses: (number | undefined)[] = [];
    let stopped = false;
    void proxy.exited.then(() => {
      stopped = true;
    });
    const ask = (): void => {
      if (stopped) return;
      const sent = request({ port: proxy.port, host: '127.0.0.1', agent: new Agent(), headers: { host: 'web' } }, (response) => {
        statuses.push(response.statusCode);
        response.resume();
      });
      sent.on('error', () => {});
      sent.end();
      setTimeout(ask, 20);
    };
    ask();
    await until(() => statuses.length > 10, 'answers');
    writeFileSync(now, '');
    expect(await proxy.exited).toBe(1);
    expect(proxy.output).toContain('on purpose');
    expect(proxy.output).toMatch(/a worker thread failed[\s\S]*draining[\s\S]*stopped/);
    expect(new Set(statuses)).toEqual(new Set([200]));
  });
});
