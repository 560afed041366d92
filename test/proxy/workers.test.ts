import { Agent, get } from 'node:http';
import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { ThreadSettings } from '../../src/proxy/workers/data-plane.ts';
import { WorkerGroup } from '../../src/proxy/workers/worker-group.ts';
import { backend, closeAll, freePorts, shop, tableOf, toClose, until } from './support.ts';

afterEach(closeAll);

interface Running {
  plane: WorkerGroup;
  port: number;
  log: () => string[];
}

/** Two workers; the access log is the number of each connection. */
async function twoWorkers(): Promise<Running> {
  const [port = 0] = await freePorts(1);
  const lines: string[] = [];
  const settings: ThreadSettings = { bind: '127.0.0.1', outboundPort: port, inboundPort: 0, capture: false, drainMs: 1000, logFlushMs: 5 };
  const plane = new WorkerGroup(settings, { write: (text) => void lines.push(text), warn: () => {} }, 2);
  toClose({ close: () => void plane.close() });
  return {
    plane,
    port,
    log: () =>
      lines
        .join('')
        .split('\n')
        .filter((line) => line !== ''),
  };
}

const meshConfig = "{ accessLogFile: /dev/stdout, accessLogFormat: '%CONNECTION_ID%' }";

/** @returns status and body */
function request(port: number, agent: Agent, path = '/'): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', path, agent, headers: { host: 'web' } }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    }).on('error', reject);
  });
}

/** As many connections as make it all but certain that each of two workers has some. */
const many = 20;

/** Requests at the same time, each on its own connection. */
function requestAll(port: number, path = '/'): Promise<{ status: number; body: string }[]> {
  return Promise.all(Array.from({ length: many }, () => request(port, new Agent({ keepAlive: false }), path)));
}

const ofBothWorkers = (log: readonly string[]): boolean => log.some((id) => Number(id) % 2 === 0) && log.some((id) => Number(id) % 2 === 1);

