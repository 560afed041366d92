import type { DistributionRequest } from '../../envoy/xds/control-plane-api.ts';
import type { KubeObject } from '../../kube/object.ts';
import { remarkText } from '../judged-text.ts';
import type { MeshState } from '../mesh-state.ts';
import { hasRevisions, isOfRevision } from '../watch/watched-kinds.ts';
import type { KnownResource } from './distribution.ts';
import { isAtLeast, type ResourceVersions } from './resource-versions.ts';

export interface ClusterResourceFacts {
  revision: string;
  state: MeshState;
  versions: ResourceVersions;
  /** Objects of a kind, by `namespace/name`. */
  store(kind: string): ReadonlyMap<string, KubeObject>;
  /** Everything of a kind is known that happened up to this resource version; empty: nothing is. */
  seenUpTo(kind: string): string;
  /** As the API server has it now. @throws KubeError */
  fetch(kind: string, namespace: string, name: string): Promise<KubeObject | undefined>;
}

/** Kinds whose objects can be waited for: those that users write for the mesh. */
export function isWaitedFor(kind: string): boolean {
  return hasRevisions(kind);
}

/** What a controller knows of a resource of its cluster. */
export async function clusterResource(request: DistributionRequest, facts: ClusterResourceFacts): Promise<KnownResource> {
  const { kind, namespace, name, newest } = request;
  if (!isWaitedFor(kind)) return { resource: { state: 'unwatched' }, generation: undefined };
  const found = newest ? await facts.fetch(kind, namespace, name) : undefined;
  const wanted = newest ? found?.metadata.resourceVersion : request.resourceVersion;
  // A cluster-scoped kind has no namespace in the store.
  const object = facts.store(kind).get(namespace === '' ? name : `${namespace}/${name}`);
  const identity = `${kind} ${namespace}/${name}`;
  const resourceVersion = newest ? wanted : object?.metadata.resourceVersion;
  const known = resourceVersion === undefined ? {} : { resourceVersion };
  if (request.for === 'delete') {
    if (found || object) return { resource: { state: 'present', ...known }, generation: undefined };
    // It may have come and gone meanwhile.
    if (wanted !== undefined && !isAtLeast(facts.seenUpTo(kind), wanted)) return { resource: { state: 'unseen', ...known }, generation: undefined };
    return inMesh(facts.versions.generationOf(identity), known);
  }
  if (newest && !found) return { resource: { state: 'absent' }, generation: undefined };
  if (!object) return { resource: { state: wanted === undefined ? 'absent' : 'unseen', ...known }, generation: undefined };
  if (wanted !== undefined && !isAtLeast(object.metadata.resourceVersion, wanted)) return { resource: { state: 'unseen', ...known }, generation: undefined };
  const reasons = whyNot(object, identity, kind, facts);
  if (reasons) return { resource: { ...reasons, ...known }, generation: undefined };
  return inMesh(facts.versions.generationOf(identity, wanted), known);
}

function inMesh(generation: number | undefined, known: { resourceVersion?: string }): KnownResource {
  return { resource: { state: generation === undefined ? 'pending' : 'served', ...known }, generation };
}

/** Why no proxy gets it from this control plane; undefined: they do. */
function whyNot(
  { metadata: { labels } }: KubeObject,
  identity: string,
  kind: string,
  { revision, state }: ClusterResourceFacts,
): { state: 'ignored' | 'invalid'; reasons: string[] } | undefined {
  if (!isOfRevision(kind, labels, revision)) return { state: 'ignored', reasons: [`it is for revision ${labels?.['istio.io/rev']}`] };
  const judged = state.judged.get(identity);
  if (!judged?.isLeftOut) return undefined;
  return { state: 'invalid', reasons: [...judged.verdict.undecodable, ...judged.verdict.errors].map(remarkText) };
}
