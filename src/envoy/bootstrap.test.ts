import { describe, expect, it } from 'vitest';
import { adsBootstrap, type BootstrapOptions, filesBootstrap, staticBootstrap } from './bootstrap.ts';
import { isObject, type JsonObject } from './json.ts';

const options: BootstrapOptions = {
  node: {
    id: 'sidecar~10.0.0.1~cart.shop~shop.svc.cluster.local',
    cluster: 'cart.shop',
    locality: { region: 'r', zone: '', subzone: '' },
    metadata: { NAME: 'cart' },
  },
  admin: { address: '127.0.0.1', port: 15000 },
};

const http2 = {
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
    '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    explicit_http_config: { http2_protocol_options: { connection_keepalive: { interval: '30s', timeout: '10s' } } },
  },
};

function clusterOf(bootstrap: JsonObject, name: string): JsonObject | undefined {
  const { static_resources: own } = bootstrap;
  const clusters = isObject(own) && Array.isArray(own.clusters) ? own.clusters.filter(isObject) : [];
  return clusters.find((cluster) => cluster.name === name);
}

it('who the proxy is, where its administration is, and what Istio 1.28 does otherwise than Envoy (VER-R4, MAP-R71)', () => {
  expect(staticBootstrap({ listeners: [{ name: 'l' }], clusters: [{ name: 'c' }] }, options)).toMatchObject({
    node: { id: options.node.id, cluster: 'cart.shop', locality: { region: 'r' }, metadata: { NAME: 'cart' } },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: 15000 } } },
    layered_runtime: {
      layers: [
        {
          name: 'static',
          static_layer: {
            'envoy.reloadable_features.http_reject_path_with_fragment': false,
            're2.max_program_size.error_level': 32768,
          },
        },
        { name: 'admin', admin_layer: {} },
      ],
    },
    static_resources: { listeners: [{ name: 'l' }], clusters: [{ name: 'c' }] },
  });
});

it('static: nothing is asked for', () => {
  expect(staticBootstrap({ listeners: [], clusters: [] }, options)).not.toHaveProperty('dynamic_resources');
});

describe('a control plane', () => {
  it.each([
    ['delta', 'DELTA_GRPC'],
    ['sotw', 'GRPC'],
  ] as const)('%s', (protocol, api_type) => {
    const source = { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' };
    expect(adsBootstrap({ address: { address: '10.0.0.9', port: 15010 }, protocol }, options).dynamic_resources).toEqual({
      lds_config: source,
      cds_config: source,
      ads_config: {
        api_type,
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: 'xds-grpc' } }],
      },
    });
  });

  it.each([
    ['an address', { address: '10.0.0.9', port: 15010 }, 'STATIC', { socket_address: { address: '10.0.0.9', port_value: 15010 } }],
    ['an address of IPv6', { address: 'fd00::9', port: 15010 }, 'STATIC', { socket_address: { address: 'fd00::9', port_value: 15010 } }],
    ['a name, which is looked up', { address: 'istiod', port: 15010 }, 'STRICT_DNS', { socket_address: { address: 'istiod', port_value: 15010 } }],
    ['a Unix socket', { path: '/run/xds' }, 'STATIC', { pipe: { path: '/run/xds' } }],
  ])('at %s', (_, address, type, expected) => {
    const cluster = clusterOf(adsBootstrap({ address, protocol: 'delta' }, options), 'xds-grpc');
    expect(cluster).toMatchObject({ type, alt_stat_name: 'xds-grpc;', typed_extension_protocol_options: http2 });
    expect(cluster?.load_assignment).toEqual({ cluster_name: 'xds-grpc', endpoints: [{ lb_endpoints: [{ endpoint: { address: expected } }] }] });
  });
});

it('files: listeners and clusters are read again when they are replaced', () => {
  const source = (path: string): object => ({ path_config_source: { path }, initial_fetch_timeout: '0s', resource_api_version: 'V3' });
  expect(filesBootstrap({ listeners: '/l', clusters: '/c' }, options).dynamic_resources).toEqual({ lds_config: source('/l'), cds_config: source('/c') });
});

it('an agent that gives out certificates', () => {
  const bootstrap = staticBootstrap({ listeners: [], clusters: [] }, { ...options, sdsSocket: '/run/sds' });
  expect(clusterOf(bootstrap, 'sds-grpc')).toMatchObject({
    typed_extension_protocol_options: http2,
    load_assignment: { endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path: '/run/sds' } } } }] }] },
  });
});

it('whoever gives out what rules name, beside an agent or without one', () => {
  const bootstrap = staticBootstrap({ listeners: [], clusters: [] }, { ...options, sdsSocket: '/run/sds', secretsSocket: '/run/own' });
  const at = (path: string): object => ({ load_assignment: { endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path } } } }] }] } });
  expect(clusterOf(bootstrap, 'sds-grpc')).toMatchObject(at('/run/sds'));
  expect(clusterOf(bootstrap, 'secrets-grpc')).toMatchObject({ typed_extension_protocol_options: http2, ...at('/run/own') });
  const alone = staticBootstrap({ listeners: [], clusters: [] }, { ...options, secretsSocket: '/run/own' });
  expect(clusterOf(alone, 'sds-grpc')).toBeUndefined();
});

describe('pages of the administration on ports of their own', () => {
  const views = [{ name: 'agent', address: '127.0.0.1', port: 15020, pages: ['ready', 'metrics'] as const }];

  it('only these, and only to be read', () => {
    const { static_resources: own } = staticBootstrap({ listeners: [], clusters: [] }, { ...options, views });
    expect(own).toMatchObject({
      listeners: [
        {
          address: { socket_address: { address: '127.0.0.1', port_value: 15020 } },
          filter_chains: [
            {
              filters: [
                {
                  typed_config: {
                    route_config: {
                      virtual_hosts: [
                        {
                          routes: [
                            { match: { path: '/healthz/ready', headers: [{ name: ':method' }] }, route: { cluster: 'admin', prefix_rewrite: '/ready' } },
                            { match: { path: '/stats/prometheus', headers: [{ name: ':method' }] }, route: { cluster: 'admin' } },
                          ],
                        },
                      ],
                    },
                  },
                },
              ],
            },
          ],
        },
      ],
      clusters: [{ name: 'admin', load_assignment: { endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { port_value: 15000 } } } }] }] } }],
    });
  });

  it('none without an administration', () => {
    const bootstrap = staticBootstrap({ listeners: [], clusters: [] }, { ...options, admin: undefined, views });
    expect(bootstrap).not.toHaveProperty('admin');
    expect(bootstrap.static_resources).toEqual({ listeners: [], clusters: [] });
  });
});
