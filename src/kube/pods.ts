import type { KubeClient, KubeResource } from './client.ts';
import type { KubeObject } from './object.ts';

/** Of every cluster: nobody is asked whether it is there. */
export const podResource: KubeResource = { group: '', version: 'v1', apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true, verbs: ['list'] };

/**
 * Pods by name.
 *
 * @param labelSelector as kubectl takes it; undefined: all
 * @param namespace undefined: all
 */
export async function listPods(client: Pick<KubeClient, 'list'>, labelSelector: string | undefined, namespace: string | undefined): Promise<KubeObject[]> {
  const { items } = await client.list(podResource, { namespace, labelSelector });
  return items.toSorted((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1));
}

/** It runs, and is not on its way out. */
export function isRunning({ status, metadata }: KubeObject): boolean {
  return (status as { phase?: string } | undefined)?.phase === 'Running' && metadata.deletionTimestamp === undefined;
}
