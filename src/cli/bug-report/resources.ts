import type { KubeObject } from '../../kube/object.ts';
import { compareText } from '../../manifest/compare-text.ts';
import { isMap } from '../../model/untyped.ts';
import type { Item } from './contents.ts';
import type { KindOfCluster } from './read-cluster.ts';

/** Objects, a file for each kind in each namespace, by name. */
export function resourceItems(kinds: readonly KindOfCluster[], cluster: string): Item[] {
  const items = kinds.flatMap(({ kind, objects }) => {
    const byNamespace = Map.groupBy(objects, ({ metadata }) => metadata.namespace ?? '');
    return [...byNamespace].map(([namespace, own]): Item => {
      const file = kind.startsWith('gateway-api/') ? `${kind.slice('gateway-api/'.length)}.gateway.networking.k8s.io` : kind;
      return {
        path: `resources/${namespace === '' ? '_cluster' : namespace}/${file}.yaml`,
        content: { yaml: own.map(slim).sort(byName) },
        source: `cluster ${cluster}`,
      };
    });
  });
  return items.sort((a, b) => compareText(a.path, b.path));
}

/** Without what is long and tells nothing of a mesh. */
function slim(object: KubeObject): KubeObject {
  const { status } = object;
  if (object.kind !== 'Node' || !isMap(status)) return object;
  const { images: _, volumesAttached: __, volumesInUse: ___, ...kept } = status;
  return { ...object, status: kept };
}

function byName(a: KubeObject, b: KubeObject): number {
  return compareText(a.metadata.name ?? '', b.metadata.name ?? '');
}
