import type { Preset } from '../analysis/engine.ts';
import type { Resource } from '../manifest/resource.ts';
import type { Assume } from '../model/mesh.ts';
import { specMessage } from '../schema/messages.ts';
import { loadStructure, type StructureProblem } from '../schema/structure.ts';

/** Kinds outside of Istio that the reference reads from files; it passes over documents of others without a look. */
const readByReference = new Set([
  'ConfigMap',
  'CustomResourceDefinition',
  'Deployment',
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
  'gateway-api/GRPCRoute',
  'gateway-api/Gateway',
  'gateway-api/HTTPRoute',
]);

/** As above, but only where it has a cluster. */
const readFromCluster = new Set(['Namespace', 'Node', 'Pod', 'Secret', 'Service']);

/**
 * Checks resources as they are written against the schemas of their kinds. The reference is lenient: with its preset only what
 * cannot be decoded counts, of the kinds that it reads.
 */
export async function checkStructure(resources: readonly Resource[], preset: Preset, assume: Assume): Promise<Map<Resource, readonly StructureProblem[]>> {
  const lenient = preset === 'reference';
  const isRead = (kind: string): boolean =>
    !lenient || specMessage[kind] !== undefined || readByReference.has(kind) || (assume !== 'mesh-only' && readFromCluster.has(kind));
  const read = resources.filter((resource) => isRead(resource.kindName));
  const check = await loadStructure(
    read.map((resource) => resource.kindName),
    lenient ? 'decoding' : 'everything',
  );
  const out = new Map<Resource, readonly StructureProblem[]>();
  for (const resource of read) {
    const problems = check(resource);
    if (problems.length > 0) out.set(resource, problems);
  }
  return out;
}
