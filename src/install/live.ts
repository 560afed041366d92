import type { KubeClient } from '../kube/client.ts';
import { inParallel } from '../kube/in-parallel.ts';
import { listAll } from '../kube/list-all.ts';
import { type KubeObject, refOf } from '../kube/object.ts';
import { type DesiredObject, idOf, prunedKinds } from './plan.ts';
import { ownerLabels } from './values.ts';

/**
 * What a plan compares with: every object that is wanted and there, and all objects of `prunedKinds` that belong to the control plane
 * of a namespace.
 *
 * @throws KubeError
 */
export async function readLive(client: KubeClient, desired: readonly DesiredObject[], owner: string): Promise<KubeObject[]> {
  const labelSelector = `${ownerLabels.owner}=${owner}`;
  const lists = await inParallel(prunedKinds, ({ apiVersion, kind }) => listAll(client, apiVersion, kind, { labelSelector }));
  const found = new Map(lists.flat().map((object) => [idOf(refOf(object)), object]));
  const refs = desired.map(({ object }) => refOf(object)).filter((ref) => !found.has(idOf(ref)));
  for (const object of await inParallel(refs, (ref) => client.get(ref))) if (object) found.set(idOf(refOf(object)), object);
  return [...found.values()];
}
