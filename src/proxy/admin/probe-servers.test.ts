import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { AppMetrics } from '../agent/app-metrics.ts';
import { parseAppProbes } from '../agent/app-probe.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { recordForTests, tableForTests } from '../telemetry/testing.ts';
import { Health } from './health.ts';
import type { AdminServer } from './http-server.ts';
import { createAgentServer, createHealthServer, createStatsServer, type Pod, type ProbedProxy, scraped } from './probe-servers.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

function proxyForTests(inclusion = {}): { proxy: ProbedProxy; health: Health } {
  const health = new Health();
  health.live();
  const metrics = new Metrics(tableForTests());
  metrics.recordRequest(recordForTests(), 'outbound');
  return { proxy: { state: () => health.state, metrics: scraped({ metrics: ({ clusters }) => metrics.snapshot(clusters) }, inclusion) }, health };
}

async function started(
  server: AdminServer,
  address?: string,
): Promise<{ port: number; ask: (path: string, init?: RequestInit) => Promise<{ status: number; body: string; type: string | null }> }> {
  closing.push(() => server.close());
  const { port } = await server.listen(0, address);
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
    return { status: response.status, body: await response.text(), type: response.headers.get('content-type') };
  };
  return { port, ask };
}

async function application(type: string, page: string): Promise<{ port: number; accepted: (string | undefined)[] }> {
  const accepted: (string | undefined)[] = [];
  const server = createServer(({ headers }, response) => {
    accepted.push(headers.accept);
    response.setHeader('content-type', type);
    response.end(page);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  return { port: (server.address() as AddressInfo).port, accepted };
}

function podForTests(pod: Partial<Pod> = {}): Pod & { calls: string[] } {
  const calls: string[] = [];
  return { address: '127.0.0.1', probes: new Map(), drain: () => void calls.push('drain'), quit: () => void calls.push('quit'), ...pod, calls };
}

const metricsAt = (port: number): AppMetrics =>
  new AppMetrics({ scheme: 'http', port, path: '/metrics' }, '127.0.0.1', { failed: () => {}, recovered: () => {} });

describe('15021 and 15090', () => {
  it('TEL-R24: 15021 has the health check alone', async () => {
    const { proxy, health } = proxyForTests();
    const { ask } = await started(createHealthServer(proxy));
    expect(await ask('/healthz/ready')).toMatchObject({ status: 200, body: '' });
    health.draining();
    expect(await ask('/healthz/ready')).toMatchObject({ status: 503, body: 'not ready: DRAINING\n' });
    expect((await ask('/stats/prometheus')).status).toBe(404);
  });

  it('TEL-R24, TEL-R6: 15090 has the metrics of a sidecar, and more where it is asked for', async () => {
    const { ask } = await started(createStatsServer(proxyForTests().proxy));
    const { body } = await ask('/stats/prometheus');
    expect(body).toContain('istio_requests_total{');
    expect(body).not.toContain('envoy_cluster_upstream_rq');
    expect((await ask('/ready')).status).toBe(404);
    const more = await started(createStatsServer(proxyForTests({ regexps: ['cluster\\.outbound.*upstream_rq.*'] }).proxy));
    expect((await more.ask('/stats/prometheus')).body).toContain('envoy_cluster_upstream_rq_completed{');
  });

  it.each([undefined, 'any'] as const)('another name in the Host header: %s', async (hostNames) => {
    const { port } = await started(createHealthServer(proxyForTests().proxy, hostNames ? { hostNames } : {}));
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write('GET /healthz/ready HTTP/1.1\r\nhost: web.shop:15021\r\nconnection: close\r\n\r\n'));
      socket.once('data', (data) => resolve(data.toString().slice(9, 12)));
    });
    expect(answer).toBe(hostNames === 'any' ? '200' : '403');
  });
});

