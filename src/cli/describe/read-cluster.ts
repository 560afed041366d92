// What a description needs of a cluster: rules and services of all namespaces, and workloads where some lead there.

import { strangeAddresses, type WorkloadPlaces, workloadPlaces } from '../../describe/narrow/workload-places.ts';
import type { WantedKind } from '../../kube/load.ts';
import type { Resource } from '../../manifest/resource.ts';
import type { Mesh } from '../../model/mesh.ts';
import { Services } from '../../model/services.ts';
import type { ClusterInput } from '../../pipeline/cluster-input.ts';
import type { ClusterSourceFlags } from '../cluster-source/cluster-source.ts';
import { makersOfPods } from '../cluster-source/wanted-kinds.ts';
import { write } from '../terminal.ts';
import type { Target } from './target.ts';

export interface ReadCluster {
  input: ClusterInput;
  /** Of what names none. */
  namespace: string;
  target: Target;
}

export interface ReadClusterOptions {
  reads: ReadonlySet<string>;
  otherwise: string;
  /** What is described, where names say no namespace. */
  targetIn: (namespace: string) => Target;
  /** A mesh of a cluster, with the files over it. */
  meshOf: (input: ClusterInput, namespace: string) => Promise<Mesh>;
}

/** Kinds with the most objects in a cluster, each in the namespace of the service that it is for. */
const ofWorkloads = ['Pod', 'EndpointSlice', 'Endpoints', ...makersOfPods];

/** More namespaces than these are read all at once, and more addresses. */
const mostNamespaces = 10;
const mostAddresses = 20;

/** @throws CliError without a cluster */
export async function readCluster(flags: ClusterSourceFlags, { reads, otherwise, targetIn, meshOf }: ReadClusterOptions): Promise<ReadCluster> {
  const { ClusterSource } = await import('../cluster-source/cluster-source.ts');
  const source = await ClusterSource.read(flags, { reads: new Set([...reads].filter((kind) => !ofWorkloads.includes(kind))), templates: false, otherwise });
  try {
    const { namespace } = source;
    const mesh = await meshOf(source.input, namespace);
    const named = targetIn(namespace);
    const target = named.kind === 'Service' ? located(named, servicesOf(mesh)) : located(named, await namesakes(named, (wanted) => source.readMore(wanted)));
    const places = workloadPlaces(mesh, target);
    await source.readMore(wantedWorkloads(places, target));
    if (places.namespaces.size <= mostNamespaces) await source.readMore(podsAt(strangeAddresses(await meshOf(source.input, namespace), places)));
    for (const { kind, reason } of source.gaps) write('stderr', `warning: not read: ${kind}: ${reason}\n`);
    return { input: source.input, namespace, target };
  } finally {
    source.close();
  }
}

function servicesOf(mesh: Mesh): Named[] {
  return Services.of(mesh).all.map(({ name, namespace }) => ({ name, namespace }));
}

type Named = Pick<Resource, 'name' | 'namespace'>;

/** Where nobody has said a namespace, workloads of the name in any. */
async function namesakes({ kind, name, anyNamespace }: Target, read: (wanted: WantedKind[]) => Promise<readonly Resource[]>): Promise<readonly Named[]> {
  if (!anyNamespace) return [];
  const kinds = kind === 'Pod' ? ['Pod', ...makersOfPods] : [kind];
  return read(kinds.map((own) => ({ kind: own, fieldSelector: `metadata.name=${name}` })));
}

/** With the namespace that the only object of its name is in. */
function located(target: Target, all: readonly Named[]): Target {
  const { anyNamespace, namespace, name } = target;
  const namespaces = new Set(anyNamespace ? all.filter((one) => one.name === name).map((one) => one.namespace) : []);
  const [only, another] = namespaces;
  return only === undefined || another !== undefined || namespaces.has(namespace) ? target : { ...target, namespace: only };
}

/** Pods of other namespaces that lists of endpoints name. */
function podsAt(addresses: readonly string[]): WantedKind[] {
  if (addresses.length > mostAddresses) return [{ kind: 'Pod' }];
  return addresses.map((address) => ({ kind: 'Pod', fieldSelector: `status.podIP=${address}` }));
}

function wantedWorkloads({ namespaces, gateways }: WorkloadPlaces, target: Target): WantedKind[] {
  // Some workloads make pods and are no part of meshes.
  const kinds = [...new Set([...ofWorkloads, ...(target.kind === 'Service' ? [] : [target.kind])])];
  if (namespaces.size > mostNamespaces) return kinds.map((kind) => ({ kind }));
  const selectors = gateways.map((labels) =>
    Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
  );
  return [
    ...[...namespaces].flatMap((namespace) => kinds.map((kind) => ({ kind, namespace }))),
    ...[...new Set(selectors)].map((labelSelector) => ({ kind: 'Pod', labelSelector })),
  ];
}
