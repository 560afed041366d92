import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../../test/until.ts';
import type { Cluster } from '../../ir/cluster.ts';
import type { TcpFilter } from '../../ir/listener.ts';
import { ClusterState } from '../core/balance/cluster-state.ts';
import { StateArena } from '../core/balance/shared-state.ts';
import { clusterOf, endpoint, group } from '../core/balance/testing.ts';
import { realClock } from '../real-clock.ts';
import { drawCluster, type TcpDownstream, TcpProxyConnection, type TcpRecord } from './proxy.ts';

const open: { destroy?(): void; close?(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) (one.destroy ?? one.close)?.call(one);
});

async function listen(onConnection: (socket: Socket) => void): Promise<{ server: Server; port: number }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.push(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(server);
  return { server, port: (server.address() as { port: number }).port };
}

interface Setup {
  /** Of the endpoint; undefined: the cluster has none. */
  port?: number;
  cluster?: Partial<Cluster>;
  filter?: Partial<TcpFilter>;
  bytes?: string;
  unknown?: boolean;
  judge?: TcpDownstream['judge'];
}

/** A proxy before one cluster. */
async function proxy({ port, cluster: overrides, filter, bytes = '', unknown = false, judge }: Setup) {
  const cluster = clusterOf(port === undefined ? [] : [group([endpoint('127.0.0.1', { port })])], overrides);
  const state = new ClusterState(cluster, { clock: realClock, random: Math.random, arena: new StateArena() });
  const records: TcpRecord[] = [];
  const front = await listen((socket) => {
    socket.pause();
    new TcpProxyConnection(
      { clock: realClock, random: Math.random, cluster: () => (unknown ? undefined : { cluster, state }) },
      { kind: 'tcp', clusters: [{ cluster: cluster.name, weight: 1 }], statPrefix: '', hashSourceIp: false, ...filter },
      { socket, bytes: Buffer.from(bytes), remoteAddress: '127.0.0.1', originalDestination: { address: '127.0.0.1', port: port ?? 1 }, judge },
      { onConnected: () => {}, onClosed: (record) => records.push(record) },
    );
  });
  return { port: front.port, records, state };
}

/** Connects, and tells how it ended. */
function client(port: number, act: (socket: Socket) => void = () => {}): Promise<{ received: string; closed: 'fin' | 'rst' }> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => act(socket));
    open.push(socket);
    socket.on('data', (chunk) => (received += chunk));
    socket.on('end', () => {
      socket.end();
      resolve({ received, closed: 'fin' });
    });
    socket.on('error', () => resolve({ received, closed: 'rst' }));
  });
}

describe('bytes', () => {
  it('go both ways, what was read before first, and each side may end before the other', async () => {
    const { port } = await listen((socket) => {
      socket.write('hello ');
      let got = '';
      socket.on('data', (chunk) => (got += chunk));
      socket.on('end', () => socket.end(`got ${got}`));
    });
    const front = await proxy({ port, bytes: 'early ' });
    expect(await client(front.port, (socket) => socket.end('late'))).toEqual({ received: 'hello got early late', closed: 'fin' });
    await until(() => front.records.length > 0, 'the connection is at its end');
    expect(front.records).toMatchObject([{ flags: '-', bytesReceived: 10, bytesSent: 20 }]);
    expect(front.state.breakers.connections.count).toBe(0);
    expect(front.state.hosts[0]?.stats()).toMatchObject({ cx_active: 0, cx_total: 1, rq_active: 0 });
  });

  it('a slow reader holds the sender back', async () => {
    let written = 0;
    const { port } = await listen((socket) => {
      const chunk = Buffer.alloc(64 * 1024);
      const write = (): void => {
        let ready = true;
        while (ready && written < 1000) {
          ready = socket.write(chunk);
          written++;
        }
        if (written < 1000) socket.once('drain', write);
        else socket.end();
      };
      write();
    });
    const front = await proxy({ port });
    let bytes = 0;
    const socket = connect(front.port, '127.0.0.1');
    open.push(socket);
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(written).toBeLessThan(900);
    socket.on('data', (chunk: Buffer) => (bytes += chunk.length)).resume();
    await new Promise((resolve) => socket.on('end', resolve));
    expect(bytes).toBe(written * 64 * 1024);
  });
});

