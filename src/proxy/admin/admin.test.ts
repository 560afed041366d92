import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import type { LogLevel } from '../telemetry/log.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { recordForTests, tableForTests } from '../telemetry/testing.ts';
import { adminEndpoints, createAdminServer } from './admin.ts';
import { Health } from './health.ts';
import type { AdminServer } from './http-server.ts';
import type { AdminState, ClusterStatus } from './state.ts';

const open: AdminServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

const cluster = recordForTests().cluster;

const paying: ClusterStatus = {
  name: cluster,
  limits: { connections: 1 },
  active: { connections: 1, pendingRequests: 0, requests: 1, retries: 0 },
  outlierDetection: true,
  hosts: [
    {
      address: '10.0.0.1:8080',
      unhealthy: ['failed_outlier_check'],
      weight: 3,
      priority: 1,
      locality: { region: 'r', zone: 'z', subzone: '' },
      connectionsActive: 1,
      connectionsTotal: 2,
      connectFailures: 4,
      requestsActive: 1,
      requestsTotal: 9,
      requestsSucceeded: 6,
      requestsFailed: 3,
      requestsTimedOut: 1,
    },
  ],
};

function stateForTests() {
  const calls: string[] = [];
  const health = new Health();
  health.live();
  const metrics = new Metrics(tableForTests());
  metrics.recordRequest(recordForTests(), 'outbound');
  const levels: Record<string, LogLevel> = { main: 'info', config: 'warning' };
  const ejectedAt = Date.parse('2026-11-22T15:00:00Z');
  const ejection = { address: '10.0.0.1:8080', reason: 'consecutive_5xx' as const, since: ejectedAt, until: ejectedAt + 30_000, ejections: 1 };
  const state: AdminState = {
    version: '1.2.3',
    startedAt: Date.now() - 65_000,
    concurrency: 2,
    state: () => health.state,
    table: () => tableForTests(),
    tableInfo: () => ({ version: 'abc', generation: 4, loadedAt: ejectedAt, rejected: { version: 'def', at: ejectedAt, findings: ['IST0101 no'] } }),
    listeners: () => [
      { name: '0.0.0.0_8080', addresses: ['127.0.0.1:8080', '[::1]:8080'], direction: 'outbound', bound: true },
      { name: 'virtualOutbound', addresses: ['0.0.0.0:15001'], direction: 'outbound', bound: false },
    ],
    clusters: async () => [paying, { ...paying, name: 'BlackHoleCluster', outlierDetection: false, limits: {}, hosts: [] }],
    outliers: () => ({
      clusters: [{ name: cluster, hosts: 2, maxEjectionPercent: 50, ejected: [ejection], ejections: 1, overflows: 2 }],
      history: [{ at: ejectedAt, cluster, address: '10.0.0.1:8080', action: 'ejected', reason: 'consecutive_5xx', until: ejection.until }],
    }),
    metrics: ({ clusters }) => metrics.snapshot(clusters),
    resetCounters: () => metrics.reset(),
    logLevels: () => levels,
    setLogLevel: (level, scope) => {
      for (const name of scope === undefined ? Object.keys(levels) : [scope]) levels[name] = level;
    },
    reopenLogs: () => void calls.push('reopen'),
    failHealthCheck: (failed) => health.fail(failed),
    drain: (options) => {
      calls.push(`drain ${JSON.stringify(options)}`);
      health.draining();
    },
    quit: () => void calls.push('quit'),
  };
  return { state, calls, health };
}

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

function ask(port: number, path: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ port, host: '127.0.0.1', path, method: options.method ?? 'GET', headers: options.headers ?? {} }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        const body = response.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: body.toString() });
      });
    });
    request.on('error', reject);
    request.end(options.body);
  });
}

async function admin(options: Parameters<typeof createAdminServer>[1] = {}) {
  const all = stateForTests();
  const server = createAdminServer(all.state, options);
  open.push(server);
  const { port } = await server.listen(0);
  return {
    ...all,
    port,
    get: (path: string, headers = {}) => ask(port, path, { headers }),
    post: (path: string, headers = {}) => ask(port, path, { method: 'POST', headers }),
  };
}

