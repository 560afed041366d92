import type { KubeClient } from './client.ts';
import type { ListOptions } from './list.ts';
import type { KubeObject } from './object.ts';

/**
 * All objects of a kind; none where the cluster does not serve it.
 *
 * @throws KubeError
 */
export async function listAll(client: KubeClient, apiVersion: string, kind: string, options: ListOptions = {}): Promise<KubeObject[]> {
  const resource = await client.resource(apiVersion, kind);
  return resource ? (await client.list(resource, options)).items : [];
}

/** Webhooks that change objects: those that inject, of every mesh, among them. */
export function mutatingWebhooks(client: KubeClient): Promise<KubeObject[]> {
  return listAll(client, 'admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration');
}
