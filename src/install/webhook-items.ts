import type { KubeClient } from '../kube/client.ts';
import { type KubeObject, refOf } from '../kube/object.ts';
import { isMap } from '../model/untyped.ts';
import { FieldOwners } from './diff/managed-fields.ts';
import { fieldManager } from './values.ts';

/**
 * Removes the webhooks of a configuration that we applied and that are not wanted any more. Server-side apply alone would leave what
 * the controller set in them, its certificate authority, and a webhook of nothing else is not valid.
 *
 * @throws KubeError, also where the configuration has changed since it was read
 */
export async function removeStaleWebhooks(client: KubeClient, desired: KubeObject, live: KubeObject): Promise<void> {
  const owners = new FieldOwners(live, fieldManager);
  const names = new Set(webhookNames(desired));
  const stale = webhookNames(live)
    .map((name, index) => ({ name, index }))
    .filter(({ name }) => !names.has(name) && owners.isOurs(['webhooks', { name }]))
    .reverse();
  if (stale.length === 0) return;
  const patch = stale.flatMap(({ name, index }) => [
    { op: 'test', path: `/webhooks/${index}/name`, value: name },
    { op: 'remove', path: `/webhooks/${index}` },
  ]);
  await client.patch(refOf(live), patch, { type: 'json', fieldManager });
}

function webhookNames({ webhooks }: KubeObject): string[] {
  return Array.isArray(webhooks) ? webhooks.map((hook) => (isMap(hook) && typeof hook.name === 'string' ? hook.name : '')) : [];
}
