// What one pod gets: the configuration of the injector, over it the proxy's configuration of the mesh, over it the pod's annotations.

import { parseDuration } from '../manifest/duration.ts';
import type { MeshConfig, ProxyConfig } from '../manifest/istio/mesh.gen.ts';
import { AnnotationReader, annotation } from './annotations.ts';
import type { InjectionConfig, Resources, SidecarEngine } from './config.ts';
import { listOf } from './lists.ts';
import { isNative } from './native.ts';
import type { PodTemplate } from './pod.ts';

/** Ports of the sidecar, in every pod. */
export const sidecarPorts = { outbound: 15001, inbound: 15006, agent: 15020, health: 15021, stats: 15090 } as const;

/** Levels of `weft proxy run --log-level`. */
const logLevels = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'] as const;

/** What injection asks of the mesh. */
export interface MeshSettings {
  enablePrometheusMerge?: MeshConfig['enablePrometheusMerge'];
  /** Of the mesh, with the ProxyConfigs for this pod over it. */
  defaultConfig?: ProxyConfig;
}

/** Which connections are redirected, as arguments of `weft proxy capture`; lists are comma-separated. */
export interface CaptureSettings {
  includeOutboundRanges: string;
  excludeOutboundRanges: string;
  includeInboundPorts: string;
  /** With the sidecar's own. */
  excludeInboundPorts: string;
  /** Empty: none beyond the ranges. */
  includeOutboundPorts: string;
  excludeOutboundPorts: string;
  excludeInterfaces: string;
  virtualInterfaces: string;
}

export interface Settings {
  engine: SidecarEngine;
  ignoreEnvoyFilters: boolean;
  image: string;
  /** `init`, `cni`: redirected by the init container, or by the node; `none`: not at all. */
  capture: InjectionConfig['capture'];
  captured: CaptureSettings;
  /** Health of the application and metrics of the pod; 0: none. */
  agentPort: number;
  resources: Resources;
  logLevel: string;
  concurrency: number;
  xdsAddress: string;
  drainSeconds: number;
  native: boolean;
  /** Never with `native`, which has an order of its own. */
  hold: boolean;
  rewriteProbes: boolean;
  mergeMetrics: boolean;
  readiness: { initialDelaySeconds?: number; periodSeconds: number; failureThreshold: number };
}

/**
 * @param nodeVersions of the kubelets, such as `v1.33.2`; none known: an empty list
 * @throws InjectionError for an annotation whose value makes no sense, or asks for what there is not
 */
export function settingsOf(pod: PodTemplate, config: InjectionConfig, mesh: MeshSettings, nodeVersions: readonly string[]): Settings {
  const read = new AnnotationReader(pod.metadata.annotations);
  const ofPod = read.proxyConfig() ?? {};
  const proxy: ProxyConfig = { ...mesh.defaultConfig, ...ofPod };
  const native = isNative(read.boolean(annotation.nativeSidecar), config.nativeSidecar, nodeVersions);
  const agentPort = read.number(annotation.statusPort) ?? (proxy.statusPort || sidecarPorts.agent);
  const delay = read.number(annotation.readinessInitialDelay);
  return {
    engine: read.choice(annotation.engine, ['embedded', 'envoy']) ?? config.engine,
    ignoreEnvoyFilters: read.boolean(annotation.ignoreEnvoyFilters) ?? false,
    image: read.text(annotation.proxyImage) || config.image,
    capture: captureOf(read, proxy, config),
    captured: capturedOf(read, config, agentPort),
    agentPort,
    resources: resourcesOf(read, config),
    logLevel: read.choice(annotation.logLevel, logLevels) ?? config.logLevel,
    concurrency: proxy.concurrency ?? config.concurrency,
    // The mesh's own says where istiod is.
    xdsAddress: read.text(annotation.discoveryAddress) || ofPod.discoveryAddress || config.xdsAddress,
    drainSeconds: secondsOf(proxy.terminationDrainDuration) ?? config.drainSeconds,
    native,
    hold: !native && (proxy.holdApplicationUntilProxyStarts ?? config.holdApplicationUntilProxyStarts),
    rewriteProbes: agentPort !== 0 && (read.boolean(annotation.rewriteProbes) ?? config.rewriteAppHTTPProbe),
    mergeMetrics: agentPort !== 0 && (read.boolean(annotation.mergeMetrics) ?? mesh.enablePrometheusMerge ?? true),
    readiness: {
      ...(delay ? { initialDelaySeconds: delay } : {}),
      periodSeconds: read.number(annotation.readinessPeriod) ?? 15,
      failureThreshold: read.number(annotation.readinessFailures) ?? 4,
    },
  };
}

