// TLS that Envoy ends for a client (MAP-R70, SEC-R3).
import { meshCipherSuites } from '../../ir/cipher-suites.ts';
import type { DownstreamTls } from '../../ir/listener.ts';
import { defined, type JsonObject } from '../json.ts';
import type { EnvoyOptions } from '../options.ts';
import { agentSecret, certificateOf, rootsBeside, rootsOf } from '../secrets.ts';
import { knownCipherSuites, knownCurves } from '../tls-parameters.ts';
import type { ChainContext } from './filter-chain.ts';

/** What Envoy takes of clients without being told. */
const ownMinVersion = 'TLSv1.2';

const versions: Readonly<Record<string, string>> = { TLSv1: 'TLSv1_0', 'TLSv1.1': 'TLSv1_1', 'TLSv1.2': 'TLSv1_2', 'TLSv1.3': 'TLSv1_3' };

type Mode = DownstreamTls['mode'];
export const asksForCertificate: ReadonlySet<Mode> = new Set<Mode>(['MUTUAL', 'OPTIONAL_MUTUAL', 'ISTIO_MUTUAL', 'PERMISSIVE']);
const needsCertificate: ReadonlySet<Mode> = new Set<Mode>(['MUTUAL', 'ISTIO_MUTUAL', 'PERMISSIVE']);

function isMesh({ mode }: DownstreamTls): boolean {
  return mode === 'ISTIO_MUTUAL' || mode === 'PERMISSIVE';
}

/**
 * Whether all certificates that it takes are to be had. Where the certificate of the server is not given, it is that of the workload;
 * where roots are not, they are those of the mesh.
 */
export function hasCertificates(tls: DownstreamTls, options: EnvoyOptions): boolean {
  const { meshTls, isReadable = () => true } = options;
  if (isMesh(tls)) return meshTls === 'sds';
  const { credentialName, caCredentialName, caFile, crlFile } = tls;
  const asks = asksForCertificate.has(tls.mode);
  if (!hasSecrets(tls, options)) return false;
  // Envoy itself reads it, whoever reads the others.
  if (asks && crlFile && !isReadable(crlFile)) return false;
  if (credentialName !== undefined || meshTls === 'sds') return true;
  const own = serverFiles(tls).flatMap(({ certificateFile, keyFile }) => [certificateFile, keyFile]);
  const roots = asks && caCredentialName === undefined ? [caFile] : [];
  return own.length > 0 && [...own, ...roots].every((file) => file !== undefined && isReadable(file));
}

/** Whether those of them that are in Secrets are. */
export function hasSecrets(tls: DownstreamTls, options: EnvoyOptions): boolean {
  if (isMesh(tls)) return true;
  if (tls.credentialName !== undefined && namedCertificates(tls, options).length === 0) return false;
  return !asksForCertificate.has(tls.mode) || !namesRoots(tls) || namedRoots(tls, options) !== undefined;
}

export function tlsSocket(tls: DownstreamTls, context: ChainContext): JsonObject {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
      common_tls_context: defined({
        tls_params: parameters(tls, context),
        alpn_protocols: [...tls.alpn],
        ...serverCertificate(tls, context),
        ...(asksForCertificate.has(tls.mode) ? clientRoots(tls, context) : {}),
      }),
      require_client_certificate: needsCertificate.has(tls.mode),
    },
  };
}

function parameters({ minVersion = ownMinVersion, maxVersion, cipherSuites, ecdhCurves }: DownstreamTls, { listener }: ChainContext): JsonObject | undefined {
  const mesh = listener.direction === 'inbound';
  const made = defined({
    tls_minimum_protocol_version: mesh || minVersion !== ownMinVersion ? versions[minVersion] : undefined,
    tls_maximum_protocol_version: versions[maxVersion ?? (mesh ? 'TLSv1.3' : '')],
    cipher_suites: knownCipherSuites(cipherSuites) ?? (mesh ? [...meshCipherSuites] : undefined),
    ecdh_curves: knownCurves(ecdhCurves),
  });
  return Object.keys(made).length > 0 ? made : undefined;
}