describe('several worker threads', () => {
  test('DR-R55: a limit is one limit for all of them', async () => {
    const { plane, port, log } = await twoWorkers();
    const held: (() => void)[] = [];
    const v1 = await backend((_, response) => held.push(() => response.end('done')));
    await plane.apply(await tableOf(shop('v1', '{ connectionPool: { http: { http2MaxRequests: 1 } } }'), [`web/v1=127.0.0.1:${v1}`], meshConfig));
    const answers = requestAll(port);
    await until(() => log().length === many - 1 && held.length > 0, 'all but one refused, which is at the endpoint');
    expect(held).toHaveLength(1);
    const active = (await plane.clusters()).find(({ name }) => name.includes('|v1|'))?.active;
    expect(active).toMatchObject({ requests: 1 });
    held[0]?.();
    const statuses = (await answers).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 503)).toHaveLength(many - 1);
    await until(() => log().length === many, 'log');
    expect(ofBothWorkers(log())).toBe(true);
    expect(new Set(log()).size).toBe(many);
  });

  test('DR-R64: an endpoint that is ejected is ejected for all of them', async () => {
    const { plane, port, log } = await twoWorkers();
    const good = await backend((_, response) => response.end('good'));
    const bad = await backend((_, response) => response.writeHead(500).end('bad'));
    const policy = '{ loadBalancer: { simple: ROUND_ROBIN }, outlierDetection: { consecutive5xxErrors: 3, maxEjectionPercent: 100, baseEjectionTime: 60s } }';
    await plane.apply(await tableOf(shop('v1', policy), [`web/v1=127.0.0.1:${good}`, `web/v1=127.0.0.1:${bad}`], meshConfig));
    for (let i = 0; i < many && (await plane.outliers()).history.length === 0; i++) await requestAll(port);
    const before = log().length;
    expect((await requestAll(port)).map(({ body }) => body)).toEqual(Array(many).fill('good'));
    await until(() => log().length >= before + many, 'log');
    expect(ofBothWorkers(log().slice(before))).toBe(true);
    const { clusters, history } = await plane.outliers();
    expect(clusters.flatMap(({ ejected }) => ejected)).toMatchObject([{ address: `127.0.0.1:${bad}`, reason: 'consecutive_5xx' }]);
    expect(history).toHaveLength(1);
  });

  test('metrics are those of all together', async () => {
    const { plane, port, log } = await twoWorkers();
    const v1 = await backend((_, response) => response.end('x'));
    await plane.apply(await tableOf(shop('v1'), [`web/v1=127.0.0.1:${v1}`], meshConfig));
    await requestAll(port);
    await until(() => log().length === many, 'log');
    expect(ofBothWorkers(log())).toBe(true);
    const value = async (family: string, label = ''): Promise<number[]> =>
      (await plane.metrics(true))
        .flatMap(({ name, series }) => (name === family ? series.filter(({ labels }) => label === '' || labels.includes(label)) : []))
        .map((s) => s.value);
    expect(await value('istio_requests_total')).toEqual([many]);
    expect(await value('envoy_listener_downstream_cx_total')).toEqual([many]);
    expect(await value('envoy_cluster_upstream_rq_total', 'outbound|80|v1|web.shop.svc.cluster.local')).toEqual([many]);
    await plane.resetCounters();
    expect(await value('istio_requests_total')).toEqual([]);
  });

  test('a table whose port cannot be opened is taken by none of them, also where its owner shares it', async () => {
    const { plane, port } = await twoWorkers();
    const v1 = await backend((_, response) => response.end('v1'));
    await plane.apply(await tableOf(shop('v1'), [`web/v1=127.0.0.1:${v1}`]));
    const { state } = plane;
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen({ port: 0, host: '127.0.0.1', reusePort: true }, resolve));
    toClose(taken);
    const address = taken.address() as { port: number };
    const table = await tableOf(shop('v2'), [`web/v2=127.0.0.1:${v1}`]);
    const listener = {
      name: 'more',
      direction: 'outbound',
      address: '127.0.0.1',
      port: address.port,
      bind: true,
      chains: [],
      inspectHttp: false,
      inspectTls: false,
      detectionTimeoutMs: 0,
    } as const;
    await expect(plane.apply({ ...table, listeners: [...table.listeners, listener] })).rejects.toThrow(
      `cannot listen on 127.0.0.1:${address.port}: another process has this port`,
    );
    expect(plane.state).toEqual(state);
    expect((await requestAll(port)).map(({ body }) => body)).toEqual(Array(many).fill('v1'));
    // Without it the same table is taken.
    await plane.apply(table);
    expect(plane.state.generation).toBe(2);
  });

  test('names are looked up once for all, before requests come', async () => {
    const { plane, port } = await twoWorkers();
    const v1 = await backend((_, response) => response.end('named'));
    const named = `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: web, namespace: shop }
spec:
  hosts: [web]
  ports: [{ number: 80, name: http, protocol: HTTP }]
  resolution: DNS
  endpoints: [{ address: localhost, ports: { http: ${v1} } }]
`;
    await plane.apply(await tableOf(named));
    expect((await requestAll(port)).map(({ body }) => body)).toEqual(Array(many).fill('named'));
    const [cluster] = (await plane.clusters()).filter(({ name }) => name.includes('|web'));
    expect(cluster?.hosts).toMatchObject([{ address: `127.0.0.1:${v1}`, requestsTotal: many }]);
  });

  test('when the last connection is gone, the drain is over', async () => {
    const { plane, port } = await twoWorkers();
    const held: (() => void)[] = [];
    const v1 = await backend((_, response) => held.push(() => response.end('late')));
    await plane.apply(await tableOf(shop('v1'), [`web/v1=127.0.0.1:${v1}`]));
    const answers = requestAll(port);
    await until(() => held.length === many, 'requests');
    expect(await plane.usage()).toMatchObject({ requests: many, connections: many });
    await plane.drain();
    let idle = false;
    void plane.idle().then(() => {
      idle = true;
    });
    await expect(request(port, new Agent())).rejects.toThrow('ECONNREFUSED');
    expect(idle).toBe(false);
    for (const answer of held) answer();
    expect((await answers).map(({ body }) => body)).toEqual(Array(many).fill('late'));
    await until(() => idle, 'idle');
    expect(await plane.usage()).toMatchObject({ requests: 0, connections: 0 });
  });
});
