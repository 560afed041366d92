// A real Envoy that has all of its configuration from the control plane.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adsBootstrap } from '../../src/envoy/bootstrap.ts';
import type { JsonObject } from '../../src/envoy/json.ts';
import { typeUrls } from '../../src/envoy/type-urls.ts';
import type { ClientStatus } from '../../src/envoy/xds/client-status.ts';
import { XdsServer } from '../../src/envoy/xds/server.ts';
import { fetchClientStatus } from '../../src/envoy/xds/status-client.ts';
import { EnvoySource } from '../../src/envoy/xds/testing.ts';
import type { XdsVariant } from '../../src/envoy/xds/view.ts';
import { freePort } from '../free-ports.ts';
import { envoyProgram } from './envoy.ts';

const program = envoyProgram();

const ads: JsonObject = { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0s' };
const typed = (type: string, fields: JsonObject = {}): JsonObject => ({ '@type': `type.googleapis.com/envoy.extensions.filters.${type}`, ...fields });
const at = (port: number): JsonObject => ({ socket_address: { address: '127.0.0.1', port_value: port } });

const listener = (port: number, routes = '80'): JsonObject => ({
  name: 'outbound',
  address: at(port),
  filter_chains: [
    {
      filters: [
        {
          name: 'http',
          typed_config: typed('network.http_connection_manager.v3.HttpConnectionManager', {
            stat_prefix: 'outbound',
            rds: { route_config_name: routes, config_source: ads },
            http_filters: [{ name: 'router', typed_config: typed('http.router.v3.Router') }],
          }),
        },
      ],
    },
  ],
});
const cluster = (name: string, timeout = '1s'): JsonObject => ({
  name,
  type: 'EDS',
  eds_cluster_config: { eds_config: ads, service_name: name },
  connect_timeout: timeout,
});
const endpoints = (name: string, port: number): JsonObject => ({ cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address: at(port) } }] }] });
const host = (domain: string, to: string): JsonObject => ({
  name: `80/${domain}`,
  domains: [domain],
  routes: [{ match: { prefix: '/' }, route: { cluster: to } }],
});
const catchAll: JsonObject = {
  name: 'all',
  domains: ['*'],
  routes: [{ match: { prefix: '/' }, direct_response: { status: 404, body: { inline_string: 'nobody' } } }],
};

interface Contents {
  listeners: JsonObject[];
  clusters: JsonObject[];
  endpoints: JsonObject[];
  hosts: JsonObject[];
  /** Names of route configurations without virtual hosts, but for the one for all. */
  moreRoutes: string[];
}

function resources(variant: XdsVariant, contents: Contents): Record<string, Record<string, JsonObject>> {
  const byName = (list: JsonObject[], key = 'name'): Record<string, JsonObject> => Object.fromEntries(list.map((one) => [one[key] as string, one]));
  const { listeners, clusters, hosts, moreRoutes } = contents;
  const isDelta = variant === 'delta';
  const routesOf = (name: string, inline: JsonObject[]): JsonObject =>
    isDelta ? { name, virtual_hosts: [catchAll], vhds: { config_source: ads } } : { name, virtual_hosts: [...inline, catchAll] };
  return {
    [typeUrls.listener]: byName(listeners),
    [typeUrls.cluster]: byName(clusters),
    [typeUrls.endpoints]: byName(contents.endpoints, 'cluster_name'),
    [typeUrls.routes]: byName([routesOf('80', hosts), ...moreRoutes.map((name) => routesOf(name, []))]),
    ...(isDelta ? { [typeUrls.virtualHost]: byName(hosts) } : {}),
  };
}

function fetchText(port: number, path: string, headers: Record<string, string> = {}): Promise<string> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    });
    request.on('error', (error) => resolve(error.message));
  });
}

