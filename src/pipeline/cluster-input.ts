import { isClusterScoped } from '../manifest/kinds.ts';
import { type InputProblem, isOfSystem } from '../manifest/load.ts';
import { type RawObject, Resource } from '../manifest/resource.ts';
import { decodeResource } from './decode-resource.ts';

/** What a cluster has, beside the sources of a pipeline, which stand in for its objects of the same names. */
export interface ClusterInput {
  resources: readonly Resource[];
  /** Objects that cannot be used. */
  problems: readonly InputProblem[];
  /** Kinds of which it has every object: what is not here does not exist. */
  complete: ReadonlySet<string>;
  /** Reads what only the resources of both tell that it is needed. */
  referenced?: (resources: Iterable<Resource>) => Promise<Pick<ClusterInput, 'resources' | 'complete'>>;
}

/**
 * Objects of one kind as resources, which have no document. A server has checked them against the schema of its version of the kind,
 * so only what Istio's own types demand is looked at.
 *
 * @param kind its name in src/manifest/kinds.ts
 */
export function resourcesOf(kind: string, objects: Iterable<RawObject>): Pick<ClusterInput, 'resources' | 'problems'> {
  const resources: Resource[] = [];
  const problems: InputProblem[] = [];
  for (const raw of objects) {
    const { name = '', namespace = '' } = raw.metadata;
    if (isOfSystem(kind, namespace, name)) continue;
    const resource = new Resource(raw, kind, isClusterScoped(kind) ? '' : namespace, undefined);
    if (decodeResource(resource, [], problems)) resources.push(resource);
  }
  return { resources, problems };
}
