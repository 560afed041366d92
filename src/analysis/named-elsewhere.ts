import type { Path } from '../manifest/problem.ts';
import type { Resource } from '../manifest/resource.ts';
import type { Mesh, ResourceOf } from '../model/mesh.ts';
import type { ReportExtra } from './analyzer.ts';
import { meant } from './meant.ts';
import { NearestIndex } from './nearest.ts';

type Kind = 'Gateway' | 'Service' | 'ServiceEntry' | 'gateway-api/Gateway';

interface Names {
  byName: Map<string, Resource[]>;
  near: Map<string, NearestIndex>;
}

/**
 * What was meant by a name and a namespace, each in a field of its own, that name no resource: one of a near name in the same
 * namespace, or one of the same name in another.
 *
 * @param path of the map with the fields `name` and `namespace`
 */
export function namedElsewhere(mesh: Mesh, kind: Kind, namespace: string, name: string, path: Path): Pick<ReportExtra, 'help' | 'fix' | 'related'> {
  const { byName, near } = mesh.memo(`${kind} by name and near name`, [kind], () => namesOf(mesh.list(kind)));
  const [elsewhere, more] = byName.get(name) ?? [];
  if (elsewhere && !more) {
    const related = [{ resource: elsewhere, text: `${elsewhere.friendlyName} is defined here` }];
    return { help: `it is in another namespace: write namespace: ${elsewhere.namespace}`, related };
  }
  return meant(near.get(namespace)?.find(name), [...path, 'name']);
}

function namesOf(resources: readonly ResourceOf<Kind>[]): Names {
  const near = new Map<string, NearestIndex>();
  for (const [namespace, list] of Map.groupBy(resources, (r) => r.namespace)) near.set(namespace, new NearestIndex(list.map((r) => r.name)));
  return { byName: Map.groupBy<string, Resource>(resources, (r) => r.name), near };
}
