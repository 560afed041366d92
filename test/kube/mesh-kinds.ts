import { profileValues } from '../../src/install/profiles.ts';
import { renderCrds } from '../../src/install/render/crds.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { waitReady } from '../../src/kube/wait.ts';

/** Defines the kinds of Istio in a cluster, and waits until it serves them. */
export async function installMeshKinds(client: KubeClient): Promise<void> {
  const objects = renderCrds({ values: profileValues('default'), options: { weftVersion: 'test' } }).map(({ object }) => object);
  await Promise.all(objects.map((object) => client.apply(object)));
  const late = await waitReady(client, objects, { timeoutMs: 120_000, pollMs: 100 });
  if (late.length > 0) throw new Error(`not served: ${late.map(({ ref, reason }) => `${ref.name} (${reason})`).join(', ')}`);
  // What was asked before has none of them.
  await client.resource('networking.istio.io/v1', 'VirtualService', { fresh: true });
}
