import { describe, expect, it } from 'vitest';
import { doc, svc, vs } from '../../translate/testing.ts';
import { loadEnvoyApi } from '../proto/api.ts';
import { at, chainsOf, configOf, gateway, https, type Listeners, objects, ownService, ownWorkload, peerPolicy, sidecar } from './testing.ts';

const services = [svc('shop/cart http:80 tcp:90 auto:70 10.0.0.1')];

describe('listeners of a sidecar', () => {
  const listeners = sidecar(services);

  it('are one for each port, those of HTTP at every address', () => {
    expect(Object.keys(listeners)).toEqual(['0.0.0.0_80', '10.0.0.1_70', '10.0.0.1_90', 'virtualInbound', 'virtualOutbound']);
  });

  it.each([
    ['0.0.0.0_80', ['{transport_protocol:raw_buffer,application_protocols:[http/1.1,h2c]} -> rds 80', '{} -> PassthroughCluster']],
    ['10.0.0.1_90', ['{} -> outbound|90||cart.shop.svc.cluster.local']],
    [
      '10.0.0.1_70',
      [
        '{transport_protocol:raw_buffer,application_protocols:[http/1.1,h2c]} -> rds cart.shop.svc.cluster.local:70',
        '{} -> outbound|70||cart.shop.svc.cluster.local',
      ],
    ],
    ['virtualOutbound', ['{destination_port:15001} -> BlackHoleCluster', '{} -> PassthroughCluster']],
  ])('%s has its chains', (name, chains) => {
    expect(chainsOf(listeners[name])).toEqual(chains);
  });

  it('take connections by their destination, and have no socket', () => {
    const { filter_chains: _, default_filter_chain: __, ...listener } = listeners['0.0.0.0_80'] ?? {};
    expect(listener).toEqual({
      '@type': 'type.googleapis.com/envoy.config.listener.v3.Listener',
      name: '0.0.0.0_80',
      address: { socket_address: { address: '0.0.0.0', port_value: 80 } },
      traffic_direction: 'OUTBOUND',
      bind_to_port: false,
      listener_filters: [
        {
          name: 'envoy.filters.listener.http_inspector',
          typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.listener.http_inspector.v3.HttpInspector' },
        },
      ],
      listener_filters_timeout: '0s',
      continue_on_listener_filters_timeout: true,
    });
  });

  it('get them from the one that the capture sends to', () => {
    const { filter_chains: _, ...listener } = listeners.virtualOutbound ?? {};
    expect(listener).toEqual({
      '@type': 'type.googleapis.com/envoy.config.listener.v3.Listener',
      name: 'virtualOutbound',
      address: { socket_address: { address: '0.0.0.0', port_value: 15001 } },
      traffic_direction: 'OUTBOUND',
      use_original_dst: true,
      max_connections_to_accept_per_socket_event: 1,
    });
  });

  it('wait for the first bytes as long as the mesh says', () => {
    const waiting = sidecar(services, { meshConfig: { protocolDetectionTimeout: '1.5s' } });
    expect([waiting['0.0.0.0_80'], waiting.virtualInbound, waiting.virtualOutbound].map((one) => one?.listener_filters_timeout)).toEqual([
      '1.5s',
      '1.5s',
      undefined,
    ]);
  });

  it.each([
    ['{number: 9080, protocol: HTTP, name: http}', '127.0.0.1', { socket_address: { address: '127.0.0.1', port_value: 9080 } }],
    ['{number: 0, protocol: HTTP, name: http}', 'unix:///run/app.sock', { pipe: { path: '/run/app.sock' } }],
  ])('have a socket of their own where a Sidecar asks for one: %s', (port, bind, address) => {
    const own = doc('Sidecar', 'shop/own', `egress: [{port: ${port}, bind: "${bind}", captureMode: NONE, hosts: ["*/*"]}]`);
    const made = Object.values(sidecar([svc('shop/cart http:9080'), own], { meshConfig: { accessLogFile: '/dev/stdout' } }));
    const listener = made.find(({ traffic_direction, use_original_dst }) => traffic_direction === 'OUTBOUND' && !use_original_dst);
    expect(listener).toMatchObject({ address, max_connections_to_accept_per_socket_event: 1 });
    expect(listener).not.toHaveProperty('bind_to_port');
    expect(objects(listener?.access_log)).toHaveLength(1);
  });

  it('keep the addresses of connections with TPROXY', () => {
    const { virtualInbound, virtualOutbound, '0.0.0.0_80': http } = sidecar(services, { meshConfig: { defaultConfig: { interceptionMode: 'TPROXY' } } });
    expect([virtualInbound?.transparent, virtualOutbound?.transparent, http?.transparent]).toEqual([true, true, undefined]);
    expect(at(virtualInbound, 'listener_filters.1')).toEqual({
      name: 'envoy.filters.listener.original_src',
      typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.listener.original_src.v3.OriginalSrc', mark: 1337 },
    });
  });
});

