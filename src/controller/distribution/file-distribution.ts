import type { About, DistributionRequest } from '../../envoy/xds/control-plane-api.ts';
import type { StreamProgress } from '../../envoy/xds/stream.ts';
import type { ServedMesh } from '../served-mesh.ts';
import { isWaitedFor } from './cluster-resources.ts';
import { Distribution, type KnownResource } from './distribution.ts';
import { isAtLeast } from './resource-versions.ts';

export interface FileDistributionParts {
  about: About;
  served: ServedMesh;
  streams(): readonly StreamProgress[];
  /** Reads the files once more; what is not broken is served. @returns why they are refused; empty: they are not */
  look(): Promise<string[]>;
}

/**
 * What a server of files says about the way of resources to its proxies. The version of a resource is the number of the reading that has
 * changed it last.
 */
export class FileDistribution extends Distribution {
  constructor({ about, served, streams, look }: FileDistributionParts) {
    super({
      source: 'manifests',
      about: () => about,
      resource: (request) => fileResource(request, served, look),
      streams,
      // On a laptop a process that is gone was ended by its user.
      absent: () => [],
      now: () => Date.now(),
    });
  }
}

async function fileResource(request: DistributionRequest, served: ServedMesh, look: () => Promise<string[]>): Promise<KnownResource> {
  const { kind, namespace, name } = request;
  if (!isWaitedFor(kind)) return { resource: { state: 'unwatched' }, generation: undefined };
  const reasons = request.newest ? await look() : [];
  if (reasons.length > 0) return { resource: { state: 'invalid', reasons }, generation: undefined };
  const identity = `${kind} ${namespace}/${name}`;
  const isThere = served.mesh.find(kind, namespace, name) !== undefined;
  const resourceVersion = served.versionOf(identity);
  if (request.for === 'delete') {
    if (isThere) return { resource: { state: 'present', resourceVersion }, generation: undefined };
  } else if (!isThere) return { resource: { state: 'absent' }, generation: undefined };
  const wanted = request.newest ? undefined : request.resourceVersion;
  if (isThere && wanted !== undefined && !isAtLeast(resourceVersion, wanted)) return { resource: { state: 'unseen', resourceVersion }, generation: undefined };
  const generation = served.versions.generationOf(identity, wanted);
  return { resource: { state: generation === undefined ? 'pending' : 'served', ...(isThere ? { resourceVersion } : {}) }, generation };
}
