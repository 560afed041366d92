import type { KubeClient } from '../kube/client.ts';
import { listAll } from '../kube/list-all.ts';
import type { KubeObject } from '../kube/object.ts';
import { revisionLabel } from '../model/injection.ts';
import { installedNames, ownerLabels } from './values.ts';

/** One revision of a control plane in a cluster, as its ConfigMap of values tells. */
export interface Installation {
  namespace: string;
  revision: string;
  /** Of weft; undefined where the first installation has not ended yet. */
  version: string | undefined;
  /** The version that an installation was bringing when it ended in the middle. */
  interruptedAt: string | undefined;
  /** Values as YAML: all of them, and what the user gave. */
  values: string | undefined;
  overrides: string | undefined;
}

/** Keys of the ConfigMap of values that say that an installation is under way. */
export const phaseKey = 'phase';
export const targetKey = 'target';

/** Undefined for a ConfigMap that is no such record. */
function installationOf(map: KubeObject): Installation | undefined {
  const { name, namespace = '', labels = {} } = map.metadata;
  const revision = labels[revisionLabel] ?? 'default';
  if (name !== installedNames(revision).values || labels[ownerLabels.owner] === undefined) return undefined;
  const data = (map.data ?? {}) as Record<string, string>;
  return {
    namespace,
    revision,
    version: data.version,
    interruptedAt: data[phaseKey] === undefined ? undefined : (data[targetKey] ?? ''),
    values: data.values,
    overrides: data.overrides,
  };
}

/**
 * All revisions of a cluster, by namespace and name.
 *
 * @throws KubeError
 */
export async function installations(client: KubeClient): Promise<Installation[]> {
  const items = await listAll(client, 'v1', 'ConfigMap', { labelSelector: ownerLabels.owner });
  const found = items.map(installationOf).filter((installation) => installation !== undefined);
  return found.sort((a, b) => a.namespace.localeCompare(b.namespace, 'en') || a.revision.localeCompare(b.revision, 'en'));
}
