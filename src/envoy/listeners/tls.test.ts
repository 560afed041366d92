import { describe, expect, it } from 'vitest';
import type { MeshConfig } from '../../manifest/istio/mesh.gen.ts';
import type { JsonObject } from '../json.ts';
import type { EnvoyOptions } from '../options.ts';
import { at, chainsOf, gateway, https, objects, ownService, ownWorkload, peerPolicy, sidecar } from './testing.ts';

const own = 'serverCertificate: /c.pem, privateKey: /k.pem';
const files = { certificate_chain: { filename: '/c.pem' }, private_key: { filename: '/k.pem' } };
const ads = { ads: {}, resource_api_version: 'V3' };

const alone: EnvoyOptions = { meshTls: 'none', secrets: 'ads' };
const withAgent: EnvoyOptions = { meshTls: 'sds', secrets: 'ads' };
const has =
  (prefix: string, ...names: string[]) =>
  (credential: string) =>
    names.includes(credential) ? `${prefix}:${credential}` : undefined;
const ofOwn = { api_config_source: { grpc_services: [{ envoy_grpc: { cluster_name: 'secrets-grpc' } }] } };
/** Secrets of whoever runs the proxy. */
const held: EnvoyOptions['secrets'] = { pair: has('pair', 'web', 'both'), roots: has('roots', 'roots'), rootsBeside: has('roots', 'both') };

/** TLS of a gateway's first chain. */
function context(tls: string, options: EnvoyOptions, meshConfig: MeshConfig = {}): JsonObject {
  return at(gateway(https(tls), { meshConfig }, options)['0.0.0.0_443'], 'filter_chains.0.transport_socket.typed_config') as JsonObject;
}

