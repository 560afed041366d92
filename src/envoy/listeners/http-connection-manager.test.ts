import { describe, expect, it } from 'vitest';
import type { MeshConfig, ProxyConfig } from '../../manifest/istio/mesh.gen.ts';
import { svc } from '../../translate/testing.ts';
import type { JsonObject } from '../json.ts';
import { at, configOf, gateway, type Listeners, objects, ownService, ownWorkload, peerPolicy, sidecar } from './testing.ts';

const inboundDocuments = [ownService, peerPolicy('mtls: {mode: DISABLE}')];

/** The manager of the first chain with HTTP. */
function managerOf(listener: JsonObject | undefined): JsonObject {
  return configOf(objects(listener?.filter_chains).find((chain) => configOf(chain).http_filters));
}

const made: Readonly<Record<string, (meshConfig: MeshConfig) => Listeners>> = {
  outbound: (meshConfig) => sidecar([svc('shop/cart http:80')], { meshConfig }),
  inbound: (meshConfig) => sidecar(inboundDocuments, { meshConfig, proxy: ownWorkload }),
  gateway: (meshConfig) => gateway('{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}', { meshConfig }),
};

function manager(place: string, meshConfig: MeshConfig = {}): JsonObject {
  return managerOf(made[place]?.(meshConfig)[place === 'inbound' ? 'virtualInbound' : '0.0.0.0_80']);
}

function withProxy(place: string, defaultConfig: ProxyConfig): JsonObject {
  return manager(place, { defaultConfig });
}

describe('what the place of a listener decides', () => {
  it.each([
    ['outbound', { rds: { route_config_name: '80' }, use_remote_address: false, stat_prefix: 'outbound_0.0.0.0_80;' }],
    [
      'inbound',
      {
        rds: { route_config_name: 'InboundPassthroughCluster' },
        use_remote_address: false,
        server_name: 'istio-envoy',
        forward_client_cert_details: 'APPEND_FORWARD',
        set_current_client_cert_details: { subject: true, dns: true, uri: true },
        stat_prefix: 'InboundPassthroughCluster;',
      },
    ],
    [
      'gateway',
      {
        rds: { route_config_name: 'http.80' },
        use_remote_address: true,
        server_name: 'istio-envoy',
        forward_client_cert_details: 'SANITIZE_SET',
        set_current_client_cert_details: { subject: true, cert: true, dns: true, uri: true },
        stat_prefix: 'outbound_0.0.0.0_80;',
      },
    ],
  ])('%s', (place, expected) => {
    expect(manager(place)).toMatchObject(expected);
  });

  it('is all there is of the client at a sidecar outbound', () => {
    const outbound = manager('outbound');
    expect(outbound).not.toHaveProperty('server_name');
    expect(outbound).not.toHaveProperty('forward_client_cert_details');
    expect(outbound).not.toHaveProperty('set_current_client_cert_details');
  });
});

describe('settings of the mesh', () => {
  it.each<[string, JsonObject, JsonObject]>([
    [
      'gatewayTopology of a gateway',
      withProxy('gateway', { gatewayTopology: { numTrustedProxies: 2, forwardClientCertDetails: 'FORWARD_ONLY' } }),
      { xff_num_trusted_hops: 2, forward_client_cert_details: 'FORWARD_ONLY' },
    ],
    [
      'details of certificates',
      withProxy('inbound', { proxyHeaders: { setCurrentClientCertDetails: { cert: true, chain: true, dns: false } } }),
      { set_current_client_cert_details: { cert: true, chain: true } },
    ],
    [
      'HTTP/1.0 and the case of headers',
      withProxy('outbound', { proxyMetadata: { ISTIO_META_HTTP10: '1' }, proxyHeaders: { preserveHttp1HeaderCase: true } }),
      { http_protocol_options: { accept_http_10: true, header_key_format: { stateful_formatter: { name: 'preserve_case' } } } },
    ],
    [
      'idle connections',
      withProxy('outbound', { proxyMetadata: { ISTIO_META_IDLE_TIMEOUT: '90s' } }),
      { common_http_protocol_options: { idle_timeout: '90s' } },
    ],
    ['the server header', withProxy('inbound', { proxyHeaders: { server: { value: 'shop' } } }), { server_name: 'shop' }],
    ['no server header', withProxy('inbound', { proxyHeaders: { server: { disabled: true } } }), { server_header_transformation: 'PASS_THROUGH' }],
    ['no request ids', withProxy('gateway', { proxyHeaders: { requestId: { disabled: true } } }), { generate_request_id: false }],
  ])('%s', (_, config, expected) => {
    expect(config).toMatchObject(expected);
  });

  it.each([
    ['NONE', { normalize_path: false, path_with_escaped_slashes_action: 'KEEP_UNCHANGED' }],
    ['BASE', { normalize_path: true, path_with_escaped_slashes_action: 'KEEP_UNCHANGED' }],
    ['DEFAULT', { normalize_path: true, path_with_escaped_slashes_action: 'KEEP_UNCHANGED' }],
    ['MERGE_SLASHES', { normalize_path: true, merge_slashes: true, path_with_escaped_slashes_action: 'KEEP_UNCHANGED' }],
    ['DECODE_AND_MERGE_SLASHES', { normalize_path: true, merge_slashes: true, path_with_escaped_slashes_action: 'UNESCAPE_AND_FORWARD' }],
  ] as const)('paths: %s', (normalization, expected) => {
    const { normalize_path, merge_slashes, path_with_escaped_slashes_action } = manager('outbound', { pathNormalization: { normalization } });
    expect({ normalize_path, merge_slashes, path_with_escaped_slashes_action }).toEqual(expected);
  });
});

