// What the mesh configuration says about every connection manager and listener of a proxy.
import type { ClientCertDetail, HttpFilter } from '../ir/listener.ts';
import type { MeshSettings, TraceTag, TracingSettings } from '../ir/table.ts';
import type { ProxyConfig_ProxyHeaders, Tracing_CustomTag } from '../manifest/istio/mesh.gen.ts';
import type { HTTPRetry } from '../manifest/istio/networking.gen.ts';
import type { Mesh } from '../model/mesh.ts';
import { trustDomainOf } from '../model/mesh-config.ts';
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
  /** Connections keep the addresses that they had: interception mode TPROXY. */
  transparent: boolean;
  /** Clients of gateways begin with a PROXY header. */
  proxyProtocol: boolean;
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
  const { proxyHeaders, gatewayTopology, proxyMetadata, interceptionMode } = defaultConfig;
  const idleTimeoutMs = milliseconds(proxyMetadata?.ISTIO_META_IDLE_TIMEOUT);
  const written = proxyHeaders?.forwardedClientCert ?? gatewayTopology?.forwardClientCertDetails;
  const shared = {
    http10: proxyMetadata?.ISTIO_META_HTTP10 === '1',
    preserveHeaderCase: proxyHeaders?.preserveHttp1HeaderCase === true,
    ...(idleTimeoutMs === undefined ? {} : { idleTimeoutMs }),
    // RT-R65
    streamIdleTimeoutMs: 0,
    maxRequestHeadersKb,
    ...(proxyHeaders?.server?.disabled ? { passServerHeader: true as const } : {}),
    ...(proxyHeaders?.requestId?.disabled ? { noRequestId: true as const } : {}),
    ...(proxyHeaders?.envoyDebugHeaders?.disabled ? { noProxyHeaders: true as const } : {}),
  };
  return {
    defaultRetries: defaultHttpRetryPolicy ?? undefined,
    appendForwardedHost: proxyHeaders?.xForwardedHost?.enabled === true,
    includeAttemptCount: proxyHeaders?.attemptCount?.disabled !== true,
    detectionTimeoutMs: milliseconds(protocolDetectionTimeout) ?? 0,
    transparent: interceptionMode === 'TPROXY',
    proxyProtocol: Boolean(gatewayTopology?.proxyProtocol),
    sidecarHttp: { serverName: proxyHeaders?.server?.value || 'envoy', useRemoteAddress: false, trustedHops: 0, forwardClientCert: 'sanitize', ...shared },
    gatewayHttp: {
      serverName: proxyHeaders?.server?.value || 'istio-envoy',
      useRemoteAddress: true,
      trustedHops: gatewayTopology?.numTrustedProxies ?? 0,
      forwardClientCert: certificates[written ?? ''] ?? 'sanitize-set',
      clientCertDetails: clientCertDetails(proxyHeaders, ['subject', 'cert', 'dns', 'uri']),
      ...shared,
    },
  };
}

/** What is written, else what there is without it. */
export function clientCertDetails(headers: ProxyConfig_ProxyHeaders | undefined, otherwise: readonly ClientCertDetail[]): readonly ClientCertDetail[] {
  const written = headers?.setCurrentClientCertDetails;
  return written ? everyDetail.filter((detail) => written[detail]) : otherwise;
}

const everyDetail: readonly ClientCertDetail[] = ['subject', 'cert', 'chain', 'dns', 'uri'];

/** Merging of paths as the mesh configuration asks for it (MAT-R10, MAT-R13). */
const normalizations: Readonly<Record<string, MeshSettings['pathNormalization']>> = {
  NONE: 'none',
  MERGE_SLASHES: 'merge-slashes',
  DECODE_AND_MERGE_SLASHES: 'decode-and-merge-slashes',
};

export function meshSettings(mesh: Mesh): MeshSettings {
  const { pathNormalization, accessLogFile, accessLogFormat, accessLogEncoding, trustDomainAliases, defaultConfig } = mesh.meshConfig;
  const tracing = tracingSettings(mesh);
  return {
    pathNormalization: normalizations[pathNormalization?.normalization ?? ''] ?? 'base',
    accessLogFile: accessLogFile ?? '',
    accessLogFormat: accessLogFormat ?? '',
    accessLogEncoding: accessLogEncoding === 'JSON' ? 'json' : 'text',
    ...(mesh.meshConfig.disableEnvoyListenerLog ? { noListenerLog: true as const } : {}),
    trustDomain: trustDomainOf(mesh.meshConfig),
    ...(trustDomainAliases?.length ? { trustDomainAliases } : {}),
    meshId: defaultConfig?.meshId ?? '',
    ...(tracing ? { tracing } : {}),
  };
}

/** Percent, where nothing is written (TEL-R30). */
const defaultSampling = 1;

function tracingSettings(mesh: Mesh): TracingSettings | undefined {
  const { enableTracing, defaultConfig } = mesh.meshConfig;
  if (enableTracing === false) return undefined;
  const { sampling, maxPathTagLength, customTags = {}, enableIstioTags } = defaultConfig?.tracing ?? {};
  return {
    samplingPercent: Math.min(Math.max(sampling ?? defaultSampling, 0), 100),
    ...(maxPathTagLength ? { maxPathTagLength } : {}),
    meshTags: enableIstioTags !== false,
    tags: Object.entries(customTags)
      .flatMap(([tag, written]) => traceTag(tag, written) ?? [])
      .sort((a, b) => (a.tag < b.tag ? -1 : 1)),
  };
}

/** Undefined where a tag says nothing. */
function traceTag(tag: string, written: Tracing_CustomTag | null): TraceTag | undefined {
  const { literal, environment, header } = written ?? {};
  if (literal?.value) return { tag, kind: 'literal', value: literal.value };
  if (environment?.name) return { tag, kind: 'environment', name: environment.name, default: environment.defaultValue ?? '' };
  return header?.name ? { tag, kind: 'header', name: header.name, default: header.defaultValue ?? '' } : undefined;
}
