// Annotations of a pod that change its sidecar: their names, and how their values are read. A value that makes no sense is an error,
// since a sidecar that is not as asked for may be one that does not protect.

import type { ProxyConfig } from '../manifest/istio/mesh.gen.ts';
import { isDeeperThan } from '../manifest/nesting.ts';
import { parseYaml } from '../manifest/yaml.ts';
import { isMap } from '../model/untyped.ts';
import { annotationProblem } from '../schema/annotations.ts';
import { isInterfaceName } from './capture/options.ts';
import { InjectionError } from './error.ts';
import { listOf } from './lists.ts';

export const annotation = {
  status: 'sidecar.istio.io/status',
  /** Set by injection: what the user's own container of the sidecar's name said, for a later injection. */
  overrides: 'proxy.istio.io/overrides',
  templates: 'inject.istio.io/templates',
  engine: 'sidecar.weft.mesh/engine',
  ignoreEnvoyFilters: 'sidecar.weft.mesh/ignoreEnvoyFilters',
  proxyConfig: 'proxy.istio.io/config',
  mergeMetrics: 'prometheus.istio.io/merge-metrics',
  interceptionMode: 'sidecar.istio.io/interceptionMode',
  nativeSidecar: 'sidecar.istio.io/nativeSidecar',
  proxyImage: 'sidecar.istio.io/proxyImage',
  proxyCpu: 'sidecar.istio.io/proxyCPU',
  proxyCpuLimit: 'sidecar.istio.io/proxyCPULimit',
  proxyMemory: 'sidecar.istio.io/proxyMemory',
  proxyMemoryLimit: 'sidecar.istio.io/proxyMemoryLimit',
  logLevel: 'sidecar.istio.io/logLevel',
  discoveryAddress: 'sidecar.istio.io/discoveryAddress',
  rewriteProbes: 'sidecar.istio.io/rewriteAppHTTPProbers',
  userVolume: 'sidecar.istio.io/userVolume',
  userVolumeMount: 'sidecar.istio.io/userVolumeMount',
  statusPort: 'status.sidecar.istio.io/port',
  readinessInitialDelay: 'readiness.status.sidecar.istio.io/initialDelaySeconds',
  readinessPeriod: 'readiness.status.sidecar.istio.io/periodSeconds',
  readinessFailures: 'readiness.status.sidecar.istio.io/failureThreshold',
  includeInboundPorts: 'traffic.sidecar.istio.io/includeInboundPorts',
  excludeInboundPorts: 'traffic.sidecar.istio.io/excludeInboundPorts',
  includeOutboundPorts: 'traffic.sidecar.istio.io/includeOutboundPorts',
  excludeOutboundPorts: 'traffic.sidecar.istio.io/excludeOutboundPorts',
  includeOutboundRanges: 'traffic.sidecar.istio.io/includeOutboundIPRanges',
  excludeOutboundRanges: 'traffic.sidecar.istio.io/excludeOutboundIPRanges',
  excludeInterfaces: 'traffic.sidecar.istio.io/excludeInterfaces',
  virtualInterfaces: 'istio.io/reroute-virtual-interfaces',
  kubevirtInterfaces: 'traffic.sidecar.istio.io/kubevirtInterfaces',
} as const;

export type AnnotationName = (typeof annotation)[keyof typeof annotation];

/** Of Kubernetes' quantities: `100m`, `1.5`, `128Mi`, `1e3`. */
const quantity = /^\+?(?:\d+(?:\.\d*)?|\.\d+)(?:[KMGTPE]i|[numkMGTPE]|[eE][-+]?\d+)?$/;

/** Of maps and lists in values that are JSON: no part of a pod has more. */
const mostLevels = 64;

/** A JSON map that an earlier injection kept in an annotation; what cannot be read is an empty one. */
export function savedMap(text: string | undefined): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return isMap(value) && !isDeeperThan(mostLevels, value) ? value : {};
  } catch {
    return {};
  }
}

/** Reads annotations of one pod. Each of its methods gives undefined where the annotation is not there. */
export class AnnotationReader {
  private readonly annotations: Readonly<Record<string, string>>;

  constructor(annotations: Readonly<Record<string, string>> | undefined) {
    this.annotations = annotations ?? {};
  }

  /** The value as the schema of the annotation allows it; without blanks around it. */
  text(name: AnnotationName): string | undefined {
    const value = Object.hasOwn(this.annotations, name) ? this.annotations[name] : undefined;
    if (value === undefined) return undefined;
    const problem = annotationProblem(name, value);
    if (problem !== undefined) throw this.problem(name, problem);
    return value.trim();
  }

  boolean(name: AnnotationName): boolean | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (/^(?:1|t|true)$/i.test(value)) return true;
    if (/^(?:0|f|false)$/i.test(value)) return false;
    throw this.problem(name, `"${value}" is neither true nor false`);
  }

  /** A whole number from 0. */
  number(name: AnnotationName): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!/^\d{1,9}$/.test(value)) throw this.problem(name, `"${value}" is not a whole number`);
    return Number(value);
  }

  choice<T extends string>(name: AnnotationName, choices: readonly T[]): T | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!(choices as readonly string[]).includes(value)) throw this.problem(name, `"${value}" is not one of ${choices.join(', ')}`);
    return value as T;
  }

  quantity(name: AnnotationName): string | undefined {
    const value = this.text(name);
    if (value !== undefined && !quantity.test(value)) throw this.problem(name, `"${value}" is not a quantity such as 100m, 2 or 128Mi`);
    return value;
  }

  /** Names of network interfaces, comma-separated. */
  interfaces(name: AnnotationName): string | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const bad = listOf(value).find((item) => !isInterfaceName(item));
    if (bad !== undefined) throw this.problem(name, `"${bad}" is not the name of a network interface`);
    return value;
  }

  /** Ports, comma-separated, or `*`. */
  ports(name: AnnotationName): string | undefined {
    const value = this.text(name);
    if (value === undefined || value === '*') return value;
    const bad = listOf(value).find((item) => !/^\d+$/.test(item) || Number(item) > 65535);
    if (bad !== undefined) throw this.problem(name, `"${bad}" is not a port from 0 to 65535`);
    return value;
  }

  /** The configuration of one proxy, as YAML. */
  proxyConfig(): ProxyConfig | undefined {
    const value = this.text(annotation.proxyConfig);
    return value === undefined ? undefined : ((parseYaml(value, true).value ?? {}) as ProxyConfig);
  }

  /** A JSON map or list of maps, each with its name: `{"a": {…}}` is `[{"name": "a", …}]`. */
  namedMaps(name: AnnotationName): { name: string; [field: string]: unknown }[] {
    const value = this.text(name);
    if (value === undefined || value === '') return [];
    let parsed: unknown;
    try {
      parsed = JSON.parse(value);
    } catch (error) {
      throw this.problem(name, `it is not JSON: ${(error as Error).message}`);
    }
    if (isDeeperThan(mostLevels, parsed)) throw this.problem(name, 'it is nested deeper than any part of a pod');
    const entries = Array.isArray(parsed)
      ? parsed
      : isMap(parsed)
        ? Object.entries(parsed).map(([key, item]) => (isMap(item) ? { name: key, ...item } : item))
        : undefined;
    if (!entries?.every((item): item is { name: string } => isMap(item) && typeof item.name === 'string'))
      throw this.problem(name, 'it is neither a JSON map of maps nor a list of maps with names');
    return entries;
  }

  problem(name: AnnotationName, text: string): InjectionError {
    return new InjectionError(`the annotation ${name} of the pod: ${text}`, ['metadata', 'annotations', name]);
  }
}