describe('the admin server', () => {
  it('TEL-R20: /ready is LIVE with 200, else the state with 503', async () => {
    const { get, post, health } = await admin();
    expect(await get('/ready')).toMatchObject({ status: 200, body: 'LIVE\n' });
    expect(await post('/healthcheck/fail')).toMatchObject({ status: 200, body: 'OK\n' });
    expect(await get('/ready')).toMatchObject({ status: 503, body: 'DRAINING\n' });
    await post('/healthcheck/ok');
    expect(await get('/ready')).toMatchObject({ status: 200 });
    expect(new Health().state).toBe('PRE_INITIALIZING');
    health.draining();
    health.live();
    expect(await get('/ready')).toMatchObject({ status: 503, body: 'DRAINING\n' });
  });

  it.each(['/logging', '/healthcheck/fail', '/healthcheck/ok', '/drain_listeners', '/quitquitquit', '/reset_counters', '/reopen_logs'])(
    'TEL-R20: GET %s is refused',
    async (path) => {
      const { get, calls } = await admin();
      expect(await get(path)).toMatchObject({ status: 405, body: 'Method GET not allowed, POST required.' });
      expect(calls).toEqual([]);
    },
  );

  it('TEL-R20: unknown paths get the help, other methods are refused, HEAD has no body', async () => {
    const { get, port } = await admin();
    const unknown = await get('/nope?x');
    expect(unknown).toMatchObject({ status: 404, body: expect.stringContaining('invalid path. admin commands are:\n  /: home page\n') });
    expect(unknown.body).toContain('  /logging (POST): query and change logging levels\n      level: for all loggers\n');
    expect((await get('/help')).body).toBe(unknown.body.replace('invalid path. ', ''));
    expect((await get('/')).body).toBe((await get('/help')).body);
    expect(await ask(port, '/ready', { method: 'DELETE' })).toMatchObject({ status: 405 });
    expect(await ask(port, '/ready', { method: 'HEAD' })).toMatchObject({ status: 200, body: '', headers: { 'content-length': '5' } });
  });

  it('has a home page for browsers, without scripts', async () => {
    const { get } = await admin();
    const page = await get('/', { accept: 'text/html,*/*' });
    expect(page.headers['content-type']).toBe('text/html; charset=UTF-8');
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(page.body).toContain('<a href="/clusters">');
    expect(page.body).toContain('<form method="post" action="/quitquitquit">');
  });

  it('TEL-R20: /server_info tells of state, table and the table that was refused', async () => {
    const { get } = await admin();
    const info = JSON.parse((await get('/server_info')).body);
    expect(info).toMatchObject({ version: '1.2.3', state: 'LIVE', uptime_current_epoch: '65s', concurrency: 2 });
    expect(info.table).toEqual({
      version: 'abc',
      generation: 4,
      loadedAt: '2026-11-22T15:00:00.000Z',
      rejected: { version: 'def', at: '2026-11-22T15:00:00.000Z', findings: ['IST0101 no'] },
    });
    expect(info.proxy.name).toBe('web-7c9d8f6b54-x2x4z');
  });

  it('TEL-R21: /clusters as text', async () => {
    const { get } = await admin();
    const host = `${cluster}::10.0.0.1:8080`;
    expect((await get(`/clusters?filter=${encodeURIComponent('\\|v1\\|')}`)).body).toBe(
      [
        `${cluster}::observability_name::${cluster};`,
        `${cluster}::outlier::success_rate_average::-1`,
        `${cluster}::outlier::success_rate_ejection_threshold::-1`,
        `${cluster}::outlier::local_origin_success_rate_average::-1`,
        `${cluster}::outlier::local_origin_success_rate_ejection_threshold::-1`,
        `${cluster}::default_priority::max_connections::1`,
        `${cluster}::default_priority::max_pending_requests::4294967295`,
        `${cluster}::default_priority::max_requests::4294967295`,
        `${cluster}::default_priority::max_retries::4294967295`,
        `${cluster}::added_via_api::true`,
        `${host}::cx_active::1`,
        `${host}::cx_connect_fail::4`,
        `${host}::cx_total::2`,
        `${host}::rq_active::1`,
        `${host}::rq_error::3`,
        `${host}::rq_success::6`,
        `${host}::rq_timeout::1`,
        `${host}::rq_total::9`,
        `${host}::hostname::`,
        `${host}::health_flags::/failed_outlier_check`,
        `${host}::weight::3`,
        `${host}::region::r`,
        `${host}::zone::z`,
        `${host}::sub_zone::`,
        `${host}::canary::false`,
        `${host}::priority::1`,
        `${host}::success_rate::-1`,
        `${host}::local_origin_success_rate::-1`,
        '',
      ].join('\n'),
    );
    expect((await get('/clusters')).body).toContain('BlackHoleCluster::added_via_api::true\n');
    expect(await get('/clusters?filter=(')).toMatchObject({ status: 400 });
    expect(await get('/clusters?format=xml')).toMatchObject({ status: 400 });
  });

  it('TEL-R21: /clusters as JSON', async () => {
    const { get } = await admin();
    const [first, second] = JSON.parse((await get('/clusters?format=json')).body).cluster_statuses;
    expect(first).toMatchObject({
      name: cluster,
      observability_name: `${cluster};`,
      circuit_breakers: { thresholds: [{ max_connections: 1, max_retries: 4294967295 }] },
    });
    expect(first.host_statuses[0]).toMatchObject({
      address: { socket_address: { address: '10.0.0.1', port_value: 8080 } },
      health_status: { failed_outlier_check: true, eds_health_status: 'HEALTHY' },
      weight: 3,
      priority: 1,
      locality: { region: 'r', zone: 'z' },
    });
    expect(first.host_statuses[0].stats).toContainEqual({ name: 'rq_error', value: '3' });
    expect(first.host_statuses[0].stats).toContainEqual({ type: 'GAUGE', name: 'cx_active', value: '1' });
    expect(second).not.toHaveProperty('host_statuses');
  });

  it('TEL-R21: /listeners', async () => {
    const { get } = await admin();
    expect((await get('/listeners')).body).toBe('0.0.0.0_8080::127.0.0.1:8080\n0.0.0.0_8080::[::1]:8080\nvirtualOutbound::0.0.0.0:15001\n');
    const [first] = JSON.parse((await get('/listeners?format=json')).body).listener_statuses;
    expect(first).toMatchObject({ name: '0.0.0.0_8080', local_address: { socket_address: { address: '127.0.0.1', port_value: 8080 } }, bound: true });
    expect(first.additional_local_addresses).toEqual([{ socket_address: { address: '::1', port_value: 8080 } }]);
  });

  it('/config_dump has the routing table, whole or in parts', async () => {
    const { get } = await admin();
    const whole = JSON.parse((await get('/config_dump')).body).configs;
    expect(whole.map((c: { kind: string }) => c.kind)).toEqual(['ProxyConfigDump', 'ListenersConfigDump', 'RoutesConfigDump', 'ClustersConfigDump']);
    expect(whole[0]).toMatchObject({ version: 'abc', generation: 4, proxy: { namespace: 'front' }, mesh: { meshId: 'cluster.local' }, statuses: [] });
    expect(whole[3].clusters).toEqual(JSON.parse(JSON.stringify(tableForTests().clusters)));
    for (const resource of ['clusters', 'dynamic_active_clusters']) {
      const some = JSON.parse((await get(`/config_dump?resource=${resource}&name_regex=Hole`)).body).configs;
      expect(some).toMatchObject([{ kind: 'Cluster', name: 'BlackHoleCluster' }]);
    }
    expect(JSON.parse((await get('/config_dump?resource=listeners')).body)).toEqual({ configs: [] });
    expect(await get('/config_dump?resource=nope')).toMatchObject({ status: 404, body: expect.stringContaining('nope not found in config dump') });
    expect(await get('/config_dump?name_regex=(')).toMatchObject({ status: 400 });
    expect(await get('/config_dump?mask=x')).toMatchObject({ status: 400 });
  });

  it('/config_dump before the first table', async () => {
    const { state } = stateForTests();
    const server = createAdminServer({ ...state, table: () => undefined, tableInfo: () => ({ version: '', generation: 0 }) });
    open.push(server);
    const { port } = await server.listen(0);
    const { configs } = JSON.parse((await ask(port, '/config_dump')).body);
    expect(configs[0]).toEqual({ kind: 'ProxyConfigDump', version: '', generation: 0, statuses: [] });
    expect(configs[3]).toEqual({ kind: 'ClustersConfigDump', clusters: [] });
    expect(JSON.parse((await ask(port, '/server_info')).body).table).toEqual({ version: '', generation: 0 });
  });

  it('/outliers tells who is ejected, why and until when', async () => {
    const { get } = await admin();
    const text = (await get('/outliers')).body;
    expect(text).toContain(`ejected now:\n  ${cluster}  10.0.0.1:8080  consecutive_5xx  since 2026-11-22T15:00:00.000Z until 2026-11-22T15:00:30.000Z (`);
    expect(text).toContain(`clusters:\n  ${cluster}  1 of 2 ejected (at most 50%), 1 so far, 2 refused by the maximum\n`);
    expect(text).toContain(`history:\n  2026-11-22T15:00:00.000Z  ejected    ${cluster}  10.0.0.1:8080  consecutive_5xx  until 2026-11-22T15:00:30.000Z\n`);
    const data = JSON.parse((await get('/outliers?format=json')).body);
    expect(data.clusters[0].ejected[0]).toMatchObject({ address: '10.0.0.1:8080', until: '2026-11-22T15:00:30.000Z', ejections: 1 });
    expect(data.history).toHaveLength(1);
  });

  it('TEL-R20: /stats in three formats, filtered', async () => {
    const { get } = await admin();
    expect((await get('/stats?filter=upstream_rq_200')).body).toBe(`cluster.${cluster};.external.upstream_rq_200: 1\ncluster.${cluster};.upstream_rq_200: 1\n`);
    expect((await get('/stats')).body).toContain(`cluster.${cluster};.upstream_rq_retry: 0\n`);
    expect((await get('/stats?usedonly')).body).not.toContain('upstream_rq_retry:');
    expect((await get('/stats?type=Histograms')).body.split('\n')).toHaveLength(4);
    expect(JSON.parse((await get('/stats?format=json&filter=upstream_rq_completed')).body).stats[0]).toEqual({
      name: `cluster.${cluster};.external.upstream_rq_completed`,
      value: 1,
    });
    for (const path of ['/stats?format=prometheus', '/stats/prometheus']) {
      const scrape = await get(path);
      expect(scrape.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
      expect(scrape.body).toMatch(/^istio_requests_total\{reporter="source",.*\} 1$/m);
      expect(scrape.body).toContain(`envoy_cluster_upstream_rq_200{cluster_name="${cluster}"} 1\n`);
    }
    expect(await get('/stats?filter=(')).toMatchObject({ status: 400, body: 'Invalid re2 regex: (\n' });
    expect(await get('/stats?format=html')).toMatchObject({ status: 400 });
    expect(await get('/stats?type=x')).toMatchObject({ status: 400 });
  });

  it('answers scrapers in OpenMetrics and compressed', async () => {
    const { get } = await admin();
    const scrape = await get('/stats/prometheus', { accept: 'application/openmetrics-text;version=1.0.0', 'accept-encoding': 'gzip, deflate' });
    expect(scrape.headers).toMatchObject({ 'content-encoding': 'gzip', 'content-type': 'application/openmetrics-text; version=1.0.0; charset=utf-8' });
    expect(scrape.body.endsWith('# EOF\n')).toBe(true);
    expect((await get('/stats/prometheus', { 'accept-encoding': 'gzip;q=0' })).headers).not.toHaveProperty('content-encoding');
  });

  it('TEL-R20: /logging shows and changes levels', async () => {
    const { post } = await admin();
    expect(await post('/logging')).toMatchObject({ status: 200, body: 'active loggers:\n  main: info\n  config: warning\n\n' });
    expect((await post('/logging?level=debug')).body).toContain('config: debug');
    expect((await post('/logging?config=off')).body).toContain('main: debug\n  config: off');
    expect((await post('/logging?paths=main:error,config:trace')).body).toContain('main: error\n  config: trace');
    for (const bad of ['level=loud', 'nope=info', 'paths=main', 'config=']) {
      expect(await post(`/logging?${bad}`)).toMatchObject({ status: 400, body: expect.stringMatching(/^error: unknown logger/) });
    }
    expect((await post('/logging')).body).toContain('main: error\n  config: trace');
  });

  it('TEL-R20: drains, resets, reopens logs, and quits after it has answered', async () => {
    const { get, post, calls } = await admin();
    await post('/reset_counters');
    expect((await get('/stats?filter=upstream_rq_200')).body).toBe('');
    await post('/reopen_logs');
    await post('/drain_listeners?graceful&inboundonly');
    expect((await get('/ready')).body).toBe('DRAINING\n');
    expect(await post('/quitquitquit')).toMatchObject({ status: 200, body: 'OK\n' });
    expect(calls).toEqual(['reopen', 'drain {"graceful":true,"inboundOnly":true,"skipExit":false}', 'quit']);
  });

  it('/memory is in bytes', async () => {
    const { get } = await admin();
    expect(Number(JSON.parse((await get('/memory')).body).heap_size)).toBeGreaterThan(1_000_000);
  });
});

describe('the door of the admin server', () => {
  it.each([
    ['evil.example', 403],
    ['evil.example:15000', 403],
    ['127.0.0.1.evil.example', 403],
    ['localhost.evil.example', 403],
    ['localhost', 200],
    ['LOCALHOST:15000', 200],
    ['127.0.0.1:15000', 200],
    ['[::1]:15000', 200],
    ['10.1.2.3', 200],
    ['proxy.shop.svc:15000', 200],
  ])('Host %s gets %i: a name that anybody can point to loopback is refused', async (host, status) => {
    const { get } = await admin({ hostNames: ['Proxy.shop.svc'] });
    expect((await get('/ready', { host })).status).toBe(status);
  });

  it('refuses what a page of another site posts', async () => {
    const { post, calls, port } = await admin();
    expect((await post('/quitquitquit', { origin: 'http://evil.example' })).status).toBe(403);
    expect((await post('/quitquitquit', { origin: 'null' })).status).toBe(403);
    expect(calls).toEqual([]);
    expect((await post('/reopen_logs', { origin: `http://127.0.0.1:${port}` })).status).toBe(200);
  });

  it.each([
    ['cross-site', 403],
    ['same-site', 403],
    ['same-origin', 200],
    ['none', 200],
  ])('a browser that tells of the site alone: %s gets %i', async (site, status) => {
    const { post, get, calls } = await admin();
    expect((await post('/reopen_logs', { 'sec-fetch-site': site })).status).toBe(status);
    expect(calls).toEqual(status === 200 ? ['reopen'] : []);
    // A link that somebody follows changes nothing.
    expect((await get('/ready', { 'sec-fetch-site': site })).status).toBe(200);
  });

  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address;
  if (outside === undefined) console.warn('SKIPPED: that others have nothing of the administration needs an address that is not loopback');

  it.runIf(outside !== undefined || process.env.CI === 'true')('whatever it listens on, others neither see nor change anything', async () => {
    const { state, calls } = stateForTests();
    const server = createAdminServer(state, { hostNames: 'any' });
    open.push(server);
    const { port } = await server.listen(0, '*');
    const at = `http://${outside}:${port}`;
    for (const { path, post } of adminEndpoints(state)) {
      const answer = await fetch(`${at}${path}`, { method: post ? 'POST' : 'GET' });
      expect([path, answer.status, await answer.text()]).toEqual([path, 403, 'forbidden: only from the same pod\n']);
    }
    expect(calls).toEqual([]);
    expect((await ask(port, '/ready')).status).toBe(200);
  });

  it('what a proxy passes on from outside is not of the pod', async () => {
    const { state, calls } = stateForTests();
    const server = createAdminServer(state, { hostNames: 'any' });
    open.push(server);
    const { port } = await server.listen(0, '127.0.0.1');
    const from = (localAddress: string, path: string, method: string): Promise<number> =>
      new Promise((resolve, reject) => {
        httpRequest({ host: '127.0.0.1', port, localAddress, path, method, agent: false }, (response) => resolve(response.resume().statusCode ?? 0))
          .on('error', reject)
          .end();
      });
    for (const { path, post } of adminEndpoints(state)) expect([path, await from('127.0.0.6', path, post ? 'POST' : 'GET')]).toEqual([path, 403]);
    expect(calls).toEqual([]);
    expect(await from('127.0.0.1', '/server_info', 'GET')).toBe(200);
  });

  it('drops bodies without end, and large headers', async () => {
    const { port, get, calls } = await admin();
    expect(await ask(port, '/reopen_logs', { method: 'POST', body: 'x'.repeat(60_000) })).toMatchObject({ status: 200 });
    expect(await ask(port, '/reopen_logs', { method: 'POST', body: 'x'.repeat(70_000) })).toMatchObject({ status: 413, headers: { connection: 'close' } });
    expect(calls).toEqual(['reopen']);
    expect((await get(`/ready?${'x'.repeat(20_000)}`)).status).toBe(431);
    expect((await get('/ready')).status).toBe(200);
  });

  it('survives a bug in what it asks, and clients that leave', async () => {
    const { state } = stateForTests();
    const errors: unknown[] = [];
    const fail = () => {
      throw new Error('bug');
    };
    const server = createAdminServer({ ...state, clusters: fail, metrics: fail }, { onError: (error) => errors.push(error) });
    open.push(server);
    const { port } = await server.listen(0);
    expect(await ask(port, '/clusters')).toMatchObject({ status: 500, body: 'internal error\n' });
    expect(await ask(port, '/stats')).toMatchObject({ status: 500 });
    expect(errors).toHaveLength(2);
    const socket = connect(port, '127.0.0.1', () => socket.end('GET /config_dump HTTP/1.1\r\nhost: localhost\r\n\r\n', () => socket.destroy()));
    await new Promise((resolve) => socket.on('close', resolve));
    expect((await ask(port, '/ready')).status).toBe(200);
  });

  it('says where it cannot listen', async () => {
    const { port } = await admin();
    const second = createAdminServer(stateForTests().state);
    await expect(second.listen(port)).rejects.toThrow('EADDRINUSE');
  });
});
