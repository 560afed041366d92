// Which patches of EnvoyFilters a proxy gets, in the order in which they are applied.
import type { EnvoyPatch, PatchContext } from '../../ir/envoy-patch.ts';
import type { ProxyIdentity } from '../../ir/table.ts';
import type { EnvoyFilter } from '../../manifest/istio/networking.gen.ts';
import type { Resource } from '../../manifest/resource.ts';
import { byCreation } from '../../model/creation.ts';
import { gatewayGroup, gatewayNameLabel } from '../../model/gateway-api.ts';
import type { Mesh } from '../../model/mesh.ts';
import { trustDomainOf } from '../../model/mesh-config.ts';
import { matchesLabels } from '../../model/selectors.ts';
import { type FilterProblem, istioVersion, patchesOf } from './patches-of.ts';

export interface PatchSelection {
  /** The same list for all proxies that get the same patches. */
  patches: readonly EnvoyPatch[];
  /** What is wrong with the EnvoyFilters that select the proxy. */
  problems: readonly FilterProblem[];
}

const metadataPrefix = 'ISTIO_META_';

/**
 * Patches of the root namespace, then those of the proxy's; in each by priority, age and name, and in one EnvoyFilter as written.
 */
export function selectPatches(mesh: Mesh, proxy: ProxyIdentity): PatchSelection {
  const root = mesh.rootNamespace;
  const filters = [...filtersIn(mesh, root), ...(proxy.namespace === root ? [] : filtersIn(mesh, proxy.namespace))].filter((filter) =>
    selects(mesh, filter, proxy),
  );
  if (filters.length === 0) return nothing;
  const contexts: readonly PatchContext[] = proxy.role === 'gateway' ? ['ANY', 'GATEWAY'] : ['ANY', 'SIDECAR_INBOUND', 'SIDECAR_OUTBOUND'];
  const metadata = nodeMetadata(mesh, proxy);
  const all = filters.map(patchesOf);
  const patches = all.flatMap((one) =>
    one.patches.filter((item) => contexts.includes(item.patch.context) && matchesLabels(item.metadata, metadata)).map(({ patch }) => patch),
  );
  return { patches: shared(patches), problems: all.flatMap(({ problems }) => problems) };
}

const nothing: PatchSelection = { patches: [], problems: [] };

function filtersIn(mesh: Mesh, namespace: string): readonly Resource<EnvoyFilter>[] {
  const sorted = mesh.memo('EnvoyFilters in order', ['EnvoyFilter'], () => new Map<string, readonly Resource<EnvoyFilter>[]>());
  let found = sorted.get(namespace);
  if (!found) {
    found = mesh.listIn('EnvoyFilter', namespace).toSorted((a, b) => (a.spec.priority ?? 0) - (b.spec.priority ?? 0) || byCreation(a, b));
    sorted.set(namespace, found);
  }
  return found;
}

function selects(mesh: Mesh, filter: Resource<EnvoyFilter>, proxy: ProxyIdentity): boolean {
  const { workloadSelector, targetRefs } = filter.spec;
  if (!targetRefs?.length) return matchesLabels(workloadSelector?.labels, proxy.labels);
  const gateway = proxy.role === 'gateway' ? proxy.labels[gatewayNameLabel] : undefined;
  if (gateway === undefined) return false;
  // Services and ServiceEntries are targets of waypoints only.
  return targetRefs.some((target) => {
    if (!target || target.group !== gatewayGroup) return false;
    if (target.kind === 'Gateway') return filter.namespace === proxy.namespace && target.name === gateway;
    return target.kind === 'GatewayClass' && filter.namespace === mesh.rootNamespace && target.name === classOf(mesh, proxy.namespace, gateway);
  });
}

function classOf(mesh: Mesh, namespace: string, gateway: string): unknown {
  return (mesh.find('gateway-api/Gateway', namespace, gateway)?.spec as { gatewayClassName?: unknown } | undefined)?.gatewayClassName;
}

/** Of the proxy's node, as far as it is text and known before the proxy connects. */
function nodeMetadata(mesh: Mesh, { namespace, name, serviceAccount }: ProxyIdentity): Readonly<Record<string, string>> {
  const { defaultConfig } = mesh.meshConfig;
  const own = Object.entries(defaultConfig?.proxyMetadata ?? {})
    .filter(([key]) => key.startsWith(metadataPrefix))
    .map(([key, value]) => [key.slice(metadataPrefix.length), value] as const);
  return {
    ISTIO_VERSION: istioVersion,
    NAMESPACE: namespace,
    NAME: name,
    SERVICE_ACCOUNT: serviceAccount,
    MESH_ID: defaultConfig?.meshId || trustDomainOf(mesh.meshConfig),
    CLUSTER_ID: 'Kubernetes',
    ...Object.fromEntries(own),
  };
}

/** Lists by their first patch: whoever keeps what it made of a list finds it again for an equal one, also after a change of the mesh. */
const lists = new WeakMap<EnvoyPatch, WeakRef<readonly EnvoyPatch[]>[]>();

function shared(patches: readonly EnvoyPatch[]): readonly EnvoyPatch[] {
  const [first] = patches;
  if (!first) return nothing.patches;
  const known = (lists.get(first) ?? []).filter((ref) => ref.deref() !== undefined);
  const found = known.map((ref) => ref.deref()).find((list) => list?.length === patches.length && list.every((patch, i) => patch === patches[i]));
  if (found) return found;
  lists.set(first, [...known, new WeakRef(patches)]);
  return patches;
}