describe('filter chains', () => {
  it('bound the handshake where they are for a service, and name the virtual service that routes bytes', () => {
    const rules = vs('shop/routes', 'cart', 'tcp: [{route: [{destination: {host: cart, port: {number: 90}}}]}]');
    const listener = sidecar([...services, rules])['10.0.0.1_90'];
    expect(objects(listener?.filter_chains).map(({ transport_socket_connect_timeout, metadata }) => ({ transport_socket_connect_timeout, metadata }))).toEqual([
      {
        transport_socket_connect_timeout: '15s',
        metadata: { filter_metadata: { istio: { config: '/apis/networking.istio.io/v1/namespaces/shop/virtual-service/routes' } } },
      },
    ]);
  });

  it('bound no handshake where they are for what no service takes', () => {
    expect(at(sidecar(services)['0.0.0.0_80'], 'default_filter_chain')).not.toHaveProperty('transport_socket_connect_timeout');
  });

  it('have server names and ranges of addresses', () => {
    const rules = vs(
      'shop/tls',
      'bank',
      'tls: [{match: [{sniHosts: [A.example.com, "*.b.example.com"], destinationSubnets: [10.1.0.0/16]}], route: [{destination: {host: bank}}]}]',
    );
    expect(chainsOf(sidecar([svc('shop/bank tls:443'), rules])['10.0.0.1_443'])).toEqual([
      '{prefix_ranges:[{address_prefix:10.1.0.0,prefix_len:16}],server_names:[a.example.com,*.b.example.com]} -> outbound|443||bank.shop.svc.cluster.local',
      '{} -> PassthroughCluster',
    ]);
  });
});

describe('the inbound listener', () => {
  const documents = [ownService, peerPolicy('mtls: {mode: DISABLE}')];
  const { virtualInbound } = sidecar(documents, { proxy: ownWorkload });

  it('has chains for each port of the workload, and for all others', () => {
    expect(objects(virtualInbound?.filter_chains).map(({ name }) => name)).toEqual([
      'virtualInbound-blackhole',
      'virtualInbound-catchall-http',
      'virtualInbound',
      '0.0.0.0_7070',
      '0.0.0.0_7070',
      '0.0.0.0_8080',
      '0.0.0.0_9090',
    ]);
    expect(chainsOf(virtualInbound)).toEqual([
      '{destination_port:15006} -> BlackHoleCluster',
      '{transport_protocol:raw_buffer,application_protocols:[http/1.1,h2c]} -> rds InboundPassthroughCluster',
      '{transport_protocol:raw_buffer} -> InboundPassthroughCluster',
      '{destination_port:7070,transport_protocol:raw_buffer,application_protocols:[http/1.1,h2c]} -> rds inbound|7070||',
      '{destination_port:7070,transport_protocol:raw_buffer} -> inbound|7070||',
      '{destination_port:8080,transport_protocol:raw_buffer} -> rds inbound|8080||',
      '{destination_port:9090,transport_protocol:raw_buffer} -> inbound|9090||',
    ]);
  });

  it('names its statistics by chain', () => {
    const chains = objects(virtualInbound?.filter_chains);
    expect(chains.map((chain) => configOf(chain).stat_prefix)).toEqual([
      'BlackHoleCluster',
      'InboundPassthroughCluster;',
      'InboundPassthroughCluster',
      'inbound_0.0.0.0_7070;',
      'inbound|7070||',
      'inbound_0.0.0.0_8080;',
      'inbound|9090||',
    ]);
  });

  it('bounds no handshake of its own', () => {
    expect(objects(virtualInbound?.filter_chains).filter((chain) => 'transport_socket_connect_timeout' in chain)).toEqual([]);
  });
});