describe('TLS of a gateway', () => {
  it('has its certificate from files', () => {
    expect(context(`mode: SIMPLE, ${own}`, alone)).toEqual({
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
      common_tls_context: { alpn_protocols: ['h2', 'http/1.1'], tls_certificates: [files] },
      require_client_certificate: false,
    });
  });

  it.each<[string, JsonObject]>([
    ['mode: SIMPLE, credentialName: web', { tls_certificate_sds_secret_configs: [{ name: 'kubernetes://web', sds_config: ads }] }],
    [
      'mode: SIMPLE, credentialNames: [rsa, ecdsa]',
      {
        tls_certificate_sds_secret_configs: [
          { name: 'kubernetes://rsa', sds_config: ads },
          { name: 'kubernetes://ecdsa', sds_config: ads },
        ],
      },
    ],
    [
      `mode: SIMPLE, tlsCertificates: [{serverCertificate: /c.pem, privateKey: /k.pem}, {serverCertificate: /c2.pem, privateKey: /k2.pem}]`,
      { tls_certificates: [files, { certificate_chain: { filename: '/c2.pem' }, private_key: { filename: '/k2.pem' } }] },
    ],
    [
      'mode: MUTUAL, credentialName: web',
      {
        combined_validation_context: {
          default_validation_context: {},
          validation_context_sds_secret_config: { name: 'kubernetes://web-cacert', sds_config: ads },
        },
      },
    ],
    [
      'mode: MUTUAL, credentialName: web, caCertCredentialName: roots, subjectAltNames: [a, b]',
      {
        combined_validation_context: {
          default_validation_context: { match_subject_alt_names: [{ exact: 'a' }, { exact: 'b' }] },
          validation_context_sds_secret_config: { name: 'kubernetes://roots', sds_config: ads },
        },
      },
    ],
    [
      `mode: MUTUAL, ${own}, caCertificates: /ca.pem, caCrl: /crl.pem, verifyCertificateSpki: [s], verifyCertificateHash: [h]`,
      {
        tls_certificates: [files],
        validation_context: {
          trusted_ca: { filename: '/ca.pem' },
          crl: { filename: '/crl.pem' },
          verify_certificate_spki: ['s'],
          verify_certificate_hash: ['h'],
        },
      },
    ],
  ])('%s', (tls, expected) => {
    expect(context(tls, alone).common_tls_context).toMatchObject(expected);
  });

  it.each<[string, JsonObject]>([
    [`mode: SIMPLE, ${own}`, { tls_certificate_sds_secret_configs: [{ name: 'file-cert:/c.pem~/k.pem' }] }],
    [
      `mode: MUTUAL, ${own}, caCertificates: /ca.pem, subjectAltNames: [a]`,
      {
        tls_certificate_sds_secret_configs: [{ name: 'file-cert:/c.pem~/k.pem' }],
        combined_validation_context: {
          default_validation_context: { match_subject_alt_names: [{ exact: 'a' }] },
          validation_context_sds_secret_config: { name: 'file-root:/ca.pem' },
        },
      },
    ],
    [`mode: MUTUAL, ${own}`, { combined_validation_context: { validation_context_sds_secret_config: { name: 'ROOTCA' } } }],
    ['mode: SIMPLE', { tls_certificate_sds_secret_configs: [{ name: 'default', sds_config: { initial_fetch_timeout: '0s' } }] }],
    [
      'mode: ISTIO_MUTUAL',
      {
        tls_certificate_sds_secret_configs: [{ name: 'default', sds_config: { initial_fetch_timeout: '0s' } }],
        combined_validation_context: { validation_context_sds_secret_config: { name: 'ROOTCA' } },
      },
    ],
    ['mode: SIMPLE, credentialName: web', { tls_certificate_sds_secret_configs: [{ name: 'kubernetes://web', sds_config: ads }] }],
  ])('with an agent: %s', (tls, expected) => {
    expect(context(tls, withAgent).common_tls_context).toMatchObject(expected);
  });

  it.each<[string, object]>([
    ['mode: SIMPLE, credentialNames: [later, web]', { tls_certificate_sds_secret_configs: [{ name: 'pair:web', sds_config: ofOwn }] }],
    [
      'mode: MUTUAL, credentialName: both, subjectAltNames: [a]',
      {
        tls_certificate_sds_secret_configs: [{ name: 'pair:both', sds_config: ofOwn }],
        combined_validation_context: {
          default_validation_context: { match_subject_alt_names: [{ exact: 'a' }] },
          validation_context_sds_secret_config: { name: 'roots:both', sds_config: ofOwn },
        },
      },
    ],
    [
      `mode: MUTUAL, ${own}, caCertCredentialName: roots`,
      { combined_validation_context: { validation_context_sds_secret_config: { name: 'roots:roots', sds_config: ofOwn } } },
    ],
  ])('with Secrets of whoever runs the proxy: %s', (tls, expected) => {
    expect(context(tls, { meshTls: 'none', secrets: held }).common_tls_context).toMatchObject(expected);
  });

  it('does not wait for files of the agent without an end', () => {
    const [secret] = objects(at(context(`mode: SIMPLE, ${own}`, withAgent), 'common_tls_context.tls_certificate_sds_secret_configs'));
    expect(secret?.sds_config).not.toHaveProperty('initial_fetch_timeout');
  });

  it.each([
    ['SIMPLE', false, false],
    ['MUTUAL', true, true],
    ['OPTIONAL_MUTUAL', false, true],
  ])('%s: asks for a certificate of the client as the mode says', (mode, required, asked) => {
    const made = context(`mode: ${mode}, ${own}, caCertificates: /ca.pem`, alone);
    expect([made.require_client_certificate, at(made, 'common_tls_context.validation_context') !== undefined]).toEqual([required, asked]);
  });

  it.each<[string, MeshConfig, JsonObject | undefined]>([
    ['', {}, undefined],
    ['minProtocolVersion: TLSV1_2', {}, undefined],
    ['minProtocolVersion: TLSV1_0, maxProtocolVersion: TLSV1_3', {}, { tls_minimum_protocol_version: 'TLSv1_0', tls_maximum_protocol_version: 'TLSv1_3' }],
    ['cipherSuites: [AES128-SHA, NO-SUCH-SUITE, AES128-SHA]', {}, { cipher_suites: ['AES128-SHA'] }],
    ['cipherSuites: [NO-SUCH-SUITE]', {}, undefined],
    [
      '',
      { tlsDefaults: { minProtocolVersion: 'TLSV1_3', cipherSuites: ['AES256-SHA'], ecdhCurves: ['P-256'] } },
      { tls_minimum_protocol_version: 'TLSv1_3', cipher_suites: ['AES256-SHA'], ecdh_curves: ['P-256'] },
    ],
    [
      'minProtocolVersion: TLSV1_2, cipherSuites: [AES128-SHA]',
      { tlsDefaults: { minProtocolVersion: 'TLSV1_3', cipherSuites: ['AES256-SHA'] } },
      { cipher_suites: ['AES128-SHA'] },
    ],
  ])('parameters of %j with %j', (settings, meshConfig, expected) => {
    expect(at(context(`mode: SIMPLE, ${own}, ${settings}`, alone, meshConfig), 'common_tls_context.tls_params')).toEqual(expected);
  });
});

