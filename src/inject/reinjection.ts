// A pod that was injected before, by this tool or by the reference: what that left is taken away, so that the same configuration gives
// the same pod, and another one what it would give to the user's own.
import { annotation } from './annotations.ts';
import { readStatus, type Status } from './metadata.ts';
import { savedOverrides } from './overrides.ts';
import { type Container, findContainer, type PodTemplate, proxyName, sidecarOf } from './pod.ts';
import { restoreProbes } from './probes.ts';
import { restoreMetrics } from './prometheus.ts';

/** Names of what injection adds with the configuration that it has now. */
export interface Owned {
  containers: ReadonlySet<string>;
  volumes: ReadonlySet<string>;
}

/** Takes an earlier injection out of a pod, in place. What it cannot know to be injected stays, whatever the status says. */
export function undoInjection(pod: PodTemplate, owned: Owned): void {
  const status = readStatus(pod.metadata);
  if (!status) return;
  const { metadata, spec } = pod;
  const sidecar = sidecarOf(spec);
  if (sidecar && names(status).has(proxyName)) {
    restoreProbes(spec, sidecar);
    restoreMetrics(metadata, sidecar);
  }
  const overrides = savedOverrides(pod);
  const without = (list: readonly Container[] | undefined, added: readonly string[] | null, own: readonly Container[]): Container[] => {
    const isInjected = ({ name }: Container): boolean => owned.containers.has(name) && (added ?? []).includes(name);
    const left = (list ?? []).flatMap((container) => (isInjected(container) ? own.filter(({ name }) => name === container.name) : [container]));
    return [...left, ...own.filter(({ name }) => !findContainer(left, name))];
  };
  spec.containers = without(spec.containers, status.containers, overrides.containers);
  setOrDelete(spec, 'initContainers', without(spec.initContainers, status.initContainers, overrides.initContainers));
  const used = new Set([...spec.containers, ...(spec.initContainers ?? [])].flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name)));
  const isLeft = ({ name }: { name: string }): boolean =>
    !(status.volumes ?? []).includes(name) || !(owned.volumes.has(name) || (referenceVolumes.has(name) && !used.has(name)));
  setOrDelete(spec, 'volumes', (spec.volumes ?? []).filter(isLeft));
  for (const name of [annotation.status, annotation.overrides]) delete metadata.annotations?.[name];
}

/** Volumes that the reference adds. The application may have come to use them. */
const referenceVolumes: ReadonlySet<string> = new Set([
  'istio-envoy',
  'istio-data',
  'istio-podinfo',
  'istio-token',
  'istiod-ca-cert',
  'istio-ca-crl',
  'workload-socket',
  'credential-socket',
  'workload-certs',
]);

function names({ containers, initContainers }: Status): Set<string> {
  return new Set([...(containers ?? []), ...(initContainers ?? [])]);
}

function setOrDelete<K extends string, T>(map: Partial<Record<K, unknown>>, field: K, list: T[]): void {
  if (list.length > 0) map[field] = list;
  else delete map[field];
}