describe('15020', () => {
  it('TEL-R23: readiness and metrics', async () => {
    const { ask } = await started(createAgentServer(proxyForTests().proxy, podForTests()));
    expect((await ask('/healthz/ready')).status).toBe(200);
    expect((await ask('/stats/prometheus?filter=istio_requests')).body).toContain('istio_requests_total{');
  });

  it('asks the application for its health', async () => {
    const { port } = await application('text/plain', 'fine');
    const probes = parseAppProbes(JSON.stringify({ '/app-health/app/livez': { httpGet: { port } }, '/app-health/app/readyz': { tcpSocket: { port } } }));
    const { ask } = await started(createAgentServer(proxyForTests().proxy, podForTests({ probes })));
    expect(await ask('/app-health/app/livez')).toMatchObject({ status: 200, body: 'fine' });
    expect(await ask('/app-health/app/readyz')).toMatchObject({ status: 200, body: '' });
    expect((await ask('/app-health/app/startupz')).status).toBe(404);
  });

  it('GET neither drains nor ends it, POST does', async () => {
    const pod = podForTests();
    const { ask } = await started(createAgentServer(proxyForTests().proxy, pod));
    for (const path of ['/drain', '/quitquitquit']) expect((await ask(path)).status).toBe(405);
    expect(pod.calls).toEqual([]);
    for (const path of ['/drain', '/quitquitquit']) expect(await ask(path, { method: 'POST' })).toMatchObject({ status: 200, body: 'OK\n' });
    expect(pod.calls).toEqual(['drain', 'quit']);
  });

  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address;
  if (outside === undefined) console.warn('SKIPPED: that others may not end a sidecar needs an address that is not loopback');

  it.runIf(outside !== undefined)('others may look, and not end it', async () => {
    const pod = podForTests();
    const { port } = await started(createAgentServer(proxyForTests().proxy, pod, { hostNames: 'any' }), '*');
    const at = `http://${outside}:${port}`;
    expect((await fetch(`${at}/healthz/ready`)).status).toBe(200);
    for (const path of ['/drain', '/quitquitquit']) expect((await fetch(`${at}${path}`, { method: 'POST' })).status).toBe(403);
    expect(pod.calls).toEqual([]);
    // By both families.
    expect((await fetch(`http://127.0.0.1:${port}/healthz/ready`)).status).toBe(200);
  });
});

describe('merged metrics', () => {
  const text = 'text/plain; version=0.0.4; charset=utf-8';
  const openmetrics = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

  it('in text', async () => {
    const { port, accepted } = await application(text, '# TYPE app_hits counter\napp_hits 3');
    const { ask } = await started(createAgentServer(proxyForTests().proxy, podForTests({ metrics: metricsAt(port) })));
    const { body, type } = await ask('/stats/prometheus', { headers: { accept: openmetrics } });
    expect(accepted).toEqual([openmetrics]);
    expect(type).toBe(text);
    expect(body).toMatch(
      /^# TYPE app_hits counter\napp_hits 3\n# HELP istio_agent_scrape_failures_total .*\n# TYPE istio_agent_scrape_failures_total counter\nistio_agent_scrape_failures_total\{type="application"\} 0\n/,
    );
    expect(body).toContain('\nistio_requests_total{');
    expect(body).not.toContain('# EOF');
  });

  it('as OpenMetrics, with one end', async () => {
    const { port } = await application(openmetrics, '# TYPE app_hits counter\napp_hits_total 3\n# EOF\n');
    const { ask } = await started(createAgentServer(proxyForTests().proxy, podForTests({ metrics: metricsAt(port) })));
    const { body, type } = await ask('/stats/prometheus', { headers: { accept: openmetrics } });
    expect(type).toBe(openmetrics);
    expect(body).toMatch(/^# TYPE app_hits counter\napp_hits_total 3\n/);
    expect(body).toContain('\n# TYPE istio_requests counter\n');
    expect(body.match(/# EOF\n/g)).toHaveLength(1);
    expect(body.endsWith('# EOF\n')).toBe(true);
  });

  it('an engine that knows text only: the application is asked for text', async () => {
    const { port, accepted } = await application(openmetrics, 'app_hits_total 3 # {trace="1"} 1\n# EOF\n');
    const own: ProbedProxy = { state: () => 'LIVE', format: 'prometheus', metrics: async () => ({ status: 200, type: text, body: 'envoy_up 1\n' }) };
    const { ask } = await started(createAgentServer(own, podForTests({ metrics: metricsAt(port) })));
    const { body } = await ask('/stats/prometheus', { headers: { accept: openmetrics } });
    expect(accepted).toEqual([text]);
    expect(body).toMatch(/^app_hits_total 3\n[\s\S]*envoy_up 1\n$/);
  });

  it('without the application: those of the proxy, and a counter that tells', async () => {
    const { ask } = await started(createAgentServer(proxyForTests().proxy, podForTests({ metrics: metricsAt(1) })));
    const { status, body } = await ask('/stats/prometheus');
    expect(status).toBe(200);
    expect(body).toContain('istio_agent_scrape_failures_total{type="application"} 1\n');
    expect(body).toContain('istio_requests_total{');
  });
});
