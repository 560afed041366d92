import type { WantedKind } from '../../kube/load.ts';

/** What stands for pods that are not there yet. Jobs and ReplicaSets are left out: most are of the past, and their pods tell more. */
export const makersOfPods = ['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob'];

/** Those with the most objects: they are asked for first. */
const large = ['Pod', 'VirtualService', 'DestinationRule', 'Service', 'EndpointSlice', 'ServiceEntry', 'Deployment'];

/** Not read by lists of their own: configuration is in a ConfigMap, Secrets are chosen by what refers to them, of definitions see below. */
const notListed: ReadonlySet<string> = new Set(['MeshConfig', 'MeshNetworks', 'Secret', 'CustomResourceDefinition', 'ConfigMap']);

/** Definitions that Istio removed in 1.6: of all others nothing is asked, and some clusters have hundreds of large ones. */
const removedDefinitions = ['clusterrbacconfigs', 'rbacconfigs', 'serviceroles', 'servicerolebindings'].map((plural) => `${plural}.rbac.istio.io`);

export interface WantedOptions {
  istioNamespace: string;
  /** Templates of pods count as workloads. */
  templates: boolean;
  /** Whether the cluster serves anything of a group. */
  serves: (group: string) => boolean;
}

/**
 * What to read of a cluster for checks that look at these kinds. The mesh configuration is for all of them.
 *
 * @param reads names of kinds, as of `reads` of an analyzer
 */
export function wantedKinds(reads: Iterable<string>, { istioNamespace, templates, serves }: WantedOptions): WantedKind[] {
  const kinds = new Set(reads);
  if (templates && kinds.has('Pod')) for (const kind of makersOfPods) kinds.add(kind);
  const rank = (kind: string): number => (large.includes(kind) ? large.indexOf(kind) : large.length);
  const listed = [...kinds].filter((kind) => !notListed.has(kind)).sort((a, b) => rank(a) - rank(b));
  const configuration: WantedKind = kinds.has('ConfigMap')
    ? { kind: 'ConfigMap', namespace: istioNamespace }
    : { kind: 'ConfigMap', namespace: istioNamespace, fieldSelector: 'metadata.name=istio' };
  const definitions = kinds.has('CustomResourceDefinition') && serves('rbac.istio.io') ? removedDefinitions : [];
  return [
    // Of nodes only labels are looked at, and each has a long status.
    ...listed.map((kind) => (kind === 'Node' ? { kind, metadataOnly: true } : { kind })),
    configuration,
    ...definitions.map((name) => ({ kind: 'CustomResourceDefinition', fieldSelector: `metadata.name=${name}` })),
  ];
}
