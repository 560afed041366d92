import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { realClock } from './real-clock.ts';
import { type ConnectFailure, type ConnectOptions, connectUpstream, transportFailure } from './upstream-connect.ts';

const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

async function listen(where: { port: number; host: string } | { path: string }): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => {}).end('hi'));
  await new Promise<void>((resolve) => server.listen(where, resolve));
  open.push(server);
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

const attempt = (options: Partial<ConnectOptions>): Promise<Socket | ConnectFailure> =>
  new Promise((resolve) => {
    connectUpstream({ address: '127.0.0.1', port: 1, timeoutMs: 20_000, ...options }, realClock, resolve, resolve);
  });

describe('connectUpstream', () => {
  it('gives the socket without listeners, and nothing of it is lost', async () => {
    const socket = (await attempt({ port: await listen({ port: 0, host: '127.0.0.1' }) })) as Socket;
    expect(socket.listenerCount('error') + socket.listenerCount('close') + socket.listenerCount('connect')).toBe(0);
    const chunk = await new Promise((resolve) => socket.once('data', resolve));
    expect(String(chunk)).toBe('hi');
    socket.destroy();
  });

  it('port 0: the path of a Unix socket', async () => {
    const path = join(tmpdir(), `weft-connect-${process.pid}.sock`);
    await listen({ path });
    const socket = (await attempt({ address: path, port: 0 })) as Socket;
    expect(socket.destroyed).toBe(false);
    socket.destroy();
  });

  it('inbound connections are made from an address of their own', async () => {
    const socket = (await attempt({ port: await listen({ port: 0, host: '127.0.0.1' }), localAddress: '127.0.0.6' })) as Socket;
    expect(socket.localAddress).toBe('127.0.0.6');
    socket.destroy();
  });

  it('to a pod with addresses of both families, from the one of that family', async () => {
    const port = await listen({ port: 0, host: '127.0.0.1' });
    for (const [localAddress, expected] of [
      ['::6', '127.0.0.6'],
      ['::9', '127.0.0.1'],
    ]) {
      const socket = (await attempt({ port, localAddress })) as Socket;
      expect(socket.localAddress).toBe(expected);
      socket.destroy();
    }
  });

  it('refused', async () => {
    expect(await attempt({})).toEqual({ reason: 'remote connection failure', transport: 'delayed_connect_error:_Connection_refused' });
  });

  it('TLS that is not answered ends with the timeout', async () => {
    const port = await listen({ port: 0, host: '127.0.0.1' });
    const began = performance.now();
    const failure = await attempt({ port, timeoutMs: 80, secure: (socket) => socket });
    expect(failure).toEqual({ reason: 'connection timeout', transport: '' });
    expect(performance.now() - began).toBeGreaterThan(70);
  });

  it('nothing is called after it was given up', async () => {
    const port = await listen({ port: 0, host: '127.0.0.1' });
    let called = false;
    const call = (): void => {
      called = true;
    };
    connectUpstream({ address: '127.0.0.1', port, timeoutMs: 20 }, realClock, call, call).cancel();
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(called).toBe(false);
  });
});

it.each([
  [{ code: 'ECONNREFUSED' }, 'delayed_connect_error:_Connection_refused'],
  [{ code: 'EHOSTUNREACH' }, 'delayed_connect_error:_No_route_to_host'],
  [{ code: 'ENETUNREACH' }, 'immediate_connect_error:_Network_is_unreachable'],
  [{ code: 'EADDRNOTAVAIL' }, 'immediate_connect_error:_Cannot_assign_requested_address'],
])('%j: %s', (error, expected) => expect(transportFailure(error as NodeJS.ErrnoException)).toBe(expected));
