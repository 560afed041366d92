import { describe, expect, it } from 'vitest';
import { validateMeshConfig } from './mesh-config.ts';
import { validateMeshNetworks } from './mesh-networks.ts';
import { placeOf, problemsOf } from './testing.ts';

describe('validateMeshConfig', () => {
  const places = (yaml: string): string[] => problemsOf(validateMeshConfig, 'MeshConfig', yaml).map(placeOf);
  const proxy = (fields: string): string => `defaultConfig: {${fields}}`;
  const provider = (fields: string): string => `extensionProviders: [{name: a, ${fields}}]`;

  it.each([
    '{}',
    '{connectTimeout: 1h, protocolDetectionTimeout: 0s, proxyListenPort: 15001, trustDomain: cluster.local., trustDomainAliases: [a-1.2]}',
    proxy('drainDuration: 45s, discoveryAddress: "istiod.istio-system.svc:15012", statsdUdpAddress: "[fd00::1]:9125", proxyAdminPort: 15000'),
    proxy('tracing: {zipkin: {address: "$(HOST_IP):9411"}}, privateKeyProvider: {cryptomb: {pollDelay: 10ms}}'),
    'serviceSettings: [{hosts: ["*.shop.svc.cluster.local"]}, null]',
    'tlsDefaults: {ecdhCurves: [P-256, X25519]}',
    provider('zipkin: {service: zipkin.shop.svc.cluster.local, port: 9411}'),
    provider('envoyExtAuthzHttp: {service: shop/auth.example.com, port: 80, pathPrefix: /check, statusOnError: "503"}'),
    provider('envoyFileAccessLog: {path: /dev/stdout}'),
  ])('takes %s', (yaml) => {
    expect(places(yaml)).toEqual([]);
  });

  it.each([
    ['proxyListenPort: 0', 'IST0106 spec.proxyListenPort'],
    ['connectTimeout: 0s', 'IST0106 spec.connectTimeout'],
    ['connectTimeout: 61m', 'IST0106 spec.connectTimeout'],
    ['protocolDetectionTimeout: 1.5ms', 'IST0106 spec.protocolDetectionTimeout'],
    ['trustDomain: ""', 'IST0106 spec.trustDomain'],
    ['trustDomainAliases: [a, b_c]', 'IST0106 spec.trustDomainAliases[1]'],
    ['localityLbSetting: {distribute: [{from: a, to: {b: 50}}]}', 'IST0106 spec.localityLbSetting.distribute[0].to'],
    ['serviceSettings: [{hosts: ["a_b"]}]', 'IST0106 spec.serviceSettings[0].hosts[0]'],
    ['meshMTLS: {ecdhCurves: [P-256]}', 'IST0106 spec.meshMTLS.ecdhCurves'],
    ['tlsDefaults: {ecdhCurves: [P-256, secp]}', 'IST0133 spec.tlsDefaults.ecdhCurves[1]'],
    ['tlsDefaults: {ecdhCurves: [P-256, P-256]}', 'IST0133 spec.tlsDefaults.ecdhCurves[1]'],
    [proxy('configPath: ""'), 'IST0106 spec.defaultConfig.configPath'],
    [proxy('drainDuration: 1.5s'), 'IST0106 spec.defaultConfig.drainDuration'],
    [proxy('discoveryAddress: istiod'), 'IST0106 spec.defaultConfig.discoveryAddress'],
    [proxy('discoveryAddress: "istiod:http"'), 'IST0106 spec.defaultConfig.discoveryAddress'],
    [proxy('statsdUdpAddress: "a_b:80"'), 'IST0106 spec.defaultConfig.statsdUdpAddress'],
    [proxy('tracing: {zipkin: {}}'), 'IST0106 spec.defaultConfig.tracing.zipkin.address'],
    [proxy('tracing: {lightstep: {address: "a:1"}}'), 'IST0106 spec.defaultConfig.tracing.lightstep.accessToken'],
    [proxy('statusPort: 70000'), 'IST0106 spec.defaultConfig.statusPort'],
    [proxy('controlPlaneAuthPolicy: INHERIT'), 'IST0106 spec.defaultConfig.controlPlaneAuthPolicy'],
    [proxy('privateKeyProvider: {qat: {}}'), 'IST0106 spec.defaultConfig.privateKeyProvider.qat.pollDelay'],
    [proxy('privateKeyProvider: {}'), 'IST0106 spec.defaultConfig.privateKeyProvider'],
    [proxy('proxyMetadata: {ISTIO_META_DNS_AUTO_ALLOCATE: "true"}'), 'IST0133 spec.defaultConfig.proxyMetadata.ISTIO_META_DNS_AUTO_ALLOCATE'],
    ['extensionProviders: [{prometheus: {}}]', 'IST0133 spec.extensionProviders[0]'],
    ['extensionProviders: [{name: a}]', 'IST0133 spec.extensionProviders[0]'],
    ['extensionProviders: [{name: a, prometheus: {}}, {name: a, prometheus: {}}]', 'IST0133 spec.extensionProviders[1].name'],
    [provider('zipkin: {service: a.b}'), 'IST0133 spec.extensionProviders[0].zipkin.port'],
    [provider('zipkin: {service: a_b, port: 1}'), 'IST0133 spec.extensionProviders[0].zipkin.service'],
    [provider('zipkin: {service: shop/auth, port: 1}'), 'IST0133 spec.extensionProviders[0].zipkin.service'],
    [provider('envoyExtAuthzHttp: {service: a.b, port: 1, pathPrefix: check}'), 'IST0133 spec.extensionProviders[0].envoyExtAuthzHttp.pathPrefix'],
    [provider('envoyExtAuthzGrpc: {service: a.b, port: 1, statusOnError: "9"}'), 'IST0133 spec.extensionProviders[0].envoyExtAuthzGrpc.statusOnError'],
  ])('checks %s', (yaml, expected) => {
    expect(places(yaml)).toEqual([expected]);
  });
});

describe('validateMeshNetworks', () => {
  it.each([
    ['networks: {net1: {endpoints: [{fromCidr: 10.0.0.0/8}, {fromRegistry: east}], gateways: [{address: gw.example.com, port: 15443}]}}', []],
    ['networks: {net1: null}', []],
    ['networks: {net1: {endpoints: [{fromCidr: 10.0.0.0/33}]}}', ['IST0106 spec.networks.net1.endpoints[0].fromCidr']],
    ['networks: {net1: {endpoints: [{fromRegistry: a_b}]}}', ['IST0106 spec.networks.net1.endpoints[0].fromRegistry']],
    ['networks: {net1: {gateways: [{registryServiceName: "*.a", port: 1}]}}', ['IST0106 spec.networks.net1.gateways[0].registryServiceName']],
    ['networks: {net1: {gateways: [{address: a_b, port: 1}]}}', ['IST0106 spec.networks.net1.gateways[0].address']],
    ['networks: {net1: {gateways: [null]}}', ['IST0106 spec.networks.net1.gateways[0].port']],
  ])('checks %s', (yaml, expected) => {
    const problems = problemsOf(validateMeshNetworks, 'MeshNetworks', yaml);
    expect(problems.map(placeOf)).toEqual(expected);
    for (const { text } of problems) expect(text).toContain('network net1: ');
  });
});
