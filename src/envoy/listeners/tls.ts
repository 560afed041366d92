// TLS that Envoy ends for a client (MAP-R70, SEC-R3).
import type { DownstreamTls } from '../../ir/listener.ts';
import { defined, type JsonObject } from '../json.ts';
import type { EnvoyOptions } from '../options.ts';
import { agentSecret, controlPlaneSecret, rootsCredential } from '../secrets.ts';
import type { ChainContext } from './filter-chain.ts';

/** What Envoy takes of clients without being told. */
const ownMinVersion = 'TLSv1.2';

const versions: Readonly<Record<string, string>> = { TLSv1: 'TLSv1_0', 'TLSv1.1': 'TLSv1_1', 'TLSv1.2': 'TLSv1_2', 'TLSv1.3': 'TLSv1_3' };

/** Between proxies of the mesh, for TLS 1.2. */
const meshCipherSuites = [
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'AES256-GCM-SHA384',
  'AES128-GCM-SHA256',
];

/** Those that can be asked for: with one that Envoy does not know it refuses the whole listener. */
const knownCipherSuites: ReadonlySet<string> = new Set([
  ...meshCipherSuites,
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-RSA-AES128-SHA',
  'ECDHE-ECDSA-AES256-SHA',
  'ECDHE-RSA-AES256-SHA',
  'AES128-SHA',
  'AES256-SHA',
  'DES-CBC3-SHA',
]);

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
export function hasCertificates(tls: DownstreamTls, { meshTls, secrets = 'none', isReadable = () => true }: EnvoyOptions): boolean {
  if (isMesh(tls)) return meshTls === 'sds';
  const { credentialName, caCredentialName, caFile, crlFile } = tls;
  const asks = asksForCertificate.has(tls.mode);
  if ((credentialName ?? (asks ? caCredentialName : undefined)) !== undefined && secrets === 'none') return false;
  // Envoy itself reads it, whoever reads the others.
  if (asks && crlFile && !isReadable(crlFile)) return false;
  if (credentialName !== undefined || meshTls === 'sds') return true;
  const own = serverFiles(tls).flatMap(({ certificateFile, keyFile }) => [certificateFile, keyFile]);
  const roots = asks && caCredentialName === undefined ? [caFile] : [];
  return own.length > 0 && [...own, ...roots].every((file) => file !== undefined && isReadable(file));
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

function parameters(
  { minVersion = ownMinVersion, maxVersion, cipherSuites = [], ecdhCurves }: DownstreamTls,
  { listener }: ChainContext,
): JsonObject | undefined {
  const mesh = listener.direction === 'inbound';
  const known = cipherSuites.filter((suite) => knownCipherSuites.has(suite));
  const made = defined({
    tls_minimum_protocol_version: mesh || minVersion !== ownMinVersion ? versions[minVersion] : undefined,
    tls_maximum_protocol_version: versions[maxVersion ?? (mesh ? 'TLSv1.3' : '')],
    cipher_suites: known.length > 0 ? known : mesh ? [...meshCipherSuites] : undefined,
    ecdh_curves: ecdhCurves && [...ecdhCurves],
  });
  return Object.keys(made).length > 0 ? made : undefined;
}

function serverCertificate(tls: DownstreamTls, { options }: ChainContext): JsonObject {
  const { credentialName, moreCredentialNames = [] } = tls;
  const files = serverFiles(tls);
  if (isMesh(tls)) return { tls_certificate_sds_secret_configs: [agentSecret('default')] };
  if (credentialName !== undefined) return { tls_certificate_sds_secret_configs: [credentialName, ...moreCredentialNames].map(controlPlaneSecret) };
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
  const { credentialName, caCredentialName, caFile } = tls;
  if (isMesh(tls)) return agentSecret('ROOTCA');
  if (caCredentialName !== undefined) return controlPlaneSecret(caCredentialName);
  if (credentialName !== undefined) return controlPlaneSecret(rootsCredential(credentialName));
  if (options.meshTls === 'none') return undefined;
  return agentSecret(caFile === undefined ? 'ROOTCA' : `file-root:${caFile}`);
}

/** To the workload itself: everybody of the trust domains of the mesh. */
function acceptedNames({ subjectAltNames = [] }: DownstreamTls, { listener, table }: ChainContext): JsonObject[] {
  if (listener.direction === 'outbound') return subjectAltNames.map((exact) => ({ exact }));
  const { trustDomain, trustDomainAliases = [] } = table.mesh;
  return [trustDomain, ...trustDomainAliases].map((domain) => ({ prefix: `spiffe://${domain}/` }));
}
