// Listeners and routes against those that the real control plane made, compared by meaning.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FilterChain, Listener } from '../../src/ir/listener.ts';
import type { HeaderPolicy, RouteConfig } from '../../src/ir/route.ts';
import { routingTable } from '../../src/translate/table.ts';
import { caseOfDump, conformance, type LoadedMesh, meshOfCase, meshOfDump } from './case-mesh.ts';
import { type EnvoyListener, type EnvoyRoutes, listenerOf, routeConfigOf } from './envoy-dump.ts';

interface Dump {
  listeners?: EnvoyListener[];
  routes?: EnvoyRoutes[];
}

const folder = join(conformance, 'envoy');
const dumps = existsSync(folder)
  ? readdirSync(folder)
      .flatMap((file) => /^(.+)\.(?:config_dump|out)\.json$/.exec(file) ?? [])
      .filter((_, i) => i % 2 === 1)
  : [];
if (dumps.length === 0) console.warn(`SKIPPED: no recorded configurations in ${folder}`);

const noHeaders: HeaderPolicy = { request: { remove: [], add: [] }, response: { remove: [], add: [] } };

/** Without what only we have, and with what is absent where it is empty. */
function comparableRoutes({ name, ignorePortInHost, virtualHosts }: RouteConfig): unknown {
  return {
    name,
    ignorePortInHost,
    virtualHosts: virtualHosts.map((host) => ({
      name: host.name,
      domains: host.domains,
      includeAttemptCount: host.includeAttemptCount,
      requireTls: host.requireTls,
      routes: host.routes.map(({ origin: _, headers = noHeaders, match, action, ...rest }) => ({
        ...rest,
        headers,
        // Every path begins with a slash.
        match: {
          ...match,
          path: match.path?.kind === 'prefix' && match.path.value === '/' ? undefined : match.path,
          query: match.query.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
        },
        action:
          action.kind === 'forward' && action.clusters.length > 1
            ? { ...action, clusters: action.clusters.map((cluster) => ({ ...cluster, headers: cluster.headers ?? noHeaders })) }
            : action,
      })),
    })),
  };
}

function comparableChain({ name, match, tls, filter }: FilterChain): unknown {
  const http =
    filter.kind === 'http'
      ? { ...filter, clientCertDetails: undefined, preserveHeaderCase: undefined, maxRequestHeadersKb: undefined }
      : { ...filter, origin: undefined };
  return { name, match, ...(tls ? { tls: { alpn: tls.alpn, requiresClient: ['MUTUAL', 'ISTIO_MUTUAL'].includes(tls.mode) } } : {}), filter: http };
}

function comparableListener(listener: Listener): unknown {
  const { name, address, port, bind, chains, defaultChain, inspectHttp, inspectTls } = listener;
  return {
    name,
    address,
    port,
    bind,
    chains: chains.map(comparableChain),
    defaultChain: defaultChain && comparableChain(defaultChain),
    inspectHttp,
    inspectTls,
  };
}

const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);
const byJson = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

function inAnyOrder(listeners: unknown[]): unknown[] {
  return (listeners as { name: string; chains: unknown[] }[])
    .filter(({ name }) => name !== 'virtualInbound')
    .map((listener) => ({ ...listener, chains: listener.chains.toSorted(byJson) }))
    .sort(byName);
}

describe.skipIf(dumps.length === 0)('the configuration that Istio 1.28.1 made', () => {
  for (const id of dumps) {
    const file = [`${id}.config_dump.json`, `${id}.out.json`].map((name) => join(folder, name)).find((name) => existsSync(name)) as string;
    // The recorder of the larger meshes knew no domain of the cluster (SEL-R2).
    const dump = JSON.parse(readFileSync(file, 'utf8').replaceAll(/nosuch\.default(?=[":])/g, 'nosuch.default.svc.cluster.local')) as Dump;
    const load = (): LoadedMesh => {
      const routingCase = caseOfDump(id);
      return routingCase ? meshOfCase(routingCase) : meshOfDump(id);
    };

    it(`has these routes: ${id}`, () => {
      const { mesh, proxy } = load();
      const expected = (dump.routes ?? []).map(routeConfigOf) as { name: string }[];
      const names = new Set(expected.map(({ name }) => name));
      const made = routingTable(mesh, proxy).routes.filter(({ name }) => !name.toLowerCase().startsWith('inbound'));
      expect(made.map(comparableRoutes)).toEqual(expected.sort(byName));
      expect(names.size).toBe(made.length);
    });

    it(`has these listeners: ${id}`, () => {
      const { mesh, proxy } = load();
      expect(inAnyOrder(routingTable(mesh, proxy).listeners.map(comparableListener))).toEqual(inAnyOrder((dump.listeners ?? []).map(listenerOf)));
    });
  }
});
