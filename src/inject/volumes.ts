// Volumes of the sidecar.
import { type AnnotationReader, annotation } from './annotations.ts';
import { InjectionError } from './error.ts';
import type { Container, Volume } from './pod.ts';
import type { Settings } from './settings.ts';

/** Labels of the pod, as files: the downward API has them before the control plane knows the pod. */
const podInfo: Volume = {
  name: 'istio-podinfo',
  downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] },
};
export const labelsFile = '/etc/istio/pod/labels';

/** By which the sidecar proves to the control plane who it is; the kubelet renews it. */
const token: Volume = {
  name: 'istio-token',
  projected: { sources: [{ serviceAccountToken: { audience: 'istio-ca', expirationSeconds: 43_200, path: 'istio-token' } }] },
};
/** By which it knows the control plane. */
const roots: Volume = { name: 'istiod-ca-cert', configMap: { name: 'istio-ca-root-cert' } };
const tokenFolder = '/var/run/secrets/tokens';
const rootsFolder = '/var/run/secrets/istio';
export const tokenFile = `${tokenFolder}/istio-token`;
export const rootsFile = `${rootsFolder}/root-cert.pem`;

/** Where an Envoy's configuration is written; the embedded engine writes nothing. */
const scratch: Volume = { name: 'istio-envoy', emptyDir: { medium: 'Memory' } };

export type VolumeMount = NonNullable<Container['volumeMounts']>[number];

export interface SidecarVolumes {
  volumes: Volume[];
  mounts: VolumeMount[];
}

/**
 * What the sidecar needs, then what the pod's annotations ask for.
 *
 * @throws InjectionError for annotations that cannot be read
 */
export function sidecarVolumes({ engine }: Settings, read: AnnotationReader): SidecarVolumes {
  const volumes = [podInfo, token, roots, ...(engine === 'envoy' ? [scratch] : [])];
  const mounts = [
    { name: podInfo.name, mountPath: '/etc/istio/pod' },
    { name: token.name, mountPath: tokenFolder },
    { name: roots.name, mountPath: rootsFolder },
    ...(engine === 'envoy' ? [{ name: scratch.name, mountPath: '/tmp' }] : []),
  ];
  const own = read.namedMaps(annotation.userVolume);
  const ownMounts = read.namedMaps(annotation.userVolumeMount);
  for (const { name, mountPath } of ownMounts) {
    if (typeof mountPath !== 'string') throw read.problem(annotation.userVolumeMount, `"${name}" has no mountPath`);
  }
  return { volumes: structuredClone([...volumes, ...own]), mounts: [...mounts, ...ownMounts] };
}

/** Names of the volumes that `sidecarVolumes` may add. */
export function ownVolumes(read: AnnotationReader): string[] {
  return [podInfo.name, token.name, roots.name, scratch.name, ...read.namedMaps(annotation.userVolume).map(({ name }) => name)];
}

/** @throws InjectionError where two volumes of a template have one name */
export function checkDistinct(volumes: readonly Volume[]): void {
  const seen = new Set<string>();
  for (const { name } of volumes) {
    if (seen.has(name)) throw new InjectionError(`two volumes of the sidecar are called ${name}`, ['metadata', 'annotations', annotation.userVolume]);
    seen.add(name);
  }
}
