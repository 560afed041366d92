// Native sidecars: an init container that is restarted, which Kubernetes starts before the application and ends after it.

/** Where sidecar containers are stable. */
const stableMinor = 33;

/**
 * Whether a pod gets its sidecar as a native one.
 *
 * @param asked of the pod's annotation
 * @param nodeVersions of the kubelets; where none is known, `auto` is false
 */
export function isNative(asked: boolean | undefined, configured: boolean | 'auto', nodeVersions: readonly string[]): boolean {
  if (asked !== undefined) return asked;
  if (configured !== 'auto') return configured;
  return nodeVersions.length > 0 && nodeVersions.every(hasStableSidecars);
}

/** `v1.33.2`, with whatever a distribution adds. */
function hasStableSidecars(version: string): boolean {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) > 1 || (Number(major) === 1 && Number(minor) >= stableMinor);
}