function serverCertificate(tls: DownstreamTls, { options }: ChainContext): JsonObject {
  const files = serverFiles(tls);
  if (isMesh(tls)) return { tls_certificate_sds_secret_configs: [agentSecret('default')] };
  if (tls.credentialName !== undefined) return { tls_certificate_sds_secret_configs: namedCertificates(tls, options) };
  if (files.length === 0) return { tls_certificate_sds_secret_configs: [agentSecret('default')] };
  if (options.meshTls === 'sds') {
    return { tls_certificate_sds_secret_configs: files.map(({ certificateFile, keyFile }) => agentSecret(`file-cert:${certificateFile}~${keyFile}`)) };
  }
  return {
    tls_certificates: files.map(({ certificateFile, keyFile }) => ({
      certificate_chain: { filename: certificateFile },
      private_key: { filename: keyFile },
    })),
  };
}

/** Of several those that are there: a client is shown one of them. */
function namedCertificates({ credentialName, moreCredentialNames = [] }: DownstreamTls, options: EnvoyOptions): JsonObject[] {
  const names = credentialName === undefined ? [] : [credentialName, ...moreCredentialNames];
  return names.map((name) => certificateOf(name, options)).filter((found) => found !== undefined);
}

function serverFiles({ certificateFile, keyFile, moreCertificates = [] }: DownstreamTls): { certificateFile: string; keyFile: string }[] {
  return certificateFile && keyFile ? [{ certificateFile, keyFile }, ...moreCertificates] : [];
}

/** By what certificates of clients are judged. */
function clientRoots(tls: DownstreamTls, context: ChainContext): JsonObject {
  const { crlFile, certificateSpkis, certificateHashes, caFile } = tls;
  const names = acceptedNames(tls, context);
  const conditions = defined({
    match_subject_alt_names: names.length > 0 ? names : undefined,
    verify_certificate_spki: certificateSpkis && [...certificateSpkis],
    verify_certificate_hash: certificateHashes && [...certificateHashes],
    crl: crlFile ? { filename: crlFile } : undefined,
  });
  const secret = rootsSecret(tls, context);
  if (!secret) return { validation_context: { trusted_ca: { filename: caFile ?? '' }, ...conditions } };
  return { combined_validation_context: { default_validation_context: conditions, validation_context_sds_secret_config: secret } };
}

/** Undefined: they are in a file that Envoy reads. */
function rootsSecret(tls: DownstreamTls, { options }: ChainContext): JsonObject | undefined {
  const { caFile } = tls;
  if (isMesh(tls)) return agentSecret('ROOTCA');
  if (namesRoots(tls)) return namedRoots(tls, options);
  if (options.meshTls === 'none') return undefined;
  return agentSecret(caFile === undefined ? 'ROOTCA' : `file-root:${caFile}`);
}

/** Whether they are in a Secret: in one for them, or in that of the certificate. */
function namesRoots({ credentialName, caCredentialName }: DownstreamTls): boolean {
  return (caCredentialName ?? credentialName) !== undefined;
}

function namedRoots({ credentialName, caCredentialName }: DownstreamTls, options: EnvoyOptions): JsonObject | undefined {
  if (caCredentialName !== undefined) return rootsOf(caCredentialName, options);
  return credentialName === undefined ? undefined : rootsBeside(credentialName, options);
}

/** To the workload itself: everybody of the trust domains of the mesh. */
function acceptedNames({ subjectAltNames = [] }: DownstreamTls, { listener, table }: ChainContext): JsonObject[] {
  if (listener.direction === 'outbound') return subjectAltNames.map((exact) => ({ exact }));
  const { trustDomain, trustDomainAliases = [] } = table.mesh;
  return [trustDomain, ...trustDomainAliases].map((domain) => ({ prefix: `spiffe://${domain}/` }));
}