function captureOf(read: AnnotationReader, proxy: ProxyConfig, config: InjectionConfig): InjectionConfig['capture'] {
  const asked = read.text(annotation.interceptionMode);
  const mode = asked ?? proxy.interceptionMode ?? (config.capture === 'none' ? 'NONE' : 'REDIRECT');
  if (mode === 'NONE') return 'none';
  if (mode !== 'TPROXY') return config.capture === 'none' ? 'init' : config.capture;
  const name = asked === undefined ? annotation.proxyConfig : annotation.interceptionMode;
  throw read.problem(name, 'TPROXY is not there: the sidecar takes redirected connections (REDIRECT), or none (NONE)');
}

function capturedOf(read: AnnotationReader, config: InjectionConfig, agentPort: number): CaptureSettings {
  const excluded = listOf(read.ports(annotation.excludeInboundPorts) ?? config.excludeInboundPorts);
  if (agentPort !== 0 && !excluded.includes(String(agentPort))) excluded.push(String(agentPort));
  const own = [sidecarPorts.stats, sidecarPorts.health].map(String);
  return {
    includeOutboundRanges: read.text(annotation.includeOutboundRanges) ?? config.includeIPRanges,
    excludeOutboundRanges: read.text(annotation.excludeOutboundRanges) ?? config.excludeIPRanges,
    includeInboundPorts: read.ports(annotation.includeInboundPorts) ?? config.includeInboundPorts,
    excludeInboundPorts: [...own, ...excluded.filter((port) => !own.includes(port))].join(','),
    includeOutboundPorts: read.ports(annotation.includeOutboundPorts) ?? config.includeOutboundPorts,
    excludeOutboundPorts: read.ports(annotation.excludeOutboundPorts) ?? config.excludeOutboundPorts,
    excludeInterfaces: read.interfaces(annotation.excludeInterfaces) ?? '',
    virtualInterfaces: read.interfaces(annotation.virtualInterfaces) ?? read.interfaces(annotation.kubevirtInterfaces) ?? '',
  };
}

/** With one of the annotations only what annotations say, as the reference. */
function resourcesOf(read: AnnotationReader, config: InjectionConfig): Resources {
  const amounts = (cpu: string | undefined, memory: string | undefined): Resources['requests'] => ({
    ...(cpu === undefined ? {} : { cpu }),
    ...(memory === undefined ? {} : { memory }),
  });
  const requests = amounts(read.quantity(annotation.proxyCpu), read.quantity(annotation.proxyMemory)) ?? {};
  const limits = amounts(read.quantity(annotation.proxyCpuLimit), read.quantity(annotation.proxyMemoryLimit)) ?? {};
  const [asks, caps] = [requests, limits].map((map) => Object.keys(map).length > 0);
  if (!asks && !caps) return structuredClone(config.resources);
  return { ...(caps ? { limits } : {}), ...(asks ? { requests } : {}) };
}

function secondsOf(duration: string | undefined): number | undefined {
  const nanoseconds = duration === undefined ? undefined : parseDuration(duration);
  return nanoseconds === undefined ? undefined : Math.ceil(nanoseconds / 1e9);
}
