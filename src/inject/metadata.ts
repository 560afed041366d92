// Labels and annotations of an injected pod.
import { revisionLabel } from '../model/injection.ts';
import { annotation } from './annotations.ts';
import type { InjectionConfig } from './config.ts';
import type { PodOwner } from './context.ts';
import { type PodMetadata, type PodSpec, type PodTemplate, proxyName } from './pod.ts';
import type { Settings } from './settings.ts';

type Texts = Record<string, string>;

const tlsMode = 'security.istio.io/tlsMode';
const canonicalName = 'service.istio.io/canonical-name';
const canonicalRevision = 'service.istio.io/canonical-revision';
/** Containers that `kubectl exec` and `kubectl logs` take when none is named. */
const defaultContainer = 'kubectl.kubernetes.io/default-container';
const defaultLogsContainer = 'kubectl.kubernetes.io/default-logs-container';

/** Of the value of a label. */
const mostCharacters = 63;

/** The service and the version that telemetry knows the pod by. */
export function canonicalLabels({ labels = {} }: PodMetadata, owner: PodOwner): Texts {
  const name = labels[canonicalName] || labels['app.kubernetes.io/name'] || labels.app || owner.name;
  const revision = labels[canonicalRevision] || labels['app.kubernetes.io/version'] || labels.version || 'latest';
  return { [canonicalName]: labelValue(name), [canonicalRevision]: labelValue(revision) };
}

/** Labels of a pod with a sidecar; a gateway has only the canonical ones. */
export function sidecarLabels(metadata: PodMetadata, owner: PodOwner): Texts {
  return { [tlsMode]: metadata.labels?.[tlsMode] || 'istio', ...canonicalLabels(metadata, owner) };
}

function labelValue(text: string): string {
  return text.slice(0, mostCharacters).replace(/[-_.]+$/, '');
}

/**
 * Annotations that every template sets.
 *
 * @param withSidecar the sidecar itself may be what kubectl takes: it is all that a gateway has
 */
export function commonAnnotations({ metadata, spec }: PodTemplate, config: InjectionConfig, withSidecar: boolean): Texts {
  const set = metadata.annotations ?? {};
  const first = spec.containers.find(({ name }) => withSidecar || name !== proxyName)?.name ?? (withSidecar ? proxyName : undefined);
  return {
    [revisionLabel]: config.revision || 'default',
    ...(first === undefined ? {} : { [defaultContainer]: set[defaultContainer] ?? first, [defaultLogsContainer]: set[defaultLogsContainer] ?? first }),
  };
}

/** A CNI plug-in knows what to redirect by the annotations of the pod. */
export function captureAnnotations({ capture, captured }: Settings): Texts {
  if (capture !== 'cni') return {};
  const optional: Texts = {
    [annotation.excludeOutboundRanges]: captured.excludeOutboundRanges,
    [annotation.excludeInboundPorts]: captured.excludeInboundPorts,
    [annotation.includeOutboundPorts]: captured.includeOutboundPorts,
    [annotation.excludeOutboundPorts]: captured.excludeOutboundPorts,
    [annotation.excludeInterfaces]: captured.excludeInterfaces,
    [annotation.virtualInterfaces]: captured.virtualInterfaces,
  };
  return {
    [annotation.interceptionMode]: 'REDIRECT',
    // Empty: nothing; absent, it would be everything.
    [annotation.includeOutboundRanges]: captured.includeOutboundRanges,
    [annotation.includeInboundPorts]: captured.includeInboundPorts,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== '')),
  };
}

/** What an injection added, in the order of the pod; `sidecar.istio.io/status`. */
export interface Status {
  initContainers: string[] | null;
  containers: string[] | null;
  volumes: string[] | null;
  imagePullSecrets: string[] | null;
  revision: string;
}

export function statusOf(added: Partial<PodSpec>, revision: string): Status {
  const names = (list: readonly { name?: string }[] | undefined): string[] | null => (list?.length ? list.map(({ name }) => name ?? '') : null);
  return {
    initContainers: names(added.initContainers),
    containers: names(added.containers),
    volumes: names(added.volumes),
    imagePullSecrets: names(added.imagePullSecrets),
    revision: revision || 'default',
  };
}

/** What an earlier injection added; undefined where there was none, or what it left cannot be read. */
export function readStatus({ annotations = {} }: PodMetadata): Status | undefined {
  const written = annotations[annotation.status];
  if (written === undefined) return undefined;
  try {
    const value = JSON.parse(written) as Partial<Record<keyof Status, unknown>> | null;
    const names = (list: unknown): string[] => (Array.isArray(list) ? list.filter((item): item is string => typeof item === 'string') : []);
    if (typeof value !== 'object' || value === null) return undefined;
    return {
      initContainers: names(value.initContainers),
      containers: names(value.containers),
      volumes: names(value.volumes),
      imagePullSecrets: names(value.imagePullSecrets),
      revision: typeof value.revision === 'string' ? value.revision : '',
    };
  } catch {
    return undefined;
  }
}
