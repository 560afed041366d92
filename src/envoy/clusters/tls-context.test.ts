import { describe, expect, it } from 'vitest';
import type { UpstreamTls } from '../../ir/cluster.ts';
import type { EnvoyOptions, OwnSecretNames } from '../options.ts';
import { agentSecret, controlPlaneSecret } from '../secrets.ts';
import { tlsContextOf } from './testing.ts';

const params = { tls_params: { tls_minimum_protocol_version: 'TLSv1_2', tls_maximum_protocol_version: 'TLSv1_3' } };
const nobody = { validation_context: { verify_certificate_hash: ['0'.repeat(64)] } };
const combined = (roots: object, conditions: object = {}): object => ({
  combined_validation_context: { default_validation_context: conditions, validation_context_sds_secret_config: roots },
});
const own: OwnSecretNames = {
  pair: (credential) => (credential === 'web' ? 'p:web' : undefined),
  roots: () => undefined,
  rootsBeside: (credential) => (credential === 'none' ? undefined : `r:${credential}`),
};
const ofOwn = {
  api_config_source: {
    api_type: 'GRPC',
    grpc_services: [{ envoy_grpc: { cluster_name: 'secrets-grpc' } }],
    set_node_on_first_message_only: true,
    transport_api_version: 'V3',
  },
  resource_api_version: 'V3',
};
const systemRoots = { validation_context: { trusted_ca: { filename: '/etc/ssl/certs/ca-certificates.crt' } } };
const written: UpstreamTls = { mode: 'mutual', caFile: '/ca', certificateFile: '/cert', keyFile: '/key' };

describe('MAP-R56: certificates of the mesh', () => {
  const mesh = { ...params, tls_certificate_sds_secret_configs: [agentSecret('default')] };
  it.each<[UpstreamTls, object]>([
    [{ mode: 'istio-mutual' }, combined(agentSecret('ROOTCA'))],
    [
      { mode: 'istio-mutual', subjectAltNames: ['spiffe://a', 'b'] },
      combined(agentSecret('ROOTCA'), { match_subject_alt_names: [{ exact: 'spiffe://a' }, { exact: 'b' }] }),
    ],
  ])('%j', (tls, expected) => expect(tlsContextOf(tls, { meshTls: 'sds' })).toEqual({ ...mesh, alpn_protocols: ['istio'], ...expected }));

  it('over HTTP/2', () => {
    expect(tlsContextOf({ mode: 'istio-mutual' }, { meshTls: 'sds' }, { protocol: 'http2' })).toHaveProperty('alpn_protocols', ['istio', 'h2']);
  });
});

describe('DR-R70: certificates that a rule names', () => {
  it.each<[string, UpstreamTls, Partial<EnvoyOptions>, object]>([
    ['the roots of the system', { mode: 'simple' }, {}, systemRoots],
    ['where they are', { mode: 'simple' }, { systemRoots: '/roots' }, { validation_context: { trusted_ca: { filename: '/roots' } } }],
    ['nothing is verified', { mode: 'simple', insecureSkipVerify: true, subjectAltNames: ['a'], crlFile: '/crl' }, { isReadable: () => false }, {}],
    [
      'files',
      { ...written, subjectAltNames: ['a'], crlFile: '/crl' },
      {},
      {
        tls_certificates: [{ certificate_chain: { filename: '/cert' }, private_key: { filename: '/key' } }],
        validation_context: { trusted_ca: { filename: '/ca' }, match_subject_alt_names: [{ exact: 'a' }], crl: { filename: '/crl' } },
      },
    ],
    ['a certificate that SIMPLE does not show', { ...written, mode: 'simple' }, {}, { validation_context: { trusted_ca: { filename: '/ca' } } }],
    ['a file that is not there', written, { isReadable: (file) => file !== '/key' }, nobody],
    ['roots that are not there', { mode: 'simple' }, { isReadable: () => false }, nobody],
    ['revocations that are not there', { ...written, crlFile: '/crl' }, { isReadable: (file) => file !== '/crl' }, nobody],
    [
      'files that the agent reads',
      written,
      { meshTls: 'sds', isReadable: () => false },
      { tls_certificate_sds_secret_configs: [agentSecret('file-cert:/cert~/key')], ...combined(agentSecret('file-root:/ca')) },
    ],
    ['roots of the system that the agent reads', { mode: 'simple' }, { meshTls: 'sds' }, combined(agentSecret('file-root:system'))],
    [
      'revocations that Envoy reads itself',
      { mode: 'simple', crlFile: '/crl' },
      { meshTls: 'sds' },
      combined(agentSecret('file-root:system'), { crl: { filename: '/crl' } }),
    ],
    ['revocations that Envoy cannot read', { mode: 'simple', crlFile: '/crl' }, { meshTls: 'sds', isReadable: () => false }, nobody],
    [
      'a secret',
      { mode: 'mutual', credentialName: 'web', subjectAltNames: ['a'] },
      { secrets: 'ads' },
      {
        tls_certificate_sds_secret_configs: [controlPlaneSecret('web')],
        ...combined(controlPlaneSecret('web-cacert'), { match_subject_alt_names: [{ exact: 'a' }] }),
      },
    ],
    ['a secret with roots only', { mode: 'simple', credentialName: 'web' }, { secrets: 'ads' }, combined(controlPlaneSecret('web-cacert'))],
    ['a secret that is not to be had', { mode: 'mutual', credentialName: 'web' }, {}, nobody],
    [
      'a secret of whoever runs the proxy',
      { mode: 'mutual', credentialName: 'web', subjectAltNames: ['a'] },
      { secrets: own },
      {
        tls_certificate_sds_secret_configs: [{ name: 'p:web', sds_config: ofOwn }],
        ...combined({ name: 'r:web', sds_config: ofOwn }, { match_subject_alt_names: [{ exact: 'a' }] }),
      },
    ],
    ['one that it has no certificate in', { mode: 'mutual', credentialName: 'roots' }, { secrets: own }, nobody],
    ['with roots alone', { mode: 'simple', credentialName: 'roots' }, { secrets: own }, combined({ name: 'r:roots', sds_config: ofOwn })],
    ['one that is not there', { mode: 'simple', credentialName: 'none' }, { secrets: own }, nobody],
    ['nor is it from the agent', { mode: 'simple', credentialName: 'web' }, { meshTls: 'sds' }, nobody],
  ])('%s', (_, tls, options, expected) => expect(tlsContextOf(tls, { meshTls: 'none', ...options })).toEqual({ ...params, ...expected }));

  it('over HTTP/2 it is what the server is asked for', () => {
    expect(tlsContextOf({ mode: 'simple' }, { meshTls: 'none' }, { protocol: 'http2' })).toEqual({ ...params, alpn_protocols: ['h2'], ...systemRoots });
  });
});
