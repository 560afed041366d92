import { createServer, type RequestListener } from 'node:http';
import { type Duplex, duplexPair } from 'node:stream';
import { expect, it } from 'vitest';
import { KubeError } from '../../kube/error.ts';
import { AdminClient, type AdminWay } from './admin-client.ts';

/** An administration at the other end of streams, which are counted. */
function served(answer: RequestListener, silenceMs = 20_000): AdminWay & { opened: Duplex[] } {
  const server = createServer(answer);
  const opened: Duplex[] = [];
  return {
    opened,
    silenceMs,
    async open() {
      const [near, far] = duplexPair();
      opened.push(near);
      server.emit('connection', far);
      return near;
    },
  };
}

it('asks over a stream of its own for each request, as somebody in the pod does', async () => {
  const way = served(({ method, url, headers }, response) => response.end(`${method} ${url} ${headers.host}`));
  const admin = new AdminClient(way);
  expect(await admin.page('/clusters?format=json')).toBe('GET /clusters?format=json localhost');
  expect(await admin.post('/logging')).toBe('POST /logging localhost');
  expect(way.opened.map(({ destroyed }) => destroyed)).toEqual([true, true]);
});

it('tells what is no success', async () => {
  const way = served((_, response) => response.writeHead(404).end('no such page\n'));
  await expect(new AdminClient(way).page('/x')).rejects.toThrow('/x: status 404: no such page');
});

it('waits as long as something comes', async () => {
  const way = served((_, response) => {
    for (let i = 0; i < 5; i++) setTimeout(() => response.write('.'), i * 250);
    setTimeout(() => response.end(), 1_250);
  }, 1_000);
  expect(await new AdminClient(way).page('/slow')).toBe('.....');
});

it('gives up a silent one', async () => {
  const way = served((_, response) => response.write('.'), 100);
  await expect(new AdminClient(way).page('/')).rejects.toThrow(/does not answer/);
  expect(way.opened[0]?.destroyed).toBe(true);
});

it('passes on why there is no stream, and why one fails', async () => {
  const refused = new KubeError('nothing listens', { reason: 'PortRefused' });
  const never: AdminWay = { open: () => Promise.reject(refused), silenceMs: 1_000 };
  await expect(new AdminClient(never).page('/')).rejects.toBe(refused);
  const cut: AdminWay = {
    async open() {
      const [near] = duplexPair();
      setTimeout(() => near.destroy(refused), 10);
      return near;
    },
    silenceMs: 20_000,
  };
  await expect(new AdminClient(cut).page('/')).rejects.toBe(refused);
});
