import { expect, it } from 'vitest';
import { readProxyConfig } from './proxy-config.ts';

const section = (type: string, content: object) => ({ '@type': `type.googleapis.com/envoy.admin.v3.${type}`, ...content });

it('reads what is in force, dynamic and static', () => {
  const config = readProxyConfig({
    configs: [
      section('BootstrapConfigDump', { bootstrap: { node: { id: 'a' } } }),
      section('ListenersConfigDump', {
        static_listeners: [{ listener: { name: 'admin' } }],
        dynamic_listeners: [{ name: 'a', active_state: { listener: { name: 'a' } }, warming_state: { listener: { name: 'not yet' } } }, { name: 'never' }],
      }),
      section('ClustersConfigDump', { dynamic_active_clusters: [{ cluster: { name: 'b' } }], dynamic_warming_clusters: [{ cluster: { name: 'not yet' } }] }),
      section('RoutesConfigDump', { dynamicRouteConfigs: [{ routeConfig: { name: '80' } }] }),
      section('SecretsConfigDump', {}),
    ],
  });
  expect(config).toEqual({
    bootstrap: { node: { id: 'a' } },
    listeners: [{ name: 'a' }, { name: 'admin' }],
    clusters: [{ name: 'b' }],
    routes: [{ name: '80' }],
    endpoints: [],
    hasAssignments: false,
    refused: [],
  });
});

it('knows what the proxy refused', () => {
  const refused = { name: 'a', error_state: { details: 'no such filter' } };
  expect(readProxyConfig({ configs: [section('ListenersConfigDump', { dynamic_listeners: [refused] })] })?.refused).toEqual([
    { what: 'listener', name: 'a', why: 'no such filter' },
  ]);
});

it('endpoints of a control plane count before those that are written in clusters', () => {
  const cluster = (name: string) => ({ cluster: { name, load_assignment: { endpoints: [{ lb_endpoints: [] }] } } });
  const config = readProxyConfig({
    configs: [
      section('ClustersConfigDump', { static_clusters: [cluster('a'), cluster('b')] }),
      section('EndpointsConfigDump', { dynamic_endpoint_configs: [{ endpoint_config: { cluster_name: 'a' } }] }),
    ],
  });
  expect(config?.endpoints).toEqual([{ cluster_name: 'a' }, { cluster_name: 'b', endpoints: [{ lb_endpoints: [] }] }]);
  expect(config?.hasAssignments).toBe(true);
});

it.each([null, 'text', 7, [], {}, { configs: [] }, { configs: [null, 1] }, { configs: [section('ServerInfo', {})] }, { configs: 'none' }, { listeners: {} }])(
  '%j is no dump',
  (document) => {
    expect(readProxyConfig(document)).toBeUndefined();
  },
);

it.each([
  { configs: [section('ListenersConfigDump', { dynamic_listeners: [null, 1, {}, { active_state: [] }] })] },
  { configs: [section('ClustersConfigDump', { dynamic_active_clusters: 'x' })] },
  { clusters: [null, 'x'], routes: {} },
])('what has no meaning is left out: %j', (document) => {
  expect(readProxyConfig(document)).toMatchObject({ listeners: [], clusters: [], routes: [], endpoints: [] });
});