/** Asks until it is so, and then gives it; the test's own limit ends it otherwise. */
async function eventually<T>(ask: () => T | Promise<T>, isSo: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await ask();
    if (isSo(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe.skipIf(program === undefined).each(['delta', 'sotw'] as const)('Envoy (%s)', (variant) => {
  const backends: Server[] = [];
  const refused: string[] = [];
  let folder: string;
  let port: number;
  let admin: number;
  let controlPort: number;
  let one: number;
  let two: number;
  let contents: Contents;
  let source: EnvoySource;
  let server: XdsServer;
  let envoy: ChildProcess;

  const startServer = async (): Promise<void> => {
    server = new XdsServer(source, {
      debounceMs: 10,
      debounceMaxMs: 100,
      events: { refused: (_, typeUrl, text) => refused.push(`${typeUrl.split('.').at(-1)}: ${text}`) },
    });
    controlPort = await server.listen(`127.0.0.1:${controlPort}`);
  };
  const change = (change: Partial<Contents>): void => {
    contents = { ...contents, ...change };
    source.set(resources(variant, contents));
    server.changed();
  };
  const ask = (domain: string): Promise<string> => fetchText(port, '/', { host: domain });
  const answers = (domain: string, text: string): Promise<string> =>
    eventually(
      () => ask(domain),
      (answer) => answer === text,
    );
  const status = async (): Promise<ClientStatus | undefined> => (await fetchClientStatus(`127.0.0.1:${controlPort}`))[0];
  const isSynced = (one: ClientStatus | undefined): boolean => one?.types.every(({ state }) => state === 'SYNCED') === true;
  /** Responses that it has taken, by type. */
  const taken = async (): Promise<Record<string, number>> => {
    const { stats } = JSON.parse(await fetchText(admin, '/stats?format=json&filter=update_success$')) as { stats: { name: string; value: number }[] };
    return Object.fromEntries(stats.map(({ name, value }) => [name, value]));
  };
  const backend = async (text: string): Promise<number> => {
    const made = createHttpServer((_, response) => response.end(text));
    backends.push(made);
    await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
    return (made.address() as AddressInfo).port;
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'weft-xds-'));
    [one, two] = [await backend('one'), await backend('two')];
    [port, admin, controlPort] = [await freePort(), await freePort(), await freePort()];
    contents = { listeners: [listener(port)], clusters: [cluster('a')], endpoints: [endpoints('a', one)], hosts: [host('shop', 'a')], moreRoutes: [] };
    source = new EnvoySource(resources(variant, contents));
    await startServer();
    const node = { id: 'sidecar~127.0.0.1~shop.default~default', cluster: 'shop', locality: { region: '', zone: '', subzone: '' }, metadata: {} };
    const bootstrap = adsBootstrap(
      { address: { address: '127.0.0.1', port: controlPort }, protocol: variant },
      { node, admin: { address: '127.0.0.1', port: admin } },
    );
    const file = join(folder, 'envoy.json');
    writeFileSync(file, JSON.stringify(bootstrap));
    const log = openSync(join(folder, 'envoy.log'), 'w');
    const args = ['-c', file, '--use-dynamic-base-id', '--concurrency', '1', '--drain-time-s', '1', '-l', 'warning'];
    envoy = spawn(program as string, args, { stdio: ['ignore', log, log] });
  });

  afterAll(async () => {
    const gone = new Promise((resolve) => envoy.on('exit', resolve));
    envoy.kill('SIGKILL');
    await gone;
    await server.close();
    for (const made of backends) made.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('starts with what it is given', async () => {
    await answers('shop', 'one');
    expect(await ask('other')).toBe('nobody');
    const mine = await eventually(status, isSynced);
    expect(mine).toMatchObject({ variant, node: { id: 'sidecar~127.0.0.1~shop.default~default', userAgent: 'envoy/1.40.0' } });
    const kinds = mine?.types.map(({ typeUrl }) => typeUrl.split('.').at(-1));
    expect(kinds).toEqual(['Cluster', 'ClusterLoadAssignment', 'Listener', 'RouteConfiguration', ...(variant === 'delta' ? ['VirtualHost'] : [])]);
  });

  it('takes other endpoints', async () => {
    change({ endpoints: [endpoints('a', two)] });
    await answers('shop', 'two');
  });

  it('takes a cluster that has changed: it has endpoints again, and acknowledges it', async () => {
    change({ clusters: [cluster('a', '2s')] });
    await eventually(status, isSynced);
    await eventually(
      () => fetchText(admin, '/stats?filter=cluster_manager.(warming_clusters|cluster_modified)'),
      (stats) => stats.includes('warming_clusters: 0') && stats.includes('cluster_modified: 1'),
    );
    expect(await ask('shop')).toBe('two');
  });

  it('goes from one cluster to another, which takes the place of the first, without a failure', async () => {
    const wrong = new Set<string>();
    let isOver = false;
    const asking = (async () => {
      while (!isOver) {
        const answer = await ask('shop');
        if (answer !== 'one' && answer !== 'two') wrong.add(answer);
      }
    })();
    for (let i = 0; i < 10; i++) {
      const [name, to, text] = i % 2 === 0 ? ['b', one, 'one'] : ['a', two, 'two'];
      change({ clusters: [cluster(name as string)], endpoints: [endpoints(name as string, to as number)], hosts: [host('shop', name as string)] });
      await answers('shop', text as string);
      await eventually(status, isSynced);
    }
    isOver = true;
    await asking;
    expect([...wrong]).toEqual([]);
    await eventually(
      () => fetchText(admin, '/clusters'),
      (clusters) => !clusters.includes('b::'),
    );
  });

  it('takes more virtual hosts, and less', async () => {
    change({ hosts: [host('shop', 'a'), host('cart', 'a')] });
    await answers('cart', 'two');
    change({ hosts: [host('shop', 'a')] });
    await answers('cart', 'nobody');
    expect(await ask('shop')).toBe('two');
  });

  it('goes on with what it has when a listener is wrong, and says so', async () => {
    change({ listeners: [listener(port), { name: 'broken' }] });
    const mine = await eventually(status, (one) => one?.types.some(({ state }) => state === 'ERROR') === true);
    expect(mine?.types.find(({ state }) => state === 'ERROR')).toMatchObject({
      typeUrl: typeUrls.listener,
      refusal: { text: expect.stringContaining('broken') },
    });
    expect(refused).toEqual([
      expect.stringContaining("Listener: Error adding/updating listener(s) broken: error adding listener named 'broken': address is necessary"),
    ]);
    expect(await ask('shop')).toBe('two');
    change({ listeners: [listener(port)] });
    await eventually(status, isSynced);
    refused.length = 0;
  });

  it('takes the good virtual hosts beside one that is wrong', async () => {
    const twice = { ...host('again', 'a'), domains: ['shop'] };
    change({ hosts: [host('shop', 'a'), host('cart', 'a'), twice, host('till', 'a')] });
    await eventually(status, (one) => one?.types.some(({ state }) => state === 'ERROR') === true);
    expect(refused[0]).toContain('Only unique values for domains are permitted');
    expect(await ask('shop')).toBe('two');
    // Where all are one resource, all of it is refused.
    if (variant === 'delta') for (const domain of ['cart', 'till']) await answers(domain, 'two');
    change({ hosts: [host('shop', 'a'), host('till', 'a')] });
    await answers('till', 'two');
    await eventually(status, isSynced);
  });

  it('goes on without the control plane, and gets nothing twice when that is back', async () => {
    await server.close();
    expect(await ask('shop')).toBe('two');
    const before = await taken();
    await startServer();
    await eventually(status, (one) => isSynced(one) && one?.types.length === (variant === 'delta' ? 5 : 4));
    const sum = (counts: Record<string, number>, names: RegExp): number =>
      Object.entries(counts).reduce((total, [name, value]) => total + (names.test(name) ? value : 0), 0);
    // In the other variant endpoints and routes come again: a version says nothing of one of them.
    const kept = variant === 'delta' ? /./ : /^(cluster_manager\.cds|listener_manager\.lds)\./;
    expect(sum(before, kept)).toBeGreaterThan(0);
    expect(sum(await taken(), kept)).toBe(sum(before, kept));
    change({ endpoints: [endpoints('a', one)] });
    await answers('shop', 'one');
  });

  it('gets what has changed while the control plane was away', async () => {
    await server.close();
    contents = { ...contents, clusters: [cluster('c')], endpoints: [endpoints('c', two)], hosts: [host('shop', 'c')] };
    source.set(resources(variant, contents));
    await startServer();
    await answers('shop', 'two');
    await answers('till', 'nobody');
    await eventually(
      () => fetchText(admin, '/clusters'),
      (clusters) => clusters.includes('c::') && !clusters.includes('a::'),
    );
  });

  it('takes routes that have no virtual hosts of their own', async () => {
    const other = await freePort();
    change({ listeners: [listener(port), { ...listener(other, '81'), name: 'second' }], moreRoutes: ['81'] });
    await eventually(
      () => fetchText(other, '/'),
      (answer) => answer === 'nobody',
    );
    await eventually(status, isSynced);
  });
});
