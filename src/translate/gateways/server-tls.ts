import type { DownstreamTls } from '../../ir/listener.ts';
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

/** @param http whether what is inside of the connection is HTTP */
export function downstreamTls(tls: ServerTLSSettings, http: boolean): DownstreamTls {
  const mode = modes[tls.mode ?? ''] ?? 'SIMPLE';
  const pair = tls.tlsCertificates?.find(Boolean);
  const credentialName = tls.credentialName || tls.credentialNames?.find(Boolean);
  const certificateFile = tls.serverCertificate || pair?.serverCertificate;
  const keyFile = tls.privateKey || pair?.privateKey;
  const caFile = tls.caCertificates || pair?.caCertificates;
  const maxVersion = versions[tls.maxProtocolVersion ?? 'TLS_AUTO'];
  return {
    mode,
    ...(credentialName ? { credentialName } : {}),
    ...(certificateFile ? { certificateFile } : {}),
    ...(keyFile ? { keyFile } : {}),
    ...(caFile ? { caFile } : {}),
    ...(tls.subjectAltNames?.length ? { subjectAltNames: tls.subjectAltNames } : {}),
    minVersion: versions[tls.minProtocolVersion ?? 'TLS_AUTO'] ?? 'TLSv1.2',
    ...(maxVersion ? { maxVersion } : {}),
    ...(tls.cipherSuites?.length ? { cipherSuites: [...new Set(tls.cipherSuites)] } : {}),
    alpn: !http && mode === 'ISTIO_MUTUAL' ? ['istio-peer-exchange', 'h2', 'http/1.1'] : ['h2', 'http/1.1'],
  };
}