describe('SEC-R30: a client that is judged', () => {
  const denial = { termination: 'rbac_access_denied_matched_policy[none]', details: '', flags: '-' };

  /** Greets, and says what it got. */
  async function service(): Promise<{ port: number; got: string[]; connections: () => number }> {
    const got: string[] = [];
    let connections = 0;
    const { port } = await listen((socket) => {
      connections++;
      socket.write('hello ');
      socket.on('data', (chunk) => {
        got.push(chunk.toString());
        socket.end(`got ${got.join('')}`);
      });
      socket.on('end', () => socket.end());
    });
    return { port, got, connections: () => connections };
  }

  it.each(['within the call', 'later'])('is let in, decided %s: nothing is lost', async (when) => {
    const { port, got } = await service();
    let asked = 0;
    const front = await proxy({
      port,
      judge: (decided) => {
        asked++;
        if (when === 'later') setTimeout(() => decided(undefined), 30);
        else decided(undefined);
        return when === 'later' ? { cancel: () => {} } : undefined;
      },
    });
    expect(await client(front.port, (socket) => socket.write('abc'))).toEqual({ received: 'hello got abc', closed: 'fin' });
    expect([got, asked]).toEqual([['abc'], 1]);
    await until(() => front.records.length > 0, 'the connection is at its end');
    expect(front.records).toMatchObject([{ bytesReceived: 3, terminationDetails: '' }]);
  });

  it.each(['within the call', 'later'])('is denied %s: its bytes go nowhere, and it is closed in order', async (when) => {
    const { port, got } = await service();
    const front = await proxy({
      port,
      judge: (decided) => {
        if (when === 'later') setTimeout(() => decided(denial), 30);
        else decided(denial);
        return when === 'later' ? { cancel: () => {} } : undefined;
      },
    });
    const socket = connect(front.port, '127.0.0.1');
    open.push(socket);
    let received = '';
    socket.on('data', (chunk) => (received += chunk));
    await new Promise((resolve) => socket.once('data', resolve));
    socket.write('abc');
    await new Promise((resolve) => socket.once('end', resolve));
    await until(() => front.records.length > 0, 'the connection is at its end');
    expect([received, got]).toEqual(['hello ', []]);
    expect(front.records).toMatchObject([{ flags: '-', terminationDetails: denial.termination, bytesReceived: 3 }]);
    expect(front.state.breakers.connections.count).toBe(0);
  });

  it('has said already what it is denied for: the endpoint hears nothing of it', async () => {
    const { port, connections } = await service();
    const front = await proxy({
      port,
      bytes: 'abc',
      judge: (decided) => {
        decided(denial);
        return undefined;
      },
    });
    expect(await client(front.port)).toEqual({ received: '', closed: 'fin' });
    await until(() => front.records.length > 0, 'the connection is at its end');
    expect([connections(), front.records[0]?.terminationDetails, front.records[0]?.cluster?.name]).toEqual([0, denial.termination, front.state.cluster.name]);
  });

  it('goes away while it is judged: the question is taken back', async () => {
    const { port } = await service();
    let cancelled = false;
    const front = await proxy({ port, judge: () => ({ cancel: () => (cancelled = true) }) });
    const socket = connect(front.port, '127.0.0.1', () => socket.write('abc'));
    open.push(socket);
    await new Promise((resolve) => socket.once('data', resolve));
    socket.resetAndDestroy();
    await until(() => cancelled && front.records.length > 0, 'the connection is at its end');
    expect(front.records).toHaveLength(1);
  });

  it('ends without a byte: that is judged, too', async () => {
    const { port, got } = await service();
    const front = await proxy({
      port,
      judge: (decided) => {
        decided(denial);
        return undefined;
      },
    });
    await client(front.port, (socket) => socket.end());
    await until(() => front.records.length > 0, 'the connection is at its end');
    expect([got, front.records[0]?.terminationDetails]).toEqual([[], denial.termination]);
  });
});