describe('TLS between proxies of the mesh', () => {
  const chain = (meshConfig: MeshConfig, name: string): JsonObject => {
    const { virtualInbound } = sidecar([ownService, peerPolicy('mtls: {mode: STRICT}')], { proxy: ownWorkload, meshConfig });
    return at(objects(virtualInbound?.filter_chains).find((one) => one.name === name) ?? null, 'transport_socket.typed_config') as JsonObject;
  };

  it('takes everybody of the trust domain, with the certificate of the workload', () => {
    expect(chain({}, '0.0.0.0_8080')).toMatchObject({
      require_client_certificate: true,
      common_tls_context: {
        alpn_protocols: ['h2', 'http/1.1'],
        tls_params: { tls_minimum_protocol_version: 'TLSv1_2', tls_maximum_protocol_version: 'TLSv1_3' },
        tls_certificate_sds_secret_configs: [{ name: 'default' }],
        combined_validation_context: {
          default_validation_context: { match_subject_alt_names: [{ prefix: 'spiffe://cluster.local/' }] },
          validation_context_sds_secret_config: { name: 'ROOTCA' },
        },
      },
    });
  });

  it('is as the mesh says', () => {
    const made = chain({ trustDomain: 'new', trustDomainAliases: ['old'], meshMTLS: { minProtocolVersion: 'TLSV1_3', ecdhCurves: ['P-384'] } }, '0.0.0.0_9090');
    expect(made).toMatchObject({
      common_tls_context: {
        alpn_protocols: ['istio-peer-exchange', 'h2', 'http/1.1'],
        tls_params: { tls_minimum_protocol_version: 'TLSv1_3', ecdh_curves: ['P-384'] },
        combined_validation_context: {
          default_validation_context: { match_subject_alt_names: [{ prefix: 'spiffe://new/' }, { prefix: 'spiffe://old/' }] },
        },
      },
    });
  });
});

