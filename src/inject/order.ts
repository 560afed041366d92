// The order of containers, which is the order in which they start.
import { type Container, initName, type PodSpec, proxyName, validationName } from './pod.ts';

/**
 * Puts the containers of an injected pod in order, in place. The sidecar is last, so that the application stays the first that `kubectl
 * exec` takes; first, where the application waits for it. Redirection is set up last, so that the pod's own init containers still reach
 * the network; but before a native sidecar, which comes before them, too. A check comes before everything.
 */
export function orderContainers(spec: PodSpec, hold: boolean): void {
  spec.containers = hold ? first(spec.containers, proxyName) : last(spec.containers, proxyName);
  if (!spec.initContainers) return;
  const isNative = spec.initContainers.some(({ name }) => name === proxyName);
  const placed = isNative ? first(first(spec.initContainers, proxyName), initName) : last(spec.initContainers, initName);
  spec.initContainers = first(placed, validationName);
}

function first(list: readonly Container[], name: string): Container[] {
  return [...list.filter((container) => container.name === name), ...list.filter((container) => container.name !== name)];
}

function last(list: readonly Container[], name: string): Container[] {
  return [...list.filter((container) => container.name !== name), ...list.filter((container) => container.name === name)];
}
