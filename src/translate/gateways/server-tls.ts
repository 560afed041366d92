import type { DownstreamTls } from '../../ir/listener.ts';
import type { MeshConfig_TLSConfig } from '../../manifest/istio/mesh.gen.ts';
import type { ServerTLSSettings, ServerTLSSettings_TLSProtocol } from '../../manifest/istio/networking.gen.ts';

const modes: Readonly<Record<string, DownstreamTls['mode']>> = {
  SIMPLE: 'SIMPLE',
  MUTUAL: 'MUTUAL',
  OPTIONAL_MUTUAL: 'OPTIONAL_MUTUAL',
  ISTIO_MUTUAL: 'ISTIO_MUTUAL',
};

/** As TLS libraries write versions; the oldest that is taken without a word about it is 1.2. */
const versions: Readonly<Record<ServerTLSSettings_TLSProtocol, string | undefined>> = {
  TLS_AUTO: undefined,
  TLSV1_0: 'TLSv1',
  TLSV1_1: 'TLSv1.1',
  TLSV1_2: 'TLSv1.2',
  TLSV1_3: 'TLSv1.3',
};

/**
 * @param http whether what is inside of the connection is HTTP
 * @param defaults of the mesh, for TLS with certificates of one's own
 */
export function downstreamTls(tls: ServerTLSSettings, http: boolean, defaults: MeshConfig_TLSConfig = {}): DownstreamTls {
  const mode = modes[tls.mode ?? ''] ?? 'SIMPLE';
  const { minProtocolVersion, cipherSuites, ecdhCurves } = mode === 'ISTIO_MUTUAL' ? {} : defaults;
  const minVersion = versions[tls.minProtocolVersion ?? 'TLS_AUTO'] ?? versions[minProtocolVersion ?? 'TLS_AUTO'] ?? 'TLSv1.2';
  const maxVersion = versions[tls.maxProtocolVersion ?? 'TLS_AUTO'];
  const ciphers = tls.cipherSuites?.length ? tls.cipherSuites : cipherSuites;
  return {
    mode,
    ...certificates(tls),
    ...(tls.caCrl ? { crlFile: tls.caCrl } : {}),
    ...(tls.subjectAltNames?.length ? { subjectAltNames: tls.subjectAltNames } : {}),
    ...(tls.verifyCertificateSpki?.length ? { certificateSpkis: tls.verifyCertificateSpki } : {}),
    ...(tls.verifyCertificateHash?.length ? { certificateHashes: tls.verifyCertificateHash } : {}),
    minVersion,
    ...(maxVersion ? { maxVersion } : {}),
    ...(ciphers?.length ? { cipherSuites: [...new Set(ciphers)] } : {}),
    ...(ecdhCurves?.length ? { ecdhCurves } : {}),
    alpn: !http && mode === 'ISTIO_MUTUAL' ? ['istio-peer-exchange', 'h2', 'http/1.1'] : ['h2', 'http/1.1'],
  };
}

type Certificates = Pick<
  DownstreamTls,
  'credentialName' | 'caCredentialName' | 'certificateFile' | 'keyFile' | 'caFile' | 'moreCredentialNames' | 'moreCertificates'
>;

/** Those of the server itself come before those of its lists. */
function certificates(tls: ServerTLSSettings): Certificates {
  const pairs = tls.tlsCertificates?.filter(Boolean) ?? [];
  const [credentialName, ...moreCredentialNames] = tls.credentialName ? [tls.credentialName] : (tls.credentialNames?.filter(Boolean) ?? []);
  const certificateFile = tls.serverCertificate || pairs[0]?.serverCertificate;
  const keyFile = tls.privateKey || pairs[0]?.privateKey;
  const caFile = tls.caCertificates || pairs[0]?.caCertificates;
  const moreCertificates = (tls.serverCertificate ? [] : pairs.slice(1)).flatMap(({ serverCertificate, privateKey }) =>
    serverCertificate && privateKey ? [{ certificateFile: serverCertificate, keyFile: privateKey }] : [],
  );
  return {
    ...(credentialName ? { credentialName } : {}),
    ...(tls.caCertCredentialName ? { caCredentialName: tls.caCertCredentialName } : {}),
    ...(certificateFile ? { certificateFile } : {}),
    ...(keyFile ? { keyFile } : {}),
    ...(caFile ? { caFile } : {}),
    ...(moreCredentialNames.length > 0 ? { moreCredentialNames } : {}),
    ...(moreCertificates.length > 0 ? { moreCertificates } : {}),
  };
}
