// What `weft proxy-config` shows of the configuration that Istio 1.28.1 made, beside what it shows of that which weft makes of the same manifests.
import { describe, expect, it } from 'vitest';
import { envoyResources } from '../../src/envoy/resources.ts';
import { clusterTable, selectClusters } from '../../src/proxy-config/clusters.ts';
import { endpointsOfAssignments, endpointTable } from '../../src/proxy-config/endpoints.ts';
import { listenerTable, selectListeners } from '../../src/proxy-config/listeners.ts';
import { type ProxyConfig, readProxyConfig } from '../../src/proxy-config/proxy-config.ts';
import { routeTable, selectRoutes } from '../../src/proxy-config/routes.ts';
import { routingTable } from '../../src/translate/table.ts';
import { dumps, dumpText, loadDump } from './dumps.ts';

if (dumps.length === 0) console.warn('SKIPPED: no recorded configurations of Envoy beside the checkout');

const tables = {
  clusters: ({ clusters }: ProxyConfig) => clusterTable(selectClusters(clusters, {})),
  listeners: ({ listeners }: ProxyConfig) => listenerTable(selectListeners(listeners, {}), true),
  routes: ({ routes }: ProxyConfig) => routeTable(selectRoutes(routes, {}), true),
  endpoints: ({ endpoints }: ProxyConfig) => endpointTable(endpointsOfAssignments(endpoints, {}).endpoints),
};
type Kind = keyof typeof tables;

/** Rows that differ for a reason; `-` those of Istio, `+` those of weft. */
const meant: Readonly<Record<Kind, readonly RegExp[]>> = {
  clusters: [
    // Of several rules for one host Istio names the one that was merged first.
    /^. off\.int \| 8080 \| - \| outbound \| EDS \| (false|off)\.default$/,
    /\| inbound \||InboundPassthroughCluster/,
  ],
  // Recordings have no inbound listeners, or those of another mesh.
  listeners: [/^. 0\.0\.0\.0 \| 15006 \|/],
  // Of a route that a delegate has Istio names the virtual service that delegates.
  routes: [
    / \/ratings(\/v2)?\* \| (reviews|ratings-routes)\.shop$/,
    / \/a(\/b)?\* \[(true, )?x\] \| (root|d1)\.default$/,
    /InboundPassthroughCluster|inbound\|/,
  ],
  endpoints: [/^- \S+ \| HEALTHY \| - \| sds-grpc$/, /\| inbound\|/],
};

function rowsOf(config: ProxyConfig, kind: Kind): string[] {
  return tables[kind](config).rows.map((row) => row.join(' | ').trimEnd());
}

describe.skipIf(dumps.length === 0)('the tables of a configuration that Istio 1.28.1 made', () => {
  const total: Record<Kind, number> = { clusters: 0, listeners: 0, routes: 0, endpoints: 0 };

  it.each(dumps)('%s: the same rows, with the same rules and virtual services', (id) => {
    const recorded = readProxyConfig(JSON.parse(dumpText(id)));
    const { mesh, proxy } = loadDump(id);
    const made = readProxyConfig(envoyResources(routingTable(mesh, proxy), { meshTls: 'sds' }));
    if (!recorded || !made) throw new Error('no dump');
    for (const kind of Object.keys(tables) as Kind[]) {
      const [theirs, ours] = [rowsOf(recorded, kind), rowsOf(made, kind)];
      total[kind] += theirs.filter((row) => ours.includes(row)).length;
      const different = [
        ...theirs.filter((row) => !ours.includes(row)).map((row) => `- ${row}`),
        ...ours.filter((row) => !theirs.includes(row)).map((row) => `+ ${row}`),
      ];
      expect(different.filter((row) => !meant[kind].some((reason) => reason.test(row)))).toEqual([]);
    }
  });

  it('nearly every row is the same', () => {
    expect(total.clusters).toBeGreaterThan(315);
    expect(total.listeners).toBeGreaterThan(280);
    expect(total.routes).toBeGreaterThan(180);
    expect(total.endpoints).toBeGreaterThan(165);
  });

  it.each(dumps)('%s: the same tables as a config_dump, also with field names in camel case', (id) => {
    const resources = JSON.parse(dumpText(id)) as Record<string, object[]>;
    const section = (type: string, list: string, field: string, kind: string) => ({
      '@type': `type.googleapis.com/envoy.admin.v3.${type}`,
      [list]: (resources[kind] ?? []).map((one) => (kind === 'listeners' ? { active_state: { listener: one } } : { [field]: one })),
    });
    const dump = {
      configs: [
        section('ListenersConfigDump', 'dynamic_listeners', 'listener', 'listeners'),
        section('RoutesConfigDump', 'dynamic_route_configs', 'route_config', 'routes'),
        section('ClustersConfigDump', 'dynamic_active_clusters', 'cluster', 'clusters'),
        section('EndpointsConfigDump', 'dynamic_endpoint_configs', 'endpoint_config', 'endpoints'),
      ],
    };
    const read = (document: unknown): string[][] => {
      const config = readProxyConfig(document);
      if (!config) throw new Error('no dump');
      return (Object.keys(tables) as Kind[]).map((kind) => rowsOf(config, kind));
    };
    expect(read(dump)).toEqual(read(resources));
    expect(read(camelCase(dump))).toEqual(read(resources));
  });
});

function camelCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCase);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()), camelCase(one)]),
  );
}
