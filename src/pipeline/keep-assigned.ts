// Files over a cluster: what the cluster gave an object stays when a file with the object is applied.
import type { RawObject } from '../manifest/resource.ts';
import { Resource } from '../manifest/resource.ts';
import { isMap } from '../model/untyped.ts';

/** Fields of the spec that a cluster fills in, by kind. */
const assignedFields: Readonly<Record<string, readonly string[]>> = {
  Service: ['clusterIP', 'clusterIPs', 'ipFamilies'],
};

/** Kinds whose conditions say how the object is, and not what somebody made of the spec that it had. */
const lasting: ReadonlySet<string> = new Set(['Pod', 'Node']);

/** By the resource of a file: reading it again has to give the same one. */
const made = new WeakMap<Resource, { former: Resource; applied: Resource }>();

/**
 * An object of a file as it is after it was applied: with the creation time, by which rules for the same host are ordered, the status, and the
 * addresses that the cluster gave the one before it. Conditions of a status are about the spec as it was, and go.
 *
 * @param resource decoded; of a file
 * @param former of the same name, in the cluster
 * @returns the same result for the same two
 */
export function keepAssigned(resource: Resource, former: Resource): Resource {
  const known = made.get(resource);
  if (known?.former === former) return known.applied;
  const applied = appliedOver(resource, former);
  made.set(resource, { former, applied });
  return applied;
}

function appliedOver({ raw, kindName, namespace, document, within }: Resource, { raw: former }: Resource): Resource {
  const { creationTimestamp, uid } = former.metadata as Record<string, unknown>;
  const metadata = { ...raw.metadata, ...(creationTimestamp === undefined ? {} : { creationTimestamp }), ...(uid === undefined ? {} : { uid }) };
  const status = lasting.has(kindName) ? former.status : withoutConditions(former.status);
  const object: RawObject = { ...raw, metadata, ...(status === undefined ? {} : { status }) };
  const fields = assignedFields[kindName];
  if (fields && isMap(raw.spec) && isMap(former.spec)) {
    const { spec } = former;
    const assigned = fields.filter((field) => spec[field] !== undefined).map((field) => [field, spec[field]] as const);
    // One that is to be headless, or a name, is another Service.
    const own = raw.spec.clusterIP === undefined && raw.spec.type !== 'ExternalName' ? Object.fromEntries(assigned) : {};
    object.spec = { ...own, ...raw.spec };
  }
  return new Resource(object, kindName, namespace, document, within);
}

/** Routes have a status for each parent, which is nothing but conditions. */
function withoutConditions(status: unknown): unknown {
  if (!isMap(status)) return status;
  const { conditions: _conditions, parents: _parents, listeners: _listeners, ...rest } = status;
  return Object.keys(rest).length === 0 ? undefined : rest;
}