describe('filters of requests', () => {
  const names = (config: JsonObject): unknown[] => objects(config.http_filters).map(({ name }) => name);

  it.each(['outbound', 'inbound', 'gateway'])('%s: in order, and none that only Istio has', (place) => {
    expect(names(manager(place))).toEqual([
      'envoy.filters.http.grpc_stats',
      'envoy.filters.http.fault',
      'envoy.filters.http.cors',
      'envoy.filters.http.router',
    ]);
  });

  it('read gRPC-Web before all others', () => {
    const grpcWeb = 'envoy.filters.http.grpc_web';
    const server = '{port: {number: 80, name: web, protocol: GRPC-WEB}, hosts: ["*"]}';
    expect(names(managerOf(sidecar([svc('shop/cart grpc-web:80')])['0.0.0.0_80']))[0]).toBe(grpcWeb);
    expect(names(managerOf(gateway(server)['0.0.0.0_80']))[0]).toBe(grpcWeb);
    const own = ownService.replace('name: http,', 'name: grpc-web,');
    const chains = objects(sidecar([own, ...inboundDocuments.slice(1)], { proxy: ownWorkload }).virtualInbound?.filter_chains);
    expect(names(configOf(chains.find(({ name }) => name === '0.0.0.0_8080')))[0]).toBe(grpcWeb);
  });

  it('leave out headers about the proxy', () => {
    const router = (config: ProxyConfig): unknown => at(withProxy('outbound', config), 'http_filters.3.typed_config.suppress_envoy_headers');
    expect([router({}), router({ proxyHeaders: { envoyDebugHeaders: { disabled: true } } })]).toEqual([undefined, true]);
  });
});

describe('tracing', () => {
  it('samples one of a hundred, and tags where a span is from', () => {
    const tracing = manager('outbound', { defaultConfig: { meshId: 'mesh1' } }).tracing as JsonObject;
    expect(tracing).toMatchObject({ client_sampling: { value: 100 }, random_sampling: { value: 1 }, overall_sampling: { value: 100 } });
    expect(objects(tracing.custom_tags).slice(4)).toEqual([
      { tag: 'istio.canonical_revision', environment: { name: 'CANONICAL_REVISION', default_value: 'latest' } },
      { tag: 'istio.canonical_service', environment: { name: 'CANONICAL_SERVICE', default_value: 'unknown' } },
      { tag: 'istio.cluster_id', literal: { value: 'Kubernetes' } },
      { tag: 'istio.mesh_id', literal: { value: 'mesh1' } },
      { tag: 'istio.namespace', literal: { value: 'shop' } },
    ]);
  });

  it('is as the mesh says', () => {
    const customTags = {
      b: { environment: { name: 'HOME' } },
      a: { literal: { value: '1' } },
      c: { header: { name: 'x-c', defaultValue: 'none' } },
      'istio.namespace': { literal: { value: 'own' } },
      empty: { literal: {} },
    };
    const { tracing } = withProxy('outbound', { tracing: { sampling: 12.5, maxPathTagLength: 64, customTags } });
    expect(tracing).toMatchObject({ random_sampling: { value: 12.5 }, max_path_tag_length: 64 });
    const tags = objects(at(tracing, 'custom_tags'));
    expect(tags.slice(-4)).toEqual([
      { tag: 'a', literal: { value: '1' } },
      { tag: 'b', environment: { name: 'HOME' } },
      { tag: 'c', request_header: { name: 'x-c', default_value: 'none' } },
      { tag: 'istio.namespace', literal: { value: 'own' } },
    ]);
    expect(new Set(tags.map(({ tag }) => tag)).size).toBe(tags.length);
  });

  it.each<[MeshConfig, unknown]>([
    [{ enableTracing: false }, undefined],
    [{ defaultConfig: { tracing: { enableIstioTags: false } } }, []],
  ])('has nothing where nothing is wanted: %j', (meshConfig, tags) => {
    expect(at(manager('outbound', meshConfig), 'tracing.custom_tags')).toEqual(tags);
  });
});