describe('TCP-R12: connections that cannot be made are reset', () => {
  it('refused: UF,URX, and the connection counts as a failure of the endpoint (DR-R69)', async () => {
    const { port, server } = await listen(() => {});
    await new Promise((resolve) => server.close(resolve));
    const front = await proxy({
      port,
      cluster: {
        outlier: { consecutive5xx: 1, splitLocalOrigin: false, intervalMs: 1000, baseEjectionTimeMs: 1000, maxEjectionTimeMs: 1000, maxEjectionPercent: 100 },
      },
    });
    expect(await client(front.port, (socket) => socket.write('x'))).toEqual({ received: '', closed: 'rst' });
    await until(() => front.records.length > 0, 'the connection is at its end');
    expect(front.records).toMatchObject([{ flags: 'UF,URX', transportFailure: 'delayed_connect_error:_Connection_refused' }]);
    expect(front.state.hosts[0]?.ejected).toBe(true);
    expect(front.state.hosts[0]?.stats()).toMatchObject({ cx_active: 0, cx_connect_fail: 1 });
    expect(front.state.breakers.connections.count).toBe(0);
    expect(front.state.breakers.pending.count).toBe(0);
  });

  it('DR-R69: a connection that is made counts as a success', async () => {
    const { port } = await listen((socket) => socket.end());
    const front = await proxy({
      port,
      cluster: {
        outlier: { consecutive5xx: 2, splitLocalOrigin: false, intervalMs: 1000, baseEjectionTimeMs: 1000, maxEjectionTimeMs: 1000, maxEjectionPercent: 100 },
      },
    });
    const host = front.state.hosts[0] as never;
    front.state.recordFailure(host, 'connect');
    await client(front.port);
    front.state.recordFailure(host, 'connect');
    expect(front.state.hosts[0]?.ejected).toBe(false);
  });

  it('SEL-R74: no endpoint: UH', async () => {
    const front = await proxy({});
    expect((await client(front.port, (socket) => socket.write('x'))).closed).toBe('rst');
    await until(() => front.records.length > 0, 'the connection is at its end');
    expect(front.records).toMatchObject([{ flags: 'UH', host: undefined }]);
    expect(front.state.breakers.connections.count).toBe(0);
  });

  it('unknown cluster: NC', async () => {
    const front = await proxy({ unknown: true });
    expect((await client(front.port, (socket) => socket.write('x'))).closed).toBe('rst');
    await until(() => front.records.length > 0, 'the connection is at its end');
    expect(front.records).toMatchObject([{ flags: 'NC', cluster: undefined }]);
  });

  it('DR-R52: more than maxConnections: UO', async () => {
    const { port } = await listen((socket) => {
      socket.write('hello');
      socket.on('end', () => socket.end()).resume();
    });
    const front = await proxy({ port, cluster: { breakers: { maxConnections: 1 } } });
    const first = connect(front.port, '127.0.0.1');
    open.push(first);
    await new Promise((resolve) => first.once('data', resolve));
    expect((await client(front.port, (socket) => socket.write('x'))).closed).toBe('rst');
    await until(() => front.records.length > 0, 'the connection is at its end');
    expect(front.records).toMatchObject([{ flags: 'UO' }]);
    first.destroy();
    await until(() => front.state.breakers.connections.count === 0, 'the first connection is given up');
    expect(await client(front.port, (socket) => socket.end())).toEqual({ received: 'hello', closed: 'fin' });
  });
});