describe('listeners of a gateway', () => {
  it('have sockets, and the limits of Envoy itself', () => {
    const listener = gateway('{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}')['0.0.0.0_80'];
    const { filter_chains: _, ...rest } = listener ?? {};
    expect(rest).toEqual({
      '@type': 'type.googleapis.com/envoy.config.listener.v3.Listener',
      name: '0.0.0.0_80',
      address: { socket_address: { address: '0.0.0.0', port_value: 80 } },
      traffic_direction: 'OUTBOUND',
      max_connections_to_accept_per_socket_event: 1,
    });
    expect(chainsOf(listener)).toEqual(['{} -> rds http.80']);
  });

  it('choose the server by its name', () => {
    const files = 'mode: SIMPLE, serverCertificate: /c, privateKey: /k';
    const listener = gateway(`${https(files)}, ${https(files, '"*.example.org"', 'more')}`)['0.0.0.0_443'];
    expect(chainsOf(listener)).toEqual([
      '{server_names:[shop.example.com]} tls -> rds https.443.https.gw.edge',
      '{server_names:[*.example.org]} tls -> rds https.443.more.gw.edge',
    ]);
  });

  it('have each name once, at the first of the servers that ask for it', () => {
    const files = 'mode: SIMPLE, serverCertificate: /c, privateKey: /k';
    const listener = gateway(`${https(files, 'a/shop.example.com')}, ${https(files, 'b/shop.example.com, b/more.example.com', 'more')}`)['0.0.0.0_443'];
    expect(chainsOf(listener)).toEqual([
      '{server_names:[shop.example.com]} tls -> rds https.443.https.gw.edge',
      '{server_names:[more.example.com]} tls -> rds https.443.more.gw.edge',
    ]);
  });

  it('read a PROXY header before all else', () => {
    const options = { meshConfig: { defaultConfig: { gatewayTopology: { proxyProtocol: {} } } } };
    const listener = gateway(https('mode: SIMPLE, serverCertificate: /c, privateKey: /k'), options)['0.0.0.0_443'];
    expect(objects(listener?.listener_filters).map(({ name }) => name)).toEqual([
      'envoy.filters.listener.proxy_protocol',
      'envoy.filters.listener.tls_inspector',
    ]);
  });

  it('have no metadata for filters of sidecars', () => {
    const rules = vs('shop/routes', 'db.example.com', 'gateways: [edge/gw], tcp: [{route: [{destination: {host: cart, port: {number: 90}}}]}]');
    const listener = gateway('{port: {number: 90, name: tcp, protocol: TCP}, hosts: [db.example.com]}', {}, undefined, [...services, rules])['0.0.0.0_90'];
    expect(chainsOf(listener)).toEqual(['{} -> outbound|90||cart.shop.svc.cluster.local']);
    expect(at(listener, 'filter_chains.0')).not.toHaveProperty('metadata');
  });
});

describe('every listener is a message of Envoy', () => {
  const servers = ['SIMPLE', 'MUTUAL', 'OPTIONAL_MUTUAL'].map((mode, i) => https(`mode: ${mode}, credentialName: c`, `h${i}.example.com`, `p${i}`));
  it.each<[string, Listeners]>([
    ['sidecar', sidecar([...services, ownService], { proxy: ownWorkload, meshConfig: { accessLogFile: '/dev/stdout', proxyHttpPort: 15080 } })],
    [
      'gateway',
      gateway(
        `${servers}, {port: {number: 90, name: tls, protocol: TLS}, hosts: ["*.local"], tls: {mode: AUTO_PASSTHROUGH}}`,
        {},
        { meshTls: 'sds', secrets: 'ads' },
        services,
      ),
    ],
    ['gateway of gRPC-Web', gateway('{port: {number: 81, name: grpc, protocol: GRPC-WEB}, hosts: ["*"]}')],
  ])('%s', (_, listeners) => {
    expect(Object.keys(listeners).length).toBeGreaterThan(0);
    for (const { '@type': type, ...listener } of Object.values(listeners)) {
      expect(loadEnvoyApi().encode(type as string, listener).length).toBeGreaterThan(0);
    }
  });
});