describe('without certificates of the mesh', () => {
  const plain = { meshTls: 'none' } as const;
  const inbound = (policy: string): string[] => chainsOf(sidecar([ownService, peerPolicy(policy)], { proxy: ownWorkload }, plain).virtualInbound);

  it('mTLS to ports that take both is closed, and does not go on to the workload as TLS of its own', () => {
    const http = 'transport_protocol:tls,application_protocols:[istio-http/1.0,istio-http/1.1,istio-h2]';
    const tcp = 'transport_protocol:tls,application_protocols:[istio-peer-exchange,istio]';
    const both = 'transport_protocol:tls,application_protocols:[istio-peer-exchange,istio,istio-http/1.0,istio-http/1.1,istio-h2]';
    expect(inbound('mtls: {mode: PERMISSIVE}')).toEqual([
      '{destination_port:15006} -> BlackHoleCluster',
      `{${http}} -> BlackHoleCluster`,
      '{transport_protocol:raw_buffer,application_protocols:[http/1.1,h2c]} -> rds InboundPassthroughCluster',
      `{${tcp}} -> BlackHoleCluster`,
      '{transport_protocol:raw_buffer} -> InboundPassthroughCluster',
      '{transport_protocol:tls} -> InboundPassthroughCluster',
      `{destination_port:7070,${http}} -> BlackHoleCluster`,
      '{destination_port:7070,transport_protocol:raw_buffer,application_protocols:[http/1.1,h2c]} -> rds inbound|7070||',
      `{destination_port:7070,${tcp}} -> BlackHoleCluster`,
      '{destination_port:7070,transport_protocol:raw_buffer} -> inbound|7070||',
      '{destination_port:7070,transport_protocol:tls} -> inbound|7070||',
      `{destination_port:8080,${both}} -> BlackHoleCluster`,
      '{destination_port:8080,transport_protocol:raw_buffer} -> rds inbound|8080||',
      `{destination_port:9090,${both}} -> BlackHoleCluster`,
      '{destination_port:9090,transport_protocol:tls} -> inbound|9090||',
      '{destination_port:9090,transport_protocol:raw_buffer} -> inbound|9090||',
    ]);
  });

  it('ports for TLS alone stay closed, and do not go to those that nobody names', () => {
    const chains = inbound('selector: {matchLabels: {app: cart}}, mtls: {mode: PERMISSIVE}, portLevelMtls: {8080: {mode: STRICT}}');
    expect(chains.filter((chain) => chain.includes('8080'))).toEqual(['{destination_port:8080,transport_protocol:tls} -> BlackHoleCluster']);
  });

  it.each<[string, Partial<EnvoyOptions>, boolean]>([
    ['mode: ISTIO_MUTUAL', {}, false],
    ['mode: SIMPLE', {}, false],
    [`mode: MUTUAL, ${own}`, {}, false],
    [`mode: MUTUAL, ${own}, caCertificates: /ca.pem`, {}, true],
    [`mode: MUTUAL, ${own}, caCertificates: /ca.pem, caCrl: /crl.pem`, { isReadable: (file) => file !== '/crl.pem' }, false],
    [`mode: MUTUAL, ${own}, caCertificates: /ca.pem`, { isReadable: (file) => file !== '/ca.pem' }, false],
    [`mode: SIMPLE, ${own}, caCertificates: /ca.pem`, { isReadable: (file) => file !== '/ca.pem' }, true],
    [`mode: SIMPLE, ${own}`, {}, true],
    [`mode: SIMPLE, ${own}`, { isReadable: (file) => file !== '/k.pem' }, false],
    ['mode: MUTUAL, credentialName: web', { secrets: 'ads' }, true],
    ['mode: MUTUAL, credentialName: web', {}, false],
    [`mode: MUTUAL, ${own}, caCertCredentialName: roots`, { secrets: 'ads' }, true],
    [`mode: MUTUAL, ${own}, caCertCredentialName: roots`, {}, false],
    [`mode: SIMPLE, ${own}, caCertCredentialName: roots`, {}, true],
    ['mode: SIMPLE, credentialName: web', { secrets: held }, true],
    ['mode: SIMPLE, credentialNames: [later, web]', { secrets: held }, true],
    ['mode: SIMPLE, credentialName: later', { secrets: held }, false],
    ['mode: MUTUAL, credentialName: web', { secrets: held }, false],
    ['mode: MUTUAL, credentialName: both', { secrets: held }, true],
    ['mode: OPTIONAL_MUTUAL, credentialName: web, caCertCredentialName: roots', { secrets: held }, true],
    ['mode: MUTUAL, credentialName: both, caCertCredentialName: later', { secrets: held }, false],
    [`mode: MUTUAL, ${own}, caCertCredentialName: roots`, { secrets: held }, true],
    [`mode: MUTUAL, ${own}, caCertificates: /ca.pem, caCrl: /crl.pem`, { meshTls: 'sds', isReadable: () => false }, false],
  ])('a gateway serves what has certificates of its own: %s %j', (tls, options, served) => {
    const chains = chainsOf(gateway(https(tls), {}, { ...plain, ...options })['0.0.0.0_443']);
    expect(chains).toEqual([`{server_names:[shop.example.com]}${served ? ' tls -> rds https.443.https.gw.edge' : ' -> BlackHoleCluster'}`]);
  });

  it('an agent has those of the mesh and of files, not those that rules name', () => {
    const made = ['mode: ISTIO_MUTUAL', `mode: MUTUAL, ${own}`, 'mode: SIMPLE, credentialName: web'].map((tls) =>
      chainsOf(gateway(https(tls), {}, { meshTls: 'sds', isReadable: () => false })['0.0.0.0_443'])[0]?.includes('BlackHoleCluster'),
    );
    expect(made).toEqual([false, false, true]);
  });
});
