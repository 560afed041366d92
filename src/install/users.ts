import type { KubeClient } from '../kube/client.ts';
import { inParallel } from '../kube/in-parallel.ts';
import { listAll } from '../kube/list-all.ts';
import type { KubeObject } from '../kube/object.ts';
import { injectionLabel, revisionLabel } from '../model/injection.ts';

/** Who uses a revision, by its own name or by that of a tag. */
export interface RevisionUsers {
  /** Names of namespaces whose new pods it injects. */
  namespaces: string[];
  /** `namespace/name` of pods that it has injected. */
  pods: string[];
}

/** Annotation of what was injected. */
const statusAnnotation = 'sidecar.istio.io/status';

/**
 * Gateways of the installation are not injected, and do not count.
 *
 * @param names of the revision and of its tags
 * @throws KubeError
 */
export async function usersOf(client: KubeClient, names: readonly string[]): Promise<RevisionUsers> {
  const [namespaces, pods] = await inParallel(['Namespace', 'Pod'], (kind) => listAll(client, 'v1', kind, { metadataOnly: true }));
  return {
    namespaces: (namespaces ?? []).filter((namespace) => usesAny(namespace, names)).map(({ metadata }) => metadata.name ?? ''),
    pods: (pods ?? []).filter((pod) => isInjectedBy(pod, names)).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
  };
}

/** `istio-injection` wins over `istio.io/rev`, and is for what is called `default`. */
export function usesAny({ metadata }: KubeObject, names: readonly string[]): boolean {
  const { [injectionLabel]: injection, [revisionLabel]: revision } = metadata.labels ?? {};
  if (injection !== undefined) return injection === 'enabled' && names.includes('default');
  return revision !== undefined && names.includes(revision);
}

function isInjectedBy({ metadata }: KubeObject, names: readonly string[]): boolean {
  const { annotations = {} } = metadata;
  return annotations[statusAnnotation] !== undefined && names.includes(annotations[revisionLabel] ?? 'default');
}
