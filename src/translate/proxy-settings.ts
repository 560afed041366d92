// What the mesh configuration says about every connection manager and listener of a proxy.
import type { HttpFilter } from '../ir/listener.ts';
import type { MeshSettings } from '../ir/table.ts';
import type { HTTPRetry } from '../manifest/istio/networking.gen.ts';
import type { Mesh } from '../model/mesh.ts';
import { milliseconds } from './durations.ts';

export interface ProxySettings {
  /** Undefined: those of the proxy itself (RT-R70). */
  defaultRetries: HTTPRetry | undefined;
  /** ProxyConfig.proxyHeaders.xForwardedHost (RT-R13). */
  appendForwardedHost: boolean;
  /** ProxyConfig.proxyHeaders.attemptCount (RT-R40). */
  includeAttemptCount: boolean;
  /** 0: waits without an end (TCP-R3). */
  detectionTimeoutMs: number;
  sidecarHttp: Omit<HttpFilter, 'kind' | 'routes'>;
  gatewayHttp: Omit<HttpFilter, 'kind' | 'routes'>;
}

/** Envoy's own limit (RT-R50). */
const maxRequestHeadersKb = 60;

const certificates: Readonly<Record<string, HttpFilter['forwardClientCert']>> = {
  SANITIZE: 'sanitize',
  FORWARD_ONLY: 'forward-only',
  APPEND_FORWARD: 'append-forward',
  SANITIZE_SET: 'sanitize-set',
  ALWAYS_FORWARD_ONLY: 'always-forward-only',
};

export function proxySettings(mesh: Mesh): ProxySettings {
  const { defaultConfig = {}, defaultHttpRetryPolicy, protocolDetectionTimeout } = mesh.meshConfig;
  const { proxyHeaders, gatewayTopology, proxyMetadata } = defaultConfig;
  const idleTimeoutMs = milliseconds(proxyMetadata?.ISTIO_META_IDLE_TIMEOUT);
  const written = proxyHeaders?.forwardedClientCert ?? gatewayTopology?.forwardClientCertDetails;
  const shared = {
    http10: proxyMetadata?.ISTIO_META_HTTP10 === '1',
    preserveHeaderCase: proxyHeaders?.preserveHttp1HeaderCase === true,
    ...(idleTimeoutMs === undefined ? {} : { idleTimeoutMs }),
    // RT-R65
    streamIdleTimeoutMs: 0,
    maxRequestHeadersKb,
  };
  return {
    defaultRetries: defaultHttpRetryPolicy ?? undefined,
    appendForwardedHost: proxyHeaders?.xForwardedHost?.enabled === true,
    includeAttemptCount: proxyHeaders?.attemptCount?.disabled !== true,
    detectionTimeoutMs: milliseconds(protocolDetectionTimeout) ?? 0,
    sidecarHttp: { serverName: proxyHeaders?.server?.value || 'envoy', useRemoteAddress: false, trustedHops: 0, forwardClientCert: 'sanitize', ...shared },
    gatewayHttp: {
      serverName: proxyHeaders?.server?.value || 'istio-envoy',
      useRemoteAddress: true,
      trustedHops: gatewayTopology?.numTrustedProxies ?? 0,
      forwardClientCert: certificates[written ?? ''] ?? 'sanitize-set',
      ...shared,
    },
  };
}

/** Merging of paths as the mesh configuration asks for it (MAT-R10, MAT-R13). */
const normalizations: Readonly<Record<string, MeshSettings['pathNormalization']>> = {
  NONE: 'none',
  MERGE_SLASHES: 'merge-slashes',
  DECODE_AND_MERGE_SLASHES: 'decode-and-merge-slashes',
};

export function meshSettings(mesh: Mesh): MeshSettings {
  const { pathNormalization, accessLogFile, accessLogFormat, accessLogEncoding, trustDomain, defaultConfig } = mesh.meshConfig;
  return {
    pathNormalization: normalizations[pathNormalization?.normalization ?? ''] ?? 'base',
    accessLogFile: accessLogFile ?? '',
    accessLogFormat: accessLogFormat ?? '',
    accessLogEncoding: accessLogEncoding === 'JSON' ? 'json' : 'text',
    trustDomain: trustDomain || 'cluster.local',
    meshId: defaultConfig?.meshId ?? '',
  };
}
