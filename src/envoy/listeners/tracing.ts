// Spans of requests (TEL-R30). Where they go is the matter of the bootstrap: without a provider there are none.
import type { RoutingTable, TraceTag } from '../../ir/table.ts';
import { defined, type JsonObject } from '../json.ts';

/** Name that clusters of Kubernetes have where nobody gave them one. */
const clusterName = 'Kubernetes';

/** Undefined where the mesh has none. */
export function tracing({ mesh, proxy }: RoutingTable): JsonObject | undefined {
  if (!mesh.tracing) return undefined;
  const { samplingPercent, maxPathTagLength, meshTags, tags } = mesh.tracing;
  const own = meshTags ? [...dryRunTags(), ...placeTags(proxy.namespace, mesh.meshId)] : [];
  const written = new Set(tags.map(({ tag }) => tag));
  return defined({
    client_sampling: { value: 100 },
    random_sampling: { value: samplingPercent },
    overall_sampling: { value: 100 },
    max_path_tag_length: maxPathTagLength,
    custom_tags: [...own.filter(({ tag }) => !written.has(tag as string)), ...tags.map(customTag)],
  });
}

/** What policies would have done that are only tried out. */
function dryRunTags(): JsonObject[] {
  return ['allow', 'deny'].flatMap((action) =>
    [
      ['name', 'effective_policy_id'],
      ['result', 'engine_result'],
    ].map(([of, key]) => ({
      tag: `istio.authorization.dry_run.${action}_policy.${of}`,
      metadata: {
        kind: { request: {} },
        metadata_key: { key: 'envoy.filters.http.rbac', path: [{ key: `istio_dry_run_${action}_shadow_${key}` }] },
      },
    })),
  );
}

/**
 * Where in the mesh a span is from. The workload is read from the environment of the proxy, so that listeners of all workloads of a
 * namespace are the same.
 */
function placeTags(namespace: string, meshId: string): JsonObject[] {
  return [
    { tag: 'istio.canonical_revision', environment: { name: 'CANONICAL_REVISION', default_value: 'latest' } },
    { tag: 'istio.canonical_service', environment: { name: 'CANONICAL_SERVICE', default_value: 'unknown' } },
    { tag: 'istio.cluster_id', literal: { value: clusterName } },
    { tag: 'istio.mesh_id', literal: { value: meshId || 'unknown' } },
    { tag: 'istio.namespace', literal: { value: namespace || 'default' } },
  ];
}

function customTag(tag: TraceTag): JsonObject {
  if (tag.kind === 'literal') return { tag: tag.tag, literal: { value: tag.value } };
  const source = defined({ name: tag.name, default_value: tag.default || undefined });
  return tag.kind === 'environment' ? { tag: tag.tag, environment: source } : { tag: tag.tag, request_header: source };
}