describe('how connections end', () => {
  it('a reset of the endpoint is passed on: UR', async () => {
    let reset = (): void => {};
    const { port } = await listen((socket) => {
      socket.write('hello');
      reset = () => socket.resetAndDestroy();
    });
    const front = await proxy({ port });
    // A reset takes with it what was not read yet.
    expect(await client(front.port, (socket) => socket.once('data', () => reset()))).toEqual({ received: 'hello', closed: 'rst' });
    await until(() => front.records.length > 0, 'the connection is at its end');
    expect(front.records).toMatchObject([{ flags: 'UR' }]);
  });

  it('a reset of the client is passed on', async () => {
    let lost: unknown;
    let reset = (): void => {};
    const { port } = await listen((socket) => {
      socket.on('error', (error: NodeJS.ErrnoException) => (lost = error.code)).on('data', () => reset());
    });
    const front = await proxy({ port });
    void client(front.port, (socket) => {
      reset = () => socket.resetAndDestroy();
      socket.write('x');
    });
    await until(() => lost !== undefined && front.records.length > 0, 'both sides are at their end');
    expect(lost).toBe('ECONNRESET');
    expect(front.records).toMatchObject([{ flags: 'DR' }]);
  });

  it('TCP-R12: without a byte for the idle timeout both sides are closed in order', async () => {
    let ended = 0;
    const { port } = await listen((socket) => {
      socket.write('hello');
      setTimeout(() => socket.write(' again'), 500);
      socket.on('end', () => (ended = performance.now())).resume();
    });
    const front = await proxy({ port, filter: { idleTimeoutMs: 1_000 } });
    const began = performance.now();
    expect(await client(front.port)).toEqual({ received: 'hello again', closed: 'fin' });
    expect(performance.now() - began).toBeGreaterThan(1_400);
    await until(() => ended > 0 && front.records.length > 0, 'both sides are at their end');
    expect(front.records).toMatchObject([{ flags: '-' }]);
  });

  it('TCP-R12: the maximal duration ends a connection that is in use', async () => {
    const { port } = await listen((socket) => {
      const timer = setInterval(() => socket.write('x'), 20);
      socket.on('close', () => clearInterval(timer)).resume();
    });
    const front = await proxy({ port, filter: { maxConnectionDurationMs: 150 } });
    expect((await client(front.port)).closed).toBe('fin');
    await until(() => front.records.length > 0, 'the connection is at its end');
    expect(front.records).toMatchObject([{ flags: 'DT' }]);
  });
});

it('TCP-R7: clusters are drawn by weight, once a connection; those without are never', () => {
  const clusters = [
    { cluster: 'a', weight: 80 },
    { cluster: 'none', weight: 0 },
    { cluster: 'b', weight: 20 },
  ];
  const drawn = [0, 0.5, 0.7999, 0.8, 0.9999].map((random) => drawCluster({ clusters }, () => random));
  expect(drawn).toEqual(['a', 'a', 'a', 'b', 'b']);
  expect(drawCluster({ clusters: [] }, () => 0)).toBe('');
});

it('TCP-R16: the address of the client is what a consistent hash goes by', async () => {
  const servers = await Promise.all([0, 1, 2].map((i) => listen((socket) => socket.end(String(i)))));
  const cluster = clusterOf([group(servers.map(({ port }) => endpoint('127.0.0.1', { port })))], { loadBalancer: { policy: 'maglev', tableSize: 1009 } });
  const state = new ClusterState(cluster, { clock: realClock, random: Math.random, arena: new StateArena() });
  const answers = async (remoteAddress: string): Promise<string> => {
    const front = await listen((socket) => {
      socket.pause();
      new TcpProxyConnection(
        { clock: realClock, random: Math.random, cluster: () => ({ cluster, state }) },
        { kind: 'tcp', clusters: [{ cluster: 'c', weight: 1 }], statPrefix: '', hashSourceIp: true },
        { socket, bytes: Buffer.alloc(0), remoteAddress, originalDestination: undefined },
        { onConnected: () => {}, onClosed: () => {} },
      );
    });
    const all = new Set<string>();
    for (let i = 0; i < 4; i++) all.add((await client(front.port)).received);
    return [...all].join();
  };
  const seen = await Promise.all(['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6'].map(answers));
  expect(seen.every((s) => s.length === 1)).toBe(true);
  expect(new Set(seen).size).toBeGreaterThan(1);
});
