// Files over a cluster: what the cluster gave an object stays when a file with the object is applied.
import type { RawObject } from '../../manifest/resource.ts';
import { Resource } from '../../manifest/resource.ts';
import type { Mesh } from '../../model/mesh.ts';
import { isMap } from '../../model/untyped.ts';

/** Fields of the spec that a cluster fills in, by kind. */
const assignedFields: Readonly<Record<string, readonly string[]>> = {
  Service: ['clusterIP', 'clusterIPs', 'ipFamilies'],
};

/**
 * The mesh as it would be after the objects of files were applied over those of the cluster: with the creation time of each, by which
 * rules for the same host are ordered, with its status, and with the addresses of its Services.
 *
 * @param resources of the mesh
 * @param before those of the cluster
 */
export function keepAssigned(mesh: Mesh, resources: readonly Resource[], before: readonly Resource[]): Mesh {
  const known = new Map(before.map((resource) => [identityOf(resource), resource]));
  const changes = resources.flatMap((resource) => {
    const former = known.get(identityOf(resource));
    return former && former !== resource && resource.document ? [{ before: resource, after: applied(resource, former) }] : [];
  });
  return changes.length > 0 ? mesh.with(changes) : mesh;
}

function applied({ raw, kindName, namespace, document, within }: Resource, { raw: former }: Resource): Resource {
  const { creationTimestamp, uid } = former.metadata as Record<string, unknown>;
  const metadata = { ...raw.metadata, ...(creationTimestamp === undefined ? {} : { creationTimestamp }), ...(uid === undefined ? {} : { uid }) };
  const status = (former as { status?: unknown }).status;
  const object = { ...raw, metadata, ...(status === undefined ? {} : { status }) } as RawObject;
  const fields = assignedFields[kindName];
  if (fields && isMap(raw.spec) && isMap(former.spec)) {
    const { spec } = former;
    const assigned = fields.filter((field) => spec[field] !== undefined).map((field) => [field, spec[field]] as const);
    // One that is to be headless is another Service.
    const own = raw.spec.clusterIP === undefined && raw.spec.type !== 'ExternalName' ? Object.fromEntries(assigned) : {};
    object.spec = { ...own, ...raw.spec };
  }
  return new Resource(object, kindName, namespace, document, within);
}

function identityOf({ kindName, namespace, name }: Resource): string {
  return `${kindName} ${namespace}/${name}`;
}
