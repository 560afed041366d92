import type { Cluster, UpstreamTls } from '../../ir/cluster.ts';
import { defined, type JsonObject } from '../json.ts';
import type { EnvoyOptions } from '../options.ts';
import { agentSecret, certificateOf, rootsBeside } from '../secrets.ts';
import { knownCipherSuites, knownCurves } from '../tls-parameters.ts';

/** `common_tls_context` of connections to endpoints (MAP-R56, DR-R70). */
export function commonTls(tls: UpstreamTls, protocol: Cluster['protocol'], options: EnvoyOptions): JsonObject {
  return defined({
    tls_params: defined({
      tls_minimum_protocol_version: 'TLSv1_2',
      tls_maximum_protocol_version: 'TLSv1_3',
      cipher_suites: knownCipherSuites(tls.cipherSuites),
      ecdh_curves: knownCurves(tls.ecdhCurves),
    }),
    alpn_protocols: applicationProtocols(tls, protocol),
    ...(tls.mode === 'simple' || tls.mode === 'mutual'
      ? writtenCertificates(tls, options)
      : secrets(agentSecret('default'), agentSecret('ROOTCA'), conditions(tls))),
  });
}

/**
 * By `istio` a sidecar knows its peers. Istio's proxies offer `istio-peer-exchange` before it, and put data of their own into the
 * connection where both sides do, which only their filters take out again.
 */
function applicationProtocols({ mode }: UpstreamTls, protocol: Cluster['protocol']): string[] | undefined {
  const http2 = protocol === 'http2' ? ['h2'] : [];
  if (mode === 'simple' || mode === 'mutual') return http2.length > 0 ? http2 : undefined;
  return ['istio', ...http2];
}

function writtenCertificates(tls: UpstreamTls, options: EnvoyOptions): JsonObject {
  const { mode, caFile, crlFile, certificateFile, keyFile, credentialName, insecureSkipVerify: unverified } = tls;
  const { meshTls, isReadable = () => true, systemRoots = defaultSystemRoots } = options;
  if (credentialName) {
    if (!hasSecrets(tls, options)) return nobody;
    return secrets(
      mode === 'mutual' ? certificateOf(credentialName, options) : undefined,
      unverified ? undefined : rootsBeside(credentialName, options),
      conditions(tls),
    );
  }
  const own = mode === 'mutual' && certificateFile && keyFile ? { certificateFile, keyFile } : undefined;
  const roots = unverified ? undefined : (caFile ?? systemRoots);
  // Envoy itself reads the list of revoked certificates, whoever reads the others.
  const read = [...(unverified ? [] : [crlFile]), ...(meshTls === 'sds' ? [] : [roots, own?.certificateFile, own?.keyFile])];
  if (read.some((file) => file !== undefined && !isReadable(file))) return nobody;
  if (meshTls === 'sds') {
    return secrets(
      own && agentSecret(`file-cert:${own.certificateFile}~${own.keyFile}`),
      roots === undefined ? undefined : agentSecret(`file-root:${caFile ?? 'system'}`),
      conditions(tls),
    );
  }
  return defined({
    tls_certificates: own && [{ certificate_chain: { filename: own.certificateFile }, private_key: { filename: own.keyFile } }],
    // Without one nothing is verified.
    validation_context: roots === undefined ? undefined : { trusted_ca: { filename: roots }, ...conditions(tls) },
  });
}

/** Whether the Secret that it names has all that it takes. */
export function hasSecrets({ mode, credentialName, insecureSkipVerify }: UpstreamTls, options: EnvoyOptions): boolean {
  if (!credentialName || (mode !== 'simple' && mode !== 'mutual')) return true;
  if (mode === 'mutual' && !certificateOf(credentialName, options)) return false;
  return insecureSkipVerify === true || rootsBeside(credentialName, options) !== undefined;
}

/** Where the roots of the system are on Debian, which others follow. */
const defaultSystemRoots = '/etc/ssl/certs/ca-certificates.crt';

/** No certificate has this digest: what the verification needs is not there, so that connections fail. */
const nobody: JsonObject = { validation_context: { verify_certificate_hash: ['0'.repeat(64)] } };

/** By what certificates are judged beside the roots that they are signed by. */
function conditions({ subjectAltNames = [], crlFile }: UpstreamTls): JsonObject {
  return defined({
    match_subject_alt_names: subjectAltNames.length > 0 ? subjectAltNames.map((exact) => ({ exact })) : undefined,
    crl: crlFile ? { filename: crlFile } : undefined,
  });
}

/**
 * @param own the secret with the certificate to be shown
 * @param roots the one with those that are trusted; undefined: nothing is verified
 * @param conditions what else certificates are verified by
 */
function secrets(own: JsonObject | undefined, roots: JsonObject | undefined, conditions: JsonObject): JsonObject {
  return defined({
    tls_certificate_sds_secret_configs: own === undefined ? undefined : [own],
    combined_validation_context: roots === undefined ? undefined : { default_validation_context: conditions, validation_context_sds_secret_config: roots },
  });
}
